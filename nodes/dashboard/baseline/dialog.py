"""Guided capture of a neutral baseline: who, what to do, how it goes, and what came of it."""

import html
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.baseline.course import Course
from liveaffect.nodes.dashboard.baseline.gaze import GazeDialog
from liveaffect.nodes.dashboard.baseline.rest import RestWatch, Verdict, place_words
from liveaffect.nodes.dashboard.baseline.ring import RestRing
from liveaffect.nodes.dashboard.look.fields import DropDown, Kind, fit, label, say
from liveaffect.nodes.dashboard.look.palette import px
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import baseline_doubt, baseline_in_force, result_words
from liveaffect.nodes.dashboard.settings.form import Ask
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.messages import Baseline, Face

SECONDS = 10.0
LOOK_MS = 66
WHAT = (
    "Faces differ at rest: some look stern, some amused. A baseline lets a person be compared with their own neutral "
    "face. The numbers themselves stay as they are; the differences are shown beside them."
)
HOW = "Look at the camera, mouth closed, brows loose, as if waiting for a bus. Do not talk. It takes 10 seconds."


class BaselineDialog(QDialog):
    """Opens over the main window; the capture itself is the sensor's.

    Parameters
    ----------
    ask: sends `baseline` to the gateway.
    scene: what is seen now, and the sensor's last word on its baseline.
    """

    def __init__(
        self,
        ask: Ask,
        scene: Scene,
        parent: QWidget | None = None,
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("liveaffect: neutral baseline")
        self._ask, self._scene, self._seconds, self._clock = ask, scene, seconds, clock
        self._watch = RestWatch()
        self._begun_s: float | None = None
        self._waiting = self._left = False
        """No answer yet; the dialog was left."""
        self._course = Course(seconds)
        self._before: Baseline | None = None
        """What the sensor had said before this capture."""
        self._last: tuple[float, str, bool] | None = None
        """What the ring shows after a capture: share, words, good."""
        self._faces: tuple[tuple[int, str], ...] = ()
        self.who = DropDown()
        self.who.setAccessibleName("Whose face")
        self.ring = RestRing()
        self.verdict = label(kind="dim", wrap=True)
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.outcome = label(wrap=True)
        self.outcome.setTextFormat(Qt.TextFormat.RichText)
        self.outcome.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.start = QPushButton("Start")
        self.start.setDefault(True)
        self.start.setMinimumWidth(round(px(110)))
        self.forget = QPushButton("Forget it")
        self.forget.setToolTip("Show no differences any more; the file stays")
        self.gaze = QPushButton("Calibrate gaze…")
        self.gaze.setToolTip("Dots over the whole screen, for the person whose baseline is in force: 8 seconds")
        self.shut = QPushButton("Close")
        for button in (self.forget, self.gaze, self.shut):
            button.setAutoDefault(False)  # Enter starts; a second Enter must not give the capture up
        self.anyway = QPushButton("Take it anyway")
        self.anyway.setToolTip("Some faces never look at rest: capture again, and keep it whatever it shows")
        self.anyway.setAutoDefault(False)
        self.anyway.hide()
        self.anyway.clicked.connect(lambda: self._begin(anyway=True))
        self._lay_out()
        self.start.clicked.connect(partial(self._begin))
        self.forget.clicked.connect(self._forget)
        self.gaze.clicked.connect(self._calibrate)
        self.shut.clicked.connect(self.reject)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)
        fit(self, 480, 600)
        self._stood = False
        """Whether it was said which baseline is in force; a window that has just opened may not know yet."""
        self.look()
        self.start.setFocus()

    @property
    def capturing(self) -> bool:
        """True from the sensor's yes until the result."""
        return self._begun_s is not None

    def look(self) -> None:
        """Follows the scene; called by a timer."""
        with self._scene.lock:
            faces, connected, said = dict(self._scene.faces), self._scene.connected, self._scene.baseline
            kept = baseline_in_force(self._scene)
        if kept is not None and not self._stood and self._begun_s is None and self._last is None:
            self._stood = True
            self._tell(kept)
        self._list(faces)
        verdict = self._watch.look(faces.get(self._face_id(faces)), self._clock())
        if not connected:
            verdict = Verdict("The sensor does not answer", False)
        if self._begun_s is not None:
            self._follow(self._begun_s, said, verdict)
        if self._begun_s is None:
            share, words, good = self._last or (
                0.0,
                "Ready" if verdict.good else "Not at rest" if faces else "No face",
                verdict.good,
            )
            self.ring.show_state(share, words, "", good=good)
            self._say_verdict(Verdict("", True) if self._last and verdict.good else verdict)
        self.start.setEnabled(not (self.capturing or self._waiting) and bool(faces) and connected)
        self.shut.setText("Cancel" if self.capturing else "Close")
        self.forget.setEnabled(not self.capturing and kept is not None)
        self.gaze.setEnabled(not self.capturing and kept is not None)

    def done(self, result: int) -> None:
        """Closing in the middle gives the capture up; an earlier baseline stays in force."""
        self._timer.stop()
        self._left = True
        for dots in self.findChildren(GazeDialog):
            dots.close()
        if self.capturing:
            self._give_up()
        super().done(result)

    def _lay_out(self) -> None:
        who = QHBoxLayout()
        self._who_words = label("Whose face", "dim")
        self._who_words.hide()
        self.who.hide()
        who.addWidget(self._who_words)
        who.addWidget(self.who, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(self.forget)
        buttons.addWidget(self.gaze)
        buttons.addWidget(self.anyway)
        buttons.addStretch(1)
        buttons.addWidget(self.shut)
        buttons.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label("A face at rest", scale=1.4, bold=True))
        column.addWidget(label(WHAT, "dim", wrap=True))
        column.addWidget(label(HOW, wrap=True))
        column.addLayout(who)
        column.addSpacing(4)
        column.addWidget(self.ring, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.verdict)
        column.addWidget(self.outcome)
        column.addStretch(1)
        column.addLayout(buttons)

    def _face_id(self, faces: dict[int, Face]) -> int:
        chosen = self.who.currentData()
        return chosen if chosen is not None else next(iter(faces), -1)

    def _list(self, faces: dict[int, Face]) -> None:
        """The faces in view; nobody is taken off the list while their face is captured."""
        found = tuple((face.id, place_words(face)) for face in faces.values())
        if found == self._faces or (not found and self._faces) or self.capturing:
            return
        self._faces = found
        chosen = self.who.currentData()
        self.who.clear()
        for face_id, place in found:
            self.who.addItem(f"face {face_id}" + (f", {place}" if place else ""), face_id)
        ids = [face_id for face_id, _ in found]
        self.who.setCurrentIndex(ids.index(chosen) if chosen in ids else 0)
        for widget in (self.who, self._who_words):
            widget.setVisible(len(found) > 1)

    def _begin(self, *, anyway: bool = False) -> None:
        if not self.start.isEnabled():
            return
        with self._scene.lock:
            self._before = self._scene.baseline
            face = self._face_id(self._scene.faces)
        self.outcome.setText("")
        self.anyway.hide()
        self._last = None
        self.start.setEnabled(False)
        more: dict[str, Any] = {"anyway": True} if anyway else {}
        whose = face if face >= 0 else None
        self._waiting = True
        self._ask(
            "baseline", on_reply=partial(BaselineDialog._answered, self), action="capture", seconds=self._seconds,
            face=whose, **more,
        )  # fmt: skip  # no bound method: the answer counts also where the dialog was closed before it came

    def _answered(self, reply: Reply) -> None:
        self._waiting = False
        if self._left:  # no widget of it may be touched any more
            if reply.ok:
                self._give_up()
            return
        if not reply.ok:
            self._fail(reply.text or "The sensor refused, and gave no reason")
            return
        self._watch, self._begun_s, self._course = RestWatch(), self._clock(), Course(self._seconds)
        self.who.setEnabled(False)

    def _give_up(self) -> None:
        self._ask("baseline", action="cancel")

    def _follow(self, begun_s: float, said: Baseline | None, verdict: Verdict) -> None:
        if said is not None and said is not self._before:
            self._end()
            if said.state == "done":
                self._tell(said)
                self._last = (1.0, "Done", not said.restless)
            else:
                self._fail(said.text)
                self.anyway.setVisible(said.restless)
            return
        past = self._clock() - begun_s
        if why := self._course.broken(self._scene, past):
            self._end()
            if past > self._seconds:  # what comes after all is not what is told here
                self._give_up()
            self._fail(why)
            return
        left = max(0, math.ceil(self._seconds - past))
        unit = "one moment" if not left else "second" if left == 1 else "seconds"
        self.ring.show_state(min(1.0, past / self._seconds), f"{left}", unit, good=verdict.good)
        self._say_verdict(verdict)

    def _end(self) -> None:
        self._begun_s = None
        self.who.setEnabled(True)
        self.start.setText("Again")

    def _fail(self, words: str) -> None:
        say(self.outcome, f"<b>No baseline:</b> {html.escape(words)}", "warn")
        self._last = (0.0, "Not done", False)

    def _forget(self) -> None:
        self._ask("baseline", on_reply=self._forgotten, action="clear")

    def _forgotten(self, reply: Reply) -> None:
        self._last = None
        say(self.outcome, html.escape(reply.text), _kind(reply.ok))

    def _calibrate(self) -> None:
        dialog = GazeDialog(self._ask, self._scene, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.finished.connect(self._calibrated)
        dialog.showFullScreen()

    def _calibrated(self) -> None:
        """What is in force after it."""
        with self._scene.lock:
            kept = baseline_in_force(self._scene)
        if kept is not None:
            self._tell(kept)

    def _say_verdict(self, verdict: Verdict) -> None:
        share = self._watch.clear_share
        seen = f" · {share:.0%} clear so far" if self.capturing and share is not None else ""
        say(self.verdict, verdict.words + seen, _kind(verdict.good))

    def _tell(self, said: Baseline) -> None:
        trouble = self._trouble()
        doubt = baseline_doubt(self._scene)
        words = result_words(said, trouble) + (
            f"<br><b>It may no longer fit:</b> {html.escape(doubt)}" if doubt else ""
        )
        say(self.outcome, words, "warn" if trouble or doubt else "")

    def _trouble(self) -> str:
        """What the sensor's node says is wrong, such as a file that could not be written."""
        health = self._scene.health.get("baseline")
        return "" if health is None else health.error


def _kind(good: bool) -> Kind:
    return "dim" if good else "warn"
