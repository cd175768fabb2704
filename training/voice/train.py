"""Trains and judges the voice model.

    python -m training.voice.train --cache DIR --out DIR --job corpora     leave one corpus out, with intervals
    python -m training.voice.train --cache DIR --out DIR --job speakers    leave speakers out, within both corpora
    python -m training.voice.train --cache DIR --out DIR --job final       all data: OUT/voice-affect.onnx

`corpora` and `speakers` write what the nets said of people they never saw to OUT/JOB.pkl; `final` takes its
temperature and the scales of its standard deviations from `speakers` (and `corpora`, see `calibrate`).
"""

import argparse
import json
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import N_EMOTIONS
from training.voice.batches import Pool
from training.voice.data import ZIPS
from training.voice.export import export
from training.voice.fit import fit_mel, fit_summary
from training.voice.judge import calibration, predict, scores
from training.voice.nets import VoiceAffectNet
from training.voice.windows import build

SECONDS = {"cold": 0.0, "baseline": 30.0}
PRESENT = torch.tensor([True] * (N_EMOTIONS - 1) + [False])
Array = np.ndarray


@dataclass
class Recipe:
    """What is trained: how many nets of each kind, and the log-mel net's share of the average."""

    layers: int = 2
    fourier: int = 2
    mel_steps: int = 700
    mel_share: float = 0.2
    groups: float = 0.5
    steps: int = 600


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--job", choices=["corpora", "speakers", "final"], required=True)
    options.add_argument("--copies", type=int, default=2)
    options.add_argument("--folds", type=int, default=4, help="of speakers, stratified by corpus")
    for name, value in vars(Recipe()).items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = options.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(**{name: getattr(args, name) for name in vars(Recipe())})
    pool = load(args.cache, args.out, args.copies)
    if args.job == "final":
        net = train(pool, np.arange(len(pool.windows)), recipe, seed=0)
        calibrate(net, args.out)
        export(net, args.out / "voice-affect.onnx")
        return
    held_out = {"corpora": _corpora, "speakers": _speakers}[args.job](pool, args.folds)
    said = _held_out(pool, held_out, recipe)
    (args.out / f"{args.job}.pkl").write_bytes(pickle.dumps(said))
    print(json.dumps(report(pool, said), indent=1))


def load(cache: Path, out: Path, copies: int) -> Pool:
    """The windows of all corpora; kept in OUT, since cutting them takes minutes."""
    kept = out / f"pool-{copies}.pkl"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(Pool.of(build(cache, list(ZIPS), copies)), protocol=5))
    return pickle.loads(kept.read_bytes())


def train(pool: Pool, rows: Array, recipe: Recipe, seed: int) -> VoiceAffectNet:
    """All members, on windows `rows`."""
    kinds = ["layers"] * recipe.layers + ["fourier"] * recipe.fourier
    summary = [
        fit_summary(pool, rows, seed + k, kind, recipe.steps, groups=recipe.groups) for k, kind in enumerate(kinds)
    ]
    mel = [fit_mel(pool, rows, seed, recipe.mel_steps)] if recipe.mel_share else []
    net = VoiceAffectNet(summary, mel, PRESENT).eval()
    share = recipe.mel_share if mel else 0.0
    net.share.copy_(torch.tensor([1.0 - share, share]))
    return net


def _corpora(pool: Pool, _: int) -> list[Array]:
    return [pool.corpus == name for name in ("ravdess", "nemo")]


def _speakers(pool: Pool, folds: int) -> list[Array]:
    people = pool.windows.column("speaker")
    fold = {s: k % folds for name in ZIPS for k, s in enumerate(np.unique(people[pool.corpus == name]))}
    number = np.array([fold[s] for s in people])
    return [number == k for k in range(folds)]


