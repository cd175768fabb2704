"""Compiled kernels that sample an image through a crop matrix; `align.warp` chooses between them."""

import numba
import numpy as np


@numba.njit(cache=True)
def bilinear(image, inverse, taps, out):  # pragma: no cover - compiled
    """Bilinear samples on a `taps` x `taps` grid inside each output pixel, averaged and rounded."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    for row in range(size):
        for col in range(size):
            red = green = blue = np.float32(0.0)
            for i in range(taps * taps):
                u = col + (i % taps + 0.5) / taps
                v = row + (i // taps + 0.5) / taps
                x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2] - 0.5
                y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2] - 0.5
                x = min(max(x, 0.0), w - 1.0)
                y = min(max(y, 0.0), h - 1.0)
                x0, y0 = int(x), int(y)
                x1, y1 = min(x0 + 1, w - 1), min(y0 + 1, h - 1)
                fx, fy = np.float32(x - x0), np.float32(y - y0)
                b, c = fx * (1 - fy), (1 - fx) * fy
                d = fx * fy
                a = 1 - b - c - d
                red += a * image[y0, x0, 0] + b * image[y0, x1, 0] + c * image[y1, x0, 0] + d * image[y1, x1, 0]
                green += a * image[y0, x0, 1] + b * image[y0, x1, 1] + c * image[y1, x0, 1] + d * image[y1, x1, 1]
                blue += a * image[y0, x0, 2] + b * image[y0, x1, 2] + c * image[y1, x0, 2] + d * image[y1, x1, 2]
            norm = np.float32(1.0 / (taps * taps))
            out[row, col, 0] = np.uint8(red * norm + np.float32(0.5))
            out[row, col, 1] = np.uint8(green * norm + np.float32(0.5))
            out[row, col, 2] = np.uint8(blue * norm + np.float32(0.5))


@numba.njit(cache=True)
def area(image, inverse, taps, out):  # pragma: no cover - compiled
    """Nearest samples on a `taps` x `taps` grid inside each output pixel, about one per source pixel, averaged."""
    h, w = image.shape[0], image.shape[1]
    size = out.shape[0]
    count = taps * taps
    for row in range(size):
        for col in range(size):
            red = green = blue = 0
            for i in range(taps):
                v = row + (i + 0.5) / taps
                xv = inverse[0, 1] * v + inverse[0, 2]
                yv = inverse[1, 1] * v + inverse[1, 2]
                for j in range(taps):
                    u = col + (j + 0.5) / taps
                    x = int(min(max(inverse[0, 0] * u + xv, 0.0), w - 1.0))
                    y = int(min(max(inverse[1, 0] * u + yv, 0.0), h - 1.0))
                    red += image[y, x, 0]
                    green += image[y, x, 1]
                    blue += image[y, x, 2]
            out[row, col, 0] = (red + count // 2) // count
            out[row, col, 1] = (green + count // 2) // count
            out[row, col, 2] = (blue + count // 2) // count
