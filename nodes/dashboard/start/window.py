"""The first window of `liveaffect live`: which camera, which microphone, recorded or not; one click starts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import fit, label, rule
from liveaffect.nodes.dashboard.look.help_sheet import LAWFUL, HelpSheet
from liveaffect.nodes.dashboard.look.palette import px
from liveaffect.nodes.dashboard.start.panels import CameraPanel, DevicePanel, MicrophonePanel
from liveaffect.nodes.dashboard.start.preferences import Preferences
from liveaffect.nodes.dashboard.start.record_options import RecordOptions
from liveaffect.nodes.dashboard.start.surroundings import Ask, Finder, Surroundings
from liveaffect.stream.session.info import is_session

FRAME_MS = 33
KEYS = [
    ("Enter", "start"),
    ("Esc", "close without starting"),
    ("F5", "look for devices again"),
    ("Alt+R", "record from the start"),
    ("Alt+T", "try it without a camera"),
    ("Ctrl+O", "recorded sessions"),
    ("F1", "this sheet"),
]


class FirstWindow(QDialog):
    """Accepted with `choice`, or rejected.

    Parameters
    ----------
    preferences: of the last time; `notice` is a word about them ("" without one).
    """

    def __init__(self, surroundings: Surroundings, preferences: Preferences, notice: str = "") -> None:
        super().__init__()
        self.setWindowTitle("liveaffect")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        kept, chosen = preferences, preferences.chosen
        typed, shown = kept.typed, surroundings.shown
        self.camera = CameraPanel(surroundings.camera, kept.camera, chosen=chosen, typed=typed, shown=shown)
        self.microphone = MicrophonePanel(
            surroundings.microphone, kept.microphone, chosen=chosen, typed=typed, shown=shown
        )
        self.record = RecordOptions(kept.folder, surroundings.sessions)
        self.choice: dict[str, Any] | None = None
        self.start = QPushButton("Start")
        self.start.setDefault(True)
        self.start.setMinimumWidth(round(px(110)))
        self.stop = QPushButton("Close")
        self.again = QPushButton("Look again")
        self.again.setToolTip("Look for cameras and microphones again (F5)")
        self.help = QPushButton("?")
        self.help.setToolTip("Keys, lawful use, about (F1)")
        self.help.setAccessibleName("Help")
        self.help.setFixedWidth(round(px(36)))
        self.demo = QPushButton("Try it without a camera")
        self.demo.setToolTip("A face and a voice that the project made itself, over and over (Alt+T)")
        self.sessions, self.score = QPushButton("Sessions…"), QPushButton("Score files…")
        self.sessions.setToolTip("Look at what was recorded (Ctrl+O)")
        self.score.setToolTip("Films, sounds and pictures to tables; or drop them here")
        self.own_sound = QPushButton("Use the film's own sound")
        self.own_sound.hide()
        for button in (self.demo, self.sessions, self.score, self.own_sound):
            button.setAutoDefault(False)
        self._around = surroundings
        self._sound_of: tuple[str, bool] = ("", False)
        self.setAcceptDrops(True)
        self.hint = label(notice, "warn")
        self.hint.setMinimumHeight(self.fontMetrics().height())
        self._notice, self._kept = notice, preferences
        self._lay_out()
        self._connect(surroundings)
        fit(self, 1040, 620)
        self._focused = self._offered = False
        self._update()
        self._look_again()

    @property
    def preferences(self) -> Preferences:
        """What to remember for the next time."""
        typed = [*self.camera.field.typed, *self.microphone.field.typed]
        return msgspec.structs.replace(
            self._kept,
            camera=self.camera.value,
            microphone=self.microphone.value,
            folder=self.record.folder,
            typed=list(dict.fromkeys(typed)),
            chosen=True,
        )

    def done(self, result: int) -> None:
        """Closes both devices first: the sensor opens them next."""
        self._timer.stop()
        for panel in (self.camera, self.microphone):
            panel.preview.end()  # one closes while the other does
        for panel in (self.camera, self.microphone):
            panel.preview.close()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._look_again()  # back from plugging something in, or from the system's settings
        super().changeEvent(event)

    def _lay_out(self) -> None:
        heading = label("What it sees and hears", scale=1.5, bold=True)
        sub = label("Only a preview: nothing is stored, and nothing leaves this computer.", "dim")
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(heading)
        titles.addWidget(sub)
        top = QHBoxLayout()
        top.addLayout(titles, 1)
        for button in (self.sessions, self.score):
            button.setVisible(self._around.tools is not None)
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addWidget(self.again, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addWidget(self.help, 0, Qt.AlignmentFlag.AlignVCenter)
        side = QVBoxLayout()
        side.setSpacing(8)
        for title, content in (("Microphone", self.microphone), ("Recording", self.record)):
            side.addWidget(label(title, bold=True))
            side.addWidget(content)
            side.addSpacing(16)
            if content is self.microphone:
                side.insertWidget(side.count() - 1, self.own_sound, 0, Qt.AlignmentFlag.AlignLeft)
        side.addStretch(1)
        column = QWidget()
        column.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        column.setFixedWidth(round(px(360)))
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(label("Camera", bold=True))
        left.addWidget(self.camera, 1)
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addLayout(left, 1)
        middle.addWidget(column)
        lawful = label(LAWFUL, "dim", wrap=True)
        bottom = QHBoxLayout()
        bottom.setSpacing(12)
        words = QVBoxLayout()
        words.addWidget(lawful)
        words.addWidget(self.hint)
        bottom.addLayout(words, 1)
        bottom.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignVCenter)
        bottom.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignVCenter)
        bottom.addWidget(self.start, 0, Qt.AlignmentFlag.AlignVCenter)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(14)
        outer.addLayout(top)
        outer.addLayout(middle, 1)
        outer.addWidget(rule())
        outer.addLayout(bottom)

    def _connect(self, surroundings: Surroundings) -> None:
        self._finders: list[Finder] = []
        panels: Sequence[tuple[DevicePanel, Ask]] = (
            (self.camera, surroundings.cameras),
            (self.microphone, surroundings.microphones),
        )
        for panel, ask in panels:
            finder = Finder(ask, self)
            finder.found.connect(panel.offer)
            panel.changed.connect(self._update)
            self._finders.append(finder)
        for panel in (self.camera, self.microphone):
            panel.changed.connect(self._offer_sound)
        self.record.changed.connect(self._update)
        self.start.clicked.connect(self._start)
        self.stop.clicked.connect(self.reject)
        self.again.clicked.connect(self._look_again)
        self.help.clicked.connect(self._show_help)
        self.demo.clicked.connect(self._start_demo)
        self.sessions.clicked.connect(self._show_sessions)
        self.score.clicked.connect(lambda: self._show_score([]))
        self.own_sound.clicked.connect(self._take_sound)
        QShortcut(QKeySequence("Alt+T"), self, self._start_demo)
        QShortcut(QKeySequence("Ctrl+O"), self, self._show_sessions)
        QShortcut(QKeySequence("F5"), self, self._look_again)
        QShortcut(QKeySequence("F1"), self, self._show_help)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(FRAME_MS)

    def _look_again(self) -> None:
        for finder in self._finders:
            finder.look()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def take(self, paths: Sequence[Path]) -> None:
        """What was dropped: a film or a sound is played, a session shown, a folder or several files scored."""
        tools = self._around.tools
        if len(paths) == 1 and tools is not None and is_session(paths[0]):
            tools.open_session(paths[0])
        elif len(paths) == 1 and paths[0].is_file():
            seen, heard = self._around.holds(paths[0])
            if seen:
                self.camera.field.choose_typed(str(paths[0]))
            if heard:
                self.microphone.field.choose_typed(str(paths[0]))
            if not (seen or heard):
                self._notice = f"{paths[0].name} holds neither pictures nor sound"
        elif paths:
            self._show_score(paths)

    def _offer_sound(self) -> None:
        """The film's own sound, once it is known that it has some."""
        source = self.camera.value
        if source and Path(source).is_file():
            if self._sound_of[0] != source:
                self._sound_of = (source, self._around.holds(Path(source))[1])
                if self._sound_of[1]:
                    self.microphone.field.suggest(source)
        else:
            self._sound_of = ("", False)
        self.own_sound.setVisible(self._sound_of[1] and self.microphone.value != source)

    def _take_sound(self) -> None:
        self.microphone.field.choose_typed(self._sound_of[0])

    def _show_sessions(self) -> None:
        from liveaffect.nodes.dashboard.sessions.browser import SessionsBrowser

        if self._around.tools is not None:
            SessionsBrowser(self._around.tools, self).exec()

    def _show_score(self, paths: Sequence[Path]) -> None:
        from liveaffect.nodes.dashboard.scoring.dialog import ScoreDialog

        if self._around.tools is not None:
            ScoreDialog(self._around.tools, self, paths).exec()

    def _start_demo(self) -> None:
        self.choice = {"demo": True, "record": self.record.choice()}
        self.accept()

    def _tick(self) -> None:
        self.camera.tick()
        self.microphone.tick()
        self._update()

    def _update(self) -> None:
        none = self.camera.value is None and self.microphone.value is None
        blocked = (
            "Choose a camera or a microphone"
            if none
            else (self.camera.blocked or self.microphone.blocked or self.record.blocked)
        )
        if blocked and self.start.hasFocus():  # on to where something can be done about it
            (self.record.change if self.record.blocked else self.camera.field.box).setFocus()
        self.start.setEnabled(not blocked)
        if none and self.camera.listed and self.microphone.listed and not self._offered:
            self._offered = True
            self.demo.setFocus()  # nothing is plugged in: Enter shows what it does all the same
        if not blocked and not self._focused:
            self._focused = True
            self.start.setFocus()
        self.start.setToolTip(blocked or "Start the sensor (Enter)")
        words = blocked or self._notice
        self.hint.setText(words)
        self.record.devices(seen=self.camera.value is not None, heard=self.microphone.value is not None)

    def _start(self) -> None:
        self.choice = {
            "camera": self.camera.value,
            "microphone": self.microphone.value,
            "record": self.record.choice(),
        }
        self.accept()

    def _show_help(self) -> None:
        HelpSheet(KEYS, self).exec()
