"""Finds faces far from the camera: CenterFace over the picture and its quarters, faces of some 20 pixels there.

Xu et al., "CenterFace: joint face detection and alignment using face as point", Scientific Programming 2020: each cell
of 4 by 4 pixels says how surely it is the middle of a face, and how large that face is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.files.net import Net

WHOLE_SIDE = 640
"""Pixels of the longer side of the whole picture as the net sees it: faces from about a twentieth of it on."""
PART_SIDE = 1280
"""Of the picture whose quarters are seen one by one, for smaller faces; no picture is enlarged."""
ENOUGH = 1.25
"""Quarters that would show no more than so many times the whole picture's detail are left out."""
SHARED = 64
"""Pixels that neighbouring quarters share: as large is the largest face that only quarters show."""
STRIDE = 32
"""The net halves the picture five times: its sides are multiples of this, filled up with grey."""
CELL = 4
SURE = 0.25
"""Cells below it are no face; of those above, landmarks have the last word: between 0.2 and 0.25 they found faces in a
motorcycle's lamp and engine. Of 84 portraits 40 pixels wide in 1920x1080 83 are above."""
DOUBTED = 0.4
APART = 0.2
"""Of a face that it is less sure of than `DOUBTED` its five points and the landmarks must not lie further apart on
average, in widths of the face: 0.24 and 0.41 on an engine that both took for one, less on 95 of 100 faces of 40 px."""
_FIVE = ((33, 133), (362, 263), (4, 4), (61, 61), (291, 291))
"""The landmarks whose middles are the five points."""
OVERLAP = 0.3
"""Two boxes that share more of their union are one face."""
MOST = 64
"""Boxes looked at of one picture, the surest first."""
_GREY = 114
_LARGEST_LOG = 6.0


class FarFace(NamedTuple):
    """One face as the detector sees it, in fractions of the picture."""

    x: float
    y: float
    width: float
    height: float
    score: float
    """How sure it is, `SURE` to 1."""
    points: tuple[float, ...] = ()
    """x and y of the left and right eye of the picture, the tip of the nose, the left and right corner of the mouth."""


class View(NamedTuple):
    """A part of the picture, in its pixels, and what it is shrunk by."""

    left: int
    top: int
    right: int
    bottom: int
    scale: float


def views(width: int, height: int) -> list[View]:
    """The ways to look at a picture of this size: as a whole, then its quarters where they show more."""
    whole = min(1.0, WHOLE_SIDE / max(width, height))
    part = min(1.0, PART_SIDE / max(width, height))
    seen = [View(0, 0, width, height, whole)]
    if part <= ENOUGH * whole:
        return seen
    margin = round(SHARED / part / 2)
    columns, rows = (((0, side // 2 + margin), (side // 2 - margin, side)) for side in (width, height))
    return seen + [View(left, top, right, bottom, part) for top, bottom in rows for left, right in columns]


class FarFaceModel:
    """CenterFace over an ONNX net (`registry.load("face-far")`); remembers nothing."""

    def __init__(self, net: Net) -> None:
        self.net = net

    def find(self, image: NDArray[np.uint8], view: View) -> list[FarFace]:
        """Faces of `image`, uint8 RGB (height, width, 3), in this view of it, the surest first.

        A face that the inner edge of a quarter cuts is left to the next one. Raises BadInput for other arrays.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < 1:
            raise BadInput(f"a picture is {image.shape} {image.dtype}; give (height, width, 3) uint8 RGB")
        height, width = image.shape[:2]
        small = _shrunk(image[view.top : view.bottom, view.left : view.right], view.scale)
        inner_height, inner_width = small.shape[:2]
        rows, columns = (-(-side // STRIDE) * STRIDE for side in (inner_height, inner_width))
        pixels = np.full((1, 3, rows, columns), _GREY, np.float32)
        pixels[0, :, :inner_height, :inner_width] = small.transpose(2, 0, 1)
        found: list[FarFace] = []
        for x, y, w, h, score, *points in decode(*self.net.run({"input.1": pixels})[:4]).tolist():
            if x + w / 2 > inner_width or y + h / 2 > inner_height:
                continue
            right, bottom = inner_width - 1, inner_height - 1
            cut = (x < 1 and view.left > 0, y < 1 and view.top > 0)
            cut += (x + w > right and view.right < width, y + h > bottom and view.bottom < height)
            if any(cut):
                continue
            across, down = (view.right - view.left) / inner_width, (view.bottom - view.top) / inner_height
            place = (view.left + x * across) / width, (view.top + y * down) / height
            for k in range(0, len(points), 2):
                points[k] = (view.left + points[k] * across) / width
                points[k + 1] = (view.top + points[k + 1] * down) / height
            found.append(FarFace(*place, w * across / width, h * down / height, score, tuple(points)))
        return found


def agrees(face: FarFace, landmarks: NDArray[np.float32], size: tuple[int, int]) -> bool:
    """Whether landmarks (478, 2 or 3), fractions of a picture of `size` (width, height), are those of this face."""
    if face.score >= DOUBTED or not face.points:
        return True
    pixels = landmarks[:, :2].astype(np.float64) * size
    marked = np.stack([pixels[list(pair)].mean(0) for pair in _FIVE])
    seen = np.array(face.points).reshape(-1, 2) * size
    return float(np.linalg.norm(marked - seen, axis=1).mean()) <= APART * float(np.ptp(pixels[:, 0]))


def _shrunk(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """The picture by this factor smaller, each pixel the mean of what it covers."""
    if scale >= 1.0:
        return image
    import cv2

    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def decode(
    heat: NDArray[np.float32], sizes: NDArray[np.float32], shifts: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Faces (n, 15) in pixels of the net's picture: x, y, width, height, score, x and y of five points; the surest
    first, each face once.

    `heat` (1, 1, h, w), `sizes` and `shifts` (1, 2, h, w), the first plane of each for y, and `points` (1, 10, h, w), y
    before x, in sizes of the box, as the net gives them.
    """
    down, across = np.nonzero(heat[0, 0] > SURE)
    if not len(down):
        return np.zeros((0, 15), np.float32)
    scores = heat[0, 0, down, across]
    first = np.argsort(-scores, kind="stable")[:MOST]
    down, across, scores = down[first], across[first], scores[first]
    extent = CELL * np.exp(np.minimum(sizes[0, :, down, across], _LARGEST_LOG))  # (n, 2): height, width
    middle = CELL * (np.stack([down, across], 1) + shifts[0, :, down, across] + 0.5)
    corner = middle - extent / 2
    five = points[0, :, down, across].reshape(-1, 5, 2) * extent[:, None] + corner[:, None]
    five = five[:, :, ::-1].reshape(-1, 10)
    boxes = np.concatenate([corner[:, ::-1], extent[:, ::-1], scores[:, None], five], 1).astype(np.float32)
    kept: list[int] = []
    for i in range(len(boxes)):
        if all(overlap(boxes[i], boxes[k]) < OVERLAP for k in kept):
            kept.append(i)
    return boxes[kept]


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes (x, y, width, height, ...), 0 to 1."""
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    shared = max(float(right - left), 0.0) * max(float(bottom - top), 0.0)
    return shared / max(float(a[2] * a[3] + b[2] * b[3]) - shared, 1e-9)
