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
from liveaffect.models.face.eyes.sight import focal_px, on_sight

IRIS_MM, IRIS_SD_MM = 11.7, 0.42
"""Diameter of the iris, and its standard deviation among people."""
OPEN = 0.3
"""An eye less open than this shows too little of its iris to say where it looks."""
TURNED = 0.82
"""Cosine of the angle between head and line of sight below which no direction is said: 35 degrees."""

# Fitted; lengths are in widths of the eye, corner to corner. Where an iris that looks into the camera stands, from the
# middle between the corners: across with the turn of the head (outwards, back), along (down, back), where MediaPipe's
# irises follow the lids.
GAIN = (3.15, 3.81)
ASIDE = (0.042, 0.293)
DOWN = (-0.065, 0.021)
SHUT_GAP, OPEN_GAP = 0.12, 0.295
IRIS_GAIN, IRIS_REL_SD, IRIS_PX_SD = 0.942, 0.054, 0.201
SPREAD = ((4.32, 48.35, 32.55, 103.31, 3.77), (8.45, 43.27, 15.83, 26.35, 0.0))
"""Degrees, of yaw and pitch: always, and by 1 over the eye's width in pixels, by how far the lids are closed, by 1 less
the cosine of the head's turn, by the sine of the direction."""
ONE_EYE = 1.3
"""Times the deviation where one eye alone shows where it looks."""

_STEEPEST = 0.94
"""Sine of the largest angle that is said."""
_RIGHT = (33, 133, 160, 159, 158, 144, 145, 153, 468, 469, 470, 471, 472)
_LEFT = (263, 362, 387, 386, 385, 373, 374, 380, 473, 474, 475, 476, 477)
"""Outer and inner corner, three points of the upper and the lower lid, middle and edge of the iris."""
_POINTS = np.array([*_RIGHT, *_LEFT, 10, 152, 234, 454])  # with the face's top, chin and sides
_SUMS = np.zeros((4, 26))
"""Middle of the right iris, mean way from upper to lower lid; the same of the left."""
for _k in (0, 1):
    _SUMS[2 * _k, 13 * _k + 8 : 13 * _k + 13] = 1 / 5
    _SUMS[2 * _k + 1, 13 * _k + 2 : 13 * _k + 8] = (-1 / 3,) * 3 + (1 / 3,) * 3
_FLIPPED = np.outer((1.0, -1.0, -1.0), (1.0, -1.0, -1.0))
"""A rotation in MediaPipe's pose axes (y up, z towards us) times this is the same in the picture's (y down, z away)."""


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
    """Standard deviation of the gaze's yaw, the person's own offset included."""
    gaze_pitch_sd_deg: float | None
    """Of its pitch, which the lids hide more of."""
    open_left: float
    open_right: float
    """0 closed to 1 open."""
    distance_m: float
    distance_sd_m: float
    """From the camera to the eyes; the deviation has what is not known of the lens in it."""


class Eye(NamedTuple):
    """One eye as the picture shows it, turned so that the eyes lie level; lengths in widths of the eye."""

    outwards: float
    down: float
    """Of the iris from the middle between the corners."""
    gap: float
    """Between the lids."""
    facing: float
    """How wide it is seen, 0 to 1."""
    px: float
    iris_px: float
    """Width of the eye and of the iris in pixels."""


class Eyes(NamedTuple):
    """Both eyes of one face."""

    right: Eye
    left: Eye
    head: list[list[float]]
    """Rotation, head's axes to those of the levelled picture (x right, y down, z away)."""
    tilt: tuple[float, float]
    """Cosine and sine of the angle by which the picture was levelled."""
    place: tuple[float, float]
    """Of the point between the irises in the frame, pixels."""


def gaze(
    landmarks: NDArray[np.float32], pose: NDArray[np.float32], frame_size: tuple[int, int], view_deg: float = 0.0
) -> Gaze:
    """The eyes of one face; remembers nothing.

    `landmarks` (478, 3) float32 as fractions of the frame, z on the scale of x; `pose` the (4, 4) facial transformation
    matrix; `frame_size` (width, height) in pixels; `view_deg` the camera's angle of view across the longer side, 0
    where it is not known. Directions are None where both eyes are closed or the head is turned too far. Raises
    BadInput for other shapes.
    """
    return told(eyes(landmarks, pose, frame_size), frame_size, view_deg)


def eyes(landmarks: NDArray[np.float32], pose: NDArray[np.float32], frame_size: tuple[int, int]) -> Eyes:
    """What of the eyes the picture shows; arguments as of `gaze`."""
    if landmarks.shape != (478, 3) or pose.shape != (4, 4):
        raise BadInput(f"gaze: landmarks {landmarks.shape}, pose {pose.shape}; give (478, 3) and (4, 4)")
    width, height = frame_size
    found = landmarks[_POINTS].astype(np.float64)
    (_, top, _), (_, chin, _), (one, _, _), (other, _, _) = found[26:].tolist()
    head = on_sight(pose, ((one + other) / 2, (top + chin) / 2), frame_size) * _FLIPPED
    roll = math.atan2(head[1, 0], head[0, 0])
    c, s = math.cos(roll), math.sin(roll)
    level = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    points = found[:26] * np.array([width, height, width]) @ level.T
    sums = (_SUMS @ points).tolist()
    flat, turned = points.tolist(), (level @ head).tolist()
    ax, ay, bx, by = flat[8][0], flat[8][1], flat[21][0], flat[21][1]
    x, y = (ax + bx) / 2, (ay + by) / 2
    down = turned[0][1], turned[1][1], turned[2][1]
    right, left = _eye(flat[:13], sums[0], sums[1], down, -1.0), _eye(flat[13:], sums[2], sums[3], down, 1.0)
    return Eyes(right, left, turned, (c, s), (c * x - s * y, s * x + c * y))