def _held_out(pool: Pool, held_out: list[Array], recipe: Recipe) -> dict[str, list]:
    """What nets trained on the rest say of the whole windows of each held-out part, sound as recorded."""
    said: dict[str, list] = {name: [] for name in SECONDS}
    for k, out in enumerate(held_out):
        started = time.perf_counter()
        net = train(pool, np.flatnonzero(~out), recipe, seed=100 * k)
        rows = np.flatnonzero(out & pool.windows.whole & (pool.windows.copy == 0))
        for name, seconds in SECONDS.items():
            said[name].append(predict(net, pool.windows, rows, seconds))
        print(f"fold {k + 1}/{len(held_out)} {time.perf_counter() - started:.0f} s", flush=True)
    return said


def report(pool: Pool, said: dict[str, list]) -> dict[str, dict]:
    """Scores with 95 % intervals by corpus and condition."""
    found: dict[str, dict] = {}
    for name, parts in said.items():
        for corpus in ZIPS:
            mine = [_only(part, pool.corpus[part.rows] == corpus) for part in parts]
            part = _joined([m for m in mine if len(m.rows)])
            if part is None:
                continue
            values = {k: [round(x, 3) for x in v] for k, v in scores(pool.windows, part).items() if np.isfinite(v[0])}
            keep = part.scored & (pool.label[part.rows] >= 0)
            if keep.any():
                rows = part.rows[keep]
                values |= {
                    k: round(v, 3)
                    for k, v in calibration(
                        pool.label[rows], part.emotions[keep], part.mean[keep], part.sd[keep], pool.target[rows]
                    ).items()
                }
            found[f"{corpus} {name}"] = values | {"n": int(part.scored.sum())}
    return found


def calibrate(net: VoiceAffectNet, out: Path) -> None:
    """Temperature and scales of the standard deviations, cold and with a baseline, from speakers never seen.

    Half the weight is on unseen speakers of known corpora, half on unseen corpora, where there are both.
    """
    with torch.no_grad():
        for k, name in enumerate(SECONDS):
            fits = []
            for job in ("speakers", "corpora"):
                file = out / f"{job}.pkl"
                if not file.exists():
                    raise SystemExit(f"{file} is not there: run --job {job} first")
                pool_file = next(out.glob("pool-*.pkl"))
                pool: Pool = pickle.loads(pool_file.read_bytes())
                fits.append(_fitted(pool, _joined(pickle.loads(file.read_bytes())[name])))
            temperature, scale = np.exp(np.mean(np.log([f[0] for f in fits]))), np.mean([f[1] for f in fits], axis=0)
            net.temperature[k] = float(temperature)
            net.sd_scale[k] = torch.tensor(scale, dtype=torch.float32)
            print(f"{name}: temperature {temperature:.3f}, scale of sd {np.round(scale, 3)}; by job {fits}")


def _fitted(pool: Pool, said) -> tuple[float, list[float]]:
    keep = said.scored & (pool.label[said.rows] >= 0)
    rows = said.rows[keep]
    label, target = pool.label[rows], pool.target[rows]
    weight = 1.0 / np.bincount(label, minlength=N_EMOTIONS)[label]
    logp = np.log(np.maximum(said.emotions[keep], 1e-9))
    candidates = np.exp(np.linspace(np.log(0.5), np.log(5.0), 60))
    costs = []
    for t in candidates:
        z = logp / t
        z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
        costs.append(-(weight * z[np.arange(len(label)), label]).sum())
    ratio = np.abs(target - said.mean[keep]) / said.sd[keep]
    scale = [float(np.quantile(ratio[:, d], 0.9) / 1.645) for d in range(2)]
    return float(candidates[int(np.argmin(costs))]), scale


def _only(part, mask: Array):
    keep = np.flatnonzero(mask)
    return type(part)(part.rows[keep], part.emotions[keep], part.mean[keep], part.sd[keep], part.scored[keep])


def _joined(parts):
    if not parts:
        return None
    columns = [
        np.concatenate([getattr(p, name) for p in parts]) for name in ("rows", "emotions", "mean", "sd", "scored")
    ]
    return type(parts[0])(*columns)


if __name__ == "__main__":
    main()
