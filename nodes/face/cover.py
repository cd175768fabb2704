"""Is an eye or the mouth covered? MediaPipe goes on drawing a face over a card or a mask, and names no confidence."""

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face import luma

# Where the aligned crop has them (`align.TEMPLATE` puts eyes and lip corners there): top, bottom, left, right.
_REGIONS = {
    "right eye covered": (0.31, 0.43, 0.24, 0.45),
    "left eye covered": (0.31, 0.43, 0.55, 0.76),
    "mouth covered": (0.65, 0.78, 0.38, 0.62),
}
_FACE = (0.20, 0.875, 0.17, 0.83)
BARE = 0.15
"""A region whose luma varies by less than this share of the whole face's shows no eye or mouth.

Of 765 uncovered faces (UTKFace and the FER+ training part) one lies below it in an eye region and none in the mouth's
(lowest 0.21); under a plain cover the share is 0 to 0.1.
"""


def covered(crop: NDArray[np.uint8], seen: luma.Plane | None = None) -> str:
    """What is covered in an aligned crop (s, s, 3) uint8 RGB, in words, or "".

    Sees plain covers (a card, a mask, the back of a phone), not those with a pattern of their own, such as fingers.
    `seen` is its `luma.plane`, where that is known.
    """
    seen = luma.plane(crop) if seen is None else seen
    whole = _spread(seen, _FACE)
    return ", ".join(name for name, box in _REGIONS.items() if _spread(seen, box) < BARE * whole)


def _spread(seen: luma.Plane, box: tuple[float, float, float, float]) -> float:
    top, bottom, left, right = (int(edge * len(seen)) for edge in box)
    return luma.mean_sd(seen, (top, bottom, left, right))[1]
