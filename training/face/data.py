"""Batches for the face student: luma crops cut from the stored faces at random places and degraded."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.geometry import GEOMETRY_SIZE, mirror
from liveaffect.models.population import NEUTRAL_MEAN
from training.face.degrade import cut
from training.face.landmarks import SETS
from training.face.net import SIDE

STORE = 80  # pixels a side in the common store; FER+ faces keep their 48


@dataclass
class Faces:
    """Everything about the training and validation faces, one row each."""

    luma: np.ndarray  # (n, STORE, STORE) uint8, the image in the upper left corner
    side: np.ndarray  # (n,) its real side in pixels
    matrix: np.ndarray  # (n, 2, 3) unit crop to image fractions
    geometry: np.ndarray  # (n, G) float32, NaN without landmarks
    target: np.ndarray  # (n, 8) votes' or teachers' distribution
    votes: np.ndarray  # (n,) number of valid votes behind it; 0 for teachers
    va: np.ndarray  # (n, 2) valence and arousal target
    taught: np.ndarray  # (n, 2) the teachers' own valence and arousal
    split: np.ndarray  # (n,) 0 train, 1 dev, 2 validation, 3 teacher-labelled

    def rows(self, split: int) -> np.ndarray:
        """Rows of a split that have at least one valid vote or a teacher's word."""
        return np.flatnonzero((self.split == split) & (self.target.sum(1) > 0.5))


def load(cache: Path) -> Faces:
    """The faces of the cache, with the teacher-labelled ones where `utk_target.npy` (see distil.py) is there."""
    z = np.load(cache / "ferplus_votes.npz")
    total = z["votes"].sum(1, keepdims=True)
    target = z["votes"] / np.maximum(total, 1)
    split = np.where(z["validation"], 2, np.where(z["dev"], 1, 0))
    parts = [_stored(cache, "ferplus")]
    targets, counts, splits = [target], [total[:, 0]], [split]
    if (cache / "utk_target.npy").exists():
        parts.append(_stored(cache, "utk"))
        taught = np.load(cache / "utk_target.npy")
        targets.append(taught)
        counts.append(np.zeros(len(taught), np.float32))
        splits.append(np.full(len(taught), 3))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    target = np.concatenate(targets).astype(np.float32)
    va = target @ COORDINATES
    if (cache / "residual.npy").exists():
        va = va + np.load(cache / "residual.npy")[: len(va)]
    said = [np.load(cache / f"{name}_va.npy").mean(0)[:, ::-1] for name in ("ferplus", "utk")]
    taught = np.concatenate(said)[: len(va)].astype(np.float32)
    return Faces(*joined, target, np.concatenate(counts), va.astype(np.float32), taught, np.concatenate(splits))


