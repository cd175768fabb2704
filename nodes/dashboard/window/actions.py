"""What the controls and the keys do. Every request goes to the sensor through the gateway; its answer is shown."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from liveaffect.nodes.dashboard import GO_ON
from liveaffect.stream.live.gateway import Reply

if TYPE_CHECKING:
    from liveaffect.nodes.dashboard.window.main import MainWindow

HOLD_S = 2.5
"""Health tells the truth once a second: until then what was agreed on holds."""
SHORTCUTS = (
    ("Ctrl+R", "start or stop the recording"), ("1 … 9", "set a marker of that name"), ("M", "type a marker"),
    ("H", "privacy: hide the picture, store no pixels and no sound"), ("P", "pause the view"),
    ("N", "look at the next person"), ("Esc", "look at whoever is there"), ("L", "landmarks on or off"),
    ("+ and −", "show more or less of the past"), ("B", "neutral baseline"), ("S", "settings"),
    ("Ctrl+O", "open a recorded session"), ("F11", "full screen"), ("F1", "this sheet"), ("Ctrl+Q", "close"),
)  # fmt: skip


class Actions:
    """Carries out what the window is asked for."""

    def __init__(self, window: "MainWindow", *, owner: bool, open_session: Callable[[Path], None] | None) -> None:
        self._window, self._owner, self._open_session = window, owner, open_session
        self._held: dict[str, tuple[bool, float]] = {}
        self._hidden = self._recording = False
        self._dialogs: dict[str, QDialog] = {}
        self._bar: QWidget | None = None
        controls = window.controls
        controls.record.connect(self.record)
        controls.mark.connect(self.mark)
        controls.privacy.connect(self.privacy)
        controls.baseline.connect(self.baseline)
        controls.settings.connect(self.settings)
        controls.open_session.connect(self.open_session)
        controls.help.connect(self.help)
        controls.open_button.setVisible(open_session is not None)
        self._add_keys()

    def is_private(self) -> bool:
        """Whether pixels are to be hidden: as asked a moment ago, else as the sensor says."""
        return self._now("privacy", self._hidden)

    def note(self, *, recording: bool, possible: bool, hidden: bool) -> None:
        """What the sensor says of itself."""
        self._hidden, self._recording = hidden, recording
        self._window.controls.show_recording(self._now("record", recording), possible)
        self._window.controls.show_privacy(self.is_private())

    def record(self, on: bool) -> None:
        """Starts or stops the recording."""
        arguments: dict[str, Any] = {"action": "start", **self._window.controls.kept} if on else {"action": "stop"}
        self._window.controls.show_recording(not on, True)  # until the recorder agrees
        self._window.controls.record_button.setChecked(not on)
        self._ask("record", "record", on, arguments)

    def privacy(self, on: bool) -> None:
        """Hides the picture here at once, and asks the sensor to store no pixels and no sound."""
        if on:
            self._held["privacy"] = (True, time.monotonic() + 2 * HOLD_S)
            self._window.update_pixels()
        self._window.controls.privacy_button.setChecked(on)
        self._ask("privacy", "privacy", on, {"on": on})

    def mark(self, label: str) -> None:
        """A marker at this instant of the sensor's clock, however long the request takes."""
        t_ns = self._window.feed.sensor_now_ns()
        source = {"source": "dashboard"}
        given = (
            {"label": label, **source}
            if self._window.scene.kind == "replay"
            else {"label": label, "t_ns": t_ns, **source}
        )
        self._window.feed.ask("mark", on_reply=self._say, **given)

    def baseline(self) -> None:
        """The guided capture of a neutral face."""
        from liveaffect.nodes.dashboard.baseline.dialog import BaselineDialog

        window = self._window
        self._open("baseline", lambda: BaselineDialog(window.feed.ask, window.scene, window))

    def settings(self) -> None:
        """The settings of every node."""
        from liveaffect.nodes.dashboard.settings.form import SettingsForm

        window = self._window

        def trouble(node: str) -> str:
            health = window.scene.health.get(node)
            return health.error if health is not None and health.state in ("node_down", "failed", "hung") else ""

        self._open("settings", lambda: SettingsForm(window.feed.ask, lambda: self._recording, window, trouble=trouble))

    def help(self) -> None:
        """Keys, and what the numbers mean."""
        from liveaffect.nodes.dashboard.look.help_sheet import HelpSheet
        from liveaffect.nodes.dashboard.replay.bar import KEYS

        keys = [*SHORTCUTS, *(KEYS if self._bar is not None else ())]
        self._open("help", lambda: HelpSheet(keys, self._window))

    def open_session(self) -> None:
        """A recorded session, in a window of its own: the sensor goes on."""
        if self._open_session is None:
            return
        folder = QFileDialog.getExistingDirectory(self._window, "Open a recorded session (its folder)")
        if folder and not (Path(folder) / "session.mcap").exists():
            self._window.status.say(f"{folder} is no session: choose the folder that holds session.mcap", problem=True)
        elif folder:
            self._open_session(Path(folder))

    def offer_replay_bar(self) -> None:
        """Seek, play, pause and speed, as soon as it is known that this is a replay."""
        window = self._window
        if self._bar is not None:
            self._bar.refresh()  # type: ignore[attr-defined]
        elif window.scene.kind == "replay":
            from liveaffect.nodes.dashboard.replay.bar import ReplayBar

            self._bar = ReplayBar(window.feed, window.scene, window)
            window.main.addWidget(self._bar)
            controls = window.controls
            sensing = (controls.record_button, controls.stored, controls.baseline_button, controls.privacy_button)
            for widget in (*sensing, controls.mark_button, controls.label):
                widget.setVisible(False)

    def may_close(self) -> int | None:
        """The exit status to close with; None to stay open."""
        if not self._owner or not self._now("record", self._recording):
            return 0
        box = QMessageBox(self._window)
        box.setWindowTitle("A recording is running")
        box.setText("A recording is running.")
        box.setInformativeText("The window can be opened again at any time with: liveaffect view")
        go_on = box.addButton("Go on in the background", QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton("Stop recording and close", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Stay here", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.exec()
        clicked = box.clickedButton()
        return GO_ON if clicked is go_on else 0 if clicked is stop else None

    def _ask(self, verb: str, name: str, on: bool, arguments: dict[str, Any]) -> None:
        def answered(reply: Reply) -> None:
            self._held[name] = (on if reply.ok else not on, time.monotonic() + HOLD_S)
            if name == "privacy" and on and not reply.ok:
                self._held[name] = (True, float("inf"))  # hidden here, whatever the sensor does
            self._say(reply)
            self._window.refresh_status()

        self._window.feed.ask(verb, on_reply=answered, **arguments)

    def _say(self, reply: Reply) -> None:
        self._window.status.say(reply.text, problem=not reply.ok)

    def _now(self, name: str, said: bool) -> bool:
        held = self._held.get(name)
        if held is not None and time.monotonic() < held[1]:
            return held[0]
        return said

    def _open(self, name: str, make: Callable[[], QDialog]) -> None:
        dialog = self._dialogs.get(name)
        if dialog is None:
            dialog = self._dialogs[name] = make()
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.destroyed.connect(lambda: self._dialogs.pop(name, None))
        dialog.show()
        dialog.raise_()

    def _add_keys(self) -> None:
        window, controls = self._window, self._window.controls
        keys: dict[str, Callable[[], Any]] = {
            "Ctrl+R": controls.record_button.click, "M": controls.label.setFocus, "H": controls.privacy_button.click,
            "P": controls.pause_button.click, "N": window.people.next, "Esc": lambda: window.choose(None),
            "L": window.lines_button.click, "+": lambda: window.traces.zoom(1), "-": lambda: window.traces.zoom(-1),
            "B": controls.baseline_button.click, "S": controls.settings_button.click, "F1": self.help,
            "Ctrl+O": controls.open_button.click, "Ctrl+Q": window.close, "F11": self._full_screen,
        }  # fmt: skip
        keys |= {str(n): (lambda n=n: self.mark(str(n))) for n in range(1, 10)}
        for key, run in keys.items():
            QShortcut(QKeySequence(key), window).activated.connect(run)

    def _full_screen(self) -> None:
        window = self._window
        window.showNormal() if window.isFullScreen() else window.showFullScreen()
