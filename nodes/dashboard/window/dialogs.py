"""What opens above or beside the main window: baseline, settings, help, another session, a last question."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QMessageBox, QWidget

from liveaffect.nodes.dashboard import GO_ON
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.window.keys import SHORTCUTS
from liveaffect.stream.messages import DOWN


class Dialogs:
    """One of each kind at a time.

    Parameters
    ----------
    parent: the window they belong to.
    feed: its scene is what they show, and they ask the sensor through it.
    recording: whether a recording runs.
    """

    def __init__(self, parent: QWidget, feed: GatewayFeed, recording: Callable[[], bool]) -> None:
        self._parent, self._feed, self._recording = parent, feed, recording
        self._open_now: dict[str, QDialog] = {}

    def baseline(self) -> None:
        """The guided capture of a neutral face."""
        from liveaffect.nodes.dashboard.baseline.dialog import BaselineDialog

        self.open("baseline", lambda: BaselineDialog(self._feed.ask, self._feed.scene, self._parent))

    def settings(self) -> None:
        """The settings of every node."""
        from liveaffect.nodes.dashboard.settings.form import SettingsForm

        def trouble(node: str) -> str:
            health = self._feed.scene.health.get(node)
            return health.error if health is not None and health.state in DOWN else ""

        form = lambda: SettingsForm(self._feed.ask, self._recording, self._parent, trouble=trouble)  # noqa: E731
        self.open("settings", form)

    def help(self) -> None:
        """Keys, and what the numbers mean."""
        from liveaffect.nodes.dashboard.look.help_sheet import HelpSheet
        from liveaffect.nodes.dashboard.replay.bar import KEYS

        keys = [*SHORTCUTS, *(KEYS if self._feed.scene.kind == "replay" else ())]
        self.open("help", lambda: HelpSheet(keys, self._parent))

    def name(self, face_id: int, give: Callable[[int, str], None]) -> None:
        """Asks what a person is to be called."""
        person = self._feed.scene.people.get(face_id)
        before = person.called if person is not None else ""
        words = f"What face {face_id} is called from now on, here and in recordings; empty takes the name back:"
        name, ok = QInputDialog.getText(self._parent, "Name", words, text=before)
        if ok:
            give(face_id, name)

    def closing_while_recording(self) -> int | None:
        """The exit status to close with; None to stay open."""
        box = QMessageBox(self._parent)
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

    def close(self) -> None:
        """Leaves them all as Esc does: a parent that closes only hides them."""
        for dialog in list(self._open_now.values()):
            dialog.reject()

    def open(self, name: str, make: Callable[[], QDialog]) -> QDialog:
        """Shows the dialog of that name, made where there is none."""
        dialog = self._open_now.get(name)
        if dialog is None:
            dialog = self._open_now[name] = make()
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.destroyed.connect(lambda: self._open_now.pop(name, None))
        dialog.show()
        dialog.raise_()
        return dialog