def _stored(cache: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
        np.save(path, store)
    assert name in SETS
    sides = np.full(len(images), side, np.int64)
    return np.load(path), sides, np.load(cache / f"{name}_matrix.npy"), np.load(cache / f"{name}_geometry.npy")


LOOSE = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # the whole image as the crop


class Batches:
    """Random degraded training batches; `ablate` leaves an ingredient out by name."""

    def __init__(self, faces: Faces, seed: int, ablate: tuple[str, ...] = (), clean: float = 0.0) -> None:
        self.faces, self.rng, self.ablate, self.clean = faces, np.random.default_rng(seed), ablate, clean
        has = np.isfinite(faces.geometry[:, 0])
        calm = has & (faces.target[:, 0] > 0.8) & (faces.split == 0)
        self._personal = faces.geometry[calm] - NEUTRAL_MEAN
        self._noise = 0.15 * np.nanstd(faces.geometry[::7], 0).astype(np.float32)

    def draw(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Luma (n, 64, 64) float32 0 to 255, geometry (n, 2G), present (n, 1) for the given rows."""
        faces, rng, n = self.faces, self.rng, len(rows)
        flip = rng.random(n) < 0.5
        loose = rng.random(n) < (0.0 if "loose" in self.ablate else 0.35)
        matrix = np.where(loose[:, None, None], LOOSE, faces.matrix[rows])
        spread = np.where(loose, 2.0, 1.0)
        angle = np.radians(rng.normal(0, 6, n) * spread)
        # A detector's box is from 0.7 of the aligned crop (tight) to twice as wide; the whole image is 0.86 of it.
        scale = np.exp(np.where(loose, rng.uniform(-0.1, 0.8, n), rng.normal(0, 0.06, n)))
        shift = rng.normal(0, 0.03, (n, 2)) * spread[:, None]
        matrix = jitter(matrix, angle, scale, shift, flip)
        kinds = rng.integers(1, 1 << 30, n) * (rng.random(n) >= (1.0 if "degrade" in self.ablate else self.clean))
        out = np.empty((n, SIDE, SIDE), np.float32)
        outside = np.where(rng.random(n) < 0.5, rng.integers(-3, 0, n), rng.integers(0, len(faces.luma), n))
        cut(faces.luma, faces.side, rows, matrix, kinds, np.where(loose, outside, -1), out)
        if "degrade" not in self.ablate:
            self._jpeg(out)
        vectors, present = self._geometry(rows, flip, loose)
        return out, vectors, present

    def _geometry(self, rows: np.ndarray, flip: np.ndarray, loose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng, n = self.rng, len(rows)
        raw = self.faces.geometry[rows]
        present = np.isfinite(raw[:, 0]) & ~loose & (rng.random(n) < 0.7)
        if "geometry" in self.ablate:
            present[:] = False
        raw = np.where(present[:, None], raw, 0)
        raw[flip] = mirror(raw[flip])
        raw = raw + rng.normal(0, 1, raw.shape).astype(np.float32) * self._noise
        away = raw - NEUTRAL_MEAN
        # A person's lasting offset moves the raw part only: with a known neutral the relative part is free of it.
        person = self._personal[rng.integers(0, len(self._personal), n)] * (0.7 * rng.integers(0, 2, (n, 1)))
        joined = np.concatenate([raw + person, away], 1).astype(np.float32)
        return np.where(present[:, None], joined, 0).astype(np.float32), present[:, None].astype(np.float32)

    def _jpeg(self, luma: np.ndarray) -> None:
        import io

        from PIL import Image

        for i in np.flatnonzero(self.rng.random(len(luma)) < 0.1):
            buffer = io.BytesIO()
            Image.fromarray(luma[i].astype(np.uint8)).save(buffer, "JPEG", quality=int(self.rng.integers(12, 60)))
            luma[i] = np.asarray(Image.open(buffer))


def plain(faces: Faces, rows: np.ndarray, loose: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same rows without augmentation: aligned, or the whole image where `loose`."""
    matrix = np.repeat(LOOSE[None], len(rows), 0) if loose else faces.matrix[rows].astype(np.float64)
    out = np.empty((len(rows), SIDE, SIDE), np.float32)
    cut(faces.luma, faces.side, rows, matrix, np.zeros(len(rows), np.int64), np.full(len(rows), -1), out)
    raw = faces.geometry[rows]
    present = np.isfinite(raw[:, :1])
    joined = np.where(present, np.concatenate([raw, raw - NEUTRAL_MEAN], 1), 0)
    return out, joined.astype(np.float32), present.astype(np.float32)


def jitter(matrix: np.ndarray, angle: np.ndarray, scale: np.ndarray, shift: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """Crop matrices (n, 2, 3) turned, scaled and shifted about the crop's centre, mirrored where `flip`."""
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    own = np.stack([np.stack([c * np.where(flip, -1, 1), -s], 1), np.stack([s * np.where(flip, -1, 1), c], 1)], 1)
    offset = 0.5 + shift - own @ np.array([0.5, 0.5])
    linear = matrix[:, :, :2] @ own
    place = (matrix[:, :, :2] @ offset[..., None])[..., 0] + matrix[:, :, 2]
    return np.concatenate([linear, place[..., None]], 2)


def geometry_scale(faces: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (2G,) of raw and relative geometry over the training part, for the net's own scaling."""
    known = faces.geometry[(faces.split == 0) & np.isfinite(faces.geometry[:, 0])]
    mean, sd = known.mean(0), np.maximum(known.std(0), 0.02)
    assert mean.shape == (GEOMETRY_SIZE,)
    return np.concatenate([mean, mean - NEUTRAL_MEAN]), np.concatenate([sd, sd])
