"""Step 2: geometry vectors, crop matrices, votes and the population's neutral from the cached landmarks.

python -m training.face.prepare --data ../shared/data --cache CACHE
"""

import argparse
import csv
import io
import zipfile
from pathlib import Path

import numpy as np

from liveaffect.models.face import align
from liveaffect.models.face.geometry import GEOMETRY_SIZE, geometry, mirror
from training.face.landmarks import SETS

CATEGORIES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
# RAF-DB's aligned pictures are squeezed: eyes to mouth over the distance of the eyes is 0.81 there, 1.05 elsewhere.
SQUEEZED = {"rafdb_train": 1.3, "rafdb_test": 1.3}
JUDGED = "fer0019558.jpg"  # is in a set that judges
WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "weights"


def manifest(archive: Path) -> list[dict[str, str]]:
    """The rows of a data set's manifest.csv."""
    with zipfile.ZipFile(archive) as z:
        return list(csv.DictReader(io.StringIO(z.read("manifest.csv").decode())))


def prepare(cache: Path, name: str, tall: float = 1.0) -> np.ndarray:
    """Write NAME_geometry.npy (n, G) and NAME_matrix.npy (n, 2, 3): unit crop to image fractions; returns geometry.

    With `tall` the pictures are taken to be that much higher than they are wide, and the names are NAME_tall_*.
    """
    landmarks, blend = np.load(cache / f"{name}_landmarks.npy"), np.load(cache / f"{name}_blendshapes.npy")
    pose, found = np.load(cache / f"{name}_pose.npy"), np.load(cache / f"{name}_found.npy")
    n = len(found)
    vectors = np.full((n, GEOMETRY_SIZE), np.nan, np.float32)
    matrix = np.full((n, 2, 3), np.nan, np.float32)
    side = 1000  # the images are square; the geometry does not depend on their size
    for i in np.flatnonzero(found):
        vectors[i] = geometry(blend[i], landmarks[i], (side, round(side * tall)), pose[i])
        matrix[i] = align.crop_matrix(landmarks[i], (side, round(side * tall)), 1) / [[side], [side * tall]]
    matrix[~found] = np.nanmedian(matrix[found], 0)  # where no landmarks were found: the usual place of the face
    kind = name if tall == 1.0 else f"{name}_tall"
    np.save(cache / f"{kind}_geometry.npy", vectors)
    np.save(cache / f"{kind}_matrix.npy", matrix)
    return vectors


def votes_of(rows: list[dict[str, str]]) -> np.ndarray:
    """Counts (n, 8) of valid votes in the order of `CATEGORIES`; unknown and no-face votes are left out."""
    return np.array([[float(r[c]) for c in CATEGORIES] for r in rows], np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    args = parser.parse_args()
    for name in args.sets:
        if name in SQUEEZED:
            prepare(args.cache, name, SQUEEZED[name])
        vectors = prepare(args.cache, name)
        rows = manifest(args.data / SETS[name][0])
        print(f"{name}: {len(rows)} faces, {np.isfinite(vectors[:, 0]).mean():.3f} with landmarks")
        if name != "ferplus":
            continue
        votes = votes_of(rows)
        votes[[r["file"].endswith(JUDGED) for r in rows]] = 0  # no votes: in no part
        validation = np.array([r["is_validation"] == "1" for r in rows])
        dev = ~validation & (np.random.default_rng(20).random(len(rows)) < 0.1)
        np.savez(args.cache / "ferplus_votes.npz", votes=votes, validation=validation, dev=dev)
        train = ~validation & ~dev & np.isfinite(vectors[:, 0])
        calm = train & (votes[:, 0] >= 8) & (np.abs(vectors[:, -2]) < 0.35)
        both = np.concatenate([vectors[calm], mirror(vectors[calm])])  # a population has no handedness
        table = np.stack([both.mean(0), np.maximum(both.std(0), 0.02)])
        target = WEIGHTS / "face-neutral.npy"
        if not target.exists() or np.abs(np.load(target) - table).max() > 1e-4:  # not for the last bit's sake
            np.save(target, table.astype(np.float32))
        print(f"  validation {validation.sum()}, dev {dev.sum()}, neutral faces behind the population {calm.sum()}")


if __name__ == "__main__":
    main()
