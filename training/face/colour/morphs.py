"""Step 6b: morphs between a calm face and a strong one, so that what lies between is learned as lying between.

python -m training.face.colour.morphs --cache CACHE

No collection to train on shows one person calm and moved, so the two are different people, of like pose and colouring:
both pictures are bent to landmarks between theirs (thin-plate splines) and laid over each other, and everything that is
wanted of the two is shared out alike.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.ndimage import map_coordinates

from liveaffect.models.circumplex import EMOTIONS
from training.face.colour.batches import Collection
from training.face.colour.store import SIDE, own, roomy, store
from training.face.several.targets import TRAINED, Wanted

SOURCE, NAME = "rafdb_train", "morph"
A_CLASS = 1000  # morphs towards each class
TRIED = 60  # calm faces of which the most alike is taken
BETWEEN = (0.15, 0.9)  # from where to where shares of the strong face are drawn
SMOOTH = 1e-3  # of the spline: lips that touch in one picture and not in the other do not fold it
# Landmarks that move with an expression, and the outline that they move within.
POINTS = np.array([
    *(10, 297, 284, 389, 454, 361, 397, 378, 152, 149, 172, 132, 234, 162, 54, 67),
    *(70, 63, 105, 66, 107, 46, 52, 55, 336, 296, 334, 293, 300, 276, 282, 285),
    *(33, 160, 158, 133, 153, 144, 263, 387, 385, 362, 380, 373), *(168, 6, 4, 1, 2, 98, 327, 205, 425, 50, 280),
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178),
])  # fmt: skip
_GRID = 4  # pixels between the places where the spline is worked out
_EDGE = np.array([[x, y] for x in (-1, 0.5, 2) for y in (-1, 0.5, 2) if (x, y) != (0.5, 0.5)]) * SIDE


def points_of(landmarks: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(n, len(POINTS), 2) pixels of the stored crop, of landmarks (n, 478, 2 or 3) and crop matrices (n, 2, 3)."""
    into = np.stack([np.linalg.inv(np.vstack([roomy(m, 1), [0, 0, 1]]))[:2] for m in matrix])
    return np.einsum("nij,npj->npi", into[:, :, :2], landmarks[:, POINTS, :2]) + into[:, None, :, 2]


def morph(faces: list[np.ndarray], points: list[np.ndarray], share: float) -> np.ndarray:
    """Two faces (s, s, 3) uint8 with their points (k, 2), `share` of the second."""
    middle = (1 - share) * points[0] + share * points[1]
    fixed = np.vstack([middle, _EDGE])
    side = faces[0].shape[0]
    knots = np.arange(-_GRID, side + 2 * _GRID, _GRID, dtype=float)
    places = np.stack(np.meshgrid(knots, knots), -1).reshape(-1, 2)
    shifts = np.stack([np.vstack([p - middle, 0 * _EDGE]) for p in points], 1)  # (k, 2 faces, 2)
    found = _spline(fixed / side, shifts.reshape(len(fixed), 4), places / side)
    coarse = found.reshape(len(knots), len(knots), 4)
    at = np.arange(side) / _GRID + 1
    low, part = at.astype(int), (at % 1)[:, None]
    rows = coarse[low] * (1 - part[:, :, None]) + coarse[low + 1] * part[:, :, None]
    fine = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    y, x = np.mgrid[:side, :side]
    out = np.zeros((side, side, 3))
    for k, (face, weight) in enumerate(zip(faces, (1 - share, share), strict=True)):
        source = [y + fine[..., 2 * k + 1], x + fine[..., 2 * k]]
        for c in range(3):
            out[..., c] += weight * map_coordinates(face[..., c].astype(float), source, order=1, mode="nearest")
    return out.round().clip(0, 255).astype(np.uint8)


