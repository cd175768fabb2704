"""A panel that paints itself: what seldom changes is kept as a picture, what is live is painted over it.

Redrawing axes, names and rounded corners at every estimate would cost more than the estimates.
"""

from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from liveaffect.nodes.dashboard.look.palette import CORNER, Look, colours, faded, font, greyed
from liveaffect.nodes.dashboard.scene.words import Reason

PAD = 12.0
CENTRE = Qt.AlignmentFlag.AlignCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
TOP_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
BOTTOM_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
WRAP = Qt.TextFlag.TextWordWrap


class Canvas(QWidget):
    """A card with a title; subclasses paint `still` (kept) and `live` (each time).

    `missing` is the reason why there is nothing to show: the card is then greyed and says it.
    """

    def __init__(self, title: str, tip: str = "", *, least: tuple[int, int] = (160, 80)) -> None:
        super().__init__()
        self.title, self.tip = title, tip
        self.missing: Reason | None = None
        self.gone = ""
        """Time of the last word from the sensor, where there has been none for too long: all is grey."""
        self._kept: QPixmap | None = None
        self._kept_for: tuple[Any, ...] = ()
        self._least = least
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(title)
        self.setMouseTracking(True)

    def still(self, painter: QPainter, look: Look) -> None:
        """What depends on size and colours alone."""

    def live(self, painter: QPainter, look: Look) -> None:
        """What depends on the numbers."""

    def tip_at(self, at: QPointF) -> str:  # noqa: ARG002
        """What the tooltip says there."""
        return self.tip

    def miss(self, reason: Reason | None) -> None:
        """Greys the card with its reason, or (None) shows it again."""
        if reason != self.missing:
            self.missing = reason
            self._kept = None
            self.setAccessibleDescription("" if reason is None else f"{reason.headline}. {reason.words}")
            self.update()

    def go(self, since: str) -> None:
        """Nothing has been heard since this time of day: greys the whole card; "" shows it again."""
        if since != self.gone:
            self.gone = since
            if since:
                self.setAccessibleDescription(f"not of now: nothing has been heard since {since}")
            self.restyle()

    def restyle(self) -> None:
        """Forgets what was kept, because what it depends on has changed."""
        self._kept = None
        self.update()

    @property
    def title_height(self) -> float:
        return QFontMetricsF(font(bold=True)).height()

    @property
    def inner(self) -> QRectF:
        """The room under the title."""
        top = PAD + self.title_height + 6 if self.title else PAD
        return QRectF(PAD, top, self.width() - 2 * PAD, self.height() - top - PAD)

    def minimumSizeHint(self) -> QSize:
        return QSize(*self._least)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            words = self.tip_at(QPointF(event.pos()))
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = greyed(colours()) if self.gone else colours()
        ratio = self.devicePixelRatioF()
        wanted = (self.size(), ratio, look.name, self.font().key())
        painter = QPainter(self)
        if self._kept is None or self._kept_for != wanted:
            self._kept, self._kept_for = self._keep(look, ratio), wanted
        painter.drawPixmap(0, 0, self._kept)
        if self.missing is None:
            self.live(painter, look)
        painter.end()

    def _keep(self, look: Look, ratio: float) -> QPixmap:
        kept = QPixmap(self.size() * ratio)
        kept.setDevicePixelRatio(ratio)
        kept.fill(look.window)
        painter = QPainter(kept)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.border)
        painter.setBrush(look.card)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), CORNER, CORNER)
        if self.title:
            painter.setFont(font(bold=True))
            painter.setPen(look.text if self.missing is None else look.faint)
            painter.drawText(QRectF(PAD, PAD - 2, self.width() - 2 * PAD, self.title_height), LEFT, self.title)
        painter.setFont(font())
        if self.missing is None:
            self.still(painter, look)
        else:
            say(painter, self.inner, self.missing, look)
        painter.end()
        return kept


def say(painter: QPainter, room: QRectF, reason: Reason, look: Look) -> None:
    """A headline and a sentence in the middle of a room."""
    room = room.adjusted(6, 0, -6, 0)
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | WRAP)
    head_font, body_font = font(bold=True), font(0.92)
    painter.setFont(head_font)
    head = painter.boundingRect(room, flags, reason.headline)
    painter.setFont(body_font)
    body = painter.boundingRect(room, flags, reason.words) if reason.words else QRectF()
    fits = head.height() + 4 + body.height() <= room.height()
    height = head.height() + (4 + body.height() if fits and reason.words else 0)
    top = room.center().y() - height / 2
    painter.setFont(head_font)
    painter.setPen(look.missing_text)
    painter.drawText(QRectF(room.left(), top, room.width(), head.height() + 1), flags, reason.headline)
    if fits and reason.words:
        painter.setFont(body_font)
        painter.setPen(look.faint)
        place = QRectF(room.left(), top + head.height() + 4, room.width(), body.height() + 1)
        painter.drawText(place, flags, reason.words)


def bar(painter: QPainter, room: QRectF, share: float, track: Any, fill: Any) -> None:
    """A horizontal bar in its track, without antialiasing: cheap, and straight edges need none."""
    painter.fillRect(room, track)
    if share > 0:
        painter.fillRect(QRectF(room.left(), room.top(), room.width() * min(1.0, share), room.height()), fill)


def pill(painter: QPainter, at: QPointF, words: str, look: Look, *, back: Any = None, ink: Any = None) -> QRectF:
    """A word on a rounded ground; returns where it is."""
    metrics = QFontMetricsF(painter.font())
    place = QRectF(at.x(), at.y(), metrics.horizontalAdvance(words) + 12, metrics.height() + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(back if back is not None else faded(look.stage, 0.78))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(ink if ink is not None else look.stage_line)
    painter.drawText(place, CENTRE, words)
    return place
