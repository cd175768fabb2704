"""Where the eyes look, as lines upon the picture: long where they look far aside, dim where that is not known well."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from liveaffect.models.face.eyes.looks import GazeFit, apply, look_of
from liveaffect.nodes.dashboard.look.palette import faded
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.nodes.dashboard.views.avatar import IRISES
from liveaffect.stream.messages import Face

LONG = 1.1
"""Length of a look at a right angle, in heights of the face's box."""
INTO_LENS = 0.09
"""Up to this sine, some 5 degrees, a look is a ring about the iris."""
SURE_DEG, UNSURE_DEG = 4.0, 14.0
INK = QColor("#5ab4ea")
"""As the irises of a drawn face."""


def paint_gaze(
    painter: QPainter,
    face: Face,
    box: QRectF,
    mesh: NDArray[np.float32] | None,
    stage: QRectF,
    ink: QColor,
    mine: bool,
    fit: GazeFit | None = None,
) -> None:
    """One line from each eye; nothing where the direction is not known. `mesh` (478, 3) as fractions of the frame;
    `fit` corrects the gaze of this person."""
    line = line_of(face, fit)
    if line is None:
        return
    across, down, share = line
    reach = QPointF(across * LONG * box.height(), down * LONG * box.height())
    width = max(1.6, box.height() / 70) * (1.2 if mine else 1.0)
    aside = math.hypot(across, down) > INTO_LENS
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for eye in eyes_of(box, mesh, stage):
        for colour, wide in ((faded(QColor("#000000"), 0.35 * share), width + 2.0), (faded(ink, share), width)):
            painter.setPen(QPen(colour, wide, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            if aside:
                painter.drawLine(eye, eye + reach)
            else:
                painter.drawEllipse(eye, box.height() / 28, box.height() / 28)


def line_of(face: Face, fit: GazeFit | None = None) -> tuple[float, float, float] | None:
    """How far the gaze goes across and down in the picture, as sines, and how well that is known, 0.25 to 1."""
    yaw, pitch, sd = (number(value) for value in (face.gaze_yaw_deg, face.gaze_pitch_deg, face.gaze_sd_deg))
    if yaw is None or pitch is None or sd is None:
        return None
    look = None if fit is None else look_of((yaw, pitch, sd, None), (face.yaw_deg, face.pitch_deg))
    if fit is not None and look is not None:
        yaw, pitch, sd, _ = apply(fit, look)
    known = 1.0 - (sd - SURE_DEG) / (UNSURE_DEG - SURE_DEG)
    turned, lowered = math.radians(yaw), math.radians(pitch)
    return math.sin(turned) * math.cos(lowered), math.sin(lowered), min(max(known, 0.25), 1.0)


def eyes_of(box: QRectF, mesh: NDArray[np.float32] | None, stage: QRectF) -> list[QPointF]:
    """Where both eyes are in the widget; by the box alone where there are no landmarks."""
    if mesh is None:
        y = box.top() + 0.4 * box.height()
        return [QPointF(box.left() + share * box.width(), y) for share in (0.3, 0.7)]
    points = [mesh[centre] for centre, _ in IRISES]
    return [
        QPointF(stage.left() + float(one[0]) * stage.width(), stage.top() + float(one[1]) * stage.height())
        for one in points
    ]
