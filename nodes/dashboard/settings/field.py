"""One setting of a node as a row of a form: its name, a widget for its type, its words, its default, its error."""

import html
import json
import operator
import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import CheckBox, DropDown, label

LONGEST = 36
"""Characters of a default that are shown; its tooltip has all."""
TYPE_WORDS = {
    "bool": "yes or no",
    "int": "whole number",
    "float": "number",
    "str": "text",
    "choice": "one of these",
    "list": "list",
    "other": "can be changed in launch.toml only",
}
LIMITS = {"above": "above", "at_least": "at least", "below": "below", "at_most": "at most"}
HOLDS: dict[str, Callable[[float, float], bool]] = {
    "above": operator.gt, "at least": operator.ge, "below": operator.lt, "at most": operator.le,
}  # fmt: skip


class SettingField(QWidget):
    """The row of one setting.

    Parameters
    ----------
    spec: a `liveaffect.stream.live.settings.Setting` as plain data.
    """

    edited = Signal()

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.key: str = spec["key"]
        self._kind = str(spec.get("type", "other"))
        self._optional = bool(spec.get("optional"))
        self._value, self._default = spec.get("value"), spec.get("default")
        self._choices = list(spec.get("choices") or ())
        self._limits = {words: spec[key] for key, words in LIMITS.items() if spec.get(key) is not None}
        name = label(self.key, bold=True)
        self._has_default = self._default is not None or self._optional
        kind = label(self._about(), "dim")
        self.reset = QPushButton("Default")
        self.reset.setToolTip(f"Back to the default: {_shown(self._default) or 'empty'}")
        self.reset.setAccessibleName(f"{self.key}: default")
        self.widget, self._read, self._write = self._make()
        self.widget.setAccessibleName(self.key)
        words = _marked(str(spec.get("doc") or ""))
        self.doc = label(words, "dim", wrap=True)
        self.doc.setTextFormat(Qt.TextFormat.RichText)
        self.doc.setVisible(bool(words))
        self.widget.setToolTip(words)
        name.setBuddy(self.widget)
        self.error = label(kind="bad", wrap=True)
        self.error.hide()
        head = QHBoxLayout()
        head.addWidget(name)
        head.addWidget(kind)
        head.addStretch(1)
        line = QHBoxLayout()
        line.addWidget(self.widget, 1)
        line.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 10)
        column.setSpacing(4)
        for part in (head, line):
            column.addLayout(part)
        column.addWidget(self.error)
        column.addWidget(self.doc)
        self._write(self._value)
        self.reset.clicked.connect(self._to_default)
        self._update()

    def value(self) -> Any:
        """What stands in the row. Raises ValueError with words where it is not of its type."""
        return self._read()

    @property
    def changed(self) -> bool:
        """True where the row holds another value than the node, or no value at all."""
        try:
            return bool(self._read() != self._value)
        except ValueError:
            return True

    def say_error(self, words: str) -> None:
        """Words beside the field; "" takes them away."""
        self.error.setText(words)
        self.error.setVisible(bool(words))

    def check(self) -> bool:
        """Says what is wrong with what was typed; True where nothing is."""
        try:
            self._read()
        except ValueError as error:
            self.say_error(str(error))
            return False
        self.say_error("")
        return True

    def _about(self) -> str:
        limits = " and ".join(f"{words} {limit:g}" for words, limit in self._limits.items())
        words = " ".join(filter(None, (TYPE_WORDS.get(self._kind, ""), limits)))
        if self._kind == "other" or not self._has_default:
            return words
        default = "on" if self._default is True else "off" if self._default is False else _shown(self._default)
        default = default if len(default) <= LONGEST else f"{default[:LONGEST]}…"
        return f"{words} · default {'empty' if default in ('', 'null') else default}"

    def _to_default(self) -> None:
        self._write(self._default)
        self.widget.setFocus()
        self._edited()

    def _edited(self) -> None:
        self.check()
        self._update()
        self.edited.emit()

    def _update(self) -> None:
        try:
            same = self._read() == self._default
        except ValueError:
            same = False
        self.reset.setVisible(not same and self._has_default and self._kind != "other")

    def _make(self) -> tuple[QWidget, Callable[[], Any], Callable[[Any], None]]:
        if self._kind == "choice":
            return self._drop_down()
        if self._kind == "bool" and not self._optional:
            box = CheckBox("on")
            box.toggled.connect(self._edited)
            return box, box.isChecked, lambda value: box.setChecked(bool(value))
        line = QLineEdit()
        line.textEdited.connect(self._edited)
        reader = READERS.get(self._kind)
        if reader is None:
            line.setReadOnly(True)
            line.setEnabled(False)
            return line, lambda: self._value, lambda value: line.setText(_shown(value))

        def read() -> Any:
            text = line.text().strip()
            return None if self._optional and not text else self._within(reader(text))

        return line, read, lambda value: line.setText("" if value is None else _shown(value))

    def _within(self, value: Any) -> Any:
        for words, limit in self._limits.items():
            if isinstance(value, int | float) and not HOLDS[words](value, limit):
                raise ValueError(f"This must be {words} {limit:g}")
        return value

    def _drop_down(self) -> tuple[QWidget, Callable[[], Any], Callable[[Any], None]]:
        choices = [*([None] if self._optional else []), *self._choices]
        box = DropDown()
        for choice in choices:
            box.addItem("none" if choice is None else str(choice) or "(empty)")

        def write(value: Any) -> None:
            box.setCurrentIndex(choices.index(value) if value in choices else -1)

        def read() -> Any:
            if box.currentIndex() < 0:
                raise ValueError("Choose one of these")
            return choices[box.currentIndex()]

        box.currentIndexChanged.connect(self._edited)
        return box, read, write


def _marked(words: str) -> str:
    """A docstring as rich text: what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(words.split()), quote=False))


def _whole(text: str) -> int:
    try:
        number = int(text.strip().replace("−", "-"))
    except ValueError:
        raise ValueError("This must be a whole number, such as 2") from None
    if abs(number) >= 1 << 53:
        raise ValueError("This number is too large")
    return number


def _number(text: str) -> float:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        raise ValueError("This must be a number, such as 0.5") from None
    if not -1e300 < number < 1e300:
        raise ValueError("This must be a finite number")
    return number


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise ValueError('This must be a list, such as [0.1, 0.2] or ["one", "two"]')
    return found


def _yes(text: str) -> bool:
    if text.lower() in ("true", "yes", "on", "false", "no", "off"):
        return text.lower() in ("true", "yes", "on")
    raise ValueError("This must be yes or no")


READERS: dict[str, Callable[[str], Any]] = {
    "int": _whole, "float": _number, "str": str, "list": _list, "bool": _yes,
}  # fmt: skip


def _shown(value: Any) -> str:
    """A value as the field writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
