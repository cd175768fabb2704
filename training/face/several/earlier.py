"""Step 4b: what an earlier exported net says of FER+ and UTKFace faces, aligned and with geometry.

python -m training.face.several.earlier --cache CACHE --net V1.2.onnx

Of FER+ it becomes a part of the target; of UTKFace, whose faces nobody labelled, all of it.
"""

import argparse
from pathlib import Path

import numpy as np

from liveaffect.models.face.affect import FaceAffectModel
from training.face import data
from training.face.degrade import cut

BATCH = 64


def said(model: FaceAffectModel, cache: Path, name: str) -> np.ndarray:
    """Distributions (n, 8) under the natural prior."""
    luma, sides, matrix, geometry = data.stored(cache, name)
    out = np.empty((len(luma), 8), np.float32)
    for i in range(0, len(luma), BATCH):
        rows = np.arange(i, min(i + BATCH, len(luma)))
        crops = np.empty((len(rows), model.side, model.side), np.float32)
        cut(luma, sides, rows, matrix[rows].astype(float), np.full(len(rows), -1), np.ones(len(rows)), crops)
        rgb = np.repeat(crops.round().astype(np.uint8)[..., None], 3, 3)
        out[rows] = model.predict(rgb, geometry[rows]).emotions
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--net", type=Path, required=True)
    args = parser.parse_args()
    model = FaceAffectModel(args.net)
    for name in ("ferplus", "utk"):
        found = said(model, args.cache, name)
        np.save(args.cache / f"{name}_earlier.npy", found)
        print(name, found.mean(0).round(3), flush=True)


if __name__ == "__main__":
    main()
