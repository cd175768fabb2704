"""Compiled kernels for colour: cut stored crops at random places, throw colours about, lay patches over."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def cut(crops, rows, matrix, out):
    """Bilinear samples of `crops` (N, s, s, 3) uint8 rows through `matrix` (n, 2, 3), pixels of `out` (3, n, t, t) to
    pixels of the crop; beyond the crop its edge repeats."""
    side, size = crops.shape[1], out.shape[2]
    for k in range(len(rows)):
        image, m = crops[rows[k]], matrix[k]
        for row in range(size):
            for col in range(size):
                u, v = col + 0.5, row + 0.5
                x = min(max(m[0, 0] * u + m[0, 1] * v + m[0, 2] - 0.5, 0.0), side - 1.001)
                y = min(max(m[1, 0] * u + m[1, 1] * v + m[1, 2] - 0.5, 0.0), side - 1.001)
                x0, y0 = int(x), int(y)
                fx, fy = np.float32(x - x0), np.float32(y - y0)
                a, b = (1 - fx) * (1 - fy), fx * (1 - fy)
                c, d = (1 - fx) * fy, fx * fy
                for p in range(3):
                    out[p, k, row, col] = (
                        image[y0, x0, p] * a
                        + image[y0, x0 + 1, p] * b
                        + image[y0 + 1, x0, p] * c
                        + image[y0 + 1, x0 + 1, p] * d
                    )


@numba.njit(cache=True, nogil=True)
def colour(planes, keep, gains):
    """In place: mix each face of `planes` (3, n, s, s) with its luma (`keep` 1: as it is, 0: grey), then multiply by
    `gains` (n, 3)."""
    for k in range(planes.shape[1]):
        share = keep[k]
        for i in range(planes.shape[2]):
            for j in range(planes.shape[3]):
                r, g, b = planes[0, k, i, j], planes[1, k, i, j], planes[2, k, i, j]
                luma = np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
                planes[0, k, i, j] = min(max((luma + share * (r - luma)) * gains[k, 0], 0.0), 255.0)
                planes[1, k, i, j] = min(max((luma + share * (g - luma)) * gains[k, 1], 0.0), 255.0)
                planes[2, k, i, j] = min(max((luma + share * (b - luma)) * gains[k, 2], 0.0), 255.0)
