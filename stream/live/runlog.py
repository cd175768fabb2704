"""What happened in a run, in one file that outlives it: `logging` of every process, faults, and how it ended.

No pixel, no sound and no name: where a setting holds the path of a file or folder, the path is written as the key.
"""

import contextlib
import logging
import os
import platform
import re
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs

from liveaffect.stream.identity import Identity
from liveaffect.stream.messages import Log
from liveaffect.stream.node import NODE_LOGGER
from liveaffect.stream.plain import is_row, is_table

KEPT = 10
"""So many runs are kept however they ended; of those before, the ones that failed."""
FAILED_KEPT = 30
MOST_BYTES = 4 << 20
"""A run's file grows no further; how it ended is written all the same."""
LINES_WAITING = 200
WHOLE = "ended whole"
OWNER = "owner.json"
PRINTED = 20
"""Last lines that a process printed before it ended, which are kept."""
MOST_TEXT = 2000
LOGGER, NODE = "liveaffect", NODE_LOGGER
Level = Literal["info", "warning", "error"]


def runs_folder() -> Path:
    """Where the files lie: with this user's state."""
    return Path(platformdirs.user_state_dir("liveaffect")) / "runs"


class RunHandler(logging.Handler):
    """Appends to the run's file, a line per record and write, so that the lines of several processes stay whole.

    Parameters
    ----------
    path: of the file; None keeps nothing on the disk.
    process: who writes.
    hidden: what is not to be written -> what stands for it, from `hidden_words`.
    """

    def __init__(self, path: Path | None, process: str, hidden: Mapping[str, str]) -> None:
        super().__init__(logging.INFO)
        self._process = process
        self._hidden = dict(hidden)
        longest_first = sorted(map(re.escape, hidden), key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)") if hidden else None
        self._waiting: deque[Log] = deque(maxlen=LINES_WAITING)
        self._file: int | None = None
        if path is not None:
            with contextlib.suppress(OSError):
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record, without what is to stay private."""
        try:
            text = self.hide(record.getMessage())
            if record.exc_info:
                text += "\n" + self.hide(logging.Formatter().formatException(record.exc_info))
        except Exception:  # a record of another library that cannot be put into words
            text = "a record that cannot be put into words"
        level = level_of(record.levelno)
        node = record.name.removeprefix(NODE) if record.name.startswith(NODE) else ""
        where = node or ("" if record.name.startswith(LOGGER) else record.name)
        self.write(level, f"{where}: {text}" if where else text)
        log = Log(t_ns=time.monotonic_ns(), process=self._process, node=node, level=level, text=text[:MOST_TEXT])
        self._waiting.append(log)

    def hide(self, text: str) -> str:
        """A text without the paths that settings hold."""
        return text if self._words is None else self._words.sub(lambda found: self._hidden[found[0]], text)

    def write(self, level: str, text: str, *, last: bool = False) -> None:
        """One record as lines of the file."""
        if self._file is None:
            return
        stamp = datetime.now().astimezone().isoformat(timespec="milliseconds")
        lines = [f"{stamp} {self._process:<12} {level:<7} {line}\n" for line in text.splitlines()]
        with contextlib.suppress(OSError):  # a full disk is told elsewhere
            if last or os.fstat(self._file).st_size < MOST_BYTES:
                os.write(self._file, "".join(lines).encode("utf-8", "replace"))

    def take(self) -> list[Log]:
        """The records since the last call, for the topic `log`."""
        taken: list[Log] = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()


class RunLog:
    """The file of one run, as the supervisor keeps it.

    Parameters
    ----------
    run: names the run.
    table: the graph as plain data.
    """

    def __init__(self, run: str, table: Mapping[str, Any]) -> None:
        self.path: Path | None = None
        self.hidden = hidden_words(table)
        folder = runs_folder()
        with contextlib.suppress(OSError):  # a read-only home: the run goes on without
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            prune(folder)
            self.path = folder / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{run[:8]}.log"
        self.handler = RunHandler(self.path, "supervisor", self.hidden)
        nodes = ", ".join(f"{name} ({node['type']})" for name, node in table.items() if name != "graph")
        self.handler.write("info", f"liveaffect {version('liveaffect')}, Python {platform.python_version()}")
        self.handler.write("info", f"{platform.platform()}, {os.cpu_count()} cores, process {os.getpid()}")
        self.handler.write("info", f"nodes: {nodes}")
        logging.getLogger(LOGGER).addHandler(self.handler)
        self._level = logging.getLogger(LOGGER).level
        logging.getLogger(LOGGER).setLevel(logging.INFO)

    def end(self, fault: str) -> None:
        """Says how the run ended; "" is whole."""
        if fault:
            self.handler.write("error", f"ended with a fault: {self.handler.hide(fault)}", last=True)
        else:
            self.handler.write("info", WHOLE, last=True)
        logging.getLogger(LOGGER).removeHandler(self.handler)
        logging.getLogger(LOGGER).setLevel(self._level)
        self.handler.close()


def listen(path: str, process: str, hidden: Mapping[str, str]) -> RunHandler:
    """In a node process: everything that is logged goes to the run's file."""
    handler = RunHandler(Path(path) if path else None, process, hidden)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    logging.captureWarnings(True)
    return handler


