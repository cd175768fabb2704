"""All recorded sessions: a list with dates, people and strips, a search, two side by side, files dragged in and out."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from liveaffect.nodes.dashboard.look.ending import EndingDialog
from liveaffect.nodes.dashboard.look.fields import fit, label
from liveaffect.nodes.dashboard.sessions import keep
from liveaffect.nodes.dashboard.sessions.card import CardView
from liveaffect.nodes.dashboard.sessions.row import CARD, TROUBLE, RowPainter, words_of
from liveaffect.nodes.dashboard.sessions.tools import Cards, Tools
from liveaffect.stream.session.facts import SessionCard
from liveaffect.stream.session.info import is_session

PATH = int(Qt.ItemDataRole.UserRole)
SIDE_BY_SIDE = 2
LIST, CARDS, TWO_CARDS = 9, 11, 20
"""Shares of the width."""
NOTHING = "No session lies in {folder} yet. Record one, or drop the folder of a session here."


class SessionList(QListWidget):
    """Rows that can be dragged out as folders; keys never choose one that the search hides."""

    def moveCursor(self, action: QAbstractItemView.CursorAction, held: Qt.KeyboardModifier) -> QModelIndex:
        shown = [row for row in range(self.count()) if not self.item(row).isHidden()]
        ends = {QAbstractItemView.CursorAction.MoveHome: 0, QAbstractItemView.CursorAction.MoveEnd: -1}
        if shown and action in ends:
            return self.indexFromItem(self.item(shown[ends[action]]))
        return super().moveCursor(action, held)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(item.data(PATH)) for item in items])
        return data


class SessionsBrowser(EndingDialog):
    """Parameters: `tools` to read and open sessions; `chosen` is shown first ("" for the newest)."""

    def __init__(self, tools: Tools, parent: QWidget | None = None, chosen: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Recorded sessions")
        self._tools, self._chosen = tools, chosen
        self.cards = Cards(tools.cards, self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setToolTip("Names, people, markers, notes, dates (Ctrl+F)")
        self.search.setAccessibleName("Search")
        self.search.setClearButtonEnabled(True)
        self.list = SessionList()
        self.list.setItemDelegate(RowPainter(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setDragEnabled(True)
        self.list.setAccessibleName("Sessions")
        self.list.setMinimumWidth(300)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.views = [CardView(tools), CardView(tools)]
        self.hint = label("", "dim", wrap=True)
        self.browse = QPushButton("Another folder…")
        self.browse.setAutoDefault(False)
        self.browse.setToolTip("A session that lies elsewhere; or drop its folder here")
        self.setAcceptDrops(True)
        self._lay_out()
        self.cards.came.connect(self._came)
        self.cards.listed.connect(self._listed)
        self.search.textChanged.connect(self._filter)
        self.list.itemSelectionChanged.connect(self._select)
        self.list.itemActivated.connect(lambda item: tools.open_session(Path(item.data(PATH))))
        self.browse.clicked.connect(self._ask_folder)
        for view in self.views:
            view.changed.connect(self._changed)
        QShortcut(QKeySequence("Ctrl+F"), self).activated.connect(self.search.setFocus)
        QShortcut(QKeySequence("F5"), self).activated.connect(self.refresh)
        fit(self, 1080, 680)
        self.refresh()

    def refresh(self) -> None:
        """Looks for sessions again."""
        self.hint.setText("Looking…")
        self.cards.list()

    def add(self, folder: Path) -> bool:
        """Takes in a session from elsewhere; False where the folder is none."""
        if not is_session(folder):
            self.hint.setText(f"{folder} is no session: choose the folder that holds session.mcap")
            return False
        keep.remember(folder)
        path = str(folder.resolve())
        self._chosen = path
        if self._item(path) is None:
            self._add(path, top=True)
        item = self._item(path)
        if item is not None:
            self.list.setCurrentItem(item)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and event.source() is not self.list:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            path = Path(url.toLocalFile())
            self.add(path.parent if path.is_file() else path)

    def end(self) -> None:
        """Closes with its processes."""
        for view in self.views:
            view.keep_note()
        self.cards.close()

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.browse)
        left.addLayout(top)
        left.addWidget(self.list, 1)
        left.addWidget(self.hint)
        right = QHBoxLayout()
        right.setSpacing(20)
        for view in self.views:
            right.addWidget(view, 1)
        inside = QWidget()
        inside.setLayout(right)
        right.setContentsMargins(4, 0, 8, 0)
        room = QScrollArea()
        room.setWidgetResizable(True)
        room.setFrameShape(QScrollArea.Shape.NoFrame)
        room.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        room.setWidget(inside)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(18)
        self._columns = outer
        outer.addLayout(left, LIST)
        outer.addWidget(room, CARDS)
        self.views[1].hide()

    def _listed(self, folder: str, paths: list[str]) -> None:
        marked = [item.data(PATH) for item in self.list.selectedItems()]
        wanted = marked or ([self._chosen] if self._chosen else [])
        self.list.clear()
        every: list[str] = [*paths, *keep.recent(), *([self._chosen] if self._chosen else [])]
        for path in dict.fromkeys(every):
            self._add(path)
        count = self.list.count()
        several = "Ctrl and a click, or Shift and an arrow key, puts a second one beside it."
        self.hint.setText(several if count > 1 else "" if count else NOTHING.format(folder=folder or "the folder"))
        for item in map(self.list.item, range(count)):
            item.setSelected(item.data(PATH) in wanted)
        if count and not self.list.selectedItems():
            self.list.setCurrentRow(0)

    def _add(self, path: str, *, top: bool = False) -> None:
        item = QListWidgetItem(Path(path).name)
        item.setData(PATH, path)
        item.setSizeHint(QSize(200, RowPainter.height()))
        item.setToolTip(path)
        self.list.insertItem(0, item) if top else self.list.addItem(item)
        self.cards.ask(path)

    def _item(self, path: str) -> QListWidgetItem | None:
        items = (self.list.item(row) for row in range(self.list.count()))
        return next((item for item in items if item.data(PATH) == path), None)

    def _came(self, path: str, card: SessionCard | None, trouble: str) -> None:
        item = self._item(path)
        if item is None:
            return
        item.setData(CARD, card)
        trouble = trouble.replace(f"{path}/", "").replace(path, Path(path).name)
        item.setData(TROUBLE, trouble)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words_of(path, card, trouble))
        self._filter()
        if item.isSelected():
            self._select()

    def _filter(self) -> None:
        wanted = self.search.text().lower().split()
        for row in range(self.list.count()):
            item = self.list.item(row)
            words = words_of(item.data(PATH), item.data(CARD), item.data(TROUBLE) or "").lower()
            item.setHidden(not all(one in words for one in wanted))
        here = self.list.currentItem()
        if here is not None and here.isHidden():  # Enter opens what is seen
            items = map(self.list.item, range(self.list.count()))
            self.list.setCurrentItem(next((item for item in items if not item.isHidden()), here))

    def _select(self) -> None:
        items = self.list.selectedItems()[-SIDE_BY_SIDE:]
        two = len(items) == SIDE_BY_SIDE
        self.views[1].setVisible(two)
        self._columns.setStretch(1, TWO_CARDS if two else CARDS)
        for view in self.views:
            view.narrow(two)
        for view, item in zip(self.views, [*items, None, None], strict=False):
            card = None if item is None else item.data(CARD)
            if item is not None and card is None and not item.data(TROUBLE):
                self.cards.ask(item.data(PATH), first=True)
            words = "" if item is None else item.data(TROUBLE) or "Reading…"
            if card is None or card != view.card:
                view.show_card(card, words)

    def _changed(self, before: str, after: str) -> None:
        item = self._item(before)
        if item is None:
            return
        if not after:
            self.list.takeItem(self.list.row(item))
            return
        item.setText(Path(after).name)
        item.setData(PATH, after)
        item.setToolTip(after)
        item.setData(CARD, None)
        self.cards.ask(after, first=True)

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A recorded session (its folder)")
        if folder:
            self.add(Path(folder))
