"""Compiled kernel that lays hands, masks and objects before faces, and says how much of eyes and mouth they hide."""
# ruff: noqa: NPY002  (numba knows only the legacy generator)

import numba
import numpy as np

# Where the aligned crop (`align.TEMPLATE`) has them: left, right, top, bottom.
MOUTH = (0.36, 0.64, 0.63, 0.78)
EYES = ((0.24, 0.45, 0.30, 0.44), (0.55, 0.76, 0.30, 0.44))


@numba.njit(cache=True, nogil=True)
def lay(faces, aligned, seeds, luma, side, textures, hidden):
    """Cover each face whose seed is not 0; `hidden` (n,) gets the largest covered share of an eye or the mouth.

    `faces` (n, s, s) float32 is changed; `aligned` (n, 2, 3) takes unit crop to aligned unit coordinates, in which the
    covers are shaped; `textures` (n,) are rows of `luma` a patterned cover is cut from.
    """
    size = faces.shape[1]
    mask = np.empty((size, size), np.bool_)
    for k in range(len(faces)):
        hidden[k] = 0.0
        if seeds[k] == 0:
            continue
        np.random.seed(seeds[k])
        face, q = faces[k], aligned[k]
        _shape(mask, q)
        hidden[k] = max(_share(mask, q, MOUTH), _share(mask, q, EYES[0]), _share(mask, q, EYES[1]))
        _paint(face, mask, luma[textures[k]], side[textures[k]])


@numba.njit(cache=True)
def _shape(mask, q):
    """A mask over the lower face, a band over the eyes, or a turned ellipse or rectangle anywhere, often the mouth."""
    size, kind = mask.shape[0], np.random.random()
    turn = np.random.uniform(-1.5, 1.5)
    if kind < 0.2:
        x, y, wide, high, turn, rounded = 0.5, 1.0, 0.36, np.random.uniform(0.28, 0.48), 0.0, True
    elif kind < 0.35:
        x, y, wide, high, turn, rounded = (
            0.5,
            0.37,
            np.random.uniform(0.2, 0.32),
            np.random.uniform(0.05, 0.12),
            0.0,
            False,
        )
    else:
        x, y = np.random.uniform(0.2, 0.8), np.random.uniform(0.2, 0.95)
        if np.random.random() < 0.5:
            x, y = 0.5 + np.random.uniform(-0.15, 0.15), 0.7 + np.random.uniform(-0.1, 0.15)
        wide, high = np.random.uniform(0.1, 0.32), np.random.uniform(0.06, 0.2)
        rounded = np.random.random() < 0.6
    c, s = np.cos(turn), np.sin(turn)
    for i in range(size):
        for j in range(size):
            u, v = (j + 0.5) / size, (i + 0.5) / size
            dx = q[0, 0] * u + q[0, 1] * v + q[0, 2] - x
            dy = q[1, 0] * u + q[1, 1] * v + q[1, 2] - y
            a, b = (c * dx + s * dy) / wide, (c * dy - s * dx) / high
            mask[i, j] = a * a + b * b < 1.0 if rounded else abs(a) < 1.0 and abs(b) < 1.0


@numba.njit(cache=True)
def _share(mask, q, box):
    """Share of the box, in aligned coordinates, that the mask hides; 0 where the box is out of the crop."""
    size, inside, under = mask.shape[0], 0, 0
    for i in range(size):
        for j in range(size):
            u, v = (j + 0.5) / size, (i + 0.5) / size
            x, y = q[0, 0] * u + q[0, 1] * v + q[0, 2], q[1, 0] * u + q[1, 1] * v + q[1, 2]
            if box[0] < x < box[1] and box[2] < y < box[3]:
                inside += 1
                under += mask[i, j]
    return under / inside if inside > 0 else 0.0


@numba.njit(cache=True)
def _paint(face, mask, texture, side):
    """An even grey, a stretch of another picture, or the face's own grey with a shade and dark lines, as fingers."""
    size, kind = face.shape[0], np.random.random()
    level, noise = np.random.uniform(0.0, 255.0), np.random.uniform(0.0, 6.0)
    total, count = 0.0, 1
    for i in range(size // 4, 3 * size // 4):
        for j in range(size // 4, 3 * size // 4):
            total += face[i, j]
            count += 1
    skin = total / count * np.random.uniform(0.75, 1.25)
    turn, width, depth = np.random.uniform(0.0, 3.14), np.random.uniform(5.0, 12.0), np.random.uniform(0.1, 0.45)
    slope_x, slope_y = np.random.uniform(-0.5, 0.5), np.random.uniform(-0.5, 0.5)
    ox, oy = np.random.randint(0, side), np.random.randint(0, side)
    zoom = np.random.uniform(0.3, 1.5)
    c, s = np.cos(turn), np.sin(turn)
    for i in range(size):
        for j in range(size):
            if not mask[i, j]:
                continue
            if kind < 0.3:
                value = level
            elif kind < 0.55:
                value = float(texture[(oy + int(i * zoom)) % side, (ox + int(j * zoom)) % side])
            else:
                along = (c * i + s * j) / width
                value = skin * (1.0 + slope_x * (j / size - 0.5) + slope_y * (i / size - 0.5))
                value *= 1.0 - depth * max(0.0, 1.0 - 4.0 * abs(along - np.floor(along) - 0.5))
            face[i, j] = min(max(value + np.random.normal() * noise, 0.0), 255.0)
