"""Face geometry as one vector: blendshapes, landmarks freed of pose and size, and head pose."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.align import ANCHORS, TEMPLATE, placed, similarity

# MediaPipe face mesh indices, each row a (right of the face, left of the face) pair; a point on the midline is its
# own pair. The order is that of the vector, and the pairs are what mirroring a face exchanges.
_PAIRS = np.array(
    [
        *[(70, 300), (63, 293), (105, 334), (66, 296), (107, 336)],  # brows, outer to inner
        *[(33, 263), (160, 387), (158, 385), (133, 362), (153, 380), (144, 373)],  # eyelids
        *[(50, 280), (205, 425), (117, 346)],  # cheeks
        *[(98, 327), (48, 278), (1, 1), (2, 2), (168, 168)],  # nose
        *[(61, 291), (39, 269), (0, 0), (17, 17), (181, 405)],  # outer lips
        *[(78, 308), (81, 311), (13, 13), (14, 14), (178, 402)],  # inner lips
        *[(172, 397), (152, 152)],  # jaw
    ]
)
POINTS = np.array([i for a, b in _PAIRS for i in ((a,) if a == b else (a, b))])
_TURNED = np.array([*ANCHORS, *POINTS])
BLENDSHAPES = 52
GEOMETRY_SIZE = BLENDSHAPES + 2 * len(POINTS) + 2
_FLIP = np.array([1.0, -1.0, -1.0])  # image axes (y down, z away) to MediaPipe's pose axes (y up, z towards us)


def geometry(
    blendshapes: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    frame_size: tuple[int, int],
    pose: NDArray[np.float32],
) -> NDArray[np.float32]:
    """One face as (GEOMETRY_SIZE,) float32, all parts of order one.

    `blendshapes` (52,) in [0, 1] in MediaPipe's order; `landmarks` (478, 3) float32 as fractions of the frame (z on
    the scale of x); `frame_size` (width, height) in pixels; `pose` the (4, 4) facial transformation matrix. The
    landmarks are turned to face the camera by the inverse of its rotation, aligned on eyes and mouth corners, and
    given as ten times their offset from the crop's centre. Last come the sines of yaw and pitch.
    Raises ValueError for other shapes.
    """
    if blendshapes.shape != (BLENDSHAPES,) or landmarks.shape != (478, 3) or pose.shape != (4, 4):
        raise ValueError(
            f"geometry: blendshapes {blendshapes.shape}, landmarks {landmarks.shape}, pose {pose.shape}; "
            "give (52,), (478, 3) and (4, 4)"
        )
    width, height = frame_size
    points = landmarks.astype(np.float64) * (width, height, width)
    points -= points.mean(0)  # of all landmarks; then turned about it so that the head faces the camera upright
    points = ((points[_TURNED] * _FLIP @ rotation(pose)) * _FLIP)[:, :2]
    m = similarity(placed(points[: len(ANCHORS)]), TEMPLATE.astype(np.float64))
    normal = points[len(ANCHORS) :] @ m[:, :2].T + m[:, 2] - 0.5
    yaw, pitch, _ = np.radians(pose_degrees(pose))
    turned = [np.sin(yaw), np.sin(pitch)]
    return np.concatenate([blendshapes, 10 * normal.reshape(-1), turned]).astype(np.float32)


def rotation(pose: NDArray[np.float32]) -> NDArray[np.float64]:
    """The nearest rotation, (3, 3), to the upper left of a (4, 4) pose matrix (which also carries a scale)."""
    return _rotation(pose[:3, :3].astype(np.float64).tobytes()).copy()


@lru_cache(maxsize=16)  # geometry and pose_degrees each ask for that of one face
def _rotation(matrix: bytes) -> NDArray[np.float64]:
    u, _, vt = np.linalg.svd(np.frombuffer(matrix).reshape(3, 3))
    u[:, 2] *= np.sign(np.linalg.det(u @ vt))
    return u @ vt


def pose_degrees(pose: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a (4, 4) facial transformation matrix.

    R = Ry(yaw) Rx(pitch) Rz(roll) in MediaPipe's axes (x right, y up, z towards the camera): yaw is positive when
    the nose points to the right of the image, pitch when it points down, roll when the head tilts anticlockwise in
    the image.
    """
    return _degrees(pose[:3, :3].astype(np.float64).tobytes())


@lru_cache(maxsize=16)
def _degrees(matrix: bytes) -> tuple[float, float, float]:
    r = _rotation(matrix)
    yaw = np.arctan2(r[0, 2], r[2, 2])
    pitch = np.arcsin(np.clip(-r[1, 2], -1, 1))
    roll = np.arctan2(r[1, 0], r[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def mirror(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The geometry (..., GEOMETRY_SIZE) of the face seen in a mirror, for augmentation and tests."""
    flipped = vectors[..., _MIRROR].copy()
    flipped[..., BLENDSHAPES:-2:2] *= -1
    flipped[..., -2] *= -1
    return flipped


def _mirror_order() -> NDArray[np.intp]:
    """Which element each element becomes: left and right blendshapes and landmark pairs exchanged."""
    order = np.arange(GEOMETRY_SIZE)
    lefts = [1, 4, 7, 9, 11, 13, 15, 17, 19, 21, 28, 30, 34, 36, 44, 46, 48, 50]
    pairs = [(i, i + 1) for i in lefts] + [(24, 26), (33, 39)]  # jawLeft/jawRight and mouthLeft/mouthRight lie apart
    where = {int(p): BLENDSHAPES + 2 * k for k, p in enumerate(POINTS)}
    pairs += [(where[int(a)] + xy, where[int(b)] + xy) for a, b in _PAIRS if a != b for xy in (0, 1)]
    for a, b in pairs:
        order[a], order[b] = b, a
    return order


_MIRROR = _mirror_order()
