"""Tells faces apart: 128 numbers a face, near each other for one person. Biometric: they stay in memory."""

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.face.align import similarity, warp
from liveaffect.models.files.net import Session

CHIP_PX = 150
SAME = 0.45
"""Two descriptors closer than this are one person's. At 0.45 0.3 % of pairs of strangers are taken for one person
(400 faces in the wild), and 1 % of pairs of posed, strongly different expressions of one person for two."""
OTHER = 0.6
"""Further apart than this are two people even where place and size say that it is still the same one."""
# Where the corners of the eyes and the base of the nose lie in the picture the net learned (King 2017), as fractions
# of the face's own square, which a margin of a quarter surrounds.
_PLACES = np.array([[0.1206, 0.2137], [0.3341, 0.2291], [0.6461, 0.2290], [0.8596, 0.2135], [0.4901, 0.6278]])
_MARGIN = 0.25
_TEMPLATE = (_MARGIN + _PLACES) / (1 + 2 * _MARGIN) * CHIP_PX
_ANCHORS = np.array([33, 133, 362, 263, 2])

Descriptor = NDArray[np.float32]


def chip(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face as the net takes it, uint8 RGB (150, 150, 3).

    `image` is uint8 RGB (height, width, 3), `landmarks` (478, 2 or 3) fractions of it.
    """
    points = landmarks[_ANCHORS, :2].astype(np.float64) * [image.shape[1], image.shape[0]]
    return warp(image, similarity(_TEMPLATE, points), CHIP_PX)


def distance(a: Descriptor, b: Descriptor) -> float:
    """Euclidean distance of two descriptors (128,), 0 to about 1.4; see `SAME` and `OTHER`."""
    return float(np.linalg.norm(a - b))


class FaceIdentity:
    """dlib's residual net of 29 layers (King 2017) over an ONNX session (`registry.load("face-identity")`)."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def describe(self, chips: NDArray[np.uint8]) -> Descriptor:
        """Descriptors (n, 128) of `chip`s (n, 150, 150, 3) uint8 RGB. Raises BadInput for another shape or type."""
        if chips.ndim != 4 or chips.shape[1:] != (CHIP_PX, CHIP_PX, 3) or chips.dtype != np.uint8:
            raise BadInput(f"faces are {chips.shape} {chips.dtype}; give (n, {CHIP_PX}, {CHIP_PX}, 3) uint8 RGB")
        return self.session.run({"faces": chips})[0]
