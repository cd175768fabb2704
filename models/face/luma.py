"""Brightness of parts of a crop: mean, spread and finest detail of its luma, summed up in whole numbers.

Whole numbers make the sums exact whatever their order, so that compiled code may take many pixels at once.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.kernels import cache_folder, lone_kernel_in

Plane = NDArray[np.int32]
Box = tuple[int, int, int, int]
"""Top, bottom, left, right in pixels."""
UNIT = 1000
_kernel = lone_kernel_in(cache_folder("luma", [Path(__file__)]))


def plane(crop: NDArray[np.uint8]) -> Plane:
    """ITU-R BT.601 luma of `crop` (h, w, 3) uint8 RGB in thousandths, (h, w)."""
    pixels = np.ascontiguousarray(crop)[:]
    pixels.flags.writeable = False  # as crops of a stream are: one compiled form of the kernel
    out = np.empty(crop.shape[:2], np.int32)
    _weigh(pixels, out)
    return out


def mean_sd(luma: Plane, box: Box) -> tuple[float, float]:
    """Mean and standard deviation in a box of a `plane`, 0 to 255."""
    sums = _sums(luma, *box)
    count = (box[1] - box[0]) * (box[3] - box[2])
    return sums[0] / count / UNIT, math.sqrt(_variance(sums, count)) / UNIT


def finest(luma: Plane, box: Box) -> float:
    """Share of the variance that goes when 2 by 2 pixels are averaged: 0 for a smooth image, 0.75 for noise."""
    top, left = box[0], box[2]
    even = top, top + (box[1] - top) // 2 * 2, left, left + (box[3] - left) // 2 * 2
    count = (even[1] - top) * (even[3] - left)
    whole = _variance(_sums(luma, *even), count)
    coarse = _variance(_fours(luma, *even), count // 4) / 16
    return (whole - coarse) / whole if whole > 1e-6 * UNIT**2 else 0.0


def warm() -> None:
    """Loads the compiled kernels, or compiles them."""
    dark = plane(np.zeros((2, 2, 3), np.uint8))
    mean_sd(dark, (0, 2, 0, 2))
    finest(dark, (0, 2, 0, 2))


def _variance(sums: tuple[int, int], count: int) -> float:
    total, squares = sums
    return max(squares / count - (total / count) ** 2, 0.0)


@_kernel
def _weigh(pixels: NDArray[np.uint8], out: Plane) -> None:  # pragma: no cover - compiled
    flat, luma = pixels.reshape(-1), out.reshape(-1)
    for i in range(len(luma)):
        k = np.uintp(3 * i)
        red, green, blue = np.int32(flat[k]), np.int32(flat[k + np.uintp(1)]), np.int32(flat[k + np.uintp(2)])
        luma[i] = np.int32(299) * red + np.int32(587) * green + np.int32(114) * blue


@_kernel
def _sums(luma: Plane, top: int, bottom: int, left: int, right: int) -> Any:  # pragma: no cover - compiled
    """Sum and sum of squares."""
    total, squares = np.int64(0), np.int64(0)
    for y in range(top, bottom):
        for x in range(left, right):
            value = np.int64(luma[y, x])
            total += value
            squares += value * value
    return total, squares


@_kernel
def _fours(luma: Plane, top: int, bottom: int, left: int, right: int) -> Any:  # pragma: no cover - compiled
    """The same of sums of 2 by 2 pixels."""
    total, squares = np.int64(0), np.int64(0)
    for y in range(top, bottom, 2):
        for x in range(left, right, 2):
            value = np.int64(luma[y, x]) + luma[y, x + 1] + luma[y + 1, x] + luma[y + 1, x + 1]
            total += value
            squares += value * value
    return total, squares
