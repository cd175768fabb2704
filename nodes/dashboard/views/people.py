"""Everyone there is, one button each: for keyboards, and for a voice that has no face to click on."""

import re
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, font, of_person
from liveaffect.nodes.dashboard.scene.shown import Shown

MOST, NAMED = 10, 4
"""So many have a button, and so many their whole name on it."""
FOLLOW = "follow"
MORE = "\n(face.max_faces in Settings… measures more; who is too small, turned or hidden cannot be)"


class PeopleBar(QWidget):
    """`chosen` carries a face id, or None to follow whoever is there."""

    chosen = Signal(object)
    named = Signal(int)
    """Somebody wants to give this person a name."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._attends = _Elided()
        self._row.addWidget(self._attends, 1)
        self._buttons: list[QPushButton] = []
        self._several = False
        self._known: tuple[tuple[object, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def present(
        self, people: Sequence[Shown], who: int | None, pinned: int | None, attends: str = "", beyond: str = ""
    ) -> None:
        """Who is there, who is looked at, whether that was chosen; in one line where everybody looks, and (`beyond`)
        that there are more."""
        said = "; ".join(filter(None, (attends, beyond)))
        self._attends.setText(said)
        self._attends.setToolTip(said.replace("; ", "\n") + (MORE if beyond else ""))
        few = len(people) <= NAMED
        rows = [
            (one.id, one.name if few or one.id < 0 or one.called else str(one.id), one.id == who)
            for one in people[:MOST]
        ]
        if pinned is not None and pinned not in {one.id for one in people}:
            rows.append((pinned, f"face {pinned} (away)", True))
        self._several = len(people) > 1
        known = (*rows, (pinned is not None, self._several))
        if known == self._known:
            return
        self._known = known
        for button in self._buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = []
        for face_id, name, mine in rows:
            self._add(name, face_id, mine, f"Look at {'face ' + name if name.isdigit() else name} and stay with it")
        if pinned is not None:
            self._add(FOLLOW, None, False, "Look at whoever is there again (Esc)")
        if len(people) > MOST:
            self._add(f"and {len(people) - MOST} more", None, False, "Click on a face to look at it").setEnabled(False)

    def next(self) -> None:
        """The person after the one looked at."""
        ids = [row[0] for row in self._known[:-1]]
        mine = next((i for i, row in enumerate(self._known[:-1]) if row[2]), -1)
        if ids:
            self.chosen.emit(ids[(mine + 1) % len(ids)])

    def _add(self, words: str, face_id: int | None, mine: bool, tip: str) -> QPushButton:
        button = QPushButton(words.replace("&", "&&"))  # of one alone Qt makes a key
        button.setCheckable(True)
        button.setChecked(mine)
        button.setToolTip(tip)
        button.setProperty("kind", "chip")
        if face_id is not None and self._several:
            button.setIcon(_dot(face_id))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda: self.chosen.emit(face_id))
        if face_id is not None and face_id >= 0:
            button.setToolTip(f"{tip}; a right click names this person")
            button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            button.customContextMenuRequested.connect(lambda: self.named.emit(face_id))
        self._row.insertWidget(self._row.count() - 1, button)
        self._buttons.append(button)
        return button


class _Elided(QLabel):
    """A line in shorter words where there is less room, with dots at its end where there is none; it takes no room."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setProperty("kind", "dim")
        self.setAccessibleName("Who looks where")

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(colours().dim)
        painter.setFont(font(0.95))
        words = self.shown(painter.fontMetrics())
        painter.drawText(self.rect().adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), words)
        painter.end()

    def shown(self, metrics: QFontMetrics) -> str:
        """What there is room for: "face 1: looks at face 0" is "1 → 0" as well."""
        room = self.width() - 8
        if metrics.horizontalAdvance(words := self.text()) > room:
            words = re.sub(r"\bface (\d+)", r"\1", words.replace(": looks at ", " → "))
        return metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)


def _dot(face_id: int) -> QIcon:
    """A dot in the person's colour."""
    shot = QPixmap(24, 24)
    shot.fill(Qt.GlobalColor.transparent)
    painter = QPainter(shot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(of_person(face_id))
    painter.drawEllipse(4, 4, 16, 16)
    painter.end()
    return QIcon(shot)
