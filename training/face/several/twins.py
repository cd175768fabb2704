"""Step 4c: training faces that are the same picture as a face that judges: left out of training.

python -m training.face.several.twins --cache CACHE

Web collections share pictures. Aligned faces of 24 pixels, freed of mean and contrast, are compared by correlation.
"""

import argparse
from pathlib import Path

import numpy as np

from training.face import data
from training.face.degrade import cut

SIDE = 24
ALIKE = 0.97
JUDGES = ("ferplus", "rafdb_test", "jaffe")
LEARNT = ("rafdb_train", "rare", "utk")


def small(cache: Path, name: str) -> np.ndarray:
    """(n, SIDE * SIDE) aligned faces of unit length and mean 0."""
    luma, sides, matrix, _ = data.stored(cache, name)
    inner = np.array([[0.8, 0, 0.1], [0, 0.8, 0.1], [0, 0, 1]])
    matrix = matrix.astype(float) @ inner
    out = np.empty((len(luma), SIDE * 2, SIDE * 2), np.float32)
    rows = np.arange(len(luma))
    cut(luma, sides, rows, matrix, np.full(len(luma), -1), np.ones(len(luma)), out)
    out = out.reshape(-1, SIDE, 2, SIDE, 2).mean((2, 4)).reshape(len(luma), -1)
    out -= out.mean(1, keepdims=True)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    judged = {name: small(args.cache, name) for name in JUDGES}
    judged["ferplus"] = judged["ferplus"][z["validation"] | z["dev"]]
    known = None
    for name in LEARNT:
        mine = small(args.cache, name)
        parts = [mine[i : i + 500] for i in range(0, len(mine), 500)]
        best = {k: np.concatenate([(part @ v.T).max(1) for part in parts]) for k, v in judged.items()}
        theirs = np.max([(part @ judged["rafdb_test"].T).max(0) for part in parts], 0) > ALIKE
        known = theirs if known is None else known | theirs
        twin = np.max(list(best.values()), 0) > ALIKE
        np.save(args.cache / f"{name}_twin.npy", twin)
        told = {k: [int((v > t).sum()) for t in (0.95, ALIKE, 0.99)] for k, v in best.items()}
        print(name, len(mine), "left out", int(twin.sum()), "alike beyond 0.95, 0.97, 0.99:", told, flush=True)
    np.save(args.cache / "rafdb_test_twin.npy", known)
    print("faces of RAF-DB's test part with a twin:", int(known.sum()))


if __name__ == "__main__":
    main()
