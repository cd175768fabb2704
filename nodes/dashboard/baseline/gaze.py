"""Calibration of the gaze: dots over the whole screen, looked at one after the other, and what came of it."""

import html
import math
import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.baseline.dots import DotCanvas, Where, lens_px, places
from liveaffect.nodes.dashboard.look.fields import DropDown, Kind, label, say
from liveaffect.nodes.dashboard.look.palette import px
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import baseline_in_force, gaze_words
from liveaffect.nodes.dashboard.settings.form import Ask
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.messages import Baseline

DOT_S, SETTLE_S = 1.5, 0.5
LOOK_MS = 33
PATIENCE_S = 5.0
"""How long after the last dot the result may take."""
WIDTHS_CM = (10.0, 300.0)
"""Of screens; what says more or less does not know it."""
DISTANCES_CM = (20.0, 300.0)
WHAT = (
    "Looks aside are told too small, looks up and down much too small, and everyone has an offset of their own. Who "
    "looks at dots whose place is known has this corrected: in the line from the eyes, in eye contact, and in who "
    "looks at whom."
)
HOW = "Look at each dot until the next one appears. Move the eyes, not the head."
CAMERAS: tuple[tuple[Where, str], ...] = (
    ("above", "above the screen, in the middle"),
    ("below", "below the screen, in the middle"),
    ("left", "left of the screen, halfway up"),
    ("right", "right of the screen, halfway up"),
)


