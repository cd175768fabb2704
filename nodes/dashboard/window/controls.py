"""The row of controls: record, mark, privacy, pause, and the doors to baseline, settings, sessions and help."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, font

STORED = {
    "no": "No video",
    "h264": "Video, small (for watching)",
    "lossless": "Video, lossless (can be recomputed)",
}
EXTRAS = {
    "audio": "Sound",
    "mesh": "Landmarks (no pixels, but a face can be recognised by them)",
    "crops": "Face crops (pixels)",
}
PERSONAL = "Faces and voices are personal data: tell people, and ask them."


class Controls(QWidget):
    """Signals say what was asked for; the window carries it out."""

    record = Signal(bool)
    mark = Signal(str)
    privacy = Signal(bool)
    pause = Signal(bool)
    baseline = Signal()
    settings = Signal()
    open_session = Signal()
    help = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.record_button = _button(
            "Record", "Record the numbers of this session; no pixels and no sound unless chosen (Ctrl+R)"
        )
        self.record_button.setCheckable(True)
        self.record_button.setProperty("kind", "record")
        self.record_button.clicked.connect(self.record)
        self.title = QLabel()
        self.title.hide()
        self.stored = QToolButton()
        self.stored.setText("▾")
        self.stored.setToolTip(f"What a recording keeps besides the numbers\n{PERSONAL}")
        self.stored.setAccessibleName("What is stored")
        self._menu = self._stored_menu()
        self.stored.clicked.connect(self._show_menu)
        self.label = QLineEdit()
        self.label.setPlaceholderText("marker")
        self.label.setAccessibleName("Marker label")
        self.label.setToolTip("A labelled instant in the recording and the traces (M to type, Enter to set)")
        self.label.setMaxLength(200)
        self.label.setMinimumWidth(70)
        self.label.setMaximumWidth(240)
        self.label.returnPressed.connect(self._mark)
        self.mark_button = _button("Mark", "Set a marker now; the keys 1 to 9 set markers of those names")
        self.mark_button.clicked.connect(self._mark)
        self.privacy_button = _button("Privacy", "Hide the picture and store no pixels and no sound, at once (H)")
        self.privacy_button.setCheckable(True)
        self.privacy_button.clicked.connect(self.privacy)
        self.pause_button = _button("Pause view", "Hold the window still; the sensor and the recording go on (P)")
        self.pause_button.setCheckable(True)
        self.pause_button.clicked.connect(self.pause)
        self.baseline_button = _button("Baseline…", "Capture a person's own neutral face in 10 s (B)")
        self.baseline_button.clicked.connect(self.baseline)
        self.settings_button = _button("Settings…", "Settings of every node (S)")
        self.settings_button.clicked.connect(self.settings)
        self.open_button = _button("Sessions…", "Recorded sessions: look, compare, replay, report (Ctrl+O)")
        self.open_button.clicked.connect(self.open_session)
        self.help_button = _button("?", "Keys, and what the numbers mean (F1)")
        self.help_button.clicked.connect(self.help)
        self._shown: tuple[object, ...] = ()
        self._lay_out()

    def add(self, button: QWidget) -> None:
        """One more, before the help."""
        row = self.layout()
        if isinstance(row, QHBoxLayout):
            row.insertWidget(row.count() - 1, button)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.title)
        row.addWidget(self.record_button)
        row.addWidget(self.stored)
        row.addSpacing(4)
        row.addWidget(self.label, 4)  # what there is to type into has the room before what is empty
        row.addWidget(self.mark_button)
        row.addSpacing(4)
        row.addWidget(self.privacy_button)
        row.addWidget(self.pause_button)
        row.addStretch(1)
        for button in (self.baseline_button, self.settings_button, self.open_button, self.help_button):
            row.addWidget(button)

    @property
    def kept(self) -> dict[str, Any]:
        """Arguments of `record`: what is to be stored besides the numbers."""
        chosen = self._video.checkedAction()
        extras = {name: action.isChecked() for name, action in self._extras.items()}
        return {"video": "no" if chosen is None else chosen.data(), **extras}

    def show_recording(self, on: bool, possible: bool) -> None:
        """As the recorder says, not as was clicked."""
        if (on, possible, colours().name) == self._shown:
            return
        self._shown = (on, possible, colours().name)
        self.record_button.setChecked(on)
        self.record_button.setText("Stop recording" if on else "Record")
        self.record_button.setIcon(_record_icon(on))
        self.record_button.setEnabled(possible)
        self.stored.setEnabled(possible and not on)

    def hide_sensing(self) -> None:
        """A recorded session cannot be recorded, marked or hidden."""
        sensing = (self.record_button, self.stored, self.baseline_button, self.privacy_button)
        for widget in (*sensing, self.mark_button, self.label):
            widget.setVisible(False)

    def show_replay(self, session: str) -> None:
        """Names the session that is replayed, in place of the controls of a sensor."""
        if not self.title.isVisible() or self.title.toolTip() != session:
            self.title.setText(f"Replay of {Path(session).name}")
            self.title.setToolTip(session)
            self.title.setFont(font(1.1, bold=True))
            self.title.show()
            self.pause_button.hide()  # the replay itself has one

    def show_privacy(self, on: bool) -> None:
        """As the sensor says."""
        self.privacy_button.setChecked(on)
        self.privacy_button.setText("Privacy on" if on else "Privacy")

    def _mark(self) -> None:
        words = self.label.text().strip() or "mark"
        self.label.clear()
        self.mark.emit(words)

    def _stored_menu(self) -> QMenu:
        menu = QMenu(self)
        self._video = QActionGroup(menu)
        for value, words in STORED.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(value == "no")
            action.setData(value)
            self._video.addAction(action)
        menu.addSeparator()
        self._extras = {name: menu.addAction(words) for name, words in EXTRAS.items()}
        for action in self._extras.values():
            action.setCheckable(True)
        menu.addSeparator()
        menu.addAction(PERSONAL).setEnabled(False)
        return menu

    def _show_menu(self) -> None:
        self._menu.popup(self.stored.mapToGlobal(QPoint(0, self.stored.height() + 2)))


def _record_icon(on: bool) -> QIcon:
    """A red dot; a square in the colour of the words while it runs."""
    look, side = colours(), 32
    shot = QPixmap(side, side)
    shot.fill(Qt.GlobalColor.transparent)
    painter = QPainter(shot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.card if on else look.rec)
    painter.drawRoundedRect(6, 6, 20, 20, 3, 3) if on else painter.drawEllipse(5, 5, 22, 22)
    painter.end()
    return QIcon(shot)


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button


def toggle(words: str, tip: str) -> QPushButton:
    """A small button that stays down."""
    button = QPushButton(words)
    button.setCheckable(True)
    button.setAutoDefault(False)
    button.setToolTip(tip)
    button.setProperty("kind", "chip")
    return button
