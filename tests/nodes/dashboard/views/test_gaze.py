"""The line from the eyes: its way by the angles, dim by the deviation, and gone where the gaze is not known."""

from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from windows import stream as made

from liveaffect.models.face.eyes.looks import Axis, GazeFit
from liveaffect.nodes.dashboard.views.gaze import INK, eyes_of, line_of, paint_gaze
from liveaffect.stream import messages as m

BOX = QRectF(60, 60, 80, 100)
STAGE = QRectF(0, 0, 320, 240)


def looking(yaw: float | None, pitch: float | None, sd: float | None = 4.0) -> m.Face:
    return msgspec.structs.replace(made.face(), gaze_yaw_deg=yaw, gaze_pitch_deg=pitch, gaze_sd_deg=sd)


def painted(face: m.Face) -> np.ndarray[Any, Any]:
    """(y, x) where anything was painted upon white, and how blue."""
    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("#ffffff"))
    painter = QPainter(image)
    paint_gaze(painter, face, BOX, None, STAGE, INK, False)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(240, 320, 4)
    return 255 - rows[:, :, 2].astype(int)


def test_a_look_to_the_right_of_the_image_goes_right_and_one_down_goes_down(app: Any) -> None:
    right, down = painted(looking(30, 0)), painted(looking(0, 30))
    eyes = eyes_of(BOX, None, STAGE)
    assert np.argwhere(right)[:, 1].max() == pytest.approx(eyes[1].x() + 0.5 * 1.1 * 100, abs=3)
    assert np.argwhere(down)[:, 0].max() == pytest.approx(eyes[0].y() + 0.5 * 1.1 * 100, abs=3)
    assert np.argwhere(painted(looking(-30, 0)))[:, 1].min() == pytest.approx(eyes[0].x() - 0.5 * 1.1 * 100, abs=3)


def test_a_look_into_the_lens_stays_at_the_eyes(app: Any) -> None:
    marks = np.argwhere(painted(looking(2, -1)))
    assert len(marks) > 10
    assert marks[:, 1].max() < BOX.right()
    assert marks[:, 0].max() < BOX.center().y()


def test_what_is_known_less_well_is_dimmer() -> None:
    shares = [line_of(looking(20, 5, sd))[2] for sd in (3.0, 8.0, 12.0, 40.0)]  # type: ignore[index]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.25)


@pytest.mark.parametrize("face", [looking(None, None, None), looking(10, None), looking(float("nan"), 0.0)])
def test_a_gaze_that_is_not_known_is_not_drawn(app: Any, face: m.Face) -> None:
    assert line_of(face) is None
    assert not painted(face).any()


def test_lines_begin_at_the_irises_where_there_are_landmarks() -> None:
    mesh = np.zeros((478, 3), np.float32)
    mesh[468, :2], mesh[473, :2] = (0.25, 0.5), (0.75, 0.5)
    assert [(eye.x(), eye.y()) for eye in eyes_of(BOX, mesh, STAGE)] == [(80, 120), (240, 120)]


def test_the_line_of_somebody_whose_gaze_is_calibrated_is_the_corrected_one() -> None:
    fit = GazeFit(yaw=Axis(offset_deg=-4.0, gain=1.5, sd_scale=0.5), pitch=Axis(gain=2.0))
    corrected = line_of(looking(10, 5, 8.0), fit)
    assert corrected == pytest.approx(line_of(looking(11, 10, 4.0)))