def level_of(number: int) -> Level:
    """A level of `logging` as a word."""
    return "error" if number >= logging.ERROR else "warning" if number >= logging.WARNING else "info"


def hidden_words(table: Mapping[str, Any]) -> dict[str, str]:
    """Paths that settings hold -> the key that stands for them; the home folder becomes "~"."""
    found: dict[str, str] = {}

    def look(value: Any, key: str) -> None:
        if is_table(value):
            for name, part in value.items():
                look(part, f"{key}.{name}" if key else str(name))
        elif is_row(value):
            for part in value:
                look(part, key)
        elif isinstance(value, str) and "://" not in value and _is_path(value):
            path = Path(value)
            for word in (value, str(path.absolute()), path.name):
                if len(word) > 2:
                    found.setdefault(word, f"<{key}>")

    look(dict(table), "")
    with contextlib.suppress(RuntimeError):
        home = str(Path.home())
        if len(home) > 2:
            found.setdefault(home, "~")
    return found


def _is_path(value: str) -> bool:
    try:
        return "/" in value or os.sep in value or Path(value).is_file()
    except (OSError, ValueError):
        return False


def prune(folder: Path) -> None:
    """Deletes the files of old runs: all but the last ones, and those that failed."""
    for number, path in enumerate(reversed(runs(folder)[: 1 - KEPT])):
        if number >= FAILED_KEPT - KEPT or ended_whole(path):
            path.unlink(missing_ok=True)


def runs(folder: Path | None = None) -> list[Path]:
    """The files of this user's runs, oldest first."""
    return sorted((folder or runs_folder()).glob("*.log"))


def ended_whole(path: Path) -> bool:
    """True where a run's file says that it ended without a fault; one that was killed says nothing."""
    lines = last_lines(path, 1)
    return bool(lines) and lines[0].rstrip().endswith(WHOLE)


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a run's file."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 400 * count))
        return file.read().decode("utf-8", "replace").splitlines()[-count:]
    return []


class Owner(msgspec.Struct, kw_only=True):
    """Whose a run's folder of sockets is."""

    identity: Identity
    run_file: str = ""


def claim(folder: Path, run_file: Path | None) -> None:
    """Says in a run's folder of sockets which process it belongs to, so that it is not left behind for ever."""
    owner = Owner(identity=Identity.mine(), run_file=str(run_file or ""))
    with contextlib.suppress(OSError):
        (folder / OWNER).write_bytes(msgspec.json.encode(owner))


def sweep() -> None:
    """Removes the folders of runs whose supervisor was killed; what their processes had printed goes to their files."""
    for folder in Path(tempfile.gettempdir()).glob("liveaffect-*"):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
                continue
            owner = msgspec.json.decode((folder / OWNER).read_bytes(), type=Owner)
            if owner.identity.fate() != "gone":
                continue
            path = Path(owner.run_file)
            if owner.run_file and path.parent == runs_folder() and path.is_file():
                _keep_printed(folder, path)
            shutil.rmtree(folder, ignore_errors=True)


def _keep_printed(folder: Path, path: Path) -> None:
    for printed in sorted(folder.glob("*.log")):
        handler = RunHandler(path, printed.stem, {})
        for line in last_lines(printed, PRINTED):
            handler.write("info", f"printed: {line}", last=True)
        handler.close()
