"""Judges heads that never saw a corpus on its utterances in noise, rooms, codecs and volumes (`conditions`).

    python -m training.voice.robust --cache CACHE --out OUT --conditions OUT/conditions

Reads the calibration that `training.voice.train` left in OUT/figures.json; prints one row a corpus and condition.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.voice.conditions import PER_SPEAKER
from training.voice.data import ZIPS
from training.voice.export import Heads
from training.voice.heads import fit
from training.voice.judge import NINETY_FIVE, Said, answer, interval, recall, scores
from training.voice.table import Table, calm_of, load
from training.voice.train import DRAWS, DROWNED, FLOOR, LEAVE, PRIOR, REACH, RECIPE, TRUST


def main() -> None:
    args = options(__doc__).parse_args()
    for corpus, name, h, part, said in left_out(args):
        p, mean, sd = answer(h, said, part, False)
        row: dict[str, object] = {**scores(part, p, mean, sd)}
        row["recall_interval"] = interval(
            part.speaker, lambda i, p=p, part=part: recall(part.label[i], p[i]), draws=DRAWS
        )
        for k, which in enumerate(("valence", "arousal")):
            away = np.abs(part.places() - mean)[:, k] / sd[:, k]
            row[f"{which}_in_95_interval"] = interval(part.speaker, lambda i, a=away: held(a[i]), draws=DRAWS)
        row |= {"reach_db": float(np.median(part.reach_db)), "sd": sd.mean(axis=0).tolist()}
        told = json.dumps({k: np.round(v, 2).tolist() for k, v in row.items()})
        print(f"{corpus + ', ' + name:28} {len(part):4}", told, flush=True)


def options(doc: str | None) -> argparse.ArgumentParser:
    """Asks for the folders that a run over the conditions needs."""
    options = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--conditions", type=Path, required=True)
    return options


def left_out(args: argparse.Namespace) -> Iterator[tuple[str, str, Heads, Table, Said]]:
    """Per corpus and condition the heads that never saw the corpus, and what they say there of utterances alone."""
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
            np.array(told["sharpness"]), LEAVE, REACH, np.array(told["spread"]), FLOOR, DROWNED,
        )  # fmt: skip
        for path in files:
            part = load(args.conditions, [corpus], file=path)
            part = part.where(part.kind == 0)
            said = Said.of(f, part, calm_of(part.where(part.label < 0), np.random.default_rng(0)))
            yield corpus, path.stem.removeprefix(f"{corpus}-"), h, part, said


def held(away: np.ndarray) -> float:
    """How many of the places lie in intervals of 95 %; `away` in deviations."""
    return float((away <= NINETY_FIVE).mean())


if __name__ == "__main__":
    main()
