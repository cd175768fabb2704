"""One row of the list of sessions: name, when, how long, who, markers, and the strip."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from liveaffect.nodes.dashboard.look.canvas import LEFT, RIGHT
from liveaffect.nodes.dashboard.look.palette import colours, faded, font, px
from liveaffect.nodes.dashboard.sessions.strip import paint_strip
from liveaffect.stream.session.facts import SessionCard, length_text, when_text

CARD = int(Qt.ItemDataRole.UserRole) + 1
TROUBLE = CARD + 1
HIGH, PAD = 72.0, 8.0
NAMED = 3


class RowPainter(QStyledItemDelegate):
    """Paints a row from its SessionCard, or says that it is being read."""

    @staticmethod
    def height() -> int:
        """Of a row, px."""
        return int(px(HIGH))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(240, self.height())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = colours()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        room = QRectF(option.rect).adjusted(2, 2, -2, -2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.accent if chosen else Qt.GlobalColor.transparent)
        painter.setBrush(faded(look.accent, 0.12) if chosen else Qt.GlobalColor.transparent)
        painter.drawRoundedRect(room, 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        inside = room.adjusted(PAD, 3, -PAD, -6)
        card, trouble = index.data(CARD), index.data(TROUBLE)
        line = inside.height() / 3
        first = QRectF(inside.left(), inside.top(), inside.width(), line)
        painter.setFont(font(0.9))
        painter.setPen(look.dim)
        when = "" if card is None else when_text(card.created_utc)
        painter.drawText(first, RIGHT, when)
        free = inside.width() - QFontMetricsF(painter.font()).horizontalAdvance(when) - 10
        painter.setFont(font(bold=True))
        painter.setPen(look.text)
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        painter.drawText(first, LEFT, _cut(painter, name, free))
        painter.setFont(font(0.92))
        second = first.translated(0, line)
        if card is None:
            painter.setPen(look.warn if trouble else look.faint)
            painter.drawText(second, LEFT, _cut(painter, trouble or "reading…", inside.width()))
        else:
            bad = "" if card.whole else card.state.lower() if card.state != "COMPLETE" else "losses"
            painter.setPen(look.warn)
            painter.drawText(second, RIGHT, bad)
            room_s = inside.width() - QFontMetricsF(painter.font()).horizontalAdvance(bad) - 10
            painter.setPen(look.dim)
            painter.drawText(second, LEFT, _cut(painter, " · ".join(short_of(card)), room_s))
            paint_strip(painter, QRectF(inside.left(), second.bottom() + 3, inside.width(), line - 1), card, look)
        painter.restore()


def short_of(card: SessionCard) -> list[str]:
    """Length, people, markers, in few words."""
    found = [length_text(card.length_s)]
    named = [person.called for person in card.people[:NAMED]]
    more = len(card.people) - len(named)
    found += [", ".join(named) + (f" and {more} more" if more else "")] if named else ["nobody"]
    count = len(card.markers)
    found += [f"{count} marker{'s' * (count > 1)}"] if count else []
    found += [card.note.splitlines()[0]] if card.note else []
    return found


def words_of(path: str, card: SessionCard | None, trouble: str) -> str:
    """Everything a search looks at, and what a screen reader says."""
    if card is None:
        return f"{Path(path).name} {trouble}".strip()
    people = [person.called for person in card.people]
    marks = [text for _, text in card.markers]
    state = "" if card.whole else card.verdict()
    return " ".join(
        [card.name, when_text(card.created_utc), length_text(card.length_s), *people, *marks, card.note, state]
    )


def _cut(painter: QPainter, words: str, width: float) -> str:
    return QFontMetricsF(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, max(20.0, width))
