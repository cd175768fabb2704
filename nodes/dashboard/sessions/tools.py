"""Processes that read sessions for a window: cards, reports, exports. A window never reads a session itself."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from liveaffect.stream.session.facts import SessionCard

OnAnswer = Callable[[dict[str, Any]], None]
IDLE_MS = 20_000
"""A reader with nothing to do for so long ends."""


@dataclass(frozen=True)
class Tools:
    """Command lines of the processes that work for a window."""

    cards: Sequence[str]
    """Reads sessions: a line of JSON in, a line out."""
    liveaffect: Sequence[str]
    """The command line, to which a verb and its words are added."""
    open_session: Callable[[Path], None]
    """Shows a recorded session in a window of its own."""
    scoring: Sequence[str] = ()
    """Scores files: `--set` words, a folder for the tables and the files follow, lines of JSON come."""
    tables: Path = Path()
    """Where tables go unless another folder is chosen."""


class Cards(QObject):
    """Asks for cards, one after the other; a process that dies over a session is started again for the next, and one
    that has nothing to do ends.

    `came` carries a path, its SessionCard or None, and why there is none; `listed` a folder and the paths of its
    sessions.
    """

    came = Signal(str, object, str)
    listed = Signal(str, list)

    def __init__(self, program: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program = list(program)
        self._asked: list[tuple[dict[str, Any], OnAnswer]] = []
        self._waiting = self._closed = self._ending = False
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._process = QProcess(self)
        self._idle.timeout.connect(self._rest)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)

    def ask(self, path: str, *, first: bool = False) -> None:
        """The card of one session; `first`: before those that wait."""
        self.put({"card": path}, lambda said: self.came.emit(path, card_in(said), said.get("trouble", "")), first=first)

    def list(self, folder: str = "") -> None:
        """The sessions of a folder; "" for where recordings lie."""
        told = lambda said: self.listed.emit(str(said.get("folder", "")), list(map(str, said.get("sessions", []))))  # noqa: E731
        self.put({"list": folder}, told, first=True)

    def put(self, question: dict[str, Any], on_answer: OnAnswer, *, first: bool = False) -> None:
        """Any question; one that waits already is not asked twice."""
        if any(asked == question for asked, _ in self._asked[int(self._waiting) :]):
            return
        self._asked.insert(int(self._waiting) if first else len(self._asked), (question, on_answer))
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
        if self._waiting or self._closed:
            return
        if not self._asked:
            self._idle.start()
            return
        if self._process.state() is QProcess.ProcessState.NotRunning:
            self._process.start(self._program[0], self._program[1:])
        elif self._ending:
            return  # the answer comes from the next one
        self._idle.stop()
        self._waiting = True
        self._process.write(json.dumps(self._asked[0][0]).encode() + b"\n")

    def _rest(self) -> None:
        self._ending = self._process.state() is not QProcess.ProcessState.NotRunning
        self._process.closeWriteChannel()

    def _read(self) -> None:
        while self._process.canReadLine():
            line = bytes(self._process.readLine().data())
            if not self._waiting:
                continue
            try:
                said: dict[str, Any] = dict(json.loads(line))
            except (ValueError, TypeError):
                said = {"trouble": "what was read of it is not understood"}
            self._hand_over(said)
        self._next()

    def _hand_over(self, said: dict[str, Any]) -> None:
        _, on_answer = self._asked.pop(0)
        self._waiting = False
        on_answer(said)

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._ending = False
        if self._waiting and not self._closed:
            how = "a crash" if status is QProcess.ExitStatus.CrashExit else f"exit code {code}"
            self._hand_over({"trouble": f"reading it ended with {how}; `liveaffect recover` may help"})
        self._next()

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._waiting:
            self._hand_over({"trouble": f"{self._program[0]} cannot be started"})
            self._next()


def card_in(said: dict[str, Any]) -> SessionCard | None:
    """The card of an answer; None where there is none that can be read."""
    try:
        return msgspec.convert(said["facts"], SessionCard)
    except (KeyError, msgspec.ValidationError):
        return None


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
