"""Batches for the face student: luma crops cut from the stored faces at random places, covered and degraded."""

import io
from dataclasses import dataclass

import numpy as np

from liveaffect.models.face.geometry import mirror
from liveaffect.models.face.population import NEUTRAL_MEAN
from training.face.cover import lay
from training.face.data import Faces
from training.face.degrade import cut, degrade
from training.face.net import SIDE


@dataclass
class Drawn:
    """One training batch of n faces."""

    luma: np.ndarray  # (n, 64, 64) float32, 0 to 255
    geometry: np.ndarray  # (n, 2G) float32, 0 where not present
    present: np.ndarray  # (n, 1) float32
    place: np.ndarray  # (n, 4) float32: where the aligned crop lies in this one (see `places`)
    placed: np.ndarray  # (n,) bool: the place is known from landmarks
    hidden: np.ndarray  # (n,) float32: largest covered share of an eye or the mouth


class Batches:
    """Random degraded training batches; `ablate` leaves an ingredient out by name, `wide` cuts all of them loosely."""

    def __init__(
        self,
        faces: Faces,
        seed: int,
        ablate: tuple[str, ...] = (),
        clean: float = 0.0,
        wide: bool = False,
        covered: float = 0.18,
    ) -> None:
        self.faces, self.rng, self.ablate, self.clean = faces, np.random.default_rng(seed), ablate, clean
        self.wide, self.covered = wide, covered
        has = np.isfinite(faces.geometry[:, 0])
        calm = has & (faces.target[:, 0] > 0.8) & (faces.split == 0)
        self._personal = faces.geometry[calm] - NEUTRAL_MEAN
        self._noise = 0.15 * np.nanstd(faces.geometry[::7], 0).astype(np.float32)

    def draw(self, rows: np.ndarray) -> Drawn:
        """The given rows, each cut, covered and degraded anew."""
        faces, rng, n = self.faces, self.rng, len(rows)
        flip = rng.random(n) < 0.5
        loose = rng.random(n) < (1.0 if self.wide else 0.0 if "loose" in self.ablate else 0.35)
        own = self._jitter(n, loose, flip)
        matrix, raw = faces.matrix[rows], faces.geometry[rows]
        if faces.other:  # as the picture is, or as the face was, or between
            share = np.clip(rng.uniform(-1, 2, n), 0, 1)
            matrix = matrix + share[:, None, None] * (faces.other[0][rows] - matrix)
            raw = np.where(share[:, None] > 0.5, faces.other[1][rows], raw)
        matrix = compose(matrix, own)
        spoil = rng.random(n) >= (1.0 if "degrade" in self.ablate else self.clean)
        kinds = rng.integers(1, 1 << 30, n)
        out, hidden = np.empty((n, SIDE, SIDE), np.float32), np.empty(n, np.float32)
        zooms = rng.uniform(0.15, 0.7, n) * rng.choice([-1, 1], n)
        plain = rng.choice([-3, -1], n) if self.wide else rng.integers(-3, 0, n)  # a mirrored face is a second one
        outside = np.where(rng.random(n) < 0.4, plain, rng.integers(0, len(faces.luma), n))
        # Even an aligned crop reaches beyond these tight pictures; a frame has hair and a room there, no repeated edge.
        outside[~loose & (rng.random(n) < 0.45)] = -1
        cut(faces.luma, faces.side, rows, matrix, outside, zooms, out)
        seeds = kinds * (spoil & (rng.random(n) < self.covered))
        aligned = own.copy()
        aligned[flip, 0] = [0, 0, 1] - aligned[flip, 0]  # aligned coordinates of the mirrored face
        lay(out, aligned, seeds, faces.luma, faces.side, rng.integers(0, len(faces.luma), n), hidden)
        degrade(out, kinds * spoil)
        if "degrade" not in self.ablate:
            self._jpeg(out)
        vectors, present = self._geometry(raw, flip, loose)
        placed = np.isfinite(faces.geometry[rows, 0])
        return Drawn(out, vectors, present, places(aligned), placed, hidden)

    def _jitter(self, n: int, loose: np.ndarray, flip: np.ndarray) -> np.ndarray:
        """(n, 2, 3): unit crop to aligned unit coordinates. Loose ones are 0.6 to 1.8 of the aligned crop's side."""
        rng = self.rng
        if self.wide:
            angle, shift = rng.normal(0, 14, n), rng.uniform(-0.22, 0.22, (n, 2))
            scale = np.exp(rng.uniform(-0.5, 0.9, n))
            shift = shift * scale[:, None]
        else:
            angle = rng.normal(0, 6, n) * np.where(loose, 2, 1)
            scale = np.exp(np.where(loose, rng.uniform(-0.5, 0.6, n), rng.normal(0, 0.06, n)))
            shift = rng.normal(0, 0.03, (n, 2)) * np.where(loose, 2.5, 1)[:, None]
        angle = np.radians(angle)
        c, s, sign = np.cos(angle) * scale, np.sin(angle) * scale, np.where(flip, -1, 1)
        linear = np.stack([np.stack([c * sign, -s], 1), np.stack([s * sign, c], 1)], 1)
        return np.concatenate([linear, (0.5 + shift - linear @ np.array([0.5, 0.5]))[..., None]], 2)

    def _geometry(self, raw: np.ndarray, flip: np.ndarray, loose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng, n = self.rng, len(raw)
        present = np.isfinite(raw[:, 0]) & ~loose & (rng.random(n) < 0.7)
        if "geometry" in self.ablate:
            present[:] = False
        return shaken(rng, np.where(present[:, None], raw, 0), flip, present, self._noise, self._personal)

    def _jpeg(self, luma: np.ndarray) -> None:
        from PIL import Image

        for i in np.flatnonzero(self.rng.random(len(luma)) < 0.1):
            buffer = io.BytesIO()
            quality = int(self.rng.integers(12, 60))
            Image.fromarray(luma[i].clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
            luma[i] = np.asarray(Image.open(buffer))


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Affine maps (n, 2, 3): first `inner`, then `outer`."""
    shift = (outer[:, :, :2] @ inner[:, :, 2:])[..., 0] + outer[:, :, 2]
    return np.concatenate([outer[:, :, :2] @ inner[:, :, :2], shift[..., None]], 2)


def places(aligned: np.ndarray) -> np.ndarray:
    """Where the aligned crop lies in each crop, from (n, 2, 3) unit crop to aligned unit coordinates, mirroring undone.

    (n, 4) float32: its centre minus 0.5 (x, y) and the logarithm of its side, in sides of the crop, and its angle in
    radians.
    """
    back = np.linalg.inv(aligned[:, :, :2])
    centre = (back @ (0.5 - aligned[:, :, 2:]))[..., 0] - 0.5
    side = np.log(np.hypot(back[:, 0, 0], back[:, 1, 0]))
    angle = np.arctan2(back[:, 1, 0], back[:, 0, 0])
    return np.column_stack([centre, side, angle]).astype(np.float32)


def shaken(
    rng: np.random.Generator,
    raw: np.ndarray,
    flip: np.ndarray,
    present: np.ndarray,
    noise: np.ndarray,
    personal: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Geometry (n, 2G) as the net gets it, of faces mirrored where `flip` says so, and (n, 1) whether it is given.

    noise: deviations of what landmarks of one face differ by. personal: offsets of people at rest.
    """
    n = len(raw)
    raw[flip] = mirror(raw[flip])
    raw = raw + rng.normal(0, 1, raw.shape).astype(np.float32) * noise
    away = raw - NEUTRAL_MEAN
    # A person's lasting offset moves the raw part only: with a known neutral the relative part is free of it.
    person = personal[rng.integers(0, len(personal), n)] * (0.7 * rng.integers(0, 2, (n, 1)))
    joined = np.concatenate([raw + person, away], 1).astype(np.float32)
    return np.where(present[:, None], joined, 0).astype(np.float32), present[:, None].astype(np.float32)
