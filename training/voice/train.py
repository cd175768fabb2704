"""Trains and judges the voice model.

    python -m training.voice.train --cache DIR --out DIR --job corpora     leave one corpus out, with intervals
    python -m training.voice.train --cache DIR --out DIR --job speakers    leave speakers out, within all corpora
    python -m training.voice.train --cache DIR --out DIR --job final       all data: OUT/voice-affect.onnx

`corpora` and `speakers` write what the nets said of people they never saw to OUT/JOB.pkl; `final` takes its
temperature and the scales of its standard deviations from both (see `calibrate`). Members that are trained are kept in
OUT/nets and not trained again.
"""

import argparse
import json
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import N_EMOTIONS
from training.voice.batches import Pool
from training.voice.closed import fit_kernel, fit_linear, fit_rule
from training.voice.data import ZIPS
from training.voice.export import export
from training.voice.fit import fit_mel, fit_summary
from training.voice.judge import Predicted, calibration, predict, scores
from training.voice.nets import VoiceAffectNet
from training.voice.windows import Windows, build

SECONDS = {"cold": 0.0, "baseline": 30.0}
PRESENT = torch.tensor([True] * (N_EMOTIONS - 1) + [False])
STEP_HOPS = 20
"""Held-out utterances are judged every 200 ms of speech, as a stream would."""
Array = np.ndarray


@dataclass
class Recipe:
    """What is trained, and the members' shares (see `VoiceAffectNet`)."""

    layers: float = 1.0
    kernel: float = 1.0
    linear: float = 1.0
    mel: float = 0.1
    trust: float = 1.0
    rule: float = 0.5
    humble: float = 0.7
    """Logits lose this power of e for each halving of the window: halved speech, halved logits."""
    nets: int = 2
    """Layered nets of each kind of expert."""
    steps: int = 600
    mel_steps: int = 500


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--job", choices=["corpora", "speakers", "final"], required=True)
    options.add_argument("--copies", type=int, default=4)
    for name, value in vars(Recipe()).items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = options.parse_args()
    torch.set_num_threads(1)
    (args.out / "nets").mkdir(parents=True, exist_ok=True)
    recipe = Recipe(**{name: getattr(args, name) for name in vars(Recipe())})
    pool, steps = load(args.cache, args.out, args.copies)
    if args.job == "final":
        net = train(pool, np.arange(len(pool.windows)), recipe, args.out / "nets" / "final-0")
        calibrate(net, args.out, steps)
        export(net, args.out / "voice-affect.onnx")
        return
    said = _held_out(pool, steps, args.job, recipe, args.out)
    (args.out / f"{args.job}.pkl").write_bytes(pickle.dumps(said))
    print(json.dumps(report(steps, said), indent=1))


def load(cache: Path, out: Path, copies: int) -> tuple[Pool, Windows]:
    """Windows to train on, and those to judge; kept in OUT, since cutting them takes minutes."""

    def kept(name: str, make: Callable[[], Pool | Windows]) -> Pool | Windows:
        path = out / f"{name}.pkl"
        if not path.exists():
            path.write_bytes(pickle.dumps(make(), protocol=5))
        return pickle.loads(path.read_bytes())

    pool = kept(f"pool-{copies}", lambda: Pool.of(build(cache, list(ZIPS), copies)))
    steps = kept("steps", lambda: build(cache, list(ZIPS), 1, every=STEP_HOPS))
    assert isinstance(pool, Pool)
    assert isinstance(steps, Windows)
    return pool, steps


def train(pool: Pool, rows: Array, recipe: Recipe, name: Path) -> VoiceAffectNet:
    """All members, on windows `rows`; each is kept as NAME-MEMBER.pt."""

    def kept(member: str, fit: Callable[..., torch.nn.Module], *how: float):
        path = name.with_name(f"{name.name}-{member}.pt")
        if not path.exists():
            torch.save(fit(pool, rows, *how), path)
        return torch.load(path, weights_only=False)

    seed = int(name.name.rsplit("-", 1)[1])
    summary = []
    for based, kind in ((False, "cold"), (True, "based")):
        for k in range(recipe.nets):
            summary.append(kept(f"layers-{kind}-{k}", fit_summary, 100 * seed + k, based, recipe.steps))
        summary.append(kept(f"kernel-{kind}", fit_kernel, seed, based))
        summary.append(kept(f"linear-{kind}", fit_linear, seed, based))
    mel = [kept("mel", fit_mel, seed, recipe.mel_steps)] if recipe.mel else []
    shares = {key: float(getattr(recipe, key)) for key in ("layers", "kernel", "linear", "mel", "trust", "rule")}
    net = VoiceAffectNet(summary, mel, fit_rule(pool, rows), PRESENT, shares).eval()
    net.humble.fill_(recipe.humble)
    return net


