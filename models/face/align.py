"""The one place that crops faces: a similarity alignment on eyes and mouth, for training, live and offline."""

import math

import numpy as np
from numpy.typing import NDArray

CROP_PX = 96
# Eye centres and mouth corners in the crop, as fractions of its side, in image order (left of the image first):
# the proportions of an average face, with room for a dropped jaw and raised brows.
TEMPLATE = np.array([[0.345, 0.37], [0.655, 0.37], [0.376, 0.705], [0.624, 0.705]], np.float32)
# Canonical face mesh indices averaged to one anchor each: two eye contours, two mouth corners.
ANCHORS = np.array([*(33, 160, 158, 133, 153, 144), *(362, 385, 387, 263, 373, 380), 61, 291])
_MAX_TAPS = 16
_AREA_TAPS = 3  # from here on one sample per source pixel is as good as bilinear and four times as fast


def crop_face(frame: NDArray[np.uint8], landmarks: NDArray[np.float32], size: int = CROP_PX) -> NDArray[np.uint8]:
    """The aligned face as (size, size, 3) uint8 RGB.

    `frame` is (h, w, 3) uint8 RGB; `landmarks` (478, 2 or 3) float32 as fractions of its width and height, possibly
    outside [0, 1]: what lies beyond the frame repeats the nearest edge pixel. Deterministic to the bit on one machine.
    Raises ValueError for other shapes or landmarks that are not finite.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or min(frame.shape[:2]) < 1:
        raise ValueError(f"crop_face: frame is {frame.shape} {frame.dtype}; give (h, w, 3) uint8 RGB")
    return crop_at(frame, anchors(landmarks, (frame.shape[1], frame.shape[0])), size)


def crop_at(frame: NDArray[np.uint8], found: NDArray[np.float64], size: int = CROP_PX) -> NDArray[np.uint8]:
    """As `crop_face`, of a face whose `anchors` are known."""
    return warp(frame, similarity(TEMPLATE.astype(np.float64) * size, found), size)


def anchors(landmarks: NDArray[np.float32], frame_size: tuple[int, int]) -> NDArray[np.float64]:
    """Eye centres and mouth corners in pixels, (4, 2), in the order of `TEMPLATE`; `frame_size` is (width, height)."""
    if landmarks.ndim != 2 or landmarks.shape[0] < 468 or landmarks.shape[1] < 2:
        raise ValueError(f"face landmarks have shape {landmarks.shape}; give (478, 2 or 3)")
    found = placed(landmarks[ANCHORS, :2].astype(np.float64) * frame_size)
    if not np.isfinite(found).all():
        raise ValueError("face landmarks are not finite; leave a face without landmarks out")
    return found


def placed(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eye centres and mouth corners (4, 2) of the points (14, 2) that `ANCHORS` names."""
    return np.stack([points[:6].mean(0), points[6:12].mean(0), points[12], points[13]])


def crop_matrix(
    landmarks: NDArray[np.float32], frame_size: tuple[int, int], size: int = CROP_PX
) -> NDArray[np.float64]:
    """The (2, 3) matrix that takes crop pixels (x, y) to frame pixels: a least-squares similarity on the anchors."""
    return similarity(TEMPLATE.astype(np.float64) * size, anchors(landmarks, frame_size))


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift, (2, 3), taking `source` (n, 2) to `target` (n, 2).

    The planar case of Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE PAMI 13(4), 1991, written with complex numbers. Points that coincide give a crop of one pixel, not an error.
    """
    z, w = source @ np.array([1, 1j]), target @ np.array([1, 1j])
    zc, wc = z - z.mean(), w - w.mean()
    a = (zc.conj() @ wc) / max(float((zc.conj() @ zc).real), 1e-12)
    if abs(a) < 1e-6:
        a = complex(1e-6)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def face_px(landmarks: NDArray[np.float32], frame_size: tuple[int, int]) -> float:
    """Side of the aligned crop in frame pixels: how large the face is, roughly brow to chin with margin."""
    return side_px(anchors(landmarks, frame_size))


def side_px(found: NDArray[np.float64]) -> float:
    """As `face_px`, of a face whose `anchors` are known."""
    m = similarity(TEMPLATE.astype(np.float64), found)
    return math.hypot(m[0, 0], m[1, 0])


def resize(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Any (h, w, 3) crop brought to (size, size, 3): the longer side fills it, the shorter repeats its edge pixels."""
    h, w = image.shape[:2]
    if (h, w) == (size, size):
        return np.ascontiguousarray(image)
    scale = max(h, w) / size
    inverse = np.array([[scale, 0, (w - scale * size) / 2], [0, scale, (h - scale * size) / 2]])
    return warp(image, inverse, size)


def warp(image: NDArray[np.uint8], inverse: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Sample `image` (h, w, 3) at `inverse @ (x, y, 1)` per crop pixel centre; shrinking averages the area."""
    scale = math.hypot(inverse[0, 0], inverse[1, 0])
    taps = min(max(math.ceil(scale - 0.05), 1), _MAX_TAPS)
    from liveaffect.models.face import resample

    kernel = resample.bilinear if taps < _AREA_TAPS else resample.area
    out = np.empty((size, size, 3), np.uint8)
    pixels = np.ascontiguousarray(image)[:]
    pixels.flags.writeable = False  # frames of a stream are: else there would be two compiled forms of every kernel
    kernel(pixels, np.ascontiguousarray(inverse, np.float64), taps, out)
    return out


def warm() -> None:
    """Loads both compiled kernels, or compiles them where that was never done: no face waits for a compiler."""
    for scale in (1.0, float(_AREA_TAPS)):
        warp(np.zeros((8, 8, 3), np.uint8), np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]]), 8)
