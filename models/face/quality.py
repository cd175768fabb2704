"""Is this face crop good enough to believe? Light, contrast, size, blur and head turn, each from 0 (hopeless) to 1."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face import luma

# (hopeless, good): a measure is worth 0 at the first and 1 at the second; below `LOW_QUALITY` on any of them a face is
# low_quality. Fitted to the model's own error on degraded faces (training/face/limits.py; table in training/README.md):
# KL to the votes, 0.35 on clean faces, passes about 0.45 near a luma of 8, 21 pixels, a blur of 2.5 pixels in 96, and
# 50 degrees of yaw. Over-exposure, contrast and pitch are by judgement, not measured.
LUMA_DARK = (4.0, 16.0)  # mean luma of the face, 0 to 255
LUMA_BRIGHT = (250.0, 225.0)
CONTRAST = (1.5, 6.0)  # standard deviation of luma
SIZE_PX = (12.0, 44.0)  # side of the aligned crop in frame pixels (align.face_px); so deviations are wide enough for
# faces of 20 pixels that are compressed too (benchmarks/bench_small.py)
SHARPNESS = (0.003, 0.014)  # share of the luma variance in the finest octave of the crop
YAW_DEG = (60.0, 30.0)
PITCH_DEG = (50.0, 30.0)
LOW_QUALITY = 0.35
SMALL_PX = 28.0
"""Crops of fewer pixels are low_quality: faces 19 pixels wide. Affect alone holds out longer, but the landmarks of 42
portraits 20 pixels wide lie 3.0 % of the width off, of 15 pixels 4.2 %, and action units 0.4 of 5 (docs/people.md)."""


class FaceQuality(NamedTuple):
    """Quality of one face in one frame."""

    quality: float
    """0 to 1, the worst of the measures."""
    low_quality: bool
    reasons: tuple[str, ...]
    """Which measures are below `LOW_QUALITY` or `SMALL_PX`: dark, bright, flat, small, blurred, turned."""


def face_quality(
    crop: NDArray[np.uint8], box_px: float, yaw_deg: float, pitch_deg: float = 0.0, seen: luma.Plane | None = None
) -> FaceQuality:
    """Judge an aligned crop (s, s, 3) uint8 RGB, its side in frame pixels before alignment, and the head's turn.

    `seen` is its `luma.plane`, where that is known. Raises ValueError for another shape. A number that is not finite
    counts as hopeless.
    """
    if crop.ndim != 3 or crop.shape[2] != 3 or min(crop.shape[:2]) < 8:
        raise ValueError(f"face_quality: crop has shape {crop.shape}; give (s, s, 3) uint8 RGB from align.crop_face")
    seen = luma.plane(crop) if seen is None else seen
    h, w = seen.shape
    middle = h // 5, h - h // 8, w // 6, w - w // 6  # where the face is
    mean, sd = luma.mean_sd(seen, middle)
    worth = {
        "dark": _ramp(mean, LUMA_DARK),
        "bright": _ramp(mean, LUMA_BRIGHT),
        "flat": _ramp(sd, CONTRAST),
        "small": _ramp(box_px, SIZE_PX),
        "blurred": _ramp(luma.finest(seen, middle), SHARPNESS),
        "turned": min(_ramp(abs(yaw_deg), YAW_DEG), _ramp(abs(pitch_deg), PITCH_DEG)),
    }
    low = [name for name, value in worth.items() if value < LOW_QUALITY or (name == "small" and not box_px >= SMALL_PX)]
    return FaceQuality(min(worth.values()), bool(low), tuple(low))


def _ramp(value: float, ends: tuple[float, float]) -> float:
    bad, good = ends
    if not math.isfinite(value):
        return 0.0
    return min(max((value - bad) / (good - bad), 0.0), 1.0)