class GazeDialog(QDialog):
    """Fills the screen; the looks are taken by the sensor, into the baseline in force.

    Parameters
    ----------
    ask: sends `baseline` to the gateway.
    scene: what is seen now, and the sensor's last word on its baseline.
    """

    def __init__(
        self, ask: Ask, scene: Scene, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("liveaffect: calibrate gaze")
        self._ask, self._scene, self._clock = ask, scene, clock
        self._begun_s: float | None = None
        self._waiting = self._left = False
        """No answer yet; the dialog was left."""
        self._before: Baseline | None = None
        self._measured = False
        """The distance was typed: it is the person's own."""
        self.width_cm, self.distance_cm = QLineEdit(), QLineEdit()
        self.width_cm.setAccessibleName("Width of the picture on the screen, cm")
        self.distance_cm.setAccessibleName("From the eyes to the camera, cm")
        self.camera, self.count = DropDown(), DropDown()
        self.camera.setAccessibleName("Where the camera is")
        self.count.setAccessibleName("How many dots")
        for where, words in CAMERAS:
            self.camera.addItem(words, where)
        for number, words in ((5, "5, in 8 seconds"), (9, "9, in 14 seconds: better up and down")):
            self.count.addItem(words, number)
        wide = self.screen().physicalSize().width() / 10.0
        self.width_cm.setText(f"{wide:.1f}" if WIDTHS_CM[0] <= wide <= WIDTHS_CM[1] else "")
        self.distance_cm.textEdited.connect(self._typed)
        self.verdict, self.outcome = label(kind="dim", wrap=True), label(wrap=True)
        self.outcome.setTextFormat(Qt.TextFormat.RichText)
        self.start = QPushButton("Start")
        self.start.setMinimumWidth(round(px(110)))
        self.shut = QPushButton("Close")
        self.shut.setAutoDefault(False)
        self.start.clicked.connect(self._begin)
        self.shut.clicked.connect(self.reject)
        self.canvas = DotCanvas()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._form())
        self._pages.addWidget(self.canvas)
        self.start.setDefault(True)  # now that it is the dialog's: Enter starts from every field
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)
        self.look()
        self.start.setFocus()

    @property
    def running(self) -> bool:
        """True from the start until the result."""
        return self._waiting or self._begun_s is not None

    def look(self) -> None:
        """Follows the scene; called by a timer."""
        with self._scene.lock:
            kept, said, connected = baseline_in_force(self._scene), self._scene.baseline, self._scene.connected
            face = None if kept is None or kept.face_id is None else self._scene.faces.get(kept.face_id)
        if self._begun_s is not None:
            self._follow(self._begun_s, said)
        far = None if face is None else face.distance_m
        if not self._measured and not self.running:
            self.distance_cm.setText("" if far is None else f"{100 * far:.0f}")
        words = ""
        ready = "" if self.outcome.text() else "The face is seen: ready"
        if not connected:
            words = "The sensor does not answer"
        elif kept is None:
            words = "No baseline is in force: take one first, the calibration becomes part of it"
        elif face is None or face.state != "ok":
            words = f"Face {kept.face_id}, whose baseline is in force, is not seen clearly"
        self.start.setEnabled(not self.running and not words)
        say(self.verdict, words or ready, _kind(not words))
        self.verdict.setVisible(bool(words or ready))

    def done(self, result: int) -> None:
        """Closing in the middle gives it up; the baseline stays."""
        self._timer.stop()
        self._left = True
        if self._begun_s is not None:
            self._ask("baseline", action="cancel")
        super().done(result)

    def _form(self) -> QWidget:
        fields = QGridLayout()
        fields.setHorizontalSpacing(14)
        fields.setVerticalSpacing(10)
        rows = (
            ("Width of the screen, cm", self.width_cm, "of the lit picture, edge to edge"),
            ("Eyes to camera, cm", self.distance_cm, "as the sensor tells it, or measured"),
            ("Camera", self.camera, ""),
            ("Dots", self.count, ""),
        )
        for row, (words, field, hint) in enumerate(rows):
            fields.addWidget(label(words, "dim"), row, 0, Qt.AlignmentFlag.AlignVCenter)
            fields.addWidget(field, row, 1, 1, 1 if hint else 2)
            if hint:
                field.setFixedWidth(round(px(90)))
                fields.addWidget(label(hint, "dim"), row, 2, Qt.AlignmentFlag.AlignVCenter)
        fields.setColumnStretch(2, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(label("Enter starts, Esc leaves.", "dim"))
        buttons.addStretch(1)
        buttons.addWidget(self.shut)
        buttons.addWidget(self.start)
        card = QWidget()
        card.setFixedWidth(round(px(560)))
        column = QVBoxLayout(card)
        column.setSpacing(14)
        column.addWidget(label("Calibrate gaze", scale=1.4, bold=True))
        column.addWidget(label(WHAT, "dim", wrap=True))
        column.addWidget(label(HOW, wrap=True))
        column.addLayout(fields)
        column.addWidget(self.verdict)
        column.addWidget(self.outcome)
        column.addLayout(buttons)
        page = QWidget()
        middle = QVBoxLayout(page)
        middle.addStretch(1)
        middle.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(1)
        return page

    def _typed(self, words: str) -> None:
        self._measured = bool(words.strip())

    def _begin(self) -> None:
        if not self.start.isEnabled():
            return
        wide, far = _number(self.width_cm.text(), WIDTHS_CM), _number(self.distance_cm.text(), DISTANCES_CM)
        if wide is None or (self._measured and far is None):
            what, (low, high) = (
                ("the width of the screen", WIDTHS_CM) if wide is None else ("the distance", DISTANCES_CM)
            )
            self._fail(f"{what} is a number of centimetres from {low:.0f} to {high:.0f}")
            return
        with self._scene.lock:
            kept, self._before = baseline_in_force(self._scene), self._scene.baseline
        self.outcome.setText("")
        self._waiting = True
        self.start.setEnabled(False)
        self._pages.setCurrentWidget(self.canvas)
        self._pages.activate()
        self.canvas.setFocus()
        self.canvas.show_dot(self._places()[0], 0.0, 1, len(self._places()))
        self.setCursor(Qt.CursorShape.BlankCursor)
        self._ask(
            "baseline",
            on_reply=partial(GazeDialog._answered, self),  # counts also where the dialog was closed before it came
            action="gaze",
            face=None if kept is None else kept.face_id,
            dots=self._dots(wide),
            dot_s=DOT_S,
            settle_s=SETTLE_S,
            distance_cm=far if self._measured and far is not None else 0.0,
        )

    def _places(self) -> list[tuple[float, float]]:
        return places(self.count.currentData())

    def _dots(self, wide_cm: float) -> list[tuple[float, float]]:
        """Centimetres to the right of the lens and below it."""
        screen = self.screen().geometry()
        scale = wide_cm / screen.width()
        lens = lens_px(screen, self.camera.currentData(), scale)
        whole = self.isFullScreen()  # some desktops tell no window where it is; one that fills the screen knows
        corner = QPointF(screen.topLeft() if whole else self.canvas.mapToGlobal(QPoint(0, 0)))
        points = [corner + self.canvas.point(place) - lens for place in self._places()]
        return [(round(point.x() * scale, 2), round(point.y() * scale, 2)) for point in points]

    def _answered(self, reply: Reply) -> None:
        self._waiting = False
        if self._left:  # no widget of it may be touched any more
            if reply.ok:
                self._ask("baseline", action="cancel")
        elif reply.ok:
            self._begun_s = self._clock()
        else:
            self._fail(reply.text or "the sensor refused, and gave no reason")

    def _follow(self, begun_s: float, said: Baseline | None) -> None:
        if said is not None and said is not self._before:
            if said.state == "done" and said.gaze is not None:
                self._end()
                say(self.outcome, f"<b>Done.</b> {gaze_words(said.gaze)}<br>{html.escape(f'Kept in {said.file}')}", "")
            else:
                self._fail(said.text)
            return
        past, dots = self._clock() - begun_s, self._places()
        at = math.floor(past / DOT_S)
        if past > len(dots) * DOT_S + PATIENCE_S:
            self._fail("no result came: the node “baseline” may not run")
        elif at < len(dots):
            self.canvas.show_dot(dots[at], past / DOT_S - at, at + 1, len(dots))
        else:
            self.canvas.show_words("One moment")

    def _end(self) -> None:
        self._begun_s, self._waiting = None, False
        self.unsetCursor()
        self._pages.setCurrentIndex(0)
        self.start.setText("Again")
        self.start.setEnabled(True)  # or it could not have the focus; `look` has the last word
        self.start.setFocus()

    def _fail(self, words: str) -> None:
        if self._pages.currentIndex():
            self._end()
        self._begun_s, self._waiting = None, False
        say(
            self.outcome,
            f"<b>Not calibrated:</b> {html.escape(words.removeprefix('the gaze is not calibrated: '))}",
            "warn",
        )


def _number(words: str, limits: tuple[float, float]) -> float | None:
    """What was typed, with a comma or a point; None for what is no number between the limits."""
    try:
        value = float(words.strip().replace(",", "."))
    except ValueError:
        return None
    return value if limits[0] <= value <= limits[1] else None


def _kind(good: bool) -> Kind:
    return "dim" if good else "warn"
