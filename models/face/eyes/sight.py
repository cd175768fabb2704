"""The line from the camera to a face: how a head's pose lies against it, and how far away the face is."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.geometry import rotation

Place = NDArray[Any] | tuple[float, float]
CAMERA_FIELD_DEG = 63.0
"""Vertical field of view that MediaPipe's pose assumes of any picture."""
TURNED = 0.26
"""Share of the angle between a face's line of sight and the camera's axis by which MediaPipe's pose of the whole frame
is turned against that of a crop: 0.23 to 0.37 on a portrait placed left, right, above and below."""
VIEW_DEG = 65.0
"""Across the picture's longer side, where nobody says: webcams and laptops have 55 to 78 degrees."""
FOCAL_SD, FOCAL_KNOWN_SD = 0.2, 0.03
"""Relative deviation of the focal length that follows from it: where it is assumed, and where it was given."""


def in_frame(pose: NDArray[np.float32], middle: Place, size: tuple[int, int]) -> NDArray[np.float32]:
    """The pose (4, 4) of a face measured on its own crop as the whole frame would give it.

    `middle` is that of the face, (x, y) as fractions of the frame; `size` the frame's (width, height) in pixels. A crop
    looks straight at the face. Of a face beside the middle of the frame, MediaPipe's fit shears depth along the
    line of sight, which turns it.
    """
    turned = pose.copy()
    turned[:3, :3] = _turn(middle, size) @ rotation(pose)
    return turned


def on_sight(pose: NDArray[np.float32], middle: Place, size: tuple[int, int]) -> NDArray[np.float64]:
    """The other way round: the rotation (3, 3) of a head against the line of sight to it, of a pose in the frame.

    MediaPipe's axes (x right, y up, z towards the camera). Arguments as of `in_frame`.
    """
    return _turn(middle, size).T @ rotation(pose)


def focal_px(size: tuple[int, int], view_deg: float = 0.0) -> tuple[float, float]:
    """Focal length in pixels and its relative deviation. `view_deg` is the angle of view across the longer side of a
    picture of `size` (width, height); 0: not known, `VIEW_DEG` is assumed and the deviation is `FOCAL_SD`."""
    angle = view_deg or VIEW_DEG
    return max(size) / 2 / math.tan(math.radians(angle / 2)), FOCAL_KNOWN_SD if view_deg else FOCAL_SD


def _turn(middle: Place, size: tuple[int, int]) -> NDArray[np.float64]:
    width, height = size
    focal = height / 2 / math.tan(math.radians(CAMERA_FIELD_DEG / 2))
    across, down = (float(middle[0]) - 0.5) * width / focal, (float(middle[1]) - 0.5) * height / focal
    yaw, pitch = -TURNED * np.arctan(across), -TURNED * np.arctan(down)
    ry = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    rx = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return ry @ rx
