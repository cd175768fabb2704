"""Makes the heads of the voice model, and judges them on corpora and speakers they never saw.

    python -m training.voice.train --cache CACHE --out OUT

Writes OUT/voice-affect.onnx and OUT/figures.json and prints the tables of the card. All seeds are fixed.
"""

import argparse
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx

from liveaffect.models.circumplex import N_EMOTIONS
from training.voice.data import ZIPS
from training.voice.export import Heads, to_onnx
from training.voice.heads import Recipe, fit
from training.voice.judge import Said, answer, calibrate, interval, recall, scores, with_usual
from training.voice.table import Table, calm_of, load, weights

Array = np.ndarray
RECIPE = Recipe(corpora={"emospeech": 0.3, "jl": 0.3, "korean": 0.5, "ased": 0.3, "bangla": 0.1, "baved": 0.3})
FOLDS = 4
DRAWS = 100


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--copies", type=int, nargs="+", default=[0])
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    table = load(args.cache, list(ZIPS), args.copies)
    table = table.where(np.isin(table.kind, (0, 1)))
    whole = table.where(table.kind == 0)
    final = fit(whole, calm_of(whole, np.random.default_rng(7)), RECIPE)
    h = Heads(
        final.cold, final.relative, final.plane_cold, final.plane_relative, final.typical, final.present,
        TRUST, np.zeros(4), LEAVE, REACH, np.ones(2), FLOOR, np.zeros(2),
    )  # fmt: skip
    h.cold[-1] += PRIOR
    h.relative[-1] += PRIOR_RELATIVE
    left = kept(args.out / "corpora.npz", table, "corpora")
    balanced(h, left)  # of speech as recorded; what noise adds comes on top
    h.drowned = DROWNED
    onnx.save(to_onnx(h), args.out / "voice-affect.onnx")
    figures = {"corpora": report(h, left), "sharpness": h.sharpness.tolist(), "spread": h.spread.tolist()}
    figures["speakers"] = report(h, kept(args.out / "speakers.npz", table, "speakers"))
    (args.out / "figures.json").write_text(json.dumps(figures, indent=1))


PRIOR = np.array([0.3, 0.0, 0.0, 0.0, 0.0, -0.3, 0.0, 0.0], np.float32)
"""What neutral is given before the rest, cold, in log-ratio, and disgust less, which two corpora alone know.

Recall of corpora never heard stays as it is; neutral is found more often.
"""
PRIOR_RELATIVE = np.array([-0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], np.float32)
"""The same for the map that knows the speaker's calm speech: it finds neutral too often."""
TRUST, REACH = 0.9, 0.3
LEAVE, FLOOR = np.array([0.5, 0.5]), np.array([0.15, 0.15])
DROWNED = np.array([0.61, 0.0])
"""Deviation of valence where speech drowns, fitted by `training.voice.noise`; arousal is wide enough there."""


def kept(path: Path, table: Table, how: str) -> tuple[Table, Said]:
    """What `judged` gives, from a file where an earlier run left it: calibration alone can be run again."""
    if not path.exists():
        part, said = judged(table, how)
        arrays = {f"table_{f.name}": getattr(part, f.name) for f in fields(Table) if f.name != "means"}
        np.savez(path, **arrays, **{f"said_{f.name}": getattr(said, f.name) for f in fields(Said)})
    with np.load(path, allow_pickle=True) as file:
        columns = {f.name: file[f"table_{f.name}"] for f in fields(Table) if f.name != "means"}
        part = Table(**columns, means=np.zeros((len(columns["label"]), 0), np.float32))
        said = Said(*(file[f"said_{f.name}"] for f in fields(Said)))
    said.cold += PRIOR
    said.relative += PRIOR_RELATIVE
    said.typical[:, :N_EMOTIONS] += PRIOR
    return part, said


