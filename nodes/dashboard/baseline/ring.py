"""A ring that fills while a face holds still, with the seconds left in its middle."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, font

WIDTH_PX = 10.0
TOP = 90 * 16


class RestRing(QWidget):
    """Paints a share from 0 to 1 and two lines of words."""

    def __init__(self) -> None:
        super().__init__()
        self._share, self._large, self._small, self._good = 0.0, "", "", True
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(190, 190)

    def show_state(self, share: float, large: str, small: str, *, good: bool) -> None:
        """Paints another state; `good` chooses the colour, the words say it too."""
        state = (share, large, small, good)
        if state != (self._share, self._large, self._small, self._good):
            self._share, self._large, self._small, self._good = state
            self.setAccessibleName(f"{large} {small}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        half = WIDTH_PX / 2
        circle = QRectF(self.rect()).adjusted(half, half, -half, -half)
        painter.setPen(QPen(look.track, WIDTH_PX))
        painter.drawEllipse(circle)
        if self._share > 0:
            ink = QPen(look.good if self._good else look.warn, WIDTH_PX)
            ink.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(ink)
            painter.drawArc(circle, TOP, -round(min(1.0, self._share) * 360 * 16))
        middle = QPointF(circle.center())
        centre = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.setPen(look.text)
        painter.setFont(font(2.6 if len(self._large) <= 3 else 1.4, bold=True))
        tall = painter.fontMetrics().height()
        small = 18 if self._small else 0
        painter.drawText(QRectF(10, middle.y() - tall / 2 - small / 2, self.width() - 20, tall), centre, self._large)
        painter.setPen(look.dim)
        painter.setFont(font(0.9))
        painter.drawText(QRectF(24, middle.y() + tall / 2 - small / 2, self.width() - 48, 20), centre, self._small)
        painter.end()
