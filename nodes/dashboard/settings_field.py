"""One setting of a node as a row of a form: its name, a widget for its type, its words, its default, its error."""

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.fields import DropDown, Tick
from liveaffect.nodes.dashboard.labels import label


class SettingField(QWidget):
    """The row of one setting.

    Parameters
    ----------
    spec: {key, type, value, default, doc, choices} as the gateway's verb `settings` lists it. `type` "bool", "int",
        "float" and "str" have widgets of their own, choices are a drop-down, anything else is written as JSON.
    """

    edited = Signal()

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.key: str = spec["key"]
        self._type = str(spec.get("type", ""))
        self._default = spec.get("default")
        self._value = spec.get("value")
        self._choices = list(spec.get("choices") or ())
        name = label(self.key, bold=True)
        self._kind = label("one of these" if self._choices else _type_words(self._type), "dim")
        self.reset = QPushButton("Default")
        self.reset.setToolTip(f"Back to the default: {_shown(self._default)}")
        self.reset.setAccessibleName(f"{self.key}: default")
        self.widget, self._read, self._write = self._make()
        self.widget.setAccessibleName(self.key)
        words = " ".join(str(spec.get("doc") or "").split())
        self.doc = label(words, "dim", wrap=True)
        self.doc.setVisible(bool(words))
        self.widget.setToolTip(words)
        name.setBuddy(self.widget)
        self.error = label(kind="bad", wrap=True)
        self.error.hide()
        head = QHBoxLayout()
        head.addWidget(name)
        head.addWidget(self._kind)
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
        self.reset.setEnabled(not same)

    def _make(self) -> tuple[QWidget, Callable[[], Any], Callable[[Any], None]]:
        if self._choices:
            return self._drop_down()
        if self._type == "bool":
            box = Tick("on")
            box.toggled.connect(self._edited)
            return box, box.isChecked, lambda value: box.setChecked(bool(value))
        line = QLineEdit()
        line.textEdited.connect(self._edited)
        if self._type == "str":
            return line, line.text, lambda value: line.setText(str(value))
        if self._type in ("int", "float"):
            read = _whole if self._type == "int" else _number
            return line, lambda: read(line.text()), lambda value: line.setText(_shown(value))
        return line, lambda: _json(line.text()), lambda value: line.setText(_shown(value))

    def _drop_down(self) -> tuple[QWidget, Callable[[], Any], Callable[[Any], None]]:
        box = DropDown()
        for choice in self._choices:
            box.addItem(str(choice) or "(empty)", choice)

        def write(value: Any) -> None:
            box.setCurrentIndex(self._choices.index(value) if value in self._choices else -1)

        def read() -> Any:
            if box.currentIndex() < 0:
                raise ValueError("choose one")
            return self._choices[box.currentIndex()]

        box.currentIndexChanged.connect(self._edited)
        return box, read, write


def _whole(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise ValueError("This must be a whole number, such as 2") from None


def _number(text: str) -> float:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        raise ValueError("This must be a number, such as 0.5") from None
    if not -1e300 < number < 1e300:
        raise ValueError("This must be a finite number")
    return number


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"This must be written like [0.1, 0.2], {{}} or null ({error})") from None


def _shown(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.1f}"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _type_words(name: str) -> str:
    known = {"bool": "yes or no", "int": "whole number", "float": "number", "str": "text"}
    return known.get(name, name)
