"""Step 11: short runs of equal length and seed from scratch, each with one ingredient left out, on faces held back.

python -m training.face.looks.ablate --cache CACHE --out RUNS [--steps 700] [--only geometry soft] [--table]
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from training.face import data, train
from training.face.batches import Batches, compose, places
from training.face.degrade import cut
from training.face.distil import load_net
from training.face.export import fit_classes
from training.face.figures import figure
from training.face.net import SIDE

RUNS = ("nothing", *train.ABLATIONS, "posterior")  # the last adds: the teachers' word is mixed into the votes
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def conditions(faces: data.Faces, rows: np.ndarray) -> dict[str, Arrays]:
    """The dev faces as the conditions of the table's columns."""
    luma, vectors, present = data.plain(faces, rows)
    blind = np.zeros_like(present)
    drawn = Batches(faces, 77, ("loose",)).draw(rows)
    return {
        "aligned, geometry": (luma, vectors, present),
        "aligned": (luma, vectors, blind),
        "loose": (_loose(faces, rows), vectors, blind),
        "degraded": (drawn.luma, vectors, blind),
    }


def _loose(faces: data.Faces, rows: np.ndarray) -> np.ndarray:
    """Crops 1.3 times as wide as the aligned one and shifted by 0.12 of its side, edges repeated."""
    rng, n = np.random.default_rng(5), len(rows)
    shift = rng.choice([-0.12, 0.12], (n, 2))
    own = np.concatenate([np.tile(1.3 * np.eye(2), (n, 1, 1)), (0.5 + shift - 0.65)[..., None]], 2)
    assert np.isfinite(places(own)).all()
    out = np.empty((n, SIDE, SIDE), np.float32)
    matrix = compose(faces.matrix[rows], own)
    cut(faces.luma, faces.side, rows, matrix, np.full(n, -1), np.ones(n), out)
    return out


def judged(run: Path, faces: data.Faces, rows: np.ndarray, views: dict[str, Arrays], taught: np.ndarray) -> dict:
    """Log-probabilities of a run in each condition, temperature and bias fitted on every second dev face's first view
    (an ablated net should not lose by its calibration), and those of the teacher-labelled faces."""
    net = load_net(run)
    out = {name: train.predict(net, view)[0] for name, view in views.items()}
    half = np.arange(0, len(rows), 2)
    heat, bias = fit_classes(out["aligned"][half], faces.target[rows][half], np.ones(len(half)))
    hot = {name: logits / heat + np.array(bias) for name, logits in out.items()}
    luma, vectors, present = data.plain(faces, taught)
    hot["taught"] = train.predict(net, (luma, vectors, np.zeros_like(present)))[0]
    return {name: x - np.logaddexp.reduce(x, 1, keepdims=True) for name, x in hot.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--only", nargs="*", default=RUNS, choices=RUNS)
    parser.add_argument("--table", action="store_true", help="train nothing, judge the runs that are there")
    args = parser.parse_args()
    for name in args.only if not args.table else ():
        if (args.out / name / "done").exists():
            continue
        left_out = () if name == "nothing" else ("--posterior",) if name == "posterior" else ("--ablate", name)
        command = [
            sys.executable,
            "-m",
            "training.face.train",
            "--cache",
            str(args.cache),
            "--out",
            str(args.out / name),
        ]
        command += [
            "--epochs",
            str(args.steps * 128 / 25600),
            "--seed",
            "6",
            "--clean",
            "0.3",
            "--rate",
            "3e-3",
            *left_out,
        ]
        print(name, flush=True)
        subprocess.run(command, check=True)
        (args.out / name / "done").touch()
    tabulate(args)


def tabulate(args: argparse.Namespace) -> None:
    """Print the differences to the run with everything, with intervals over the same faces."""
    faces = data.load(args.cache)
    rows, taught = faces.rows(1), faces.rows(3)[::6]
    views = conditions(faces, rows)
    runs = [name for name in RUNS if (args.out / name / "done").exists()]
    said = {name: judged(args.out / name, faces, rows, views, taught) for name in runs}
    share, strict = faces.target[rows], np.flatnonzero(faces.target[rows].max(1) > 0.5)
    few = np.flatnonzero(faces.votes[rows] >= 5)
    sure = np.flatnonzero(faces.target[taught].max(1) > 0.6)
    truth = np.log(np.maximum(share, 1e-12))
    print("| left out | " + " | ".join(f"{v}: accuracy, KL" for v in views) + " | agrees with teachers, UTKFace |")
    print("|---" * (len(views) + 2) + "|")
    for name in runs:
        cells = []
        for view in views:
            right, kl = (
                {k: (v[view].argmax(1) == share.argmax(1)).astype(float) for k, v in said.items()},
                {k: (share * (truth - v[view])).sum(1) for k, v in said.items()},
            )
            cells.append(_cell(name, right, strict) + "; " + _cell(name, kl, few))
        agree = {k: (v["taught"].argmax(1) == faces.target[taught].argmax(1)).astype(float) for k, v in said.items()}
        print(f"| {name} | " + " | ".join([*cells, _cell(name, agree, sure)]) + " |", flush=True)


def _cell(name: str, values: dict[str, np.ndarray], rows: np.ndarray) -> str:
    """The mean for the run with everything, for the others their difference to it."""
    if name == "nothing":
        return str(figure(lambda r: float(values[name][r].mean()), rows))
    apart = values[name] - values["nothing"]
    found = figure(lambda r: float(apart[r].mean()), rows)
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


if __name__ == "__main__":
    main()
