"""A whole session as a narrow strip: valence as a line, speech beneath it, what is missing, markers."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from liveaffect.nodes.dashboard.look.palette import Look, colours, faded
from liveaffect.stream.messages import STATE_WORDS
from liveaffect.stream.session.facts import SessionCard, length_text

SPEECH_SHARE = 0.22
"""Of the height, what speech takes."""


def paint_strip(painter: QPainter, room: QRectF, card: SessionCard, look: Look) -> None:
    """Paints the strip of a session into a rectangle."""
    strip = card.strip
    painter.fillRect(room, look.track)
    count = len(strip.state)
    if not count:
        return
    wide = room.width() / count
    speech_high = room.height() * SPEECH_SHARE
    upper = QRectF(room.left(), room.top(), room.width(), room.height() - speech_high)
    painter.setPen(Qt.PenStyle.NoPen)
    for k, (state, speech) in enumerate(zip(strip.state, strip.speech, strict=True)):
        left = room.left() + k * wide
        if state != "ok":
            painter.fillRect(QRectF(left, room.top(), wide + 0.5, room.height()), look.missing)
        if speech:
            high = speech_high * min(1.0, speech)
            painter.fillRect(QRectF(left, room.bottom() - high, wide + 0.5, high), faded(look.voice, 0.8))
    painter.setPen(QPen(look.grid, 1))
    painter.drawLine(QPointF(upper.left(), upper.center().y()), QPointF(upper.right(), upper.center().y()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.valence, 1.4))
    line = QPolygonF()
    for k, value in enumerate([*strip.valence, None]):
        if value is not None:
            line.append(QPointF(room.left() + (k + 0.5) * wide, upper.center().y() - value * upper.height() / 2))
        elif line.size():
            painter.drawPolyline(line) if line.size() > 1 else painter.drawPoint(line.at(0))
            line = QPolygonF()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(look.text, 1))
    for t_s, _ in card.markers:
        x = room.left() + min(1.0, max(0.0, t_s / card.length_s)) * room.width() if card.length_s else room.left()
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))


class StripView(QWidget):
    """The strip of one session, with the words for where the pointer is."""

    def __init__(self) -> None:
        super().__init__()
        self._card: SessionCard | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Strip over the whole session")

    def sizeHint(self) -> QSize:
        return QSize(300, 44)

    def show_card(self, card: SessionCard | None) -> None:
        """Another session."""
        self._card = card
        self.update()

    def words_at(self, share: float) -> str:
        """What is at a place of the strip, 0 to 1 of its length."""
        card = self._card
        if card is None or not card.strip.state:
            return ""
        k = min(len(card.strip.state) - 1, max(0, int(share * len(card.strip.state))))
        lines = [length_text(share * card.length_s)]
        state, value, speech = card.strip.state[k], card.strip.valence[k], card.strip.speech[k]
        lines += [f"valence {value:+.2f}".replace("-", "−")] if value is not None else []
        lines += ["a voice"] if (speech or 0) > 0.5 else []
        lines += [STATE_WORDS.get(state, state)] if state not in ("ok", None) else []
        near_s = card.length_s * 0.01
        lines += [f"“{label}”" for t_s, label in card.markers if abs(t_s - share * card.length_s) <= near_s]
        return "\n".join(lines)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos().x() / max(1, self.width())), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._card is not None:
            paint_strip(painter, QRectF(self.rect()), self._card, colours())
        painter.end()
