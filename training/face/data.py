"""The stored training, dev and validation faces, what is known of each, and their plain crops."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import COORDINATES, EMOTIONS
from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.population import NEUTRAL_MEAN
from training.face.degrade import cut
from training.face.landmarks import SETS
from training.face.net import SIDE
from training.face.teachers import TEACHER_ORDER

_ORDER = [TEACHER_ORDER.index(name) for name in EMOTIONS]
STORE = 96  # pixels a side in the common store; FER+ faces keep their 48


@dataclass
class Faces:
    """Everything about the training and validation faces, one row each."""

    luma: np.ndarray  # (n, STORE, STORE) uint8, the image in the upper left corner
    side: np.ndarray  # (n,) its real side in pixels
    matrix: np.ndarray  # (n, 2, 3) unit crop to image fractions
    geometry: np.ndarray  # (n, G) float32, NaN without landmarks
    target: np.ndarray  # (n, 8) votes' or teachers' distribution, to judge by
    learn: np.ndarray  # (n, 8) the votes with the teachers' word mixed in (distil.py), to learn from if asked to
    said: np.ndarray  # (n, 8) the class teachers' average as it comes, NaN where they were not asked
    votes: np.ndarray  # (n,) number of valid votes behind it; 0 for teachers
    va: np.ndarray  # (n, 2) valence and arousal target
    taught: np.ndarray  # (n, 2) the teachers' own valence and arousal
    split: np.ndarray  # (n,) 0 train, 1 dev, 2 validation, 3 teacher-labelled
    other: tuple[np.ndarray, np.ndarray] | None = None  # matrix and geometry with the squeeze of a collection undone

    def rows(self, split: int) -> np.ndarray:
        """Rows of a split that have at least one valid vote or a teacher's word."""
        return np.flatnonzero((self.split == split) & (self.target.sum(1) > 0.5))


def load(cache: Path) -> Faces:
    """The faces of the cache, with the teacher-labelled ones where `utk_target.npy` (see distil.py) is there."""
    z = np.load(cache / "ferplus_votes.npz")
    total = z["votes"].sum(1, keepdims=True)
    target = z["votes"] / np.maximum(total, 1)
    split = np.where(z["validation"], 2, np.where(z["dev"], 1, 0))
    parts = [stored(cache, "ferplus")]
    targets, counts, splits = [target], [total[:, 0]], [split]
    if (cache / "utk_target.npy").exists():
        parts.append(stored(cache, "utk"))
        taught = np.load(cache / "utk_target.npy")
        targets.append(taught)
        counts.append(np.zeros(len(taught), np.float32))
        splits.append(np.full(len(taught), 3))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    target = np.concatenate(targets).astype(np.float32)
    learn = target.copy()
    if (cache / "ferplus_posterior.npy").exists():
        train = np.flatnonzero(split == 0)
        learn[train] = np.load(cache / "ferplus_posterior.npy")[train]
    va = target @ COORDINATES
    if (cache / "residual.npy").exists():
        va = va + np.load(cache / "residual.npy")[: len(va)]
    spoke = [np.load(cache / f"{name}_va.npy").mean(0)[:, ::-1] for name in ("ferplus", "utk")]
    taught = np.concatenate(spoke)[: len(va)].astype(np.float32)
    said = np.concatenate([teachers_average(cache / f"{name}_classes.npy") for name in ("ferplus", "utk")])[: len(va)]
    return Faces(
        *joined, target, learn, said, np.concatenate(counts), va.astype(np.float32), taught, np.concatenate(splits)
    )


def log_classes(path: Path) -> np.ndarray:
    """Teachers' log-probabilities (n, teachers * 8) in our order, NaN rows where they were not asked."""
    return _logs(np.load(path))


def _logs(spoken: np.ndarray) -> np.ndarray:
    p = spoken[:, :, _ORDER]
    return np.log(np.clip(p, 1e-4, 1)).transpose(1, 0, 2).reshape(p.shape[1], -1)


def teachers_average(path: Path) -> np.ndarray:
    """Geometric mean of the teachers' distributions (n, 8) in our order."""
    return average(np.load(path))


def average(spoken: np.ndarray) -> np.ndarray:
    """The same of what the teachers said, (teachers, n, 8) in their order."""
    x = _logs(spoken)
    mean = x.reshape(len(x), -1, 8).mean(1)
    p = np.exp(mean)
    return (p / p.sum(1, keepdims=True)).astype(np.float32)


def stored(cache: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Luma in the common store, sides, crop matrices, geometry of one set."""
    path = cache / f"{name}_store.npy"
    images = np.load(cache / f"{name}_images.npy", mmap_mode="r")
    side = min(images.shape[1], STORE)
    if not path.exists():
        from PIL import Image

        store = np.zeros((len(images), STORE, STORE), np.uint8)
        for i, image in enumerate(images):
            grey = Image.fromarray(image).convert("L")
            small = grey if side == image.shape[0] else grey.resize((side, side), Image.Resampling.BOX)
            store[i, :side, :side] = np.asarray(small)
        beside = path.with_suffix(f".{os.getpid()}.npy")  # workers may all want it at once
        np.save(beside, store)
        beside.replace(path)
    assert name in SETS
    sides = np.full(len(images), side, np.int64)
    return np.load(path), sides, np.load(cache / f"{name}_matrix.npy"), np.load(cache / f"{name}_geometry.npy")


LOOSE = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # the whole image as the crop


def plain(faces: Faces, rows: np.ndarray, loose: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same rows without augmentation: aligned, or the whole image where `loose`."""
    matrix = np.repeat(LOOSE[None], len(rows), 0) if loose else faces.matrix[rows].astype(np.float64)
    out = np.empty((len(rows), SIDE, SIDE), np.float32)
    cut(faces.luma, faces.side, rows, matrix, np.full(len(rows), -1), np.ones(len(rows)), out)
    raw = faces.geometry[rows]
    present = np.isfinite(raw[:, :1])
    joined = np.where(present, np.concatenate([raw, raw - NEUTRAL_MEAN], 1), 0)
    return out, joined.astype(np.float32), present.astype(np.float32)


def geometry_scale(faces: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (2G,) of raw and relative geometry over the training part, for the net's own scaling."""
    known = faces.geometry[(faces.split == 0) & np.isfinite(faces.geometry[:, 0])]
    mean, sd = known.mean(0), np.maximum(known.std(0), 0.02)
    assert mean.shape == (GEOMETRY_SIZE,)
    return np.concatenate([mean, mean - NEUTRAL_MEAN]), np.concatenate([sd, sd])
