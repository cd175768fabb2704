"""Cues of a face: where each lies in the aligned crop and in the geometry, and how both are put to rest.

Covering a region and asking again is occlusion sensitivity (Zeiler and Fergus 2014, "Visualizing and understanding
convolutional networks", ECCV). A region is covered by its own surroundings, smeared, under a soft edge, so that no new
edge is shown; its landmarks and blendshapes go to the person's running neutral.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face import align
from liveaffect.models.face.action_units import BLENDSHAPES
from liveaffect.models.face.geometry import GEOMETRY_SIZE

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


class Region(NamedTuple):
    """One cue of a face."""

    boxes: tuple[tuple[float, float, float, float], ...]
    """Top, bottom, left, right as shares of the crop's side (`align.TEMPLATE` has eyes at 0.37, mouth at 0.705)."""
    points: tuple[int, int]
    """First landmark of `geometry.POINTS` that belongs to it, and the one after the last."""
    shapes: tuple[str, ...]
    """What its blendshapes begin with."""
    units: tuple[str, ...]
    """Action units that show there."""


REGIONS: Final[dict[str, Region]] = {
    "brows": Region(((0.18, 0.33, 0.18, 0.82),), (0, 10), ("brow",), ("AU01", "AU02", "AU04")),
    "eyes": Region(((0.31, 0.45, 0.2, 0.8),), (10, 22), ("eye",), ("AU05", "AU07", "AU43", "AU45")),
    "cheeks": Region(((0.45, 0.66, 0.14, 0.38), (0.45, 0.66, 0.62, 0.86)), (22, 28), ("cheek",), ("AU06",)),
    "nose": Region(((0.44, 0.61, 0.38, 0.62),), (28, 35), ("nose",), ("AU09",)),
    "mouth": Region(
        ((0.62, 0.8, 0.3, 0.7),), (35, 51), ("mouth",),
        ("AU10", "AU12", "AU14", "AU15", "AU18", "AU20", "AU22", "AU23", "AU24", "AU25", "AU28"),
    ),
    "chin": Region(((0.8, 0.94, 0.3, 0.7),), (51, 54), ("jaw",), ("AU17", "AU26")),
    "head": Region((), (54, 54), (), ()),
}  # fmt: skip
"""Name -> cue. "head" is its turn and nod as the geometry has them; gaze is part of "eyes"."""

BARE: Final = 0.15
"""A region whose luma varies by less than this share of the whole face's is hidden: nothing is to be seen there.

Of 765 uncovered faces none had its mouth below it (lowest 0.21) and one an eye; under a plain cover it is 0 to 0.1.
"""
HIDES: Final = {
    "eyes": ((0.31, 0.43, 0.24, 0.45), (0.31, 0.43, 0.55, 0.76)),
    "mouth": ((0.65, 0.78, 0.38, 0.62),),
}
"""Where every face that is not covered varies: either eye, the lips. Brows, cheeks, nose and chin may be plain."""
_FACE = (0.20, 0.875, 0.17, 0.83)
_BLOCKS = 5
_EDGE = 0.04


def hidden(crop: Pixels) -> tuple[str, ...]:
    """Regions of an aligned crop (s, s, 3) that something plain covers."""
    luma = crop.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    whole = _spread(luma, _FACE)
    return tuple(name for name, boxes in HIDES.items() if min(_spread(luma, box) for box in boxes) < BARE * whole)


def at_rest(
    crop: Pixels, vector: Floats, names: tuple[str, ...], smeared: Pixels | None = None
) -> tuple[Pixels, Floats]:
    """One face with these cues put to rest: crop (s, s, 3) and model input (2 * GEOMETRY_SIZE,), both new.

    `smeared` is that of the crop where it is known.
    """
    soft = smear(crop) if smeared is None else smeared
    mask = np.zeros(crop.shape[:2], np.float32)
    calm = vector.copy()
    for name in names:
        region = REGIONS[name]
        for box in region.boxes:
            mask = np.maximum(mask, _mask(box, len(crop)))
        at = _COLUMNS[name]
        calm[at] -= calm[GEOMETRY_SIZE + at]
        calm[GEOMETRY_SIZE + at] = 0.0
    if not mask.any():
        return crop, calm
    mixed = crop + mask[..., None] * (soft.astype(np.float32) - crop)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8), calm


def smear(crop: Pixels) -> Pixels:
    """The crop without whatever is smaller than a fifth of it."""
    return align.resize(align.resize(crop, _BLOCKS), len(crop))


def _spread(luma: Floats, box: tuple[float, float, float, float]) -> float:
    size = len(luma)
    top, bottom, left, right = (int(edge * size) for edge in box)
    return float(luma[top:bottom, left:right].std())


_masks: dict[tuple[tuple[float, float, float, float], int], Floats] = {}


def _mask(box: tuple[float, float, float, float], size: int) -> Floats:
    """(size, size), 1 inside the box, falling to 0 over a soft edge around it."""
    if (box, size) not in _masks:
        at = (np.arange(size, dtype=np.float32) + 0.5) / size
        rows, columns = (np.clip(1 + np.minimum(at - low, high - at) / _EDGE, 0, 1) for low, high in (box[:2], box[2:]))
        _masks[box, size] = (rows[:, None] * columns[None, :]).astype(np.float32)
    return _masks[box, size]


def _columns(name: str) -> NDArray[np.int64]:
    """Places of a cue in the raw half of the geometry."""
    if name == "head":
        return np.array([GEOMETRY_SIZE - 2, GEOMETRY_SIZE - 1])
    region = REGIONS[name]
    shapes = [i for i, full in enumerate(BLENDSHAPES) if full.startswith(region.shapes)]
    first, end = region.points
    return np.array([*shapes, *range(len(BLENDSHAPES) + 2 * first, len(BLENDSHAPES) + 2 * end)])


_COLUMNS = {name: _columns(name) for name in REGIONS}
