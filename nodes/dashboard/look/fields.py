"""Labels, a drop-down and a check box in the colours of the window; Qt's own signs vanish on some backgrounds."""

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QLabel, QStyle, QStyleOptionButton, QWidget

from liveaffect.nodes.dashboard.look.palette import colours, font, px
from liveaffect.nodes.dashboard.look.spread import spread

Kind = Literal["", "dim", "warn", "bad", "key"]
"""Of a label; the style sheet knows the kinds, so that they follow light and dark."""
BOX_PX, GAP_PX = 16.0, 7
FRAME_PX = 8
"""A window that fills the screen to the last px would hide its own frame."""


def label(words: str = "", kind: Kind = "", *, scale: float = 1.0, bold: bool = False, wrap: bool = False) -> QLabel:
    """A label; `scale` is of the system's own size."""
    made = QLabel(words)
    made.setProperty("kind", kind)
    if scale != 1.0 or bold:
        made.setFont(font(scale, bold=bold))
    made.setWordWrap(wrap)
    return made


def say(made: QLabel, words: str, kind: Kind = "dim") -> None:
    """Other words, perhaps of another kind."""
    made.setText(words)
    if made.property("kind") != kind:
        made.setProperty("kind", kind)
        made.style().unpolish(made)
        made.style().polish(made)


def rule() -> QFrame:
    """A thin line."""
    made = QFrame()
    made.setProperty("kind", "rule")
    made.setFixedHeight(1)
    return made


def fit(window: QWidget, width: int, height: int) -> None:
    """Gives a window that size in px where a line is 15 px high, more where type is larger, less on a small screen; and
    its layouts the room that goes with the type."""
    spread(window)
    room = window.screen().availableSize()
    window.resize(min(round(px(width)), room.width() - FRAME_PX), min(round(px(height)), room.height() - FRAME_PX))


class DropDown(QComboBox):
    """A drop-down with an arrow, which the wheel does not change on its way past."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "drop")  # for the style sheet, which leaves the arrow to this class
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, e: QPaintEvent) -> None:
        super().paintEvent(e)
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_pen(look.dim if self.isEnabled() else look.faint, 1.6))
        middle = QPointF(self.width() - 15.0, self.height() / 2)
        tip = middle + QPointF(0, 2.2)
        painter.drawPolyline([middle + QPointF(-4, -2), tip, middle + QPointF(4, -2)])
        painter.end()

    def wheelEvent(self, e: QWheelEvent) -> None:
        e.ignore()


class CheckBox(QCheckBox):
    """A check box."""

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(8, 0)

    def paintEvent(self, arg__1: QPaintEvent) -> None:  # noqa: ARG002
        look = colours()
        option = QStyleOptionButton()
        self.initStyleOption(option)
        style = self.style()
        place = style.subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0.5, 0.5, BOX_PX - 1, BOX_PX - 1)
        box.moveTop(QRectF(place).center().y() - BOX_PX / 2 + 0.5)
        on, usable, focus = self.isChecked(), self.isEnabled(), self.hasFocus()
        painter.setBrush((look.accent if usable else look.faint) if on else look.card)
        edge = look.accent if focus or (on and usable) else look.faint
        painter.setPen(_pen(edge if usable else look.border, 1.6 if focus else 1.0))
        painter.drawRoundedRect(box, 4, 4)
        if on:
            painter.setPen(_pen(look.on_accent, 1.8))
            painter.drawPolyline([box.topLeft() + QPointF(x, y) for x, y in ((3.6, 7.8), (6.4, 10.6), (11.4, 4.4))])
        option.rect = self.rect().adjusted(int(BOX_PX) + GAP_PX, 0, 0, 0)
        style.drawControl(QStyle.ControlElement.CE_CheckBoxLabel, option, painter, self)
        painter.end()


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
