"""The right column: what is now, how it moved, or why; what a panel shows is asked for only while it is open."""

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.canvas import Canvas
from liveaffect.nodes.dashboard.look.palette import GAP
from liveaffect.nodes.dashboard.scene.moving import names_of, switched_off
from liveaffect.nodes.dashboard.scene.over import PANELS
from liveaffect.nodes.dashboard.scene.words import Reason
from liveaffect.nodes.dashboard.views.moving import MovingView
from liveaffect.nodes.dashboard.views.together import TogetherView
from liveaffect.nodes.dashboard.views.why import WhyView
from liveaffect.nodes.dashboard.window.controls import toggle

WORDS = {
    "now": ("Now", "What is shown now: circumplex, emotions, evidence, action units, voice"),
    "moving": ("Over time", "How affect moves over minutes, and who follows whom (T)"),
    "why": ("Why", "Which cues carried the estimate (W, or a click on the circumplex or the emotions)"),
}
ASK_AGAIN_S, STANDS_S = 4.0, 10.0
"""What the page asks of the node stands so long: a window that is closed, or gone, asks no more."""
ALONE = Reason("Nobody to compare with", "Two faces in view are needed, and then 80 s of both")


class Side(QWidget):
    """The chips and three pages; `turned` says that another page is open."""

    turned = Signal(str)

    def __init__(self, feed: GatewayFeed, now: QWidget, doors: tuple[Canvas, ...]) -> None:
        super().__init__()
        self._feed, self._scene = feed, feed.scene
        self.page = "now"
        self.moving, self.together, self.why = MovingView(), TogetherView(), WhyView()
        self.canvases: tuple[Canvas, ...] = (self.moving, self.together, self.why)
        self._pair = 0
        self._asked: int | None = None
        self._asked_s = 0.0
        self._stack = QStackedWidget()
        over = QWidget()
        column = QVBoxLayout(over)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.moving, 36)
        column.addWidget(self.together, 64)
        for page in (now, over, self.why):
            self._stack.addWidget(page)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.chips = {name: toggle(*words) for name, words in WORDS.items()}
        group = QButtonGroup(self)
        for name, chip in self.chips.items():
            group.addButton(chip)
            chip.clicked.connect(partial(self.turn, name))
            row.addWidget(chip)
        row.addStretch(1)
        self.chips["now"].setChecked(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(6)
        outer.addLayout(row)
        outer.addWidget(self._stack, 1)
        self._doors = doors
        for door in doors:
            door.setCursor(Qt.CursorShape.PointingHandCursor)
            door.installEventFilter(self)
        self.together.installEventFilter(self)

    def turn(self, page: str, *_: object) -> None:
        """Opens one page; a second time it goes back to what is now."""
        page = "now" if page == self.page and page != "now" else page
        self.page = page
        self.chips[page].setChecked(True)
        self._stack.setCurrentIndex(list(WORDS).index(page))
        self._feed.want_panel(PANELS[page])
        self.turned.emit(page)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            if watched in self._doors and event.button() == Qt.MouseButton.LeftButton:
                self.turn("why")
            elif watched is self.together:
                self._pair += 1
                self.present(0)
        return super().eventFilter(watched, event)

    def go(self, since: str) -> None:
        """Nothing is heard any more: grey, with the time of the last word."""
        for canvas in self.canvases:
            canvas.go(since)

    def present(self, now_ns: int, *, ask: bool = True) -> None:
        """The page that is open, as things are; what is now is painted elsewhere. `ask` false: nothing is asked for."""
        if self.page == "moving":
            self._present_moving(now_ns)
        if self.page == "why":
            self._present_why(now_ns, ask)
        elif ask and self._asked is not None:
            self._want(None)

    def _present_moving(self, now_ns: int) -> None:
        scene = self._scene
        with scene.lock:
            off, who, person = switched_off(scene, "moving"), scene.shown, scene.person
            people = scene.over.dynamics.people if scene.over.dynamics is not None else ()
            pairs = scene.over.pairs(who)
            pair = pairs[self._pair % len(pairs)] if pairs else None
            names = names_of(scene, pair) if pair is not None else ("", "")
            shifts = [one for one in scene.over.shifts if one.id == who]
            now_ns = now_ns or scene.now_ns
        self.moving.miss(off)
        self.together.miss(off if off is not None else None if pair is not None else ALONE)
        name = "" if person is None else person.name
        self.moving.present(name, next((one for one in people if one.id == who), None), shifts, now_ns)
        self.together.present(pair, names, (self._pair % max(1, len(pairs)), len(pairs)))

    def _present_why(self, now_ns: int, ask: bool) -> None:
        scene = self._scene
        with scene.lock:
            off, who, person = switched_off(scene, "why"), scene.shown, scene.person
            found = scene.over.reason(who, now_ns)
        self.why.miss(off)
        due = who != self._asked or time.monotonic() - self._asked_s > ASK_AGAIN_S
        if ask and off is None and scene.kind == "live" and due and who is not None and who >= 0:
            self._want(who)
        self.why.present("" if person is None else person.name, found, now_ns)

    def _want(self, who: int | None) -> None:
        """Whose reasons are measured at every turn; None lets everyone have theirs again."""
        self._asked, self._asked_s = who, time.monotonic()
        arguments: dict[str, Any] = {} if who is None else {"face": who, "for_s": STANDS_S}
        self._feed.ask("why", "reasons", **arguments)
