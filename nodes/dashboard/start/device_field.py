"""Choosing a device: a list of names, a file or an address to type, or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import DropDown
from liveaffect.nodes.dashboard.start.remedies import Device

NONE, TYPED = object(), object()
"""What the items "no camera" and "a file or an address" stand for."""
THERE_MS = 400
"""After the last letter: whether what was typed is a file."""
KEPT = 6
"""Typed sources that are offered again."""
PLACEHOLDER = {
    "camera": "film.mp4, http://…, rtsp://…, udp://…",
    "microphone": "interview.wav, clip.mp4",
}
FILES = {
    "camera": "Video and pictures (*.mp4 *.mov *.mkv *.avi *.webm *.mpg *.m4v *.gif *.png *.jpg);;All files (*)",
    "microphone": "Sound and video (*.wav *.flac *.mp3 *.m4a *.ogg *.opus *.mp4 *.mov *.mkv *.webm);;All files (*)",
}


@dataclass(frozen=True)
class Choice:
    """One device that can be chosen: `value` is what the node's setting `source` takes."""

    value: str
    name: str
    note: str = ""
    """Why it cannot be used, "" where it can."""
    id: str = ""
    """Its number, where `value` is its name."""


class EnterLine(QLineEdit):
    """A line whose Enter is its own: it does not press the default button of the window."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


class DeviceField(QWidget):
    """A drop-down of devices with everything else beneath; `changed` says when `value` has another one.

    Parameters
    ----------
    shown: how a file or an address may be written where others see it (without its password).
    """

    changed = Signal()

    def __init__(self, kind: Device, shown: Callable[[str], str] = str) -> None:
        super().__init__()
        self._kind: Device = kind
        self._shown = shown
        self._value: str | None = None
        self._devices: list[Choice] = []
        self._typed: list[str] = []
        self.box = DropDown()
        self.box.setAccessibleName(kind.capitalize())
        self.box.setMinimumContentsLength(12)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.line = EnterLine()
        self.line.setPlaceholderText(PLACEHOLDER[kind])
        self.line.setAccessibleName(f"{kind.capitalize()}: file or address")
        self.line.setToolTip("Type a path or an address, then press Enter")
        self.line.setClearButtonEnabled(True)
        self.browse = QPushButton("Browse…")
        self.browse.setToolTip("Choose a file of this computer")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self._row = QWidget()
        self._row.setLayout(row)
        self._row.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.box)
        outer.addWidget(self._row)
        self.setFocusProxy(self.box)
        self.box.activated.connect(self._picked)
        self.line.editingFinished.connect(self._entered)
        self._there = QTimer(self, singleShot=True, interval=THERE_MS)
        self._there.timeout.connect(self._take_file)
        self.line.textChanged.connect(lambda _: self._there.start())
        self.browse.clicked.connect(self._ask_file)
        self._fill()

    @property
    def value(self) -> str | None:
        """What is chosen, None for no device; "" while nothing has been typed yet."""
        return self._value

    @property
    def device_id(self) -> str:
        """The number of the chosen device where it is known, else what is chosen."""
        return next((d.id for d in self._devices if d.id and d.value == self._value), self._value or "")

    def has(self, value: str | None) -> bool:
        """True where this is a device that is there, something typed, or none."""
        return value is None or value in self._typed or any(d.value == value for d in self._devices)

    def first(self) -> str | None:
        """The first device that can be used, None where there is none."""
        return next((d.value for d in self._devices if not d.note), None)

    @property
    def count(self) -> int:
        """How many devices there are."""
        return len(self._devices)

    def offer(self, devices: Sequence[Choice], typed: Sequence[str] | None = None) -> None:
        """Sets the list, keeping what is chosen."""
        if list(devices) == self._devices and typed is None:
            return  # an open list must not be filled anew under the hand
        self._devices = list(devices)
        if typed is not None:
            self._typed = list(dict.fromkeys(typed))[:KEPT]
        self._fill()

    def choose(self, value: str | None) -> None:
        """Selects a device, a source typed before, or None."""
        self._set(value)

    def choose_typed(self, source: str) -> None:
        """Selects a file or an address, which is then offered again."""
        self.suggest(source)
        self._set(source)

    def suggest(self, source: str) -> None:
        """Puts a file or an address on the list, without choosing it."""
        if source and not any(d.value == source for d in self._devices):
            self._typed = list(dict.fromkeys([source, *self._typed]))[:KEPT]
            self._fill()

    @property
    def typed(self) -> list[str]:
        """Files and addresses that were used, newest first."""
        return list(self._typed)

    def _fill(self) -> None:
        with QSignalBlocker(self.box):
            self.box.clear()
            for device in self._devices:
                self.box.addItem(device.name + (f" ({device.note})" if device.note else ""), device.value)
            if not self._devices:
                self.box.addItem(f"no {self._kind} found", None)
                self._disable(self.box.count() - 1)
            if self._value and not self.has(self._value):
                self.box.addItem(f"{self._value} (not connected)", self._value)
            self.box.insertSeparator(self.box.count())
            for source in self._typed:
                self.box.addItem(self._shown(source), source)
                self.box.setItemData(self.box.count() - 1, self._shown(source), Qt.ItemDataRole.ToolTipRole)
            self.box.addItem("A file or a network address…" if self._kind == "camera" else "A file…", TYPED)
            self.box.insertSeparator(self.box.count())
            self.box.addItem(f"No {self._kind}", NONE)
            self._select()

    def _disable(self, index: int) -> None:
        model: Any = self.box.model()
        model.item(index).setEnabled(False)

    def _select(self) -> None:
        wanted = NONE if self._value is None else TYPED if self._value == "" else self._value
        for index in range(self.box.count()):
            data = self.box.itemData(index)
            if data is wanted or (isinstance(data, str) and data == wanted):
                self.box.setCurrentIndex(index)
                break
        self._row.setVisible(wanted is TYPED)

    def _set(self, value: str | None) -> None:
        before, self._value = self._value, value
        self._fill()
        if before != value:
            self.changed.emit()

    def _picked(self, index: int) -> None:
        data = self.box.itemData(index)
        if data is TYPED:
            self._set("")
            self.line.setFocus()
        else:
            self._set(None if data is NONE else data)

    def _entered(self) -> None:
        text = self.line.text().strip()
        if text:
            self.line.clear()
            self.choose_typed(str(Path(text).expanduser()) if text.startswith("~") else text)
            self.box.setFocus()

    def _take_file(self) -> None:
        """A path that is there needs no Enter."""
        text = self.line.text().strip()
        try:
            there = bool(text) and Path(text).expanduser().is_file()
        except (OSError, RuntimeError, ValueError):
            there = False
        if there:
            self._entered()

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, f"A file instead of a {self._kind}", "", FILES[self._kind])
        if path:
            self.choose_typed(path)
