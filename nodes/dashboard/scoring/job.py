"""A run of `score` over files as a window follows it: how far each is, how fast, how long it will take."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

LEAST_S = 2.0
"""Measured for less nobody can tell how long it will take: from the first progress on, which loading precedes."""
LEAST_SHARE = 0.01
"""Of one file."""
END_MS = 4000


class Job(QObject):
    """One process; `changed` after every word of it, `ended` with "" or why it could not be begun."""

    changed = Signal()
    ended = Signal(str)

    def __init__(
        self,
        program: Sequence[str],
        out: str,
        files: Sequence[str],
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._from: tuple[float, float] | None = None
        """When the first progress came, and how much was done by then."""
        self._first: dict[str, tuple[float, int]] = {}
        self.todo = self.done = self.over = 0
        self.shares: dict[str, float] = {}
        self.rates: dict[str, float] = {}
        """Frames a second of files that are being scored."""
        self.notes: list[str] = []
        self.tables: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.cancelled = False
        self._trouble = ""
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._process.start(program[0], [*program[1:], out, *files])

    def cancel(self) -> None:
        """Ends it; tables that are finished stay."""
        self.cancelled = True
        self._process.closeWriteChannel()

    def close(self) -> None:
        """Ends it and waits."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self.cancel()
            if not self._process.waitForFinished(END_MS):
                self._process.kill()
                self._process.waitForFinished(1000)

    @property
    def left_s(self) -> float | None:
        """Seconds until the end as far as can be told; None while nobody can."""
        share = sum(self.shares.values())
        if self._from is None or not self.todo:
            return None
        gone_s, done = self._clock() - self._from[0], share - self._from[1]
        return gone_s * (self.todo - share) / done if gone_s >= LEAST_S and done > LEAST_SHARE else None

    def take(self, said: dict[str, Any]) -> None:
        """One line of what it says."""
        self.todo, self.done = int(said.get("todo", self.todo)), int(said.get("done", self.done))
        for file, (share, frames) in dict(said.get("files", {})).items():
            now = self._clock()
            begun, before = self._first.setdefault(file, (now, int(frames)))
            self.shares[file] = float(share)
            if now > begun:
                self.rates[file] = (frames - before) / (now - begun)
        share = sum(self.shares.values())
        if self._from is None and share > 0:
            self._from = self._clock(), share
        self.over = int(said.get("ended", self.over))
        self.notes += [str(said["note"])] if "note" in said else []
        self.tables |= said.get("tables", {})
        self.failures |= said.get("failures", {})
        self._trouble = str(said.get("trouble", self._trouble))
        self.changed.emit()

    def _read(self) -> None:
        while self._process.canReadLine():
            try:
                said = json.loads(bytes(self._process.readLine().data()))
            except ValueError:
                continue
            if isinstance(said, dict):
                self.take(said)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if self.cancelled:
            self.ended.emit("cancelled")
        elif self._trouble:
            self.ended.emit(self._trouble)
        elif code or status is QProcess.ExitStatus.CrashExit:
            said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip()
            self.ended.emit(said.splitlines()[-1] if said else f"scoring ended with exit code {code}")
        else:
            self.ended.emit("")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.ended.emit("scoring cannot be started")
