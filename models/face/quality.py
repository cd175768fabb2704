"""Is this face crop good enough to believe? Light, contrast, size, blur and head turn, each from 0 (hopeless) to 1."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def face_quality(crop: NDArray[np.uint8], box_px: float, yaw_deg: float, pitch_deg: float = 0.0) -> FaceQuality:
    """Judge an aligned crop (s, s, 3) uint8 RGB, its side in frame pixels before alignment, and the head's turn.

    Raises ValueError for another shape. A number that is not finite counts as hopeless.
    """
    if crop.ndim != 3 or crop.shape[2] != 3 or min(crop.shape[:2]) < 8:
        raise ValueError(f"face_quality: crop has shape {crop.shape}; give (s, s, 3) uint8 RGB from align.crop_face")
    luma = _luma(crop)
    mean, sd = float(luma.mean()), float(luma.std())
    worth = {
        "dark": _ramp(mean, LUMA_DARK),
        "bright": _ramp(mean, LUMA_BRIGHT),
        "flat": _ramp(sd, CONTRAST),
        "small": _ramp(box_px, SIZE_PX),
        "blurred": _ramp(sharpness(luma), SHARPNESS),
        "turned": min(_ramp(abs(yaw_deg), YAW_DEG), _ramp(abs(pitch_deg), PITCH_DEG)),
    }
    low = [name for name, value in worth.items() if value < LOW_QUALITY or (name == "small" and not box_px >= SMALL_PX)]
    return FaceQuality(min(worth.values()), bool(low), tuple(low))


def sharpness(luma: NDArray[np.float32]) -> float:
    """Share of the variance that goes when 2 by 2 pixels are averaged: 0 for a smooth image, 0.75 for noise."""
    h, w = luma.shape[0] // 2 * 2, luma.shape[1] // 2 * 2
    even = luma[:h, :w]
    coarse = even.reshape(h // 2, 2, w // 2, 2).mean((1, 3))
    total = float(even.var())
    return (total - float(coarse.var())) / total if total > 1e-6 else 0.0


def _luma(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """ITU-R BT.601 luma of the middle of the crop, where the face is: (h, w) float32, 0 to 255."""
    h, w = crop.shape[:2]
    middle = crop[h // 5 : h - h // 8, w // 6 : w - w // 6].astype(np.float32)
    return middle @ np.array([0.299, 0.587, 0.114], np.float32)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    bad, good = ends
    if not np.isfinite(value):
        return 0.0
    return float(min(max((value - bad) / (good - bad), 0.0), 1.0))