def _spline(fixed: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Thin-plate splines through `values` (k, m) at `fixed` (k, 2), nearly; (n, m) at `at` (n, 2)."""
    k = len(fixed)
    system = np.zeros((k + 3, k + 3))
    system[:k, :k] = _bend(fixed, fixed) + SMOOTH * np.eye(k)
    system[:k, k], system[:k, k + 1 :] = 1, fixed
    system[k:, :k] = system[:k, k:].T
    weights = np.linalg.solve(system, np.vstack([values, np.zeros((3, values.shape[1]))]))
    return np.hstack([_bend(at, fixed), np.ones((len(at), 1)), at]) @ weights


def _bend(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squared = np.square(a[:, None] - b[None]).sum(2)
    return squared * np.log(np.maximum(squared, 1e-12))


def pairs(labels: np.ndarray, usable: np.ndarray, alike: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) rows: a calm face, and a strong one of `A_CLASS` for every class; `alike` (n, k) says who is near whom."""
    scaled = (alike - alike[usable].mean(0)) / alike[usable].std(0)
    calm, found = np.flatnonzero(usable & (labels == 0)), []
    for emotion in range(1, len(EMOTIONS)):
        strong = np.flatnonzero(usable & (labels == emotion))
        for row in rng.choice(strong, A_CLASS, replace=len(strong) < A_CLASS) if len(strong) else ():
            tried = rng.choice(calm, TRIED, replace=False)
            found.append((tried[np.square(scaled[tried] - scaled[row]).sum(1).argmin()], row))
    return np.array(found)


def make(cache: Path, wanted: Wanted) -> None:
    """Write morph_colour.npy, and morph_pairs.npy: calm row, strong row, share of the strong one."""
    rng, crops = np.random.default_rng(17), store(cache, SOURCE)
    geometry, pose = own(cache, SOURCE, "geometry"), np.load(cache / f"{SOURCE}_pose.npy")
    usable = np.isfinite(geometry[:, 0]) & ~wanted.dev & (wanted.draw > 0)
    turned = pose[:, :3, 2]  # where the face looks
    colours = np.stack([np.asarray(crops[i])[32:96:4, 32:96:4].mean((0, 1)) for i in range(len(crops))])
    both = pairs(wanted.labels.argmax(1), usable, np.hstack([2 * turned, colours / 64]), rng)
    share = rng.uniform(*BETWEEN, len(both))
    points = points_of(np.load(cache / f"{SOURCE}_landmarks.npy"), own(cache, SOURCE, "matrix"))
    beside = cache / "morph_colour.new.npy"
    out = np.lib.format.open_memmap(beside, "w+", np.uint8, (len(both), SIDE, SIDE, 3))
    for i, (a, b) in enumerate(both):
        out[i] = morph([crops[a], crops[b]], [points[a], points[b]], share[i])
        if i % 500 == 0:
            print(f"{i} of {len(both)} morphs", flush=True)
    out.flush()
    np.save(cache / "morph_pairs.npy", np.column_stack([both, share]))
    beside.replace(cache / "morph_colour.npy")


def collection(cache: Path, wanted: Wanted) -> Collection:
    """The morphs as a collection; `wanted` is what is wanted of the faces behind them."""
    saved = np.load(cache / "morph_pairs.npy")
    a, b, share = saved[:, 0].astype(int), saved[:, 1].astype(int), saved[:, 2:]

    def between(values: np.ndarray) -> np.ndarray:
        of = share if values.ndim > 1 else share[:, 0]
        return ((1 - of) * values[a] + of * values[b]).astype(np.float32)

    n, geometry = len(saved), between(own(cache, SOURCE, "geometry"))
    targets = Wanted(
        between(wanted.votes), between(wanted.votes_weight), between(wanted.labels), between(wanted.labels_weight),
        wanted.allowed[a], np.full((n, 8), np.nan, np.float32), between(wanted.taught), np.full(n, 1 / n),
        np.zeros(n, bool), np.full(n, TRAINED.index(SOURCE)),
    )  # fmt: skip
    return Collection(NAME, np.load(cache / "morph_colour.npy", mmap_mode="r"), geometry, geometry, 1.0, targets)


def main() -> None:
    from training.face.colour.train import wanted_of

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    args = parser.parse_args()
    make(args.cache, wanted_of(args.data, args.cache, SOURCE))


if __name__ == "__main__":
    main()
