"""Makes `face-shape.npy`: how the rigid points of faces lie and spread among many people, for `FaceShape`.

    python -m training.identity.shape --landmarks L.npy --pose P.npy --found F.npy --side 100 --out SHAPE.npy

`--landmarks` (n, 478, 3) fractions of square pictures, `--pose` (n, 4, 4), `--found` (n,) as
`training.face.landmarks` writes them. Prints how far strangers are from each other.
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.face.identity import rigid_points


def main() -> None:
    """Writes mean and spread, (2, k) float32."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landmarks", type=Path, required=True)
    parser.add_argument("--pose", type=Path, required=True)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--side", type=int, required=True, help="of the pictures, in pixels")
    parser.add_argument("--faces", type=int, default=3000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    landmarks, poses = np.load(given.landmarks, mmap_mode="r"), np.load(given.pose, mmap_mode="r")
    there = np.flatnonzero(np.load(given.found))
    chosen = np.random.default_rng(0).permutation(there)[: given.faces]
    points = np.stack([rigid_points(landmarks[i], poses[i], (given.side, given.side)) for i in chosen])
    table = np.stack([points.mean(0), points.std(0)]).astype(np.float32)
    np.save(given.out, table)
    shapes = (points - table[0]) / table[1]
    pairs = shapes[: len(shapes) // 2] - shapes[len(shapes) // 2 : len(shapes) // 2 * 2]
    apart = np.sqrt((pairs**2).mean(1))
    print(
        f"{len(chosen)} faces; strangers apart: 1, 10, 50 % below {np.percentile(apart, [1, 10, 50]).round(2).tolist()}"
    )


if __name__ == "__main__":
    main()
