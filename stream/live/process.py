"""One node process as the supervisor holds it: started, told, killed, collected."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from liveaffect.stream.threads import with_one_thread

COMMAND = (sys.executable, "-P", "-m", "liveaffect.stream.live.child")
"""-P: the working folder is not searched for modules; a random.py that lies there would run in every process."""
LAST_BYTES = 4096


class Handle(Protocol):
    """What is needed of a process; tests have one that needs no system."""

    name: str

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        ...

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def start(self, spec: bytes) -> None:
        """Starts it and hands over what it is to run."""
        ...

    def tell(self, line: bytes) -> None:
        """Writes a line to it."""
        ...

    def kill(self) -> None:
        """Ends it at once."""
        ...

    def collect(self, limit_s: float) -> bool:
        """Waits for its end, and says whether it came in time."""
        ...

    def last_words(self) -> str:
        """What it said last before it ended."""
        ...

    def printed(self, lines: int) -> list[str]:
        """The last lines that it printed."""
        ...


class Child:
    """A process of the graph.

    Parameters
    ----------
    name: of the process.
    log: file for what it prints; None gives it this program's terminal.
    early: already started with `--early`, for the first start; none that has died meanwhile.
    """

    def __init__(self, name: str, log: Path | None, early: subprocess.Popen[bytes] | None = None) -> None:
        self.name, self._log, self._early = name, log, early
        self.popen: subprocess.Popen[bytes] | None = None
        self._printed = 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self) -> int:
        """Process id; 0 before the first start."""
        return 0 if self.popen is None else self.popen.pid

    def start(self, spec: bytes) -> None:
        """Starts the process; its own session keeps Ctrl-C away from it."""
        self.free()
        if self._early is not None and self._log is not None:
            self.popen, self._early, self._printed = self._early, None, 0
            if self.alive:
                self.tell(str(self._log).encode())
                self.tell(spec)
                return
            self.free()
        with contextlib.ExitStack() as stack:
            out = None if self._log is None else stack.enter_context(self._log.open("ab"))
            self._printed = 0 if out is None else out.tell()
            stack.enter_context(deaf())
            self.popen = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=with_one_thread(os.environ),
                start_new_session=self._log is not None,
            )
        self.tell(spec)

    def tell(self, line: bytes) -> None:
        """Writes one line to its standard input."""
        if self.popen is None or self.popen.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):  # it died meanwhile: the next check sees it
            self.popen.stdin.write(line + b"\n")
            self.popen.stdin.flush()

    def kill(self) -> None:
        """Ends it at once, as far as the system can."""
        if self.popen is not None and self.alive:
            self.popen.kill()

    def free(self) -> None:
        """Frees the pipe of a process that is gone."""
        if self.popen is not None and self.popen.stdin is not None:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()

    def collect(self, limit_s: float) -> bool:
        """Kills it where it still lives; False where it is there after `limit_s` all the same: it waits inside the
        system, and is left to it."""
        self.kill()
        end = time.monotonic() + limit_s
        while self.alive and time.monotonic() < end:
            time.sleep(0.01)
        self.free()
        if self.popen is not None and self.alive:
            leave(self.popen)
        return not self.alive

    def printed(self, lines: int) -> list[str]:
        """The last lines that this start of the process printed; none where it has the terminal."""
        if self._log is None:
            return []
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self._printed, end - LAST_BYTES))
            return file.read().decode("utf-8", "replace").strip().splitlines()[-lines:]
        return []

    def last_words(self) -> str:
        """How it ended, and the last line it printed."""
        code = self.popen.returncode if self.popen is not None else 1
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        lines = self.printed(1)
        return f"process '{self.name}' {how}{': ' + lines[0] if lines else ''}"


def leave(popen: subprocess.Popen[bytes]) -> None:
    """Waits beside everything else for the end of a process that nobody waits for: none stays behind as a zombie."""
    threading.Thread(target=popen.wait, name="left process", daemon=True).start()


@contextlib.contextmanager
def deaf() -> Generator[None]:
    """A process started in here hears no Ctrl-C before it has said what to do with it: its own first act is to."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


ENDS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals by which a person or the system ends a program."""
