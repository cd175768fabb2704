"""Targets freed of who a face belongs to: what gender, age and origin say beside the face's own movements is taken off.

python -m training.face.colour.fair --cache CACHE prints what a net's valence has of them.

Of UTKFace's faces an earlier net's word is learned, and that word is happier of a woman than of a man with the same
blendshapes (+0.06 in valence).
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.face.affect import FaceAffectModel
from training.face.evaluate import WEIGHTS, crops_of
from training.face.landmarks import SETS
from training.face.prepare import manifest
from training.face.several.targets import dev_of

ORIGINS = 5
TIMES = 2.0  # the faces of the other collections teach some of it again
NAMES = ("a woman", "20 years", "their square", "origin 1", "origin 2", "origin 3", "origin 4")


def groups(data: Path) -> np.ndarray:
    """(n, 7) of UTKFace's faces: woman, age and its square, four origins against the fifth; each of mean 0."""
    rows = manifest(data / SETS["utk"][0])
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
    """Distributions (n, 8) less `TIMES` what `who` adds to their logarithms."""
    log_p = np.log(np.maximum(p, 1e-4))
    log_p = log_p - TIMES * who @ effects(log_p, who, blendshapes)
    tilted = np.exp(log_p - log_p.max(1, keepdims=True))
    return (tilted / tilted.sum(1, keepdims=True)).astype(np.float32)


def told(values: np.ndarray, who: np.ndarray, blendshapes: np.ndarray, draws: int = 200) -> np.ndarray:
    """(3, 7): effects on `values` (n,), and the percentiles 2.5 and 97.5 of them over faces drawn again."""
    rng, n = np.random.default_rng(0), len(values)
    again = [effects(values[rows, None], who[rows], blendshapes[rows])[:, 0] for rows in rng.integers(0, n, (draws, n))]
    return np.vstack([effects(values[:, None], who, blendshapes)[:, 0], np.percentile(again, [2.5, 97.5], axis=0)])


def main() -> None:
    """Print what the shipped net's valence still has of them, and at how large a step of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    vectors, shapes = np.load(args.cache / "utk_geometry.npy"), np.load(args.cache / "utk_blendshapes.npy")
    crops, model = np.stack(crops_of(args.cache, "utk", np.arange(len(vectors)))), FaceAffectModel(args.weights)
    who = groups(args.data)
    dev = dev_of(len(vectors))
    for prior in ("natural", "uniform"):
        valence = model.predict(crops, vectors, prior=prior).valence.astype(float)
        for part, rows in (("all", np.arange(len(dev))), ("not trained on", np.flatnonzero(dev))):
            found = told(valence[rows], who[rows], shapes[rows]).round(3)
            each = (f"{name} {a:+.3f} ({b:+.3f} to {c:+.3f})" for name, (a, b, c) in zip(NAMES, found.T, strict=True))
            print(f"{prior}, {part}, n {len(rows)}: " + ", ".join(each), flush=True)


if __name__ == "__main__":
    main()
