"""Step 6b: aligned colour crops of every collection, cut once with room around them into arrays that are mapped.

python -m training.face.colour.store --cache CACHE [--net V2.onnx]

RAF-DB's squeezed pictures are cut at the height they had. `--net` also asks an exported net what it says of UTKFace
under both priors: what its faces teach, as nobody labelled them.
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.face import align
from liveaffect.models.face.affect import FaceAffectModel
from training.face.landmarks import in_colour
from training.face.prepare import SQUEEZED
from training.face.several.targets import TRAINED

SIDE = 128
ROOM = 4 / 3  # side of what is kept, in sides of the aligned crop: 96 of the 128 pixels are the crop itself


def own(cache: Path, name: str, what: str) -> np.ndarray:
    """`what` ("matrix", "geometry") of a collection, in the proportions faces have."""
    return np.load(cache / (f"{name}_tall_{what}.npy" if name in SQUEEZED else f"{name}_{what}.npy"))


def roomy(matrix: np.ndarray, side: int) -> np.ndarray:
    """(2, 3) from pixels of the stored crop to those of an image of that side; `matrix` is unit crop to fractions."""
    linear = matrix[:, :2] * (side * ROOM / SIDE)
    centre = (matrix @ np.array([0.5, 0.5, 1.0])) * side
    return np.column_stack([linear, centre - linear @ np.array([SIDE / 2, SIDE / 2])])


def cut(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """What is kept of an image (h, w) or (h, w, 3) uint8 whose crop matrix is `matrix`: (SIDE, SIDE, 3)."""
    rgb = in_colour(image)
    return align.warp(np.ascontiguousarray(rgb), roomy(matrix, rgb.shape[1]), SIDE)


def store(cache: Path, name: str) -> np.ndarray:
    """NAME_colour.npy (n, SIDE, SIDE, 3) uint8, mapped; cut now if it is not there."""
    path = cache / f"{name}_colour.npy"
    if not path.exists():
        images, matrix = np.load(cache / f"{name}_images.npy", mmap_mode="r"), own(cache, name, "matrix")
        beside = path.with_suffix(".new.npy")
        out = np.lib.format.open_memmap(beside, "w+", np.uint8, (len(images), SIDE, SIDE, 3))
        for i in range(len(images)):
            out[i] = cut(np.asarray(images[i]), matrix[i])
        out.flush()
        beside.replace(path)
    return np.load(path, mmap_mode="r")


def inner(crops: np.ndarray, size: int = 96) -> np.ndarray:
    """The aligned crops themselves, (n, 96, 96, 3), out of stored ones."""
    at = (SIDE - size) // 2
    return np.ascontiguousarray(crops[:, at : at + size, at : at + size])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(TRAINED))
    parser.add_argument("--net", type=Path)
    args = parser.parse_args()
    for name in args.sets:
        print(f"{name}: {len(store(args.cache, name))} crops", flush=True)
    if args.net:
        model, crops, vectors = FaceAffectModel(args.net), store(args.cache, "utk"), own(args.cache, "utk", "geometry")
        said = [model.predict(inner(crops), vectors, prior=prior).emotions for prior in ("natural", "uniform")]
        np.save(args.cache / "utk_second.npy", np.stack(said))
        print("utk", np.stack(said).mean(1).round(3), flush=True)


if __name__ == "__main__":
    main()
