"""Tells faces apart: by a net's 128 numbers, or by the shape of the face. Biometric: they stay in memory."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.face.align import similarity, warp
from liveaffect.models.files.net import Net

CHIP_PX = 150
SAME = 0.45
"""Two of the net's descriptors closer than this are one person's. At 0.45 0.3 % of pairs of strangers are taken for one
person (400 faces in the wild), and 1 % of pairs of posed, strongly different expressions of one person for two."""
OTHER = 0.6
"""Further apart than this are two people even where place and size say that it is still the same one."""
# Where the corners of the eyes and the base of the nose lie in the picture the net learned (King 2017), as fractions
# of the face's own square, which a margin of a quarter surrounds.
_PLACES = np.array([[0.1206, 0.2137], [0.3341, 0.2291], [0.6461, 0.2290], [0.8596, 0.2135], [0.4901, 0.6278]])
_MARGIN = 0.25
_TEMPLATE = (_MARGIN + _PLACES) / (1 + 2 * _MARGIN) * CHIP_PX
_ANCHORS = np.array([33, 133, 362, 263, 2])

# Corners of the eyes, bridge, tip, base and wings of the nose, temples, cheekbones, forehead.
_RIGID = np.array(
    [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 2, 98, 327, 127, 356, 234, 454, 10, 151, 9, 93, 323, 132, 361]
)
_CENTRE = np.array([33, 133, 362, 263, 168, 2])

Descriptor = NDArray[np.float32]


def chip(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face as the net takes it, uint8 RGB (150, 150, 3).

    `image` is uint8 RGB (height, width, 3), `landmarks` (478, 2 or 3) fractions of it.
    """
    points = landmarks[_ANCHORS, :2].astype(np.float64) * [image.shape[1], image.shape[0]]
    return warp(image, similarity(_TEMPLATE, points), CHIP_PX)


def rigid_points(
    landmarks: NDArray[np.float32], pose: NDArray[np.float32], frame_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Points that no expression moves much, head turn and size taken out, (k,): x and y in distances of the outer eyes.

    `landmarks` (478, 3) fractions of a frame of `frame_size` (width, height); `pose` (4, 4) transformation matrix.
    """
    width, height = frame_size
    turned = pose[:3, :3].astype(np.float64)
    turned /= np.cbrt(max(float(np.linalg.det(turned)), 1e-9))
    points = landmarks.astype(np.float64) * [width, -height, -width] @ turned
    points -= points[_CENTRE].mean(0)
    points /= max(float(np.linalg.norm(points[263] - points[33])), 1e-9)
    return points[_RIGID, :2].ravel()


class FaceIdentityModel:
    """dlib's residual net of 29 layers (King 2017) over an ONNX net (`registry.load("face-identity")`)."""

    same, other = SAME, OTHER

    def __init__(self, net: Net) -> None:
        self.net = net

    def describe(self, chips: NDArray[np.uint8]) -> Descriptor:
        """Descriptors (n, 128) of `chip`s (n, 150, 150, 3) uint8 RGB. Raises BadInput for another shape or type."""
        if chips.ndim != 4 or chips.shape[1:] != (CHIP_PX, CHIP_PX, 3) or chips.dtype != np.uint8:
            raise BadInput(f"faces are {chips.shape} {chips.dtype}; give (n, {CHIP_PX}, {CHIP_PX}, 3) uint8 RGB")
        return self.net.run({"faces": chips})[0].astype(np.float32, copy=False)

    def look(
        self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], pose: NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """What `answer` needs of one face, as small as it can be: its chip."""
        del pose
        return chip(image, landmarks)[None]

    def answer(self, look: NDArray[np.uint8]) -> Descriptor:
        """The descriptor (128,) of a `look`."""
        return self.describe(look)[0]

    def distance(self, a: Descriptor, b: Descriptor) -> float:
        """Euclidean distance of two descriptors, 0 to about 1.4."""
        return float(np.linalg.norm(a - b))


class FaceShape:
    """Tells faces apart by where their rigid points lie, measured in how people differ: weak, but without a net.

    Among faces in the wild one stranger in a hundred is nearer than `same`, one in four than `other`; of one person's
    pictures with posed, strong expressions one in a hundred is further than `other`.
    """

    same, other = 0.5, 1.0

    def look(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], pose: NDArray[np.float32]) -> Descriptor:
        """The shape (k,) of one face."""
        mean, spread = _people()
        points = rigid_points(landmarks, pose, (image.shape[1], image.shape[0]))
        return ((points - mean) / spread).astype(np.float32)

    def answer(self, look: Descriptor) -> Descriptor:
        """The look itself: there is nothing to compute."""
        return look

    def distance(self, a: Descriptor, b: Descriptor) -> float:
        """Root mean square difference, in standard deviations between people."""
        return float(np.sqrt(np.mean((a - b) ** 2)))


@cache
def _people() -> NDArray[np.float32]:
    return np.load(Path(__file__).parents[1] / "weights" / "face-shape.npy")
