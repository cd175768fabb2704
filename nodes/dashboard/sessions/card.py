"""The card of a recorded session: where, how long, who, whole or not; and what can be done with it."""

from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.look.fields import label, say
from liveaffect.nodes.dashboard.scene.words import percent
from liveaffect.nodes.dashboard.sessions import keep
from liveaffect.nodes.dashboard.sessions.forms import FORMS, menu_of
from liveaffect.nodes.dashboard.sessions.levels import LevelsView
from liveaffect.nodes.dashboard.sessions.strip import StripView
from liveaffect.nodes.dashboard.sessions.tools import Errand, Tools
from liveaffect.stream.session.facts import SessionCard, length_text, when_text

MARKERS = 6
"""So many are listed by name."""


class CardView(QWidget):
    """Shows a `SessionCard` and what can be done with its session.

    `changed` carries the path before, and the one now ("" where the session was deleted).
    """

    changed = Signal(str, str)

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.card: SessionCard | None = None
        self._errands: list[Errand] = []
        self.title = label(scale=1.3, bold=True)
        self.facts, self.verdict = label("", "dim", wrap=True), label("", "dim", wrap=True)
        self.strip, self.levels = StripView(), LevelsView()
        self.more, self.place = label("", wrap=True), label("", "dim", wrap=True)
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note = QPlainTextEdit()
        self.note.setPlaceholderText("Notes")
        self.note.setAccessibleName("Notes about this session")
        self.note.setTabChangesFocus(True)
        self.note.setMaximumHeight(70)
        self.said = label("", "dim", wrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = {
            "open": _button("Open", "Replay it in a window of its own"),
            "report": _button("Report", "One HTML page with everything, opened in the browser"),
            "export": _button("Export…", "Rows, markers and a data dictionary as files"),
            "rename": _button("Rename…", "Another name for its folder"),
            "delete": _button("Delete…", "To the trash"),
            "more": _button("…", "Rename, delete"),
        }
        self._is_narrow = False
        self._lay_out()
        self.buttons["open"].clicked.connect(self.open)
        self.buttons["report"].clicked.connect(self.report)
        self.buttons["export"].clicked.connect(self._choose_form)
        self.buttons["rename"].clicked.connect(self._ask_name)
        self.buttons["delete"].clicked.connect(self._ask_delete)
        self.buttons["more"].clicked.connect(self._choose_more)
        self.show_card(None)

    @property
    def folder(self) -> Path:
        """Of the session that is shown."""
        return Path(self.card.path if self.card is not None else ".")

    def show_card(self, card: SessionCard | None, words: str = "") -> None:
        """Shows a session; None with the words why there is nothing to show."""
        self.keep_note()
        self.card = card
        there = card is not None
        for part in (self.strip, self.levels, self.more, self.place, self.note, *self.buttons.values()):
            part.setVisible(there)
        self.narrow(self._is_narrow)
        say(self.said, "")
        if card is None:
            self.title.setText("")
            self.facts.setText(words)
            self.verdict.setText("")
            return
        self.title.setText(card.name)
        self.facts.setText(" · ".join(facts_of(card)).replace(" %", "\u00a0%"))  # no line begins with the sign
        say(self.verdict, card.verdict().capitalize() + ".", "dim" if card.whole else "warn")
        self.strip.show_card(card)
        self.levels.show_card(card)
        self.more.setText("\n".join(more_of(card)))
        self.place.setText(card.path)
        self.note.setPlainText(card.note)
        self.buttons["report"].setEnabled(bool(card.strip.state))
        self.buttons["export"].setEnabled(bool(card.strip.state))

    def narrow(self, on: bool) -> None:
        """Room for two beside each other: what is seldom needed goes into a menu."""
        self._is_narrow = on
        for name in ("rename", "delete", "more"):
            self.buttons[name].setVisible(self.card is not None and on == (name == "more"))

    def keep_note(self) -> None:
        """Writes down what was changed in the notes."""
        if self.card is None or self.note.toPlainText().strip() == self.card.note:
            return
        trouble = keep.write_note(self.folder, self.note.toPlainText())
        say(self.said, trouble, "warn")
        if not trouble:
            self.changed.emit(self.card.path, self.card.path)

    def open(self) -> None:
        """Replays it."""
        self._tools.open_session(self.folder)

    def report(self) -> None:
        """Writes the report beside the session and opens it."""
        target = self.folder.with_name(f"{self.folder.name}.report.html")
        self._run("report", ["report", str(self.folder), "--out", str(target)], "Writing the report…", target)

    def export(self, form: str) -> None:
        """Writes one of `FORMS` beside the recording."""
        chosen = FORMS[form]
        target = chosen.target(self.folder)
        words = ["export", str(self.folder), *chosen.told, "--out", str(target)]
        self._run("export", words, f"Writing {target.name}…", None)

    def rename(self, name: str) -> None:
        """Gives its folder another name."""
        before = self.folder
        after, trouble = keep.rename(before, name)
        say(self.said, trouble, "warn")
        if after != before:
            self.changed.emit(str(before), str(after))

    def delete(self, *, for_good: bool = False) -> str:
        """To the trash, or for good; "" or why not."""
        before = str(self.folder)
        trouble = keep.delete(self.folder, for_good=for_good)
        if not trouble:
            self.card = None  # no note is written into what is gone
            self.changed.emit(before, "")
        return trouble

    def _run(self, button: str, words: list[str], meanwhile: str, show: Path | None) -> None:
        errand = Errand([*self._tools.liveaffect, *words], self)
        self._errands.append(errand)
        self.buttons[button].setEnabled(False)
        say(self.said, meanwhile)

        def done(ok: bool, text: str) -> None:
            self.buttons[button].setEnabled(True)
            written = f"Written: {show}" if ok and show is not None else f"Written: {text}" if ok else text
            say(self.said, written or "It failed without a word", "dim" if ok else "warn")
            if ok and show is not None:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(show)))

        errand.done.connect(done)

    def _choose_form(self) -> None:
        if self.card is None:
            return
        menu = menu_of(self, self.card, self.export)
        button = self.buttons["export"]
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))

    def _choose_more(self) -> None:
        menu = QMenu(self)
        menu.addAction("Rename…").triggered.connect(self._ask_name)
        menu.addAction("Delete…").triggered.connect(self._ask_delete)
        button = self.buttons["more"]
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))

    def _ask_name(self) -> None:
        name, ok = QInputDialog.getText(self, "Rename", "Another name for this session:", text=self.folder.name)
        if ok:
            self.rename(name)

    def _ask_delete(self) -> None:
        words = f"Move “{self.folder.name}” to the trash?"
        if QMessageBox.question(self, "Delete", words) is not QMessageBox.StandardButton.Yes:
            return
        trouble = self.delete()
        if trouble:
            words = f"It cannot be moved to the trash: {trouble}. Delete it for good? This cannot be undone."
            if QMessageBox.question(self, "Delete", words) is QMessageBox.StandardButton.Yes:
                trouble = self.delete(for_good=True)
        say(self.said, trouble, "warn")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for name, button in self.buttons.items():
            buttons.addWidget(button)
            if name == "open":
                button.setProperty("kind", "primary")
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for part in (self.title, self.facts, self.verdict, self.strip, self.levels, self.more, self.note, self.place):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addWidget(self.said)
        column.addStretch(1)
        for one in (self.facts, self.verdict, self.more, self.place, self.said):
            one.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)


def facts_of(card: SessionCard) -> list[str]:
    """When, how long, how clear."""
    found = [when_text(card.created_utc), length_text(card.length_s)]
    found += [f"clear face {percent(card.face_share)}"] if card.face_share is not None else []
    found += [f"voice {percent(card.speech_share)}"] if card.speech_share is not None else []
    return [one for one in found if one]


def more_of(card: SessionCard) -> list[str]:
    """Markers, and what was stored."""
    found: list[str] = []
    if card.markers:
        named = [f"{text} ({at:.0f} s)" for at, text in card.markers[:MARKERS]]
        rest = len(card.markers) - len(named)
        found.append("Markers: " + ", ".join([*named, *([f"and {rest} more"] if rest else [])]))
    found.append("Stored: " + ", ".join(["results", *(card.stored or ["no pixels, no sound"])]))
    return found


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
