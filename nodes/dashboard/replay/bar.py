"""The bar under a replay: play and pause, the line with its markers and missing spans, speed."""

import math
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPolygonF, QShortcut
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QLabel, QPushButton, QWidget

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.fields import DropDown, label
from liveaffect.nodes.dashboard.look.palette import colours, font
from liveaffect.nodes.dashboard.replay.before import Before
from liveaffect.nodes.dashboard.replay.seek_bar import SeekBar
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import clock
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.messages import Playback, ReplayStatus

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 0.0)
"""0 is as fast as it goes."""
SKIP_S = 5.0
LOOK_MS = 100
SETTLE_S = 1.0
"""A speed that was asked for is shown so long after the answer, unless the replay says something newer."""
NEAR_S = 1.0
"""So close to what was asked for, the replay has arrived, answered or not."""
KEYS = (
    ("Space, K", "replay: play or pause"), (", and .", "replay: 5 s back or ahead"),
    ("[ and ]", "replay: to the marker before or after"), ("< and >", "replay: slower or faster"),
)  # fmt: skip


class ReplayBar(QWidget):
    """Drives a replay through the gateway; `refused` carries why something was not done.

    Parameters
    ----------
    feed: carries the requests.
    scene: says where the replay stands.
    window: the keys work anywhere in it.
    tools: read what came before an instant, and the strip of the session; None leaves both out.
    """

    refused = Signal(str)

    def __init__(self, feed: GatewayFeed, scene: Scene, window: QWidget, tools: Tools | None = None) -> None:
        super().__init__(window)
        self.before_it = Before(scene, tools, self) if tools is not None else None
        self._feed, self._scene = feed, scene
        self._said: Playback | None = None
        self._said_s = 0.0
        self._asked: float | None = None
        """Where the handle was put, until the replay stands there or refuses."""
        self._asked_in = 0
        """The round of the replay in which that was."""
        self._seeks = 0
        """Seeks that were asked for and not answered yet."""
        self._speeds = 0
        """Speeds that were asked for and not answered yet."""
        self._held: tuple[float, float] | None = None
        self._session: tuple[float, int, int] | None = None
        self.play = SignButton("play", "Play or pause (space, or K)")
        self.before = SignButton("before", "To the marker before ([)")
        self.after = SignButton("after", "To the next marker (])")
        self.line = SeekBar()
        self.time: QLabel = label("--:-- / --:--", "dim")
        self.time.setFont(font())
        self.speed = DropDown()
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Speed of the replay (< and >)")
        for speed in SPEEDS:
            self.speed.addItem(_speed_words(speed), speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.before, self.play, self.after):
            row.addWidget(widget)
        row.addWidget(self.line, 1)
        for widget in (self.time, self.speed):
            row.addWidget(widget)
        self.play.clicked.connect(self.toggle)
        self.before.clicked.connect(lambda: self._to_marker(self.line.marker_before))
        self.after.clicked.connect(lambda: self._to_marker(self.line.marker_after))
        self.line.wanted.connect(self.seek)
        self.speed.activated.connect(lambda _: self.set_speed(self.speed.currentData()))
        self._add_keys(window)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(LOOK_MS)
        self.refresh()

    @property
    def position_s(self) -> float:
        """Where the replay stands now, between what it says ten times a second."""
        if self._asked is not None:
            return self._asked
        said = self._said
        if said is None:
            return 0.0
        gone_s = (time.monotonic() - self._said_s) * said.speed if said.state == "playing" else 0.0
        return min(said.position_s + gone_s, said.length_s)

    def refresh(self) -> None:
        """Follows the scene; called by a timer."""
        with self._scene.lock:
            said, healths = self._scene.playback, list(self._scene.health.values())
        if said is None:
            self._asked = None  # another run of it
        elif said is not self._said:
            if self._arrived(said):
                self._asked = None
            if self.before_it is not None:
                self.before_it.follow(said)
            self._said, self._said_s = said, time.monotonic()
            self._show(said)
        told = next((health.status for health in healths if isinstance(health.status, ReplayStatus)), None)
        session = None if told is None else (told.length_s, len(told.markers), len(told.missing))
        if told is not None and session != self._session:
            self._session = session
            self.line.show_session(told.length_s, list(told.markers), list(told.missing))
            self.speed.setEnabled(told.can_change_speed)
            if self.before_it is not None:
                self.before_it.look_at(told.session, self.line.show_strip)
        position_s = self.line.position_s if self.line.dragging else self.position_s
        self.line.show_position(position_s)
        self.time.setText(f"{clock(position_s)} / {clock(self.line.length_s)}")
        self.before.setEnabled(self.line.marker_before(position_s) is not None)
        self.after.setEnabled(self.line.marker_after(position_s) is not None)

    def toggle(self) -> None:
        """Plays, or pauses; from the end it plays from the start."""
        self.refresh()  # what the replay has said meanwhile
        self._ask("pause" if self._said is not None and self._said.state == "playing" else "play")

    def seek(self, t_s: float) -> None:
        """Goes to an instant, seconds since the first message."""
        t_s = min(max(t_s, 0.0), self.line.length_s)
        self._asked, self._seeks = t_s, self._seeks + 1
        self._asked_in = 0 if self._said is None else self._said.round
        self.line.show_position(t_s)
        self._feed.ask("replay", on_reply=self._seek_answered, action="seek", t_s=t_s)

    def _arrived(self, said: Playback) -> bool:
        """The replay goes on from another place than before, and from the one that was asked for last."""
        if self._asked is None or said.round == self._asked_in:
            return False
        return not self._seeks or abs(said.position_s - self._asked) <= NEAR_S

    def _seek_answered(self, reply: Reply) -> None:
        """One that was refused, or that found nobody, leaves the handle where the replay stands."""
        self._seeks -= 1
        if not reply.ok and not self._seeks:
            self._asked = None
        self._answered(reply)

    def set_speed(self, speed: float) -> None:
        """Another speed; 0 is as fast as it goes."""
        self._held, self._speeds = (speed, math.inf), self._speeds + 1
        self._show_speed(speed)
        self._feed.ask("replay", on_reply=self._speed_answered, action="speed", speed=speed)

    def _speed_answered(self, reply: Reply) -> None:
        """What was chosen last is shown until the replay has had time to say that it is so."""
        self._speeds -= 1
        if self._held is not None and not self._speeds:
            self._held = (self._held[0], time.monotonic() + SETTLE_S)
        self._answered(reply)

    def _show(self, said: Playback) -> None:
        self.play.show_sign("pause" if said.state == "playing" else "again" if said.state == "ended" else "play")
        self.play.setAccessibleName("Pause" if said.state == "playing" else "Play")
        if self._held is None or time.monotonic() > self._held[1] or said.speed == self._held[0]:
            self._held = None
            self._show_speed(said.speed)

    def _show_speed(self, speed: float) -> None:
        found = self.speed.findData(speed)
        if found < 0:
            self.speed.addItem(_speed_words(speed), speed)
            found = self.speed.count() - 1
        if not self.speed.view().isVisible():
            self.speed.setCurrentIndex(found)

    def _to_marker(self, find: Callable[[float], float | None]) -> None:
        t_s = find(self.position_s)
        if t_s is not None:
            self.seek(t_s)

    def _change_speed(self, step: int) -> None:
        self.refresh()  # what the replay has said meanwhile
        index = min(max(self.speed.currentIndex() + step, 0), len(SPEEDS) - 1)
        self.set_speed(SPEEDS[index])

    def _ask(self, action: str, **arguments: Any) -> None:
        self._feed.ask("replay", on_reply=self._answered, action=action, **arguments)

    def _answered(self, reply: Reply) -> None:
        if not reply.ok:
            self.refused.emit(reply.text)

    def _press(self) -> None:
        """Space is also what presses the button that has the focus."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QAbstractButton) and focus is not self.play:
            focus.click()
        else:
            self.toggle()

    def _add_keys(self, window: QWidget) -> None:
        keys: dict[str, Callable[[], None]] = {
            "Space": self._press, "K": self.toggle, ",": lambda: self.seek(self.position_s - SKIP_S),
            ".": lambda: self.seek(self.position_s + SKIP_S),
            "[": lambda: self._to_marker(self.line.marker_before), "]": lambda: self._to_marker(self.line.marker_after),
            "<": lambda: self._change_speed(-1), ">": lambda: self._change_speed(1),
        }  # fmt: skip
        for key, run in keys.items():
            QShortcut(QKeySequence(key), window).activated.connect(run)


class SignButton(QPushButton):
    """A button with a sign that is painted in the colours of the window."""

    def __init__(self, sign: str, tip: str) -> None:
        super().__init__()
        self._sign = sign
        self.setToolTip(tip)
        self.setAccessibleName(tip.partition(" (")[0])
        self.setAutoDefault(False)
        self.setFixedWidth(38)

    def show_sign(self, sign: str) -> None:
        """Another sign: play, pause, again, before or after."""
        if sign != self._sign:
            self._sign = sign
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.text if self.isEnabled() else look.faint)
        painter.translate(self.width() / 2, self.height() / 2)
        if self._sign == "before":
            painter.scale(-1, 1)
        if self._sign == "pause":
            painter.drawRect(QRectF(-5, -6, 3.5, 12))
            painter.drawRect(QRectF(1.5, -6, 3.5, 12))
        elif self._sign in ("before", "after"):
            painter.drawPolygon(QPolygonF([QPointF(-6, -6), QPointF(-6, 6), QPointF(3, 0)]))
            painter.drawRect(QRectF(3.5, -6, 2.5, 12))
        else:
            painter.drawPolygon(QPolygonF([QPointF(-4, -6.5), QPointF(-4, 6.5), QPointF(6.5, 0)]))
        painter.end()


def _speed_words(speed: float) -> str:
    return f"{speed:g}×" if speed else "max"
