"""Faces of all collections in one: what `data.Faces` has, and what is wanted of each in both conventions."""

from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import COORDINATES
from training.face.data import Faces, stored
from training.face.several.targets import TRAINED, Wanted, build, join


def load(
    data: Path, cache: Path, sets: tuple[str, ...] = TRAINED, leave_out: tuple[str, ...] = ()
) -> tuple[Faces, Wanted]:
    """Every set whose faces are prepared in the cache (`landmarks`, `prepare`), less those left out."""
    parts, wanted, used = [], [], []
    for name in sets:
        if name in leave_out or not (cache / f"{name}_matrix.npy").exists():
            continue
        used.append(name)
        parts.append(stored(cache, name))
        wanted.append(build(data, cache, name))
    luma, side, matrix, geometry = (np.concatenate(column) for column in zip(*parts, strict=True))
    whole = join(wanted)
    base = np.where(whole.kind[:, None] == TRAINED.index("rafdb_train"), whole.labels, whole.votes)
    none = np.zeros(len(base), np.float32)
    split = np.where(whole.dev, 1, 0)
    va = (base @ COORDINATES).astype(np.float32)
    other = (
        np.concatenate([_tall(cache, name, "matrix") for name in used]),
        np.concatenate([_tall(cache, name, "geometry") for name in used]),
    )
    faces = Faces(luma, side, matrix, geometry, base, base, whole.said, none, va, whole.taught, split, other)
    return faces, whole


def _tall(cache: Path, name: str, what: str) -> np.ndarray:
    path = cache / f"{name}_tall_{what}.npy"
    return np.load(path if path.exists() else cache / f"{name}_{what}.npy")


def beyond(wanted: Wanted) -> np.ndarray:
    """(8, 2) the teachers' valence and arousal per class, by least squares over the training faces they were asked."""
    by_label = wanted.kind == TRAINED.index("rafdb_train")
    base = np.where(by_label[:, None], wanted.labels, wanted.votes)
    rows = np.isfinite(wanted.taught[:, 0]) & ~wanted.dev & (wanted.kind != TRAINED.index("rare"))
    if rows.sum() < 500:
        return np.zeros((8, 2), np.float32)
    x, y = base[rows], wanted.taught[rows]
    return np.linalg.solve(x.T @ x + 5 * np.eye(8), x.T @ y).astype(np.float32)
