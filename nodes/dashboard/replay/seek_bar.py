"""The line of a replay: where it stands, where estimates are missing, where the markers are; a click goes there."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, px
from liveaffect.nodes.dashboard.scene.words import clock
from liveaffect.nodes.dashboard.sessions.strip import paint_strip
from liveaffect.stream.messages import STATE_WORDS
from liveaffect.stream.session.facts import SessionCard

EDGE = 9.0
"""Room for the handle at both ends (px)."""
LINE = 8.0
HANDLE = 7.0
NEAR = 6.0
"""A pointer so close to a marker means the marker (px)."""
STRIP = 30.0
"""Height of the strip over the whole session (px)."""
JUST_S = 0.75
"""So short after a marker "back" means the one before."""
STEP_S, LEAP_S = 1.0, 10.0
TIP = "Click or drag to go there. Arrow keys: 1 s; Page up and down: 10 s; Home and End."


class SeekBar(QWidget):
    """`wanted` carries the seconds to go to."""

    wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.length_s = 0.0
        self.position_s = 0.0
        self.markers: list[tuple[float, str]] = []
        self.missing: list[tuple[float, float, str]] = []
        self._strip: tuple[SessionCard, float] | None = None
        self._dragged: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Position in the session")

    @property
    def dragging(self) -> bool:
        """True while the handle is held."""
        return self._dragged is not None

    def show_session(
        self, length_s: float, markers: Sequence[tuple[float, str]], missing: Sequence[tuple[float, float, str]]
    ) -> None:
        """What is known of the session."""
        self.length_s, self.markers, self.missing = length_s, sorted(markers), list(missing)
        self.update()

    def show_strip(self, card: SessionCard, shift_s: float) -> None:
        """A strip of the whole session under the line; its zero lies `shift_s` after that of the line."""
        self._strip = (card, shift_s)
        self.updateGeometry()
        self.update()

    @property
    def _middle(self) -> float:
        return (self.height() - self._strip_height) / 2 + 2

    @property
    def _strip_height(self) -> float:
        return px(STRIP) if self._strip is not None else 0.0

    def show_position(self, position_s: float) -> None:
        """Where it stands."""
        shown = position_s if self._dragged is None else self._dragged
        if abs(self.x_of(shown) - self.x_of(self.position_s)) >= 0.2 or shown == self.length_s:
            self.position_s = shown
            self.update()

    def marker_after(self, t_s: float) -> float | None:
        """The next marker; None behind the last."""
        at = bisect_right(self.markers, (t_s + 0.05, "\uffff"))
        return self.markers[at][0] if at < len(self.markers) else None

    def marker_before(self, t_s: float) -> float | None:
        """The marker before; None before the first."""
        at = bisect_left(self.markers, (t_s - JUST_S, ""))
        return self.markers[at - 1][0] if at else None

    def x_of(self, t_s: float) -> float:
        """Where an instant stands, px."""
        share = t_s / self.length_s if self.length_s else 0.0
        return EDGE + min(1.0, max(0.0, share)) * (self.width() - 2 * EDGE)

    def t_at(self, x: float) -> float:
        """The instant at a place, seconds."""
        room = max(1.0, self.width() - 2 * EDGE)
        return min(1.0, max(0.0, (x - EDGE) / room)) * self.length_s

    def sizeHint(self) -> QSize:
        return QSize(300, 34 + int(self._strip_height))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 34 + int(self._strip_height))

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, middle = colours(), self._middle
        painter = QPainter(self)
        if self._strip is not None:
            card, shift_s = self._strip
            left, right = self.x_of(shift_s), self.x_of(shift_s + card.length_s)
            top = self.height() - self._strip_height
            paint_strip(painter, QRectF(left, top, max(1.0, right - left), self._strip_height - 2), card, look)
            painter.setPen(QPen(look.accent, 1.5))
            painter.drawLine(
                QPointF(self.x_of(self.position_s), top), QPointF(self.x_of(self.position_s), self.height())
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        line = QRectF(EDGE, middle - LINE / 2, self.width() - 2 * EDGE, LINE)
        usable = self.isEnabled() and self.length_s > 0
        painter.setBrush(look.border)
        painter.drawRoundedRect(line, LINE / 2, LINE / 2)
        x = self.x_of(self.position_s)
        painter.setBrush(look.accent if usable else look.faint)
        painter.drawRoundedRect(QRectF(line.left(), line.top(), max(LINE, x - line.left()), LINE), LINE / 2, LINE / 2)
        painter.setBrush(look.missing_text)
        for start, end, _ in self.missing if self._strip is None else ():
            left = self.x_of(start)
            painter.drawRect(QRectF(left, line.bottom() + 3, max(2.0, self.x_of(end) - left), 3))
        painter.setBrush(look.text)
        for t_s, _ in self.markers:
            at = self.x_of(t_s)
            tip = QPointF(at, line.top() - 2)
            painter.drawPolygon(QPolygonF([tip, tip + QPointF(-4, -7), tip + QPointF(4, -7)]))
        if usable:
            painter.setPen(QPen(look.accent if self.hasFocus() else look.border, 2.0 if self.hasFocus() else 1.0))
            painter.setBrush(look.card)
            painter.drawEllipse(QPointF(x, middle), HANDLE, HANDLE)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.accent)
            painter.drawEllipse(QPointF(x, middle), HANDLE - 3.5, HANDLE - 3.5)
        painter.end()

    def words_at(self, x: float) -> str:
        """What the tooltip says there: the time, a marker, why estimates are missing."""
        t_s = self.t_at(x)
        lines = [f"{clock(mark)}  “{label}”" for mark, label in self.markers if abs(self.x_of(mark) - x) <= NEAR]
        lines = lines or [clock(t_s)]
        whys = [why for start, end, why in self.missing if start <= t_s <= end]
        lines += [f"No estimate: {STATE_WORDS.get(why, why)}" for why in whys]
        return "\n".join([*lines, TIP])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos().x()), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.length_s:
            self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._drag(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None or event.button() != Qt.MouseButton.LeftButton:
            return
        wanted, self._dragged = self._dragged, None
        self.wanted.emit(wanted)

    def _drag(self, event: QMouseEvent) -> None:
        x = event.position().x()
        near = [mark for mark, _ in self.markers if abs(self.x_of(mark) - x) <= NEAR / 2]
        self._dragged = near[0] if near else self.t_at(x)
        self.position_s = self._dragged
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {
            Qt.Key.Key_Left: self.position_s - STEP_S, Qt.Key.Key_Right: self.position_s + STEP_S,
            Qt.Key.Key_PageUp: self.position_s - LEAP_S, Qt.Key.Key_PageDown: self.position_s + LEAP_S,
            Qt.Key.Key_Home: 0.0, Qt.Key.Key_End: self.length_s,
        }  # fmt: skip
        wanted = keys.get(Qt.Key(event.key()))
        if wanted is None:
            super().keyPressEvent(event)
        else:
            self.wanted.emit(min(max(wanted, 0.0), self.length_s))
