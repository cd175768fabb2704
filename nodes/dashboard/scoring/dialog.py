"""Scoring from a window: drop files and folders, see how far each is, cancel, look at the results."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.look.ending import EndingDialog
from liveaffect.nodes.dashboard.look.fields import DropDown, fit, label, say
from liveaffect.nodes.dashboard.scene.words import percent
from liveaffect.nodes.dashboard.scoring.job import Job
from liveaffect.nodes.dashboard.sessions.tools import Errand, Tools
from liveaffect.stream.session.facts import length_text

FILE, HOW, WORDS = 0, 1, 2
FILTER = "Video, sound and pictures (*);;All files (*)"
EMPTY = "Drop or paste films, sounds, pictures or whole folders here, or add them with the buttons."


PRIORS = {
    "natural": ("Everyday expressions", "Daily life, conversations, people at work: most faces are neutral or happy"),
    "uniform": ("Posed or elicited expressions", "Actors, stimulus studies, clips at their peak: all categories alike"),
}
"""`face_affect.prior` in words."""


class ScoreDialog(EndingDialog):
    """Parameters: `tools` name the program that scores and where tables go; `files` are on the list from the start."""

    def __init__(self, tools: Tools, parent: QWidget | None = None, files: Sequence[Path] = ()) -> None:
        super().__init__(parent)
        self.setWindowTitle("Score files")
        self._tools, self.out = tools, tools.tables
        self.job: Job | None = None
        self._errand: Errand | None = None
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["File or folder", "Progress", ""])
        self.list.setRootIsDecorated(False)
        self.list.setAccessibleName("Files to score")
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        header = self.list.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(FILE, QHeaderView.ResizeMode.Stretch)
        self.add_files, self.add_folder = _button("Add files…"), _button("Add a folder…")
        self.remove = _button("Remove")
        self.place = label("", "dim", wrap=True)
        self.change = _button("Change…")
        self.prior = DropDown()
        self.prior.setAccessibleName("What the faces show")
        for value, (words, tip) in PRIORS.items():
            self.prior.addItem(words, value)
            self.prior.setItemData(self.prior.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.words = label(EMPTY, "dim", wrap=True)
        self.start, self.cancel = _button("Score"), _button("Cancel")
        self.start.setDefault(True)
        self.report, self.show_tables = _button("Report"), _button("Show tables")
        self.report.setToolTip("One HTML page on the chosen file, or on all, opened in the browser")
        self.close_button = _button("Close")
        self.setAcceptDrops(True)
        self._lay_out()
        self.add_files.clicked.connect(self._ask_files)
        self.add_folder.clicked.connect(self._ask_folder)
        self.remove.clicked.connect(self._remove)
        self.change.clicked.connect(self._ask_out)
        self.start.clicked.connect(self.begin)
        self.cancel.clicked.connect(lambda: self.job is not None and self.job.cancel())
        self.report.clicked.connect(self.make_report)
        self.show_tables.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.out))))
        self.close_button.clicked.connect(self.accept)
        QShortcut(QKeySequence("Del"), self.list).activated.connect(self._remove)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self).activated.connect(self.paste)
        fit(self, 760, 460)
        self.add(files)

    @property
    def files(self) -> list[str]:
        """What is on the list."""
        return [str(item.data(FILE, Qt.ItemDataRole.UserRole)) for item in self._items() if not item.data(FILE, _MADE)]

    def add(self, files: Sequence[Path]) -> None:
        """Puts files and folders on the list, each once."""
        for path in files:
            if str(path) not in self.files:
                self._item(str(path), f"{path.name or path}{'/' if path.is_dir() else ''}")
        self._show()

    def begin(self) -> None:
        """Scores what is on the list, into the folder that is shown; what is done already is left alone."""
        if self.job is not None or not self.files:
            return
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            say(self.words, f"{self.out} cannot be made: {error.strerror}", "warn")
            return
        for item in self._items():
            item.setText(HOW, "")
            item.setText(WORDS, "")
        chosen = ["--set", f"face_affect.prior={self.prior.currentData()}"] if self.prior.currentIndex() > 0 else []
        self.job = Job([*self._tools.scoring, *chosen], str(self.out), self.files, self)
        self.job.changed.connect(self._follow)
        self.job.ended.connect(self._ended)
        self._show()
        say(self.words, "Models are being loaded…")

    def make_report(self) -> None:
        """The report of the chosen file, or of all."""
        chosen = [self._table(item) for item in self.list.selectedItems()]
        source = next((path for path in chosen if path), str(self.out))
        target = Path(source).with_suffix(".html") if chosen and chosen[0] else self.out / "report.html"
        self._errand = Errand([*self._tools.liveaffect, "report", source, "--out", str(target)], self)
        self.report.setEnabled(False)
        say(self.words, "Writing the report…")

        def done(ok: bool, text: str) -> None:
            self.report.setEnabled(True)
            say(self.words, f"Written: {target}" if ok else text, "dim" if ok else "warn")
            if ok:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(target)))

        self._errand.done.connect(done)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and self.job is None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.add(local(event.mimeData()))

    def end(self) -> None:
        """Ends what is running."""
        if self.job is not None:
            self.job.close()

    def paste(self) -> None:
        """Takes files and folders that were copied in a file manager: a drop without a mouse."""
        if self.job is None:
            self.add(local(QGuiApplication.clipboard().mimeData()))

    def _follow(self) -> None:
        job = self.job
        if job is None:
            return
        for file, share in job.shares.items():
            item = self._item(file, Path(file).name)
            rate = job.rates.get(file, 0.0)
            item.setText(HOW, percent(share))
            item.setText(WORDS, "done" if share >= 1 else f"{rate:.0f} frames/s" if rate >= 1 else "")
        whole = sum(job.shares.values())
        self.bar.setValue(round(1000 * whole / job.todo) if job.todo else 0)
        rate = sum(job.rates.get(file, 0.0) for file, share in job.shares.items() if share < 1)
        parts = [f"{job.over} of {job.todo} files"] + ([f"{job.done} were done already"] if job.done else [])
        parts += [f"{rate:.0f} frames/s"] if rate >= 1 else []
        left = "estimating the time left" if job.left_s is None else f"{length_text(job.left_s)} left"
        parts += [left] if 0 < whole < job.todo else []
        say(self.words, ", ".join(parts))

    def _ended(self, why: str) -> None:
        job, self.job = self.job, None
        if job is None:
            return
        for file, table in job.tables.items():
            item = self._item(file, Path(file).name)
            item.setText(HOW, "100 %")
            item.setText(WORDS, "done")
            item.setData(WORDS, Qt.ItemDataRole.UserRole, table)
        for file, text in job.failures.items():
            item = self._item(file, Path(file).name)
            item.setText(WORDS, text.replace(f"{file}: ", ""))
            item.setToolTip(WORDS, text)
        told = f"{len(job.tables)} table{'s' * (len(job.tables) != 1)} in {self.out}"
        failed = f", {len(job.failures)} could not be scored" if job.failures else ""
        notes = "; ".join(job.notes[:2])
        if why == "cancelled":
            say(self.words, "Cancelled. Tables that are finished stay, and are not made again.")
        elif why:
            say(self.words, why, "warn")
        else:
            say(self.words, f"{told}{failed}.{' ' + notes if notes else ''}", "warn" if failed else "dim")
        self._show(bool(job.tables))

    def _show(self, results: bool = False) -> None:
        running = self.job is not None
        for field in (self.add_files, self.add_folder, self.remove, self.change, self.prior):
            field.setEnabled(not running)
        self.start.setVisible(not running)
        self.start.setEnabled(bool(self.files))
        self.cancel.setVisible(running)
        self.bar.setVisible(running)
        self.report.setVisible(results)
        self.show_tables.setVisible(results)
        self.place.setText(f"Tables go to {self.out}")

    def _items(self) -> list[QTreeWidgetItem]:
        rows = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [item for item in rows if item is not None]

    def _item(self, file: str, name: str) -> QTreeWidgetItem:
        """The row of a file; one that was found in a folder gets its own."""
        for item in self._items():
            if item.data(FILE, Qt.ItemDataRole.UserRole) == file:
                return item
        made = QTreeWidgetItem([name, "", ""])
        made.setData(FILE, Qt.ItemDataRole.UserRole, file)
        made.setData(FILE, _MADE, self.job is not None)
        made.setToolTip(FILE, file)
        self.list.addTopLevelItem(made)
        return made

    def _table(self, item: QTreeWidgetItem) -> str:
        return str(item.data(WORDS, Qt.ItemDataRole.UserRole) or "")

    def _remove(self) -> None:
        for item in self.list.selectedItems() if self.job is None else ():
            self.list.takeTopLevelItem(self.list.indexOfTopLevelItem(item))
        self._show()

    def _ask_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Files to score", "", FILTER)
        self.add([Path(path) for path in paths])

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of files to score")
        self.add([Path(folder)] if folder else [])

    def _ask_out(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the tables go", str(self.out))
        if folder:
            self.out = Path(folder)
            self._show()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for button in (self.add_files, self.add_folder, self.remove):
            top.addWidget(button)
        top.addStretch(1)
        top.addWidget(label("Faces show", "dim"))
        top.addWidget(self.prior)
        where = QHBoxLayout()
        where.addWidget(self.place, 1)
        where.addWidget(self.change)
        bottom = QHBoxLayout()
        for button in (self.report, self.show_tables):
            bottom.addWidget(button)
        bottom.addStretch(1)
        for button in (self.close_button, self.cancel, self.start):
            bottom.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(where)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addLayout(bottom)


_MADE = int(Qt.ItemDataRole.UserRole) + 1
"""True on rows that came from a folder: the folder itself is what is asked for again."""


def local(data: QMimeData) -> list[Path]:
    """The files and folders of this machine in what is dropped or pasted."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def _button(words: str) -> QPushButton:
    button = QPushButton(words)
    button.setAutoDefault(False)
    return button
