"""Processes that read sessions for a window: cards, reports, exports. A window never reads a session itself."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QProcess, Signal

from liveaffect.stream.session.facts import SessionCard


@dataclass(frozen=True)
class Tools:
    """Command lines of the processes that work for a window."""

    cards: Sequence[str]
    """Reads sessions: a line of JSON in, a line out."""
    liveaffect: Sequence[str]
    """The command line, to which a verb and its words are added."""
    open_session: Callable[[Path], None]
    """Shows a recorded session in a window of its own."""


class Cards(QObject):
    """Asks for cards, one after the other; a process that dies over a session is started again for the next.

    `came` carries a path, its SessionCard or None, and why there is none; `listed` a folder and the paths of its
    sessions.
    """

    came = Signal(str, object, str)
    listed = Signal(str, list)

    def __init__(self, program: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program = list(program)
        self._asked: list[dict[str, str]] = []
        self._waiting = False
        self._closed = False
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)

    def ask(self, path: str, *, first: bool = False) -> None:
        """The card of one session; `first`: before those that wait."""
        question = {"card": path}
        if question not in self._asked[self._waiting :]:
            at = int(self._waiting) if first else len(self._asked)
            self._asked.insert(at, question)
        self._next()

    def list(self, folder: str = "") -> None:
        """The sessions of a folder; "" for where recordings lie."""
        self._asked.insert(int(self._waiting), {"list": folder})
        self._next()

    def close(self) -> None:
        """Ends the process."""
        self._closed = True
        self._asked.clear()
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(300):
                self._process.kill()
                self._process.waitForFinished(1000)

    def _next(self) -> None:
        if self._waiting or not self._asked or self._closed:
            return
        if self._process.state() is QProcess.ProcessState.NotRunning:
            self._process.start(self._program[0], self._program[1:])
        self._waiting = True
        self._process.write(json.dumps(self._asked[0]).encode() + b"\n")

    def _read(self) -> None:
        while self._process.canReadLine():
            line = bytes(self._process.readLine().data())
            if not self._waiting:
                continue
            asked = self._asked.pop(0)
            self._waiting = False
            self._answer(asked, line)
        self._next()

    def _answer(self, asked: dict[str, str], line: bytes) -> None:
        try:
            said: dict[str, Any] = json.loads(line)
            card = msgspec.convert(said["facts"], SessionCard) if "facts" in said else None
        except (ValueError, msgspec.ValidationError) as error:
            said, card = {"trouble": f"what was read of it is not understood: {error}"}, None
        if "list" in asked:
            self.listed.emit(str(said.get("folder", "")), [str(one) for one in said.get("sessions", [])])
        else:
            self.came.emit(asked["card"], card, str(said.get("trouble", "")))

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._waiting and not self._closed:
            how = "a crash" if status is QProcess.ExitStatus.CrashExit else f"exit code {code}"
            self._give_up(f"reading it ended with {how}; `liveaffect recover` may help")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._waiting:
            self._give_up(f"{self._program[0]} cannot be started")

    def _give_up(self, why: str) -> None:
        asked = self._asked.pop(0)
        self._waiting = False
        if "card" in asked:
            self.came.emit(asked["card"], None, why)
        else:
            self.listed.emit("", [])
        self._next()


class Errand(QObject):
    """One command in a process of its own: `done` carries whether it went well and what it said last."""

    done = Signal(bool, str)

    def __init__(self, words: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        self._process.start(words[0], list(words[1:]))

    def close(self) -> None:
        """Ends it, if it still runs."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(1000)

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        text = bytes(self._process.readAll().data()).decode("utf-8", "replace").strip()
        self.done.emit(code == 0 and status is QProcess.ExitStatus.NormalExit, text)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.done.emit(False, "it cannot be started")
