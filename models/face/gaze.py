"""Where the eyes look, how far open they are, and how far away the face is: from landmarks and head pose alone.

The eye turns about a middle behind the corners of its lids; the iris is a disc before that middle. What the picture
shows of the iris beside the corners, less what the head's turn alone would show, is the direction, as a sine. Of the
model eye, the cornea's apex lies 13.5 mm before the middle of rotation (Fry and Hill, "The center of rotation of the
eye", Am. J. Optom. 39, 1962) and the iris 3.7 mm behind the apex, so 9.8 mm before that middle. The iris is 11.7 mm
across, with 0.42 mm from person to person (Rüfer, Schröder and Erb, "White-to-white corneal diameter", Cornea 24,
2005). The line of sight passes some 5 degrees nasal of the eye's axis (angle kappa), which two eyes together take
back; what remains from person to person is in the deviation. Gains and offsets are fitted (training/gaze/fit.py): on
painted eyes of known direction for how MediaPipe's irises follow, on portraits that look at the camera for where zero
is.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.face.sight import focal_px, on_sight

IRIS_MM, IRIS_SD_MM = 11.7, 0.42
"""Diameter of the iris, and its standard deviation among people."""
OPEN = 0.3
"""An eye less open than this shows too little of its iris to say where it looks."""
TURNED = 0.82
"""Cosine of the angle between head and line of sight below which no direction is said: 35 degrees."""

# Fitted; lengths are in widths of the eye, corner to corner. Of the middle of rotation as the iris shows
# it: across, with head turn (outwards, down, back); along, where MediaPipe's iris follows the lids (down, back).
GAIN = (3.0, 4.0)
ASIDE = (0.035, 0.0, 0.28)
DOWN = (-0.065, 0.03)
SHUT_GAP, OPEN_GAP = 0.06, 0.27
SPREAD = ((5.0, 60.0, 6.0, 10.0), (8.0, 60.0, 8.0, 10.0))
"""Degrees, of yaw and pitch: at best, by 1 over the eye's width in pixels, by closing, by 1 less the turn's cosine."""
ONE_EYE = 1.3
IRIS_GAIN = 1.0
IRIS_PX_SD, IRIS_REL_SD = 0.6, 0.04

_RIGHT = (33, 133, 160, 159, 158, 144, 145, 153, 468, 469, 470, 471, 472)
_LEFT = (263, 362, 387, 386, 385, 373, 374, 380, 473, 474, 475, 476, 477)
"""Outer and inner corner, three points of the upper and the lower lid, middle and edge of the iris."""
_POINTS = np.array([*_RIGHT, *_LEFT])
_FLIP = np.array([1.0, -1.0, -1.0])  # MediaPipe's pose axes (y up, z towards us) to the picture's (y down, z away)


class Gaze(NamedTuple):
    """What the eyes of one face do in one frame. Angles in degrees; right and left are the person's own.

    Yaw is positive towards the right of the picture (the person's left), pitch is positive down, as a head's.
    """

    eye_yaw_deg: float | None
    eye_pitch_deg: float | None
    """Of the eyes in the head: 0, 0 is straight ahead of the face."""
    gaze_yaw_deg: float | None
    gaze_pitch_deg: float | None
    """Of the eyes against the line from the face to the camera: 0, 0 looks into the lens, wherever the face is."""
    gaze_sd_deg: float | None
    """Standard deviation of either yaw, the person's own offset included."""
    gaze_pitch_sd_deg: float | None
    """Of either pitch, which the lids hide more of."""
    open_left: float
    open_right: float
    """0 closed to 1 open."""
    distance_m: float
    distance_sd_m: float
    """From the camera to the eyes; the deviation has what is not known of the lens in it."""


def gaze(
    landmarks: NDArray[np.float32], pose: NDArray[np.float32], frame_size: tuple[int, int], view_deg: float = 0.0
) -> Gaze:
    """The eyes of one face; remembers nothing.

    `landmarks` (478, 3) float32 as fractions of the frame, z on the scale of x; `pose` the (4, 4) facial transformation
    matrix; `frame_size` (width, height) in pixels; `view_deg` the camera's angle of view across the longer side, 0
    where it is not known. Directions are None where both eyes are closed or the head is turned too far. Raises
    BadInput for other shapes.
    """
    if landmarks.shape != (478, 3) or pose.shape != (4, 4):
        raise BadInput(f"gaze: landmarks {landmarks.shape}, pose {pose.shape}; give (478, 3) and (4, 4)")
    width, height = frame_size
    middle = (landmarks[:, :2].min(0) + landmarks[:, :2].max(0)) / 2
    head = on_sight(pose, middle, frame_size) * _FLIP * _FLIP[:, None]  # from the head's axes, all y down, z away
    roll = math.atan2(head[1, 0], head[0, 0])  # all is seen along the line between the eyes, however the head is tilted
    c, s = math.cos(roll), math.sin(roll)
    upright = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    seen = landmarks[_POINTS].astype(np.float64) * (width, height, width)
    head, points = upright @ head, seen @ upright.T
    own, points, r = (points @ head).tolist(), points.tolist(), head.tolist()
    right = _eye(points[:13], own[:13], r, -1.0)
    left = _eye(points[13:], own[13:], r, 1.0)
    distance, distance_sd = _distance(seen[[8, 21]].mean(0).tolist(), (right, left), frame_size, view_deg)
    opened = (left.open, right.open, distance, distance_sd)
    weights = [eye.weight for eye in (right, left)]
    total = sum(weights)
    if total <= 0.0 or r[2][2] < TURNED:
        return Gaze(None, None, None, None, None, None, *opened)
    x = (right.x * weights[0] + left.x * weights[1]) / total
    y = (right.y * weights[0] + left.y * weights[1]) / total
    long = math.hypot(x, y)
    if long > _STEEPEST:
        x, y = x * _STEEPEST / long, y * _STEEPEST / long
    z = -math.sqrt(1.0 - x * x - y * y)
    inside = [r[0][k] * x + r[1][k] * y + r[2][k] * z for k in range(3)]
    spread = _deviation(right, left, r, 0), _deviation(right, left, r, 1)
    return Gaze(*_degrees(*inside), *_degrees(c * x - s * y, s * x + c * y, z), *spread, *opened)


_STEEPEST = 0.94
"""Sine of the largest angle that is said."""


class _Eye(NamedTuple):
    x: float
    y: float
    """Sines of its direction against the line of sight, right and down in the picture."""
    open: float
    px: float
    """Width of the eye."""
    iris_px: float
    weight: float


def _eye(seen: list[list[float]], own: list[list[float]], r: list[list[float]], side: float) -> _Eye:
    """One eye; `side` is 1 where outwards is to the right in the picture, else -1."""
    (ax, ay, az), (bx, by, bz) = seen[0], seen[1]
    px = max(math.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2), 1e-9)
    ix, iy = (sum(point[k] for point in seen[8:]) / 5 for k in (0, 1))
    u, v = (ix - (ax + bx) / 2) / px * side, (iy - (ay + by) / 2) / px
    x = GAIN[0] * (u - ASIDE[0] * r[0][0] - (ASIDE[1] * r[0][1] + ASIDE[2] * r[0][2]) * side)
    y = GAIN[1] * (v - DOWN[0] * r[1][1] - DOWN[1] * r[1][2])
    gap = sum(own[5 + k][1] - own[2 + k][1] for k in range(3)) / 3 / px
    opened = min(max((gap - SHUT_GAP) / (OPEN_GAP - SHUT_GAP), 0.0), 1.0)
    rings = seen[9:]
    across, along = (math.hypot(rings[a][0] - rings[a + 2][0], rings[a][1] - rings[a + 2][1]) for a in (0, 1))
    iris = max(across, along)
    facing = math.hypot(ax - bx, ay - by) / px
    return _Eye(x * side, y, opened, px, iris, facing * facing if opened >= OPEN else 0.0)