def _eye(seen: list[list[float]], iris: list[float], lids: list[float], head: tuple[float, ...], side: float) -> Eye:
    """One eye; `iris` is the middle of the iris, `lids` the way from the upper lid to the lower, `head` the head's own
    axis that points down; `side` is 1 where outwards is to the right, else -1."""
    (ax, ay, az), (bx, by, bz) = seen[0], seen[1]
    px = max(math.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2), 1e-9)
    ix, iy, _ = iris
    gap = (lids[0] * head[0] + lids[1] * head[1] + lids[2] * head[2]) / px
    across = math.hypot(seen[9][0] - seen[11][0], seen[9][1] - seen[11][1])
    along = math.hypot(seen[10][0] - seen[12][0], seen[10][1] - seen[12][1])
    facing = math.hypot(ax - bx, ay - by) / px
    outwards, down = (ix - (ax + bx) / 2) / px * side, (iy - (ay + by) / 2) / px
    return Eye(outwards, down, gap, facing, px, max(across, along))


def told(seen: Eyes, frame_size: tuple[int, int], view_deg: float = 0.0) -> Gaze:
    """What that says of directions, lids and distance."""
    right, left = is_open(seen.right), is_open(seen.left)
    distance = _distance(seen, frame_size, view_deg)
    r = seen.head
    weights = [eye.facing**2 if opened >= OPEN else 0.0 for eye, opened in ((seen.right, right), (seen.left, left))]
    total = sum(weights)
    if total <= 0.0 or r[2][2] < TURNED:
        return Gaze(None, None, None, None, None, None, left, right, *distance)
    x = y = 0.0
    for eye, weight, side in ((seen.right, weights[0], -1.0), (seen.left, weights[1], 1.0)):
        x += weight / total * GAIN[0] * (side * (eye.outwards - ASIDE[0] * r[0][0]) - ASIDE[1] * r[0][2])
        y += weight / total * GAIN[1] * (eye.down - DOWN[0] * r[1][1] - DOWN[1] * r[1][2])
    long = math.hypot(x, y)
    if long > _STEEPEST:
        x, y = x * _STEEPEST / long, y * _STEEPEST / long
    z = -math.sqrt(1.0 - x * x - y * y)
    inside = [r[0][k] * x + r[1][k] * y + r[2][k] * z for k in range(3)]
    c, s = seen.tilt
    alone = ONE_EYE if 0.0 in weights else 1.0
    spread = [alone * _length(parts, causes(seen, sine)) for parts, sine in zip(SPREAD, (x, y), strict=True)]
    return Gaze(
        *_degrees(*inside), *_degrees(c * x - s * y, s * x + c * y, z), spread[0], spread[1], left, right, *distance
    )


def is_open(eye: Eye) -> float:
    """0 closed to 1 open."""
    return min(max((eye.gap - SHUT_GAP) / (OPEN_GAP - SHUT_GAP), 0.0), 1.0)


def causes(seen: Eyes, sine: float) -> tuple[float, float, float, float, float]:
    """What the parts of `SPREAD` are multiplied by, for a direction of this sine."""
    shut = 1.0 - max(is_open(seen.right), is_open(seen.left))
    return 1.0, 2.0 / (seen.right.px + seen.left.px), shut, 1.0 - min(seen.head[2][2], 1.0), abs(sine)


def _length(parts: tuple[float, ...], by: tuple[float, ...]) -> float:
    return math.sqrt(sum((part * cause) ** 2 for part, cause in zip(parts, by, strict=True)))


def _distance(seen: Eyes, frame_size: tuple[int, int], view_deg: float) -> tuple[float, float]:
    """Metres from the camera to between the eyes, and their standard deviation."""
    focal, focal_sd = focal_px(frame_size, view_deg)
    px = max(IRIS_GAIN * max(seen.right.iris_px, seen.left.iris_px), 1e-3)
    x, y = seen.place[0] - frame_size[0] / 2, seen.place[1] - frame_size[1] / 2
    metres = focal * IRIS_MM / px / 1000.0 * math.sqrt(1.0 + (x * x + y * y) / focal**2)
    own = (IRIS_SD_MM / IRIS_MM) ** 2 + IRIS_REL_SD**2 + (IRIS_PX_SD / px) ** 2
    return metres, metres * math.sqrt(own + focal_sd**2)


def _degrees(x: float, y: float, z: float) -> tuple[float, float]:
    """Yaw and pitch of a direction in axes x right, y down, z away."""
    return math.degrees(math.atan2(x, -z)), math.degrees(math.asin(min(max(y, -1.0), 1.0)))
