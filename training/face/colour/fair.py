"""Targets freed of who a face belongs to: what gender, age and origin say beside the face's own movements is taken off.

Of UTKFace's faces an earlier net's word is learned, and that word is happier of a woman than of a man with the same
blendshapes (+0.06 in valence).
"""

from pathlib import Path

import numpy as np

from training.face.prepare import manifest

ARCHIVE = "utkface_adults_128px.zip"
ORIGINS = 5


def groups(data: Path) -> np.ndarray:
    """(n, 7) of UTKFace's faces: woman, age and its square, four origins against the fifth; each of mean 0."""
    rows = manifest(data / ARCHIVE)
    woman, origin = (np.array([int(float(row[key])) for row in rows]) for key in ("gender", "race"))
    age = (np.array([float(row["age"]) for row in rows]) - 40) / 20
    columns = np.column_stack([woman, age, age**2, *(origin == k for k in range(1, ORIGINS))]).astype(float)
    return columns - columns.mean(0)


def effects(values: np.ndarray, who: np.ndarray, blendshapes: np.ndarray) -> np.ndarray:
    """(7, k): how `values` (n, k) go with `who` (n, 7) at equal blendshapes (n, 52), by least squares over the rows
    where all are known."""
    known = np.isfinite(blendshapes[:, 0]) & np.isfinite(values[:, 0])
    seen = blendshapes[known]
    x = np.column_stack([who[known], np.ones(known.sum()), seen, seen**2])
    return np.linalg.lstsq(x, values[known], rcond=None)[0][: who.shape[1]]


def freed(p: np.ndarray, who: np.ndarray, blendshapes: np.ndarray) -> np.ndarray:
    """Distributions (n, 8) less what `who` adds to their logarithms."""
    log_p = np.log(np.maximum(p, 1e-4))
    log_p = log_p - who @ effects(log_p, who, blendshapes)
    tilted = np.exp(log_p - log_p.max(1, keepdims=True))
    return (tilted / tilted.sum(1, keepdims=True)).astype(np.float32)
