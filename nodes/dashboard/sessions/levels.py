"""Who was in a session: mean valence and arousal of each person, with their 90 % intervals, as two small axes."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.canvas import CENTRE, LEFT
from liveaffect.nodes.dashboard.look.palette import Look, colours, font, px
from liveaffect.stream.session.facts import Level, PersonCard, SessionCard, length_text

MOST = 5
ROW, HEAD = 40.0, 18.0
NAMES = 38.0
"""Of two lines of words above a row of numbers, where there is no room beside them."""
NAME_SHARE = 0.34


class LevelsView(QWidget):
    """One row a person."""

    def __init__(self) -> None:
        super().__init__()
        self._people: list[PersonCard] = []
        self._more = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("People and their mean levels")

    def show_card(self, card: SessionCard) -> None:
        """Another session."""
        self._people = card.people[:MOST]
        self._more = len(card.people) - len(self._people) + card.passers_by
        self.setAccessibleDescription("; ".join(map(self._words, self._people)))
        self.updateGeometry()
        self.update()

    def _words(self, person: PersonCard) -> str:
        parts = [
            f"{name} {level.mean:+.2f} ({level.low:+.2f} to {level.high:+.2f})"
            for name, level in (("valence", person.valence), ("arousal", person.arousal))
            if level is not None
        ]
        return f"{person.called}, {length_text(person.seconds)}: {', '.join(parts) or 'no numbers'}"

    @property
    def stacked(self) -> bool:
        """Some name or its words would be cut beside the numbers: they stand above them."""
        room, large, small = self.width() * NAME_SHARE - 6, QFontMetricsF(font(bold=True)), QFontMetricsF(font(0.88))
        return any(
            large.horizontalAdvance(one.called) > room or small.horizontalAdvance(_said(one)) > room
            for one in self._people
        )

    def sizeHint(self) -> QSize:
        rows, row = max(1, len(self._people)), ROW + (NAMES if self.stacked else 0)
        return QSize(int(px(420)), int(px(HEAD + row * rows + (18 if self._more else 0))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return QSize(int(px(220)), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = colours()
        painter = QPainter(self)
        painter.setFont(font(0.85))
        wide = self.width()
        stacked = self.stacked
        share, each = (0.0, 0.52) if stacked else (NAME_SHARE, 0.34)
        axes = [QRectF(wide * (share + k * each), 0, wide * (each - 0.06), px(HEAD)) for k in range(2)]  # valence first
        painter.setPen(look.faint)
        for name, axis in zip(("valence −1 to 1", "arousal −1 to 1") if self._people else (), axes, strict=False):
            painter.drawText(axis, CENTRE, name)
        if not self._people:
            painter.setPen(look.dim)
            painter.setFont(font())
            painter.drawText(QRectF(0, 0, wide, px(ROW)), LEFT, "Nobody gave numbers.")
        for k, person in enumerate(self._people):
            top = px(HEAD) + k * px(ROW + (NAMES if stacked else 0))
            named = QRectF(0, top, wide, px(NAMES)) if stacked else QRectF(0, top, wide * NAME_SHARE - 6, px(ROW))
            self._paint_name(painter, look, person, named)
            top += px(NAMES) if stacked else 0
            pairs = ((person.valence, look.valence), (person.arousal, look.arousal))
            for (level, ink), axis in zip(pairs, axes, strict=True):
                room = QRectF(axis.left(), top, axis.width(), px(ROW))
                self._paint_level(painter, look, room, level, look.faint if person.not_told else ink)
        if self._more:
            painter.setPen(look.dim)
            painter.setFont(font(0.9))
            words = f"and {self._more} more" + (" who was there for a moment" if self._more == 1 else "")
            painter.drawText(QRectF(0, self.height() - px(18), wide, px(18)), LEFT, words)
        painter.end()

    def _paint_name(self, painter: QPainter, look: Look, person: PersonCard, room: QRectF) -> None:
        half = room.height() / 2
        painter.setFont(font(bold=True))
        painter.setPen(look.text)
        metrics = QFontMetricsF(painter.font())
        name = metrics.elidedText(person.called, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(room.left(), room.top() + 2, room.width(), half), LEFT, name)
        painter.setFont(font(0.88))
        painter.setPen(look.dim)
        words = QFontMetricsF(painter.font()).elidedText(_said(person), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(room.left(), room.top() + half - 2, room.width(), half), LEFT, words)

    def _paint_level(self, painter: QPainter, look: Look, room: QRectF, level: Level | None, ink: QColor) -> None:
        y = room.top() + room.height() * 0.66
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        painter.drawLine(QPointF(room.center().x(), y - 4), QPointF(room.center().x(), y + 4))
        if level is None:
            return
        at = lambda value: room.center().x() + value * room.width() / 2  # noqa: E731
        painter.setPen(QPen(ink, px(3), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(at(level.low), y), QPointF(at(level.high), y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.card, 1.5))
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(at(level.mean), y), px(4.5), px(4.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(font(0.92))
        painter.setPen(look.text)
        half = (level.high - level.low) / 2
        words = f"{level.mean:+.2f} ± {half:.2f}".replace("-", "−")
        painter.drawText(QRectF(room.left(), room.top(), room.width(), room.height() * 0.5), CENTRE, words)


def _said(person: PersonCard) -> str:
    """How long somebody was there, and what is not told of them."""
    return length_text(person.seconds) + (f" · {person.not_told}" if person.not_told else "")
