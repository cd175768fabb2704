"""The menu of how things are shown: theme, size, everybody's traces, one participant. What is chosen is remembered."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.look.palette import SIZES, set_size, set_theme, size, theme
from liveaffect.nodes.dashboard.scene.words import percent
from liveaffect.nodes.dashboard.start import preferences
from liveaffect.nodes.dashboard.window.pair import Pair, PairDialog
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import LiveAffectError

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
ONE_NODE = "face"


class ViewMenu(QPushButton):
    """A button with the menu. `everyone` says whether all people's traces are to be drawn; `said` a word and whether
    it is a problem."""

    everyone = Signal(bool)
    said = Signal(str, bool)

    def __init__(self, feed: GatewayFeed, rescale: Callable[[], None]) -> None:
        super().__init__("View")
        self._feed, self._rescale = feed, rescale
        self.setToolTip("Theme, size, everybody's traces, one participant (V)")
        self.setAutoDefault(False)
        self.menu_ = QMenu(self)
        self.themes = self._group("Theme", {THEMES[name]: name for name in THEMES}, theme(), self._choose_theme)
        self.sizes = self._group("Size", {percent(share): share for share in SIZES}, size(),
                                 self._choose_size)  # fmt: skip
        self.menu_.addSeparator()
        self.all_traces = self.menu_.addAction("Everybody's traces")
        self.all_traces.setCheckable(True)
        self.all_traces.toggled.connect(self.everyone)
        self.one = self.menu_.addAction("One participant: the largest face only")
        self.one.setCheckable(True)
        self.one.setEnabled(False)
        self.one.triggered.connect(self._choose_one)
        self.assistant = self.menu_.addAction("An assistant may be told what is seen")
        self.assistant.setToolTip("States and numbers in words, no picture: docs/assistant.md")
        self.assistant.setCheckable(True)
        self.assistant.setEnabled(False)
        self.assistant.triggered.connect(self._choose_assistant)
        self.phone = self.menu_.addAction("Pair a phone with the page…")
        self.phone.triggered.connect(self._pair)
        self.pair: Pair | None = None
        """Makes the code; None where the sensor is another machine's or user's."""
        self.clicked.connect(self.open)

    def open(self) -> None:
        """Shows the menu; whether there is one participant is asked of the sensor meanwhile."""
        self._feed.ask("settings", on_reply=self._listed, action="list")
        self._feed.ask("assistant", on_reply=self._allowed)
        self.phone.setVisible(self.pair is not None and bool(self._feed.scene.facts.get("web")))
        self.menu_.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    def _group(self, title: str, words: dict[str, Any], chosen: Any, choose: Callable[..., None]) -> list[QAction]:
        menu = self.menu_.addMenu(title)
        group = QActionGroup(menu)
        actions: list[QAction] = []
        for text, value in words.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(value == chosen)
            action.triggered.connect(partial(choose, value))
            group.addAction(action)
            actions.append(action)
        return actions

    def _choose_theme(self, name: str, *_: object) -> None:
        set_theme(name)
        self._remember(theme=name)

    def _choose_size(self, share: float, *_: object) -> None:
        set_size(share)
        self._rescale()
        self._remember(size=share)

    def _remember(self, **chosen: Any) -> None:
        trouble = preferences.save(msgspec.structs.replace(preferences.load()[0], **chosen))
        if trouble:
            self.said.emit(trouble, True)

    def _listed(self, reply: Reply) -> None:
        settings = (reply.facts.get("nodes") or {}).get(ONE_NODE, ()) if reply.ok else ()
        value = next((one.get("value") for one in settings if one.get("key") == "people"), None)
        self.one.setEnabled(value is not None and self._feed.scene.kind == "live")
        self.one.setChecked(value == 1)

    def _allowed(self, reply: Reply) -> None:
        self.assistant.setEnabled(reply.ok)
        self.assistant.setChecked(reply.ok and reply.facts.get("on") is True)

    def _choose_assistant(self, on: bool) -> None:
        def answered(reply: Reply) -> None:
            self._allowed(reply)
            self.said.emit(reply.text, not reply.ok)

        self._feed.ask("assistant", on_reply=answered, on=on)

    def _pair(self) -> None:
        try:
            pairing = None if self.pair is None else self.pair(str(self._feed.scene.facts.get("web")))
        except LiveAffectError as error:
            self.said.emit(str(error), True)
            return
        if pairing is not None:
            dialog = PairDialog(pairing, self.window())
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.show()

    def _choose_one(self, on: bool) -> None:
        def answered(reply: Reply) -> None:
            self.said.emit(reply.text, not reply.ok)

        self._feed.ask("settings", on_reply=answered, action="set", node=ONE_NODE, values={"people": int(on)})


def dress() -> None:
    """Theme and size as they were chosen last; call it once the program is dressed."""
    kept, _ = preferences.load()
    set_theme(kept.theme)
    set_size(kept.size)
