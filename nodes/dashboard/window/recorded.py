"""After a recording: its card above the main window; and the door to all other sessions."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.ending import EndingDialog
from liveaffect.nodes.dashboard.look.fields import fit, label
from liveaffect.nodes.dashboard.sessions.browser import SessionsBrowser
from liveaffect.nodes.dashboard.sessions.card import CardView
from liveaffect.nodes.dashboard.sessions.tools import Cards, Tools
from liveaffect.nodes.dashboard.window.dialogs import Dialogs
from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.facts import SessionCard
from liveaffect.stream.session.info import load_info


class Recorded:
    """Notices that a recording has ended, and shows its card.

    Parameters
    ----------
    tools: None where sessions cannot be read.
    """

    def __init__(self, parent: QWidget, dialogs: Dialogs, tools: Tools | None) -> None:
        self._parent, self._dialogs, self.tools = parent, dialogs, tools
        self._running = self._ended = ""

    def note(self, recording: bool, session: str, *, here: bool) -> None:
        """What the sensor says now; `here`: it runs on this machine, so that its sessions can be read."""
        if recording:
            self._running, self._ended = session, ""
            return
        self._ended, self._running = self._running or self._ended, ""
        if self._ended and here and self.tools is not None and _closed(Path(self._ended)):
            folder, self._ended = Path(self._ended), ""
            self.card(folder)

    def card(self, folder: Path) -> None:
        """The card of one session."""
        tools = self.tools
        if tools is not None:
            name = f"card {folder}"
            self._dialogs.open(name, lambda: CardDialog(tools, folder, self.browser, self._parent))

    def score(self, files: Sequence[Path] = ()) -> None:
        """Films, sounds, pictures and folders, to tables."""
        tools = self.tools
        if tools is None:
            return
        from liveaffect.nodes.dashboard.scoring.dialog import ScoreDialog

        dialog = self._dialogs.open("score", lambda: ScoreDialog(tools, self._parent))
        if isinstance(dialog, ScoreDialog):
            dialog.add(files)

    def browser(self, chosen: str = "") -> None:
        """All sessions."""
        tools = self.tools
        if tools is not None:
            self._dialogs.open("sessions", lambda: SessionsBrowser(tools, self._parent, chosen))


def _closed(folder: Path) -> bool:
    """Its recorder has written the last word, or is gone."""
    try:
        info = load_info(folder)
    except RecordError:
        return False
    return info.state != "RECORDING" or not info.alive


class CardDialog(EndingDialog):
    """One card, read by a process of its own."""

    def __init__(self, tools: Tools, folder: Path, browser: object, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recorded")
        self._path = str(folder)
        self._browser = browser
        self.view = CardView(tools)
        self.view.show_card(None, "Reading what was recorded…")
        self.cards = Cards(tools.cards, self)
        self.all = QPushButton("All sessions…")
        self.all.setAutoDefault(False)
        self.close_button = QPushButton("Close")
        self.close_button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.all)
        row.addStretch(1)
        row.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(label("Recorded", "dim"))
        column.addWidget(self.view, 1)
        column.addLayout(row)
        fit(self, 620, 640)
        self.cards.came.connect(self._came)
        self.view.changed.connect(self._changed)
        self.all.clicked.connect(self._show_all)
        self.close_button.clicked.connect(self.accept)
        self.cards.ask(self._path)

    def end(self) -> None:
        """Closes with its process."""
        self.view.keep_note()
        self.cards.close()

    def _came(self, path: str, card: SessionCard | None, trouble: str) -> None:
        self.view.show_card(card, f"{path}\n{trouble}" if trouble else "")

    def _changed(self, _before: str, after: str) -> None:
        if not after:
            self.accept()
        elif after != self._path:
            self._path = after
            self.cards.ask(after)

    def _show_all(self) -> None:
        if callable(self._browser):
            self._browser(self._path)
