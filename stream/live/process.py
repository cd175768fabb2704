"""One node process as the supervisor sees it: started, told, listened to, ended."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

Phase = Literal["down", "starting", "ready", "running", "restarting", "failed"]


class Child:
    """A process of the graph and what is known of it.

    Parameters
    ----------
    name: of the process.
    level: graph depth of its deepest node: writers are stopped before readers.
    has_source: True when the run may end once this process's sources have ended.
    log: file for what it prints; None gives it this program's terminal.
    """

    def __init__(self, name: str, level: int, has_source: bool, log: Path | None) -> None:
        self.name, self.level, self.has_source, self._log = name, level, has_source, log
        self.popen: subprocess.Popen[bytes] | None = None
        self.incarnation = -1
        self.phase: Phase = "down"
        self.beat = self.started = self.restart_at = 0.0
        self.deaths: list[float] = []
        self.told, self.told_at = ("", ""), 0.0
        """State and error last published for its nodes, and when."""
        self.error = ""
        self.exit_code = 1
        self.ended = False

    @property
    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def start(self, spec: bytes) -> None:
        """Starts the process; its own session keeps Ctrl-C away from it."""
        self.reap()  # the pipe of a dead predecessor
        self.started = self.beat = time.monotonic()
        self.phase, self.ended, self.error = "starting", False, ""
        command = [sys.executable, "-m", "liveaffect.stream.live.child"]
        with contextlib.ExitStack() as stack:
            out = None if self._log is None else stack.enter_context(self._log.open("ab"))
            self.popen = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=self._log is not None
            )
        self.tell(spec)

    def tell(self, line: bytes) -> None:
        """Writes one line to its standard input."""
        if self.popen is None or self.popen.stdin is None:
            return
        with contextlib.suppress(OSError):  # it died meanwhile: the next check sees it
            self.popen.stdin.write(line + b"\n")
            self.popen.stdin.flush()

    def restart(self, limit_s: float) -> None:
        """Asks it to end; whoever watches starts it again when it has, or when the time is up."""
        self.tell(b"stop")
        self.phase, self.restart_at = "restarting", time.monotonic() + limit_s
        self.deaths, self.error = [], ""

    def kill(self) -> None:
        """Ends it at once."""
        if self.popen is not None and self.alive:
            self.popen.kill()

    def reap(self) -> None:
        """Kills it where it still lives, and frees its pipe."""
        if self.popen is None:
            return
        self.kill()
        self.popen.wait()
        if self.popen.stdin is not None:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()

    def last_words(self) -> str:
        """Why it died, as well as is known."""
        if self.error:
            return self.error
        code = self.popen.returncode if self.popen is not None else 1
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        lines = (
            self._log.read_text("utf-8", "replace").strip().splitlines() if self._log and self._log.is_file() else []
        )
        return f"process '{self.name}' {how}{': ' + lines[-1] if lines else ''}"
