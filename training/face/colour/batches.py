"""Training batches in colour: faces of all collections in fixed shares, each cut, tinted, covered, degraded anew."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liveaffect.models.face.population import NEUTRAL_MEAN
from training.face.batches import shaken
from training.face.colour.kernels import colour, cut
from training.face.colour.store import ROOM, own, store
from training.face.colour.store import SIDE as STORED
from training.face.degrade import degrade
from training.face.prepare import SQUEEZED
from training.face.several.targets import Wanted, join, take


@dataclass
class Collection:
    """The stored faces of one collection."""

    name: str
    crops: np.ndarray  # (n, STORED, STORED, 3) uint8, mapped
    geometry: np.ndarray  # (n, G)
    squeezed: np.ndarray  # (n, G) of the picture as it is, where that is squeezed
    squeeze: float  # by which factor it is
    wanted: Wanted


@dataclass
class Drawn:
    """One batch; `wanted` has the rows of the drawn faces."""

    rgb: np.ndarray  # (n, 3, side, side) float32, 0 to 255
    geometry: np.ndarray  # (n, 2G) float32, 0 where not present
    present: np.ndarray  # (n, 1) float32
    wanted: Wanted


def collection(cache: Path, name: str, wanted: Wanted) -> Collection:
    """Mapped, not read."""
    geometry, raw = own(cache, name, "geometry"), np.load(cache / f"{name}_geometry.npy")
    return Collection(name, store(cache, name), geometry, raw, SQUEEZED.get(name, 1.0), wanted)


class Batches:
    """Draws from `collections` with `shares`; `side` is the pixels of the crops it gives."""

    def __init__(self, collections: list[Collection], shares: list[float], seed: int, side: int) -> None:
        self.collections, self.rng, self.side = collections, np.random.default_rng(seed), side
        self.shares = np.array(shares) / np.sum(shares)
        self._sums = [np.cumsum(c.wanted.draw) for c in collections]
        calm = [
            c.geometry[(c.wanted.votes[:, 0] > 0.75) & np.isfinite(c.geometry[:, 0]) & ~c.wanted.dev]
            for c in collections
        ]
        self._personal = np.concatenate(calm) - NEUTRAL_MEAN
        known = np.concatenate([c.geometry[::7] for c in collections])
        self._noise = 0.15 * np.nanstd(known, 0).astype(np.float32)

    def draw(self, n: int) -> Drawn:
        """A training batch of n faces."""
        counts = np.floor(self.shares * n + self.rng.random()).astype(int)
        counts[0] = max(n - counts[1:].sum(), 0)
        planes, vectors, given, wanted = [], [], [], []
        for c, sums, count in zip(self.collections, self._sums, counts, strict=True):
            if count == 0:
                continue
            rows = np.minimum(np.searchsorted(sums, self.rng.random(count) * sums[-1]), len(sums) - 1)
            seen, geometry, present = self.seen(c, rows)
            planes.append(seen), vectors.append(geometry), given.append(present), wanted.append(take(c.wanted, rows))
        rgb = np.ascontiguousarray(np.concatenate(planes, 1).transpose(1, 0, 2, 3))
        return Drawn(rgb, np.concatenate(vectors), np.concatenate(given), join(wanted))

    def seen(self, c: Collection, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """These rows, each anew: planes (3, n, side, side), geometry, present."""
        n = len(rows)
        flip, loose = self.rng.random(n) < 0.5, self.rng.random(n) < 0.2
        squeeze = np.clip(self.rng.uniform(-1.5, 1.0, n), 0, 1) if c.squeeze > 1 else np.zeros(n)
        planes = self._look(c, rows, self._places(flip, loose, squeeze * np.log(c.squeeze)))
        raw = np.where(squeeze[:, None] > 0.5, c.squeezed[rows], c.geometry[rows])
        return planes, *self._geometry(raw, flip, loose)

    def _look(self, c: Collection, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        rng, n, side, grey_set = self.rng, len(rows), self.side, c.name == "ferplus"
        out = np.empty((3, n, side, side), np.float32)
        cut(c.crops, rows, places, out)
        grey = rng.random(n) < (0.0 if grey_set else 0.25)
        keep = np.where(grey, 0, np.exp(rng.normal(0, 0.3, n))).astype(np.float32)
        strength = np.where(rng.random(n) < 0.5, 0.12, 0.03)[:, None]
        gains = np.exp(rng.normal(0, 1, (n, 3)) * strength)
        if grey_set:  # grey pictures now and then in the colours of skin under some lamp
            tone = np.exp(rng.normal([0.17, 0.0, -0.15], [0.1, 0.04, 0.12], (n, 3)))
            gains = np.where(rng.random((n, 1)) < 0.5, tone, 1.0)
        gains[grey] = 1.0
        colour(out, keep, gains.astype(np.float32))
        self._patches(out)
        spoil = rng.random(n) < 0.4
        kinds = rng.integers(1, 1 << 30, n) * spoil
        for plane in out:  # one seed, so the same for each colour
            degrade(plane, kinds)
        if not grey_set:  # some as coarse as FER+ is
            for i in np.flatnonzero((rng.random(n) < 0.25) & ~spoil):
                _coarse(out[:, i], int(rng.integers(32, 56)))
        for i in np.flatnonzero(rng.random(n) < 0.07):
            _jpeg(out[:, i], int(rng.integers(15, 70)))
        return out

    def _places(self, flip: np.ndarray, loose: np.ndarray, squeeze: np.ndarray) -> np.ndarray:
        """(n, 2, 3): pixels of the crop to pixels of the stored one; `squeeze` is the logarithm of height lost."""
        rng, n = self.rng, len(flip)
        angle = np.radians(rng.normal(0, 7, n) * np.where(loose, 1.7, 1))
        zoom = np.where(loose, rng.uniform(-0.35, 0.4, n), rng.normal(0, 0.07, n))
        scale = np.exp(zoom) * STORED / ROOM / self.side
        stretch = np.exp(rng.normal(0, 0.03, n) - 0.4 * squeeze)
        tall = np.exp(0.6 * squeeze)
        shift = rng.normal(0, 0.03, (n, 2)) * STORED / ROOM * np.where(loose, 2, 1)[:, None]
        c, s, sign = np.cos(angle) * scale, np.sin(angle) * scale, np.where(flip, -1, 1)
        linear = np.stack([np.stack([c * sign * stretch, -s], 1), np.stack([s * sign * stretch, c], 1)], 1)
        linear[:, 1] *= tall[:, None]
        half = np.full(2, self.side / 2)
        return np.concatenate([linear, (STORED / 2 + shift - linear @ half)[..., None]], 2)

    def _patches(self, out: np.ndarray) -> None:
        """Now and then a rectangle of another face, or of one colour, over the face."""
        rng, n, side = self.rng, out.shape[1], self.side
        for i in np.flatnonzero(rng.random(n) < 0.2):
            h, w = (rng.uniform(0.12, 0.4, 2) * side).astype(int)
            y, x = rng.integers(0, side - h), rng.integers(0, side - w)
            if rng.random() < 0.5:
                out[:, i, y : y + h, x : x + w] = rng.uniform(0, 255, (3, 1, 1))
            else:
                j, a, b = rng.integers(0, n), rng.integers(0, side - h), rng.integers(0, side - w)
                out[:, i, y : y + h, x : x + w] = out[:, j, a : a + h, b : b + w].copy()

    def _geometry(self, raw: np.ndarray, flip: np.ndarray, loose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng, n = self.rng, len(raw)
        present = np.isfinite(raw[:, 0]) & ~loose & (rng.random(n) < 0.65)
        return shaken(rng, np.where(present[:, None], raw, 0), flip, present, self._noise, self._personal)


def plain(c: Collection, rows: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """RGB (n, 3, side, side), geometry, present of faces as they are."""
    out = np.empty((3, len(rows), side, side), np.float32)
    scale = STORED / ROOM / side
    shift = STORED / 2 - scale * side / 2
    matrix = np.repeat(np.array([[[scale, 0, shift], [0, scale, shift]]]), len(rows), 0)
    cut(c.crops, rows, matrix, out)
    raw = c.geometry[rows]
    present = np.isfinite(raw[:, :1])
    joined = np.where(present, np.concatenate([raw, raw - NEUTRAL_MEAN], 1), 0)
    return np.ascontiguousarray(out.transpose(1, 0, 2, 3)), joined.astype(np.float32), present.astype(np.float32)


def _coarse(planes: np.ndarray, small: int) -> None:
    from PIL import Image

    side = planes.shape[1]
    image = Image.fromarray(planes.transpose(1, 2, 0).clip(0, 255).astype(np.uint8))
    image = image.resize((small, small), Image.Resampling.BOX).resize((side, side), Image.Resampling.BILINEAR)
    planes[:] = np.asarray(image).transpose(2, 0, 1)


def _jpeg(planes: np.ndarray, quality: int) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(planes.transpose(1, 2, 0).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    planes[:] = np.asarray(Image.open(buffer)).transpose(2, 0, 1)
