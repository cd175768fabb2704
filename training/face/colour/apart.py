"""Step 6e: each collection left out in turn: the colour net alone on dev faces of collections it knows and of the one
it never saw.

python -m training.face.colour.train --cache CACHE --out RUN --trunk TRUNK --faces N --leave-out utk [COLLECTION]
python -m training.face.colour.apart --cache CACHE RUN [RUN ...]

UTKFace is left out of all of them: its targets are the word of a net that saw every collection.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training.face.colour.net import ColourNet
from training.face.colour.train import LABELLED, collections, dev_rows, predict
from training.face.figures import figure, uar
from training.face.several.targets import take
from training.face.several.train import among

SIDE = 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--side", type=int, default=SIDE, help="pixels of the crops, as at the end of the runs")
    parser.add_argument("--every", type=int, default=1, help="take every n-th dev face")
    parser.add_argument("runs", nargs="+", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = [c for c in collections(args.data, args.cache) if c.name in LABELLED]
    print("| run | " + " | ".join(f"{c.name}: n, accuracy, mean recall" for c in parts) + " |")
    print("|---" * (len(parts) + 1) + "|")
    for run in args.runs:
        net = ColourNet()
        net.load_state_dict(torch.load(run / "last.pt", weights_only=True)["net"])
        cells = []
        for c in parts:
            rows = dev_rows(args.cache, c)[:: args.every]
            log_p, truth = among(predict(net, c, rows, args.side), take(c.wanted, rows), c.name == "ferplus")
            clear = np.flatnonzero(truth.max(1) > 0.5)
            y, got = truth.argmax(1), log_p.argmax(1)
            right = figure(lambda r, y=y, got=got: float((y[r] == got[r]).mean()), clear)
            recall = figure(lambda r, y=y, got=got: uar(y[r], got[r]), clear)
            cells.append(f"{len(clear)}, {right}, {recall}")
        print(f"| {run.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