def _folds(job: str, windows: Windows, count: int = 4) -> list[Array]:
    """Masks of the windows that each fold of a job holds out."""
    corpus, people = windows.column("corpus"), windows.column("speaker")
    if job == "corpora":
        return [corpus == name for name in ("ravdess", "nemo")]
    fold = {s: k % count for name in ZIPS for k, s in enumerate(np.unique(people[corpus == name]))}
    number = np.array([fold[s] for s in people])
    return [number == k for k in range(count)]


def _held_out(pool: Pool, steps: Windows, job: str, recipe: Recipe, out: Path) -> dict[str, list[Predicted]]:
    """What nets trained on the rest say of each held-out part, sound as recorded."""
    said: dict[str, list[Predicted]] = {name: [] for name in SECONDS}
    folds = list(zip(_folds(job, pool.windows), _folds(job, steps), strict=True))
    for k, (apart, judged) in enumerate(folds):
        started = time.perf_counter()
        net = train(pool, np.flatnonzero(~apart), recipe, out / "nets" / f"{job}-{k}")
        for name, seconds in SECONDS.items():
            said[name].append(predict(net, steps, np.flatnonzero(judged), seconds))
        print(f"fold {k + 1}/{len(folds)} {time.perf_counter() - started:.0f} s", flush=True)
    return said


def report(windows: Windows, said: dict[str, list[Predicted]]) -> dict[str, dict]:
    """Scores with 95 % intervals by corpus and condition."""
    corpus = windows.column("corpus")
    found: dict[str, dict] = {}
    for name, parts in said.items():
        part = Predicted.joined(parts)
        for one in ZIPS:
            mine = part.only(corpus[part.rows] == one)
            if not len(mine.rows):
                continue
            values = {k: [round(x, 3) for x in v] for k, v in scores(windows, mine).items() if np.isfinite(v[0])}
            values |= {k: round(v, 3) for k, v in calibration(windows, mine).items()}
            found[f"{one} {name}"] = values | {"n": int((mine.scored & windows.whole[mine.rows]).sum())}
    return found


def calibrate(net: VoiceAffectNet, out: Path, windows: Windows) -> None:
    """Temperature and scales of the standard deviations, cold and with a baseline, from speakers never seen.

    Half the weight is on unseen speakers of known corpora, half on unseen corpora.
    """
    with torch.no_grad():
        for k, name in enumerate(SECONDS):
            fits = []
            for job in ("speakers", "corpora"):
                file = out / f"{job}.pkl"
                if not file.exists():
                    raise SystemExit(f"{file} is not there: run --job {job} first")
                fits.append(_fitted(windows, Predicted.joined(pickle.loads(file.read_bytes())[name])))
            temperature, scale = np.exp(np.mean(np.log([f[0] for f in fits]))), np.mean([f[1] for f in fits], axis=0)
            net.temperature[k] = float(temperature)
            net.sd_scale[k] = torch.tensor(scale, dtype=torch.float32)
            print(f"{name}: temperature {temperature:.3f}, scale of sd {np.round(scale, 3)}; by job {fits}")


def _fitted(windows: Windows, said: Predicted) -> tuple[float, list[float]]:
    """The temperature of least surprise and the scales of 90 % coverage, corpora and categories counted alike."""
    label = windows.column("label")
    said = said.only(said.scored & (label[said.rows] >= 0))
    label, target = label[said.rows], windows.targets()[said.rows]
    cell = np.unique(label + 8 * (windows.column("corpus")[said.rows] == "nemo"), return_inverse=True)[1]
    weight = 1.0 / np.bincount(cell)[cell]
    logp = np.log(np.maximum(said.emotions, 1e-9))
    candidates = np.exp(np.linspace(np.log(0.3), np.log(5.0), 60))
    costs = []
    for t in candidates:
        z = logp / t
        z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
        costs.append(-(weight * z[np.arange(len(label)), label]).sum())
    ratio = np.abs(target - said.mean) / said.sd
    order = np.argsort(ratio, axis=0)
    scale = []
    for d in range(2):
        mass = np.cumsum(weight[order[:, d]]) / weight.sum()
        scale.append(float(ratio[order[np.searchsorted(mass, 0.9), d], d] / 1.645))
    return float(candidates[int(np.argmin(costs))]), scale


if __name__ == "__main__":
    main()
