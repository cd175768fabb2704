"""How a stored picture is to be shown: display matrices, EXIF orientations, crops and the shape of a pixel."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type

from liveaffect.stream.capture.atoms import Crop

Turn = tuple[int, bool]
"""Quarter turns counter-clockwise, and whether the picture is then mirrored left to right."""

EXIF_TURNS: dict[int, Turn] = {
    2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False),
}  # fmt: skip
"""Exif 2.3, tag 0x0112."""
ODDEST_ASPECT = 8.0
"""A pixel longer than this is a broken field, not a lens."""

_QUARTER = np.array([[0, 1], [-1, 0]])
"""np.rot90 as a map of (x, y), y downwards."""
_MIRROR = np.array([[-1, 0], [0, 1]])
_TURNS: list[tuple[Turn, np.ndarray]] = [
    ((turns, mirrored), np.linalg.matrix_power(_MIRROR, mirrored) @ np.linalg.matrix_power(_QUARTER, turns))
    for mirrored in (False, True)
    for turns in range(4)
]


@dataclass(frozen=True)
class Shape:
    """What the container says of all pictures of a file, besides their orientation."""

    aspect: float = 1.0
    """Width of a stored pixel over its height."""
    crop: Crop = (0, 0, 0, 0)

    def full(self, width: int, height: int) -> tuple[int, int]:
        """Size of a stored picture once its pixels are square, before it is cropped or turned; no side is shrunk."""
        if self.aspect > 1:
            return max(1, round(width * self.aspect)), height
        return width, max(1, round(height / self.aspect))

    def window(self, width: int, height: int) -> tuple[slice, slice]:
        """Rows and columns of that picture which are shown."""
        wide, high = self.full(width, height)
        left, top, right, bottom = self.crop
        x, y = wide / width, high / height
        return slice(round(top * y), high - round(bottom * y)), slice(round(left * x), wide - round(right * x))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which a stored picture is shown, before it is turned."""
        rows, columns = self.window(width, height)
        return columns.stop - columns.start, rows.stop - rows.start

    @property
    def plain(self) -> bool:
        """Whether frames are shown as they are stored."""
        return self == Shape()


def turn_of(frame: Any) -> Turn:
    """The orientation that a decoded frame carries in its display matrix, to the nearest quarter turn."""
    try:
        data = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV trips over kinds of side data that it does not know; the angle it still tells
        return round((frame.rotation or 0) / 90) % 4, False
    if data is None:
        return 0, False
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    matrix = np.array([[a, c], [b, d]], float)
    return max(_TURNS, key=lambda known: float((known[1] * matrix).sum()))[0] if matrix.any() else (0, False)


def turned(image: np.ndarray, turn: Turn) -> np.ndarray:
    """The picture (height, width, ...) turned and mirrored; a view."""
    image = np.rot90(image, turn[0]) if turn[0] else image
    return image[:, ::-1] if turn[1] else image


def aspect_of(stream: Any) -> float:
    """Pixel aspect ratio of a video stream, 1 where it states none or nonsense."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 1 / ODDEST_ASPECT <= ratio <= ODDEST_ASPECT else 1.0