def judged(table: Table, how: str) -> tuple[Table, Said]:
    """Every window with a category as heads say of it that never saw its corpus, or its speaker (four folds)."""
    named = [c for c in np.unique(table.corpus) if (table.label[table.corpus == c] >= 0).any()]
    if how == "corpora":
        folds = [table.corpus == c for c in named]
    else:
        people = {s: k % FOLDS for c in named for k, s in enumerate(np.unique(table.speaker[table.corpus == c]))}
        fold = np.array([people.get(s, -1) for s in table.speaker])
        folds = [fold == k for k in range(FOLDS)]
    parts, said = [], []
    for held in folds:
        train, test = table.where(~held & (table.kind == 0)), table.where(held & (table.copy == 0))
        fitted = fit(train, calm_of(train, np.random.default_rng(7)), RECIPE)
        parts.append(test)
        said.append(Said.of(fitted, test, calm_of(test, np.random.default_rng(11))))
    whole = Table(*(np.concatenate([getattr(p, name) for p in parts]) for name in Table.__dataclass_fields__))
    return whole, Said.joined(said)


def balanced(h: Heads, left: tuple[Table, Said]) -> None:
    """Calibrates on left-out corpora, each of them alike, cold and with a baseline."""
    table, said = left
    share = weights(table, {"bangla": 0.1, "jl": 0.5})
    known = (said.weight > 0) & ~said.used
    rows = np.concatenate([np.arange(len(table)), np.flatnonzero(known)])
    baseline = np.repeat([0.0, 1.0], [len(table), int(known.sum())])
    calibrate(h, said.where(rows), table.where(rows), baseline, share[rows])


def report(h: Heads, left: tuple[Table, Said]) -> dict[str, dict[str, object]]:
    """Prints and returns the figures of each corpus, by the window at the utterance's end and by the last 1.5 s.

    "cold" judges each utterance alone; "heard on" as a stream that hears a speaker's utterances in random order,
    "mostly calm" where seven in ten are neutral, "one feeling" eight of one category from the start; "baseline" alone.
    """
    table, said = left
    found: dict[str, dict[str, object]] = {}
    for corpus in np.unique(table.corpus):
        mine = (table.corpus == corpus) & (table.kind == 0)
        rows = {
            "cold": mine,
            "baseline": mine & ~said.used & (said.weight > 0),
            "short": (table.corpus == corpus) & (table.kind == 1),
        }
        parts = {name: (table.where(m), said.where(m)) for name, m in rows.items() if m.any()}
        for name, order in sessions(table, np.flatnonzero(mine)).items():
            if order:
                parts[name] = (table.where(np.concatenate(order)), with_usual(said, order))
        for name, (part, own) in parts.items():
            p, mean, sd = answer(h, own, part, name == "baseline")
            row: dict[str, object] = {"n": len(part), **scores(part, p, mean, sd)}
            row["interval"] = interval(part.speaker, lambda i, p=p, part=part: recall(part.label[i], p[i]), draws=DRAWS)
            found[f"{corpus} {name}"] = row
            print(
                f"{corpus:>10} {name:12}", json.dumps({k: np.round(v, 3).tolist() for k, v in row.items()}), flush=True
            )
    return found


def sessions(table: Table, rows: Array, length: int = 40) -> dict[str, list[Array]]:
    """Of each speaker some of `rows` one after the other, as a stream would hear them."""
    rng = np.random.default_rng(0)
    found: dict[str, list[Array]] = {"heard on": [], "mostly calm": [], "one feeling": []}
    for speaker in np.unique(table.speaker[rows]):
        mine = rows[table.speaker[rows] == speaker]
        calm, other = mine[table.label[mine] == 0], mine[table.label[mine] != 0]
        found["heard on"].append(rng.permutation(mine)[:length])
        if len(calm) and len(other):
            found["mostly calm"].append(
                np.array([rng.choice(calm if rng.random() < 0.7 else other) for _ in range(length)])
            )
        for label in np.unique(table.label[other]):
            found["one feeling"].append(rng.choice(other[table.label[other] == label], 8))
    return found


if __name__ == "__main__":
    main()