def _deviation(right: _Eye, left: _Eye, r: list[list[float]], axis: int) -> float:
    both = [eye for eye in (right, left) if eye.weight > 0.0]
    px = sum(eye.px for eye in both) / len(both)
    shut = 1.0 - sum(eye.open for eye in both) / len(both)
    floor, small, closing, turn = SPREAD[axis]
    variance = floor**2 + (small / px) ** 2 + (closing * shut) ** 2 + (turn * (1.0 - min(r[2][2], 1.0))) ** 2
    return math.sqrt(variance) * (1.0 if len(both) == 2 else ONE_EYE)


def _distance(
    between: list[float], eyes: tuple[_Eye, _Eye], frame_size: tuple[int, int], view_deg: float
) -> tuple[float, float]:
    """Metres from the camera to between the eyes, and their standard deviation."""
    focal, focal_sd = focal_px(frame_size, view_deg)
    px = max(IRIS_GAIN * max(eye.iris_px for eye in eyes), 1e-3)
    x, y = between[0] - frame_size[0] / 2, between[1] - frame_size[1] / 2
    metres = focal * IRIS_MM / px / 1000.0 * math.sqrt(1.0 + (x * x + y * y) / focal**2)
    own = (IRIS_SD_MM / IRIS_MM) ** 2 + IRIS_REL_SD**2 + (IRIS_PX_SD / px) ** 2
    return metres, metres * math.sqrt(own + focal_sd**2)


def _degrees(x: float, y: float, z: float) -> tuple[float, float]:
    """Yaw and pitch of a direction in axes x right, y down, z away."""
    return math.degrees(math.atan2(x, -z)), math.degrees(math.asin(min(max(y, -1.0), 1.0)))
