"""Compiled kernels that cut luma crops out of stored faces and degrade them as cameras do."""
# ruff: noqa: NPY002  (numba knows only the legacy generator)

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def cut(luma, side, rows, matrix, fills, zooms, out):
    """Sample each row's image (bilinear) through `matrix` (n, 2, 3), unit crop to image fractions.

    What lies outside the image repeats its edge where `fills` is -1, is mirrored where it is -2, an even grey where it
    is -3, and else is the image in row `fills`, enlarged by 1 / abs(`zooms`): clutter around the face. A negative zoom
    fades from one to the other around an oval, so that the picture's frame does not tell where the face is.
    """
    size = out.shape[1]
    for k in range(len(rows)):
        image, s, m, fill, zoom = luma[rows[k]], side[rows[k]], matrix[k], fills[k], abs(zooms[k])
        for row in range(size):
            for col in range(size):
                u, v = (col + 0.5) / size, (row + 0.5) / size
                x = (m[0, 0] * u + m[0, 1] * v + m[0, 2]) * s - 0.5
                y = (m[1, 0] * u + m[1, 1] * v + m[1, 2]) * s - 0.5
                beyond = x < 0.0 or y < 0.0 or x > s - 1.001 or y > s - 1.001
                if beyond and fill == -3:
                    out[k, row, col] = 96.0
                    continue
                if beyond and fill == -2:
                    x, y = abs(x), abs(y)
                    x, y = min(x, abs(2 * (s - 1.001) - x)), min(y, abs(2 * (s - 1.001) - y))
                share = 0.0
                if fill >= 0:
                    share = 1.0 if beyond else 0.0
                    if zooms[k] < 0.0:
                        dx, dy = abs(2.0 * (x + 0.5) / s - 1.0), abs(2.0 * (y + 0.5) / s - 1.0)
                        share = min(max(((dx**2.5 + dy**2.5) ** 0.4 - 0.85) * 5.0, share), 1.0)
                value = 0.0 if share == 1.0 else (1.0 - share) * _at(image, s, x, y)
                if share > 0.0:
                    other, t = luma[fill], side[fill]
                    value += share * _at(other, t, t * (0.2 + zoom * u), t * (0.2 + zoom * v))
                out[k, row, col] = value


@numba.njit(cache=True)
def _at(image, s, x, y):
    """Bilinear sample of an image `s` pixels a side, its edges repeated."""
    x, y = min(max(x, 0.0), s - 1.001), min(max(y, 0.0), s - 1.001)
    x0, y0 = int(x), int(y)
    fx, fy = x - x0, y - y0
    top = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
    low = image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + low * fy


@numba.njit(cache=True, nogil=True)
def degrade(faces, kinds):
    """Degrade, in place, each of the faces (n, s, s) whose kind is not 0 as cameras do; the kind is the seed."""
    tmp = np.empty(faces.shape[1:], np.float32)
    for k in range(len(faces)):
        if kinds[k] != 0:
            np.random.seed(kinds[k])
            _degrade(faces[k], tmp)


@numba.njit(cache=True)
def _degrade(face, tmp):
    """Sharpening, light, gamma, slope of light, small size, blur and noise, each now and then."""
    size = face.shape[0]
    if np.random.random() < 0.25:
        _sharpen(face, tmp, np.random.uniform(0.3, 2.0))
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


@numba.njit(cache=True)
def _sharpen(face, tmp, amount):
    """Unsharp mask: FER+ faces have 48 pixels, and a photograph's crop is crisper than any of them."""
    size = face.shape[0]
    tmp[:, :] = face
    for i in range(size):
        for j in range(size):
            total = 0.0
            for a in range(-1, 2):
                for b in range(-1, 2):
                    total += tmp[min(max(i + a, 0), size - 1), min(max(j + b, 0), size - 1)]
            face[i, j] = min(max(tmp[i, j] + amount * (tmp[i, j] - total / 9.0), 0.0), 255.0)


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
