"""The settings of every node as a form, made from what the nodes themselves say; changing them restarts a node."""

import re
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.look.fields import Kind, fit, label, say
from liveaffect.nodes.dashboard.look.palette import px
from liveaffect.nodes.dashboard.settings.field import SettingField
from liveaffect.stream.client.requests import Reply

RECORDING = "A recording runs: its digest names these settings. Stop the recording first, then change them."
LOOK_MS = 500


class Ask(Protocol):
    """Sends a command to the sensor; the reply comes later, on the GUI thread."""

    def __call__(
        self, verb: str, target: str = "", on_reply: Callable[[Reply], None] | None = None, **arguments: Any
    ) -> None: ...


class SettingsForm(QDialog):
    """Nodes on the left, their settings on the right.

    Parameters
    ----------
    ask: sends `settings` to the gateway.
    recording: True while a session is written: nothing can be changed then.
    trouble: why a node does not run now, "" where it does.
    """

    def __init__(
        self,
        ask: Ask,
        recording: Callable[[], bool],
        parent: QWidget | None = None,
        *,
        trouble: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._trouble = trouble or (lambda _: "")
        self._sent: set[str] = set()
        """Keys of the last change."""
        self._watched = ""
        """A node that was changed: it may turn out not to start with that."""
        self.setWindowTitle("liveaffect: settings")
        self._ask, self._recording = ask, recording
        self._nodes: dict[str, list[dict[str, Any]]] = {}
        self._node = ""
        self._busy = False
        self._said: tuple[str, Kind] = ("Asking the sensor…", "dim")
        """What stands below while nothing else is to be said."""
        self.fields: dict[str, SettingField] = {}
        self.nodes = QListWidget()
        self.nodes.setAccessibleName("Nodes")
        self.nodes.setFixedWidth(round(px(170)))
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.words = label(wrap=True)
        self.apply = QPushButton("Apply")
        self.apply.setDefault(True)
        self.undo = QPushButton("Undo")
        self.undo.setToolTip("Forget what was typed and not applied")
        self.shut = QPushButton("Close")
        self._lay_out()
        self.nodes.currentTextChanged.connect(self._show_node)
        self.apply.clicked.connect(self._apply)
        self.undo.clicked.connect(lambda: self._show_node(self._node))
        self.shut.clicked.connect(self.reject)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._update)
        self._timer.start(LOOK_MS)
        fit(self, 760, 560)
        self._update()
        self.reload()

    def reload(self) -> None:
        """Asks the sensor again."""
        self._ask("settings", on_reply=self._listed, action="list")

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        side = QVBoxLayout()
        side.addWidget(self.nodes)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addLayout(side)
        middle.addWidget(self.area, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(12)
        bottom.addWidget(self.words, 1)
        for button in (self.shut, self.undo, self.apply):
            bottom.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 20, 20, 16)
        outer.setSpacing(14)
        outer.addLayout(middle, 1)
        outer.addLayout(bottom)

    def _listed(self, reply: Reply) -> None:
        nodes = reply.facts.get("nodes")
        if not reply.ok or not isinstance(nodes, dict):
            self._say(f"The sensor does not tell its settings: {reply.text or 'no reason given'}", "bad")
            return
        self._nodes = {str(name): list(specs) for name, specs in nodes.items() if specs}
        wanted = self._node if self._node in self._nodes else next(iter(self._nodes), "")
        self.nodes.blockSignals(True)
        self.nodes.clear()
        for name in self._nodes:
            self.nodes.addItem(QListWidgetItem(name))
        self.nodes.setCurrentRow(list(self._nodes).index(wanted) if wanted else -1)
        self.nodes.blockSignals(False)
        self._show_node(wanted)
        if self._said[0].startswith("Asking"):
            self._say("")

    def _show_node(self, name: str) -> None:
        self._node = name
        self.fields = {str(spec["key"]): SettingField(spec) for spec in self._nodes.get(name, ())}
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 12, 0)
        for field in self.fields.values():
            field.edited.connect(self._edited)
            column.addWidget(field)
        column.addStretch(1)
        self.area.setWidget(content)
        self._update()

    def _edited(self) -> None:
        self._watched = ""
        self._say("")  # what was said of the values before

    def _apply(self) -> None:
        if not self.apply.isEnabled():
            return
        changed = {key: field for key, field in self.fields.items() if field.changed}
        wrong = [field for field in changed.values() if not field.check()]
        if wrong:
            self.area.ensureWidgetVisible(wrong[0])
            wrong[0].widget.setFocus()
            return
        self._busy = True
        self._say(f"Restarting “{self._node}”…")
        values = {key: field.value() for key, field in changed.items()}
        node, self._sent = self._node, set(values)
        self._ask("settings", on_reply=lambda reply: self._applied(node, reply), action="set", node=node, values=values)

    def _applied(self, node: str, reply: Reply) -> None:
        self._busy = False
        if reply.ok:
            self._watched = node
            self._say(reply.text or f"“{node}” runs with its new settings.")
            self.reload()
            return
        pointed = node == self._node and self._point(reply.text)
        words = f"“{node}” was not changed: see the words beside “{pointed}”" if pointed else reply.text
        self._say(words or "The sensor refused, and gave no reason", "bad")

    def _point(self, words: str) -> str:
        """Puts a refusal beside the field that it names; returns its key, "" where it names none."""
        named = [key for key in self.fields if re.search(rf"\b{re.escape(key)}\b", words)]
        if not named:
            return ""
        key = min(named, key=lambda k: (k not in self._sent, -len(k)))
        self.fields[key].say_error(words)
        self.area.ensureWidgetVisible(self.fields[key])
        self.fields[key].widget.setFocus()
        return key

    def _update(self) -> None:
        if self._watched and (words := self._trouble(self._watched)):
            node, self._watched = self._watched, ""
            self._said = (f"“{node}” does not run with that: {words}", "bad")
            if node == self._node:
                self._point(words)
        recording = self._recording()
        changed = [key for key, field in self.fields.items() if field.changed]
        for field in self.fields.values():
            field.setEnabled(not recording and not self._busy)
        self.apply.setEnabled(bool(changed) and not recording and not self._busy)
        self.undo.setEnabled(bool(changed) and not self._busy)
        if recording:
            say(self.words, RECORDING, "warn")
        elif changed and not self._busy and self._said[1] != "bad":
            say(self.words, f"Applying starts the process of “{self._node}” again: a second or two without it.")
        else:
            say(self.words, *self._said)

    def _say(self, words: str, kind: Kind = "dim") -> None:
        self._said = (words, kind)
        self._update()
