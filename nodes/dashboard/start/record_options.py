"""Whether to record from the start, where to, and what: nothing but numbers unless asked for, each time anew."""

import os
import shutil
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.look.fields import CheckBox, DropDown, label, say

VIDEO = {
    "no": "No video",
    "h264": "Video, small",
    "lossless": "Video, lossless",
}
VIDEO_KEPT = {"h264": "small video", "lossless": "lossless video"}
VIDEO_WORDS = {
    "no": "No picture is stored",
    "h264": "H.264: small, for watching; the numbers cannot be computed again from it",
    "lossless": "FFV1: every pixel, so that everything can be computed again; 0.1 MB and more a frame",
}
BOXES = {
    "audio": ("Sound", "The microphone as float32 WAV, 0.2 GB an hour"),
    "mesh": ("Face mesh", "478 landmarks for every face and frame; no pixels, but a face can be recognised by it"),
    "crops": ("Face crops", "Small aligned pictures of every face: pixels of faces"),
}
LITTLE_GB = 1.0
ASK_PEOPLE = "Ask the people you record: faces and voices are personal data."


class FolderLabel(QLabel):
    """A path that is cut in its middle where it is too long; whole as its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._path = ""
        self.setMinimumWidth(80)

    def set_path(self, path: Path) -> None:
        """Shows another path."""
        home = str(Path.home())
        self._path = str(path)
        if home != "/" and self._path.startswith(home):
            self._path = "~" + self._path[len(home) :]
        self.setToolTip(str(path))
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._path, Qt.TextElideMode.ElideMiddle, self.width()))


class RecordOptions(QWidget):
    """The recording part of the first window.

    Parameters
    ----------
    folder: where sessions go; "" for `default_folder`.
    """

    changed = Signal()

    def __init__(self, folder: str, default_folder: Path) -> None:
        super().__init__()
        self._folder, self._default = folder, default_folder
        self._seen = self._heard = True
        self._shut = False
        self.on = CheckBox("&Record from the start")
        self.on.setToolTip("Otherwise a recording can be started at any time in the next window")
        self.video = DropDown()
        self.video.setAccessibleName("Video to store")
        for kind, name in VIDEO.items():
            self.video.addItem(name, kind)
            self.video.setItemData(self.video.count() - 1, VIDEO_WORDS[kind], Qt.ItemDataRole.ToolTipRole)
        self.boxes = {key: CheckBox(name) for key, (name, _) in BOXES.items()}
        self.path = FolderLabel()
        self.change = QPushButton("Change…")
        self.change.setToolTip("Choose the folder in which every session gets a folder of its own")
        self.said = label(kind="dim", wrap=True)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.video, 0, 0)
        grid.addWidget(self.boxes["audio"], 0, 1)
        grid.addWidget(self.boxes["mesh"], 1, 0)
        grid.addWidget(self.boxes["crops"], 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.more = QWidget()
        self.more.setLayout(grid)
        self.where = label(kind="dim")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.path, 1)
        row.addWidget(self.change)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.on)
        outer.addWidget(self.more)
        outer.addWidget(self.said)
        outer.addSpacing(8)
        outer.addWidget(self.where)
        outer.addLayout(row)
        self.on.toggled.connect(self._update)
        self.video.currentIndexChanged.connect(self._update)
        for box in self.boxes.values():
            box.toggled.connect(self._update)
        self.change.clicked.connect(self._ask_folder)
        self._update()

    @property
    def folder(self) -> str:
        """The folder of sessions, "" for the default."""
        return self._folder

    @property
    def blocked(self) -> str:
        """Why a recording could not start, "" where it could or none is wanted."""
        return "Sessions cannot be stored there: choose another folder" if self.on.isChecked() and self._shut else ""

    def choice(self) -> dict[str, Any] | None:
        """What to record from the start; None where nothing is."""
        if not self.on.isChecked():
            return None
        kept = {key: box.isChecked() and box.isEnabled() for key, box in self.boxes.items()}
        video = self.video.currentData() if self.video.isEnabled() else "no"
        return {"folder": self._folder, "video": video, **kept}

    def devices(self, *, seen: bool, heard: bool) -> None:
        """Tells which devices there will be: what they do not give cannot be stored."""
        if (seen, heard) != (self._seen, self._heard):
            self._seen, self._heard = seen, heard
            self._update()

    def set_folder(self, folder: str) -> None:
        """Another place for sessions."""
        self._folder = folder
        self._update()

    def _update(self) -> None:
        on = self.on.isChecked()
        self.more.setVisible(on)
        for key, widget in (("video", self.video), *self.boxes.items()):
            there = self._heard if key == "audio" else self._seen
            widget.setEnabled(there)
            words = VIDEO_WORDS[self.video.currentData()] if key == "video" else BOXES[key][1]
            lacking = "a microphone" if key == "audio" else "a camera"
            widget.setToolTip(words if there else f"Needs {lacking}")
        self.said.setText(self._words())
        path = Path(self._folder) if self._folder else self._default
        self.path.set_path(path)
        self._place(path)
        self.changed.emit()

    def _place(self, path: Path) -> None:
        """Says how much room there is, or that nothing can be written."""
        there = next((p for p in (path, *path.parents) if p.exists()), Path.home())
        self._shut = not there.is_dir() or not os.access(there, os.W_OK)
        if self._shut:
            say(self.where, "Sessions go to a folder that cannot be written:", "warn")
            return
        free = shutil.disk_usage(there).free / 1e9
        room = f"{free:.0f} GB" if free >= 10 else f"{free:.1f} GB"
        say(self.where, f"Sessions go to ({room} free)", "dim" if free > LITTLE_GB else "warn")

    def _words(self) -> str:
        choice = self.choice()
        if choice is None:
            return "Nothing is stored. A recording can be started at any time."
        kept = [VIDEO_KEPT[choice["video"]]] if choice["video"] != "no" else []
        kept += [BOXES[key][0].lower() for key in BOXES if choice[key]]
        if not kept:
            return "Stored: numbers only, no pixels and no sound."
        return f"Stored: numbers, {', '.join(kept)}. {ASK_PEOPLE}"

    def _ask_folder(self) -> None:
        start = self._folder or str(self._default)
        path = QFileDialog.getExistingDirectory(self, "Where sessions go", start)
        if path:
            self.set_folder(path)
