"""Judges heads that never saw a corpus on its utterances in noise, rooms, codecs and volumes (`conditions`).

    python -m training.voice.robust --cache CACHE --out OUT --conditions OUT/conditions

Reads the calibration that `training.voice.train` left in OUT/figures.json; prints one row a corpus and condition.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from training.voice.conditions import PER_SPEAKER
from training.voice.data import ZIPS
from training.voice.export import Heads
from training.voice.heads import fit
from training.voice.judge import Said, answer, interval, recall, scores
from training.voice.table import calm_of, load
from training.voice.train import DRAWS, FLOOR, LEAVE, PRIOR, REACH, RECIPE, TRUST


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--conditions", type=Path, required=True)
    args = options.parse_args()
    told = json.loads((args.out / "figures.json").read_text())
    table = load(args.cache, list(ZIPS))
    table = table.where(table.kind == 0)
    for corpus in PER_SPEAKER:
        files = sorted(args.conditions.glob(f"{corpus}-*.npz"))
        if not files:
            continue
        train = table.where(table.corpus != corpus)
        f = fit(train, calm_of(train, np.random.default_rng(7)), RECIPE)
        f.cold[-1] += PRIOR
        h = Heads(
            f.cold, f.relative, f.plane_cold, f.plane_relative, f.typical, f.present, TRUST,
            np.array(told["sharpness"]), LEAVE, REACH, np.array(told["spread"]), FLOOR,
        )  # fmt: skip
        for path in files:
            part = load(args.conditions, [corpus], file=path)
            part = part.where(part.kind == 0)
            p, mean, sd = answer(
                h, Said.of(f, part, calm_of(part.where(part.label < 0), np.random.default_rng(0))), part, False
            )
            row = scores(part, p, mean, sd)
            low, high = interval(part.speaker, lambda i, p=p, part=part: recall(part.label[i], p[i]), draws=DRAWS)
            row |= {
                "low": low,
                "high": high,
                "reach_db": float(np.median(part.reach_db)),
                "sd": sd.mean(axis=0).tolist(),
            }
            print(f"{path.stem:28} {len(part):4}", json.dumps({k: np.round(v, 2).tolist() for k, v in row.items()}))


if __name__ == "__main__":
    main()
