"""Compiled kernels that cut luma crops out of stored faces and degrade them as cameras do."""
# ruff: noqa: NPY002  (numba knows only the legacy generator)

import numba
import numpy as np


@numba.njit(cache=True)
def cut(luma, side, rows, matrix, kinds, fills, out):
    """Sample each row's image (bilinear); where its kind is not 0, it seeds random degradations.

    What lies outside the image repeats its edge where `fills` is -1, is mirrored where it is -2, an even grey where it
    is -3, and else is a stretch of the image in row `fills`: clutter around a loosely cut face.
    """
    size = out.shape[1]
    tmp = np.empty((size, size), np.float32)
    for k in range(len(rows)):
        image, s, m, fill = luma[rows[k]], side[rows[k]], matrix[k], fills[k]
        for row in range(size):
            for col in range(size):
                u, v = (col + 0.5) / size, (row + 0.5) / size
                x = (m[0, 0] * u + m[0, 1] * v + m[0, 2]) * s - 0.5
                y = (m[1, 0] * u + m[1, 1] * v + m[1, 2]) * s - 0.5
                if fill != -1 and (x < 0.0 or y < 0.0 or x > s - 1.001 or y > s - 1.001):
                    if fill == -3:
                        out[k, row, col] = 96.0
                        continue
                    if fill >= 0:
                        out[k, row, col] = luma[fill][int(abs(y)) % side[fill], int(abs(x)) % side[fill]]
                        continue
                    x, y = abs(x), abs(y)
                    x, y = min(x, abs(2 * (s - 1.001) - x)), min(y, abs(2 * (s - 1.001) - y))
                x = min(max(x, 0.0), s - 1.001)
                y = min(max(y, 0.0), s - 1.001)
                x0, y0 = int(x), int(y)
                fx, fy = x - x0, y - y0
                top = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
                low = image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx
                out[k, row, col] = top * (1 - fy) + low * fy
        if kinds[k] != 0:
            np.random.seed(kinds[k])
            _degrade(out[k], tmp)


@numba.njit(cache=True)
def _degrade(face, tmp):
    """Light, gamma, slope of light, small size, blur, noise and a covering patch, each now and then."""
    size = face.shape[0]
    if np.random.random() < 0.5:
        gamma = np.exp(np.random.normal() * 0.35)
        for i in range(size):
            for j in range(size):
                face[i, j] = 255.0 * (face[i, j] / 255.0) ** gamma
    if np.random.random() < 0.25:
        a, b = np.random.uniform(-0.7, 0.7), np.random.uniform(-0.5, 0.5)
        for i in range(size):
            for j in range(size):
                face[i, j] *= 1.0 + a * (j / size - 0.5) + b * (i / size - 0.5)
    if np.random.random() < 0.25:
        _shrink(face, tmp, np.random.randint(14, 48))
    if np.random.random() < 0.15:
        _box(face, tmp, np.random.randint(1, 3))
    gain = np.random.uniform(0.08, 0.6) if np.random.random() < 0.15 else np.random.uniform(0.8, 1.25)
    noise = np.random.uniform(2.0, 10.0) if np.random.random() < 0.2 else 0.0
    for i in range(size):
        for j in range(size):
            value = face[i, j] * gain
            if noise > 0.0:
                value += np.random.normal() * noise
            face[i, j] = np.floor(min(max(value, 0.0), 255.0))
    if np.random.random() < 0.2:
        height, width = np.random.randint(8, 26), np.random.randint(8, 34)
        top, left = np.random.randint(0, size - height), np.random.randint(0, size - width)
        level = np.random.uniform(0.0, 255.0)
        for i in range(top, top + height):
            for j in range(left, left + width):
                face[i, j] = level


@numba.njit(cache=True)
def _shrink(face, tmp, small):
    """Down to `small` pixels by area and up again by bilinear."""
    size = face.shape[0]
    ratio = size / small
    for i in range(small):
        for j in range(small):
            total, count = 0.0, 0
            for a in range(int(i * ratio), max(int((i + 1) * ratio), int(i * ratio) + 1)):
                for b in range(int(j * ratio), max(int((j + 1) * ratio), int(j * ratio) + 1)):
                    total += face[a, b]
                    count += 1
            tmp[i, j] = total / count
    for i in range(size):
        y = min(max((i + 0.5) / ratio - 0.5, 0.0), small - 1.001)
        for j in range(size):
            x = min(max((j + 0.5) / ratio - 0.5, 0.0), small - 1.001)
            y0, x0 = int(y), int(x)
            fy, fx = y - y0, x - x0
            top = tmp[y0, x0] * (1 - fx) + tmp[y0, x0 + 1] * fx
            low = tmp[y0 + 1, x0] * (1 - fx) + tmp[y0 + 1, x0 + 1] * fx
            face[i, j] = top * (1 - fy) + low * fy


@numba.njit(cache=True)
def _box(face, tmp, radius):
    """Box blur over rows, then columns."""
    size = face.shape[0]
    for turn in range(2):
        for i in range(size):
            for j in range(size):
                total, count = 0.0, 0
                for d in range(-radius, radius + 1):
                    k = (j if turn == 0 else i) + d
                    if 0 <= k < size:
                        total += face[i, k] if turn == 0 else face[k, j]
                        count += 1
                tmp[i, j] = total / count
        face[:, :] = tmp
