"""A face drawn from its landmarks: as lines upon a picture, or in place of one."""

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from liveaffect.nodes.dashboard.look.palette import Look, faded

# Indices of MediaPipe's face mesh, each line in drawing order.
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10)  # fmt: skip
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78)
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263),
)
BROWS = (
    (46, 53, 52, 65, 55, 107, 66, 105, 63, 70, 46),
    (276, 283, 282, 295, 285, 336, 296, 334, 293, 300, 276),
)
NOSE = (168, 6, 197, 195, 5, 4)
NOSTRILS = (98, 97, 2, 326, 327)
IRISES = ((468, 469), (473, 474))
"""Centre, and a point of the rim."""
LINES: tuple[tuple[int, ...], ...] = (OVAL, LIPS_OUTER, LIPS_INNER, *EYES, *BROWS, NOSE, NOSTRILS)
_INDICES = [np.array(line) for line in LINES]
Marks = NDArray[np.float32]


def paint_lines(painter: QPainter, marks: Marks, stage: QRectF, ink: QColor) -> None:
    """Eyes, brows, nose, lips and outline of one face, `marks` (478, 3) as fractions of the frame at `stage`."""
    points = _placed(marks, stage)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ink, 1))
    for line in _INDICES:
        painter.drawPolyline(arrayToQPolygonF(points[line, 0], points[line, 1]))


def paint_avatar(painter: QPainter, marks: Marks, stage: QRectF, look: Look, mine: bool) -> None:
    """The face in the place and pose of the person, without a pixel of them."""
    points = _placed(marks, stage)
    ink = faded(look.stage_text, 1.0 if mine else 0.6)
    width = max(1.4, float(np.ptp(points[:, 0])) / 130)
    _fill(painter, points, OVAL, QPen(faded(ink, 0.75), width), faded(ink, 0.1))
    lips = QColor("#d98a7f")
    _fill(painter, points, LIPS_OUTER, QPen(lips, width), faded(lips, 0.35))
    _fill(painter, points, LIPS_INNER, QPen(faded(lips, 0.9), width * 0.8), look.stage)
    for eye, (centre, rim) in zip(EYES, IRISES, strict=True):
        _fill(painter, points, eye, QPen(ink, width), faded(ink, 0.16))
        open_px = float(np.ptp(points[list(eye), 1]))
        radius = min(float(np.hypot(*(points[rim] - points[centre]))), open_px * 0.62)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#5ab4ea"))
        opening = QPainterPath()
        opening.addPolygon(_polygon(points, eye))
        painter.setClipPath(opening)
        painter.drawEllipse(QPointF(*points[centre]), radius, radius)
        painter.setClipping(False)
    for brow in BROWS:
        _fill(painter, points, brow, QPen(ink, width * 0.6), faded(ink, 0.8))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(faded(ink, 0.6), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for line in (NOSE, NOSTRILS):
        painter.drawPolyline(_polygon(points, line))


def _placed(marks: Marks, stage: QRectF) -> NDArray[np.float64]:
    place = np.array([stage.left(), stage.top()])
    return (marks[:, :2] * np.array([stage.width(), stage.height()]) + place).astype(np.float64, copy=False)


def _polygon(points: NDArray[np.float64], line: tuple[int, ...]) -> QPolygonF:
    return arrayToQPolygonF(points[list(line), 0], points[list(line), 1])


def _fill(painter: QPainter, points: NDArray[np.float64], line: tuple[int, ...], pen: QPen, brush: QColor) -> None:
    painter.setPen(pen)
    painter.setBrush(brush)
    painter.drawPolygon(_polygon(points, line))
