"""Dots that are looked at one after the other, and where they are from the camera, in centimetres."""

from typing import Literal

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, faded, font

Where = Literal["above", "below", "left", "right"]
BESIDE_CM = 1.0
"""From the edge of the picture to the lens: what a laptop's frame is wide."""
NEAR, FAR = 0.08, 0.92
"""Shares of the window's sides: nearer to the edge a dot would touch it."""
LARGE_PX, SMALL_PX, CORE_PX = 30.0, 9.0, 3.5


def places(count: int) -> list[tuple[float, float]]:
    """Where 5 or 9 dots are, as shares of the window: the middle first, then around it, so that no way is long."""
    around = [(NEAR, NEAR), (0.5, NEAR), (FAR, NEAR), (FAR, 0.5), (FAR, FAR), (0.5, FAR), (NEAR, FAR), (NEAR, 0.5)]
    return [(0.5, 0.5), *(around if count > 5 else around[::2])]


def lens_px(screen: QRect, where: Where, cm_per_px: float) -> QPointF:
    """Where the lens is, in px of the desktop: at the middle of one edge of the screen."""
    beside, middle = BESIDE_CM / cm_per_px, QPointF(screen.center())
    if where == "above":
        return QPointF(middle.x(), screen.top() - beside)
    if where == "below":
        return QPointF(middle.x(), screen.bottom() + beside)
    return QPointF(screen.left() - beside if where == "left" else screen.right() + beside, middle.y())


class DotCanvas(QWidget):
    """One dot at a time: a ring that closes in on a point while the eyes find it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._place: tuple[float, float] | None = None
        self._share, self._words = 0.0, ""

    def show_dot(self, place: tuple[float, float], share: float, number: int, count: int) -> None:
        """A dot at these shares of the window, of whose time so much (0 to 1) is over."""
        self._place, self._share, self._words = place, share, ""
        self.setAccessibleName(f"dot {number} of {count}")
        self.update()

    def show_words(self, words: str) -> None:
        """No dot; words in the middle."""
        self._place, self._words = None, words
        self.setAccessibleName(words)
        self.update()

    def point(self, place: tuple[float, float]) -> QPointF:
        """Where a dot's middle is in this widget."""
        return QPointF(place[0] * self.width(), place[1] * self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), look.window)
        if self._place is None:
            painter.setPen(look.dim)
            painter.setFont(font(1.4))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._words)
        else:
            middle = self.point(self._place)
            closed = min(1.0, 2.0 * self._share)
            radius = LARGE_PX + (SMALL_PX - LARGE_PX) * closed
            painter.setPen(QPen(look.accent, 2.5))
            painter.setBrush(faded(look.accent, 0.18))
            painter.drawEllipse(middle, radius, radius)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.text)
            painter.drawEllipse(middle, CORE_PX, CORE_PX)
        painter.end()
