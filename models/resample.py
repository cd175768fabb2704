"""Compiled kernels that sample an image through a crop matrix; `align.warp` chooses between them."""

import numba
import numpy as np


@numba.njit(cache=True)
def bilinear(image, inverse, taps, out):  # pragma: no cover - compiled
    """Bilinear samples on a `taps` x `taps` grid inside each output pixel, averaged and rounded."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    right, bottom = w - 1.0, h - 1.0
    norm, half = np.float32(1.0 / (taps * taps)), np.float32(0.5)
    along = _along(inverse, taps, size)
    for row in range(size):
        for col in range(size):
            red = green = blue = np.float32(0.0)
            for i in range(taps):
                v = row + (i + 0.5) / taps
                xv, yv = inverse[0, 1] * v, inverse[1, 1] * v
                for j in range(taps):
                    x = min(max(along[col, j, 0] + xv + inverse[0, 2] - 0.5, 0.0), right)
                    y = min(max(along[col, j, 1] + yv + inverse[1, 2] - 0.5, 0.0), bottom)
                    left, top = int(x), int(y)
                    fx, fy = np.float32(x - left), np.float32(y - top)
                    x0, x1 = np.uintp(left), np.uintp(min(left + 1, w - 1))  # unsigned: no look for indexes from behind
                    y0, y1 = np.uintp(top), np.uintp(min(top + 1, h - 1))
                    b, c = fx * (1 - fy), (1 - fx) * fy
                    d = fx * fy
                    a = 1 - b - c - d
                    red += a * image[y0, x0, 0] + b * image[y0, x1, 0] + c * image[y1, x0, 0] + d * image[y1, x1, 0]
                    green += a * image[y0, x0, 1] + b * image[y0, x1, 1] + c * image[y1, x0, 1] + d * image[y1, x1, 1]
                    blue += a * image[y0, x0, 2] + b * image[y0, x1, 2] + c * image[y1, x0, 2] + d * image[y1, x1, 2]
            out[row, col, 0] = np.uint8(red * norm + half)
            out[row, col, 1] = np.uint8(green * norm + half)
            out[row, col, 2] = np.uint8(blue * norm + half)


@numba.njit(cache=True)
def area(image, inverse, taps, out):  # pragma: no cover - compiled
    """Nearest samples on a `taps` x `taps` grid inside each output pixel, about one per source pixel, averaged."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    right, bottom = w - 1.0, h - 1.0
    half, reciprocal, shift = _division(taps * taps)
    along = _along(inverse, taps, size)
    for row in range(size):
        for col in range(size):
            red = green = blue = np.uint64(0)
            for i in range(taps):
                v = row + (i + 0.5) / taps
                xv = inverse[0, 1] * v + inverse[0, 2]
                yv = inverse[1, 1] * v + inverse[1, 2]
                for j in range(taps):
                    x = np.uintp(min(max(along[col, j, 0] + xv, 0.0), right))
                    y = np.uintp(min(max(along[col, j, 1] + yv, 0.0), bottom))
                    red += np.uint64(image[y, x, 0])
                    green += np.uint64(image[y, x, 1])
                    blue += np.uint64(image[y, x, 2])
            out[row, col, 0] = ((red + half) * reciprocal) >> shift
            out[row, col, 1] = ((green + half) * reciprocal) >> shift
            out[row, col, 2] = ((blue + half) * reciprocal) >> shift


@numba.njit(cache=True)
def _along(inverse, taps, size):  # pragma: no cover - compiled
    """What each column and tap adds to the source position, (size, taps, 2)."""
    along = np.empty((size, taps, 2))
    for col in range(size):
        for j in range(taps):
            u = col + (j + 0.5) / taps
            along[col, j, 0] = inverse[0, 0] * u
            along[col, j, 1] = inverse[1, 0] * u
    return along


@numba.njit(cache=True)
def _division(count):  # pragma: no cover - compiled
    """(sum + half) * reciprocal >> shift is (sum + count // 2) // count, exactly, for sums below 2**16 of `count`."""
    return np.uint64(count // 2), np.uint64((1 << 32) // count + 1), np.uint64(32)
