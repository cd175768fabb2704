"""Compiled kernels that sample an image through a crop matrix; `align.warp` chooses between them.

Each line of samples is placed first and read afterwards: the first loop has no branches and becomes vector code.
"""
# pyright: basic

from pathlib import Path

import numpy as np

from liveaffect.models.kernels import cache_folder, kernel_in

kernel = kernel_in(cache_folder("face", [Path(__file__)]))


@kernel
def bilinear(image, inverse, taps, out):  # pragma: no cover - compiled
    """Bilinear samples on a `taps` x `taps` grid inside each output pixel, averaged and rounded."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    right, bottom = w - 1.0, h - 1.0
    norm, half = np.float32(1.0 / (taps * taps)), np.float32(0.5)
    along = _along(inverse, taps, size)
    count = size * taps
    above, below, aside = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    fx, fy = np.empty(count, np.float32), np.empty(count, np.float32)
    pixels = image.reshape(-1)
    sums = np.empty((size, 3))
    for row in range(size):
        sums[:] = 0.0
        for i in range(taps):
            v = row + (i + 0.5) / taps
            xv, yv = inverse[0, 1] * v, inverse[1, 1] * v
            for k in range(count):
                x = min(max(along[0, k] + xv + inverse[0, 2] - 0.5, 0.0), right)
                y = min(max(along[1, k] + yv + inverse[1, 2] - 0.5, 0.0), bottom)
                left, top = np.int32(x), np.int32(y)
                fx[k], fy[k] = np.float32(x - left), np.float32(y - top)
                above[k] = 3 * (top * w + left)
                below[k] = 3 * (min(top + 1, h - 1) * w + left)
                aside[k] = 3 * (min(left + 1, w - 1) - left)
            for col in range(size):
                red, green, blue = sums[col, 0], sums[col, 1], sums[col, 2]
                for k in range(col * taps, (col + 1) * taps):
                    b, c = fx[k] * (1 - fy[k]), (1 - fx[k]) * fy[k]
                    d = fx[k] * fy[k]
                    a = 1 - b - c - d
                    # unsigned: compiled code then does not look for indexes from behind
                    p, q, to = np.uintp(above[k]), np.uintp(below[k]), np.uintp(aside[k])
                    red += a * pixels[p] + b * pixels[p + to] + c * pixels[q] + d * pixels[q + to]
                    p, q = p + np.uintp(1), q + np.uintp(1)
                    green += a * pixels[p] + b * pixels[p + to] + c * pixels[q] + d * pixels[q + to]
                    p, q = p + np.uintp(1), q + np.uintp(1)
                    blue += a * pixels[p] + b * pixels[p + to] + c * pixels[q] + d * pixels[q + to]
                sums[col, 0], sums[col, 1], sums[col, 2] = red, green, blue
        for col in range(size):
            for channel in range(3):
                out[row, col, channel] = np.uint8(sums[col, channel] * norm + half)


@kernel
def area(image, inverse, taps, out):  # pragma: no cover - compiled
    """Nearest samples on a `taps` x `taps` grid inside each output pixel, about one per source pixel, averaged."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    right, bottom = w - 1.0, h - 1.0
    half, reciprocal, shift = _division(taps * taps)
    along = _along(inverse, taps, size)
    count = size * taps
    at = np.empty(count, np.int64)
    pixels = image.reshape(-1)
    sums = np.empty((size, 3), np.uint64)
    for row in range(size):
        sums[:] = 0
        for i in range(taps):
            v = row + (i + 0.5) / taps
            xv = inverse[0, 1] * v + inverse[0, 2]
            yv = inverse[1, 1] * v + inverse[1, 2]
            for k in range(count):
                x = np.int32(min(max(along[0, k] + xv, 0.0), right))
                y = np.int32(min(max(along[1, k] + yv, 0.0), bottom))
                at[k] = 3 * (y * w + x)
            for col in range(size):
                red = green = blue = np.uint32(0)
                for k in range(col * taps, (col + 1) * taps):
                    p = np.uintp(at[k])
                    red += pixels[p]
                    green += pixels[p + np.uintp(1)]
                    blue += pixels[p + np.uintp(2)]
                sums[col, 0] += red
                sums[col, 1] += green
                sums[col, 2] += blue
        for col in range(size):
            for channel in range(3):
                out[row, col, channel] = ((sums[col, channel] + half) * reciprocal) >> shift


@kernel
def _along(inverse, taps, size):  # pragma: no cover - compiled
    """What each sample of a line adds to the source position, (2, size * taps): x, y."""
    along = np.empty((2, size * taps))
    for col in range(size):
        for j in range(taps):
            u = col + (j + 0.5) / taps
            along[0, col * taps + j] = inverse[0, 0] * u
            along[1, col * taps + j] = inverse[1, 0] * u
    return along


@kernel
def _division(count):  # pragma: no cover - compiled
    """(sum + half) * reciprocal >> shift is (sum + count // 2) // count, exactly, for sums below 2**16 of `count`."""
    return np.uint64(count // 2), np.uint64((1 << 32) // count + 1), np.uint64(32)
