"""Step 6: calibrate the heads on dev faces, join them with the earlier net, export to ONNX and hold it against torch.

python -m training.face.several.export --cache CACHE --run RUN/last.pt --earlier V1.2.onnx --out NET.onnx
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from liveaffect.models.circumplex import COORDINATES
from training.face import data, grow
from training.face.batches import Batches
from training.face.export import fit_deviation
from training.face.net import Calibration
from training.face.several import net as nets
from training.face.several import pool
from training.face.several.shipped import HEADS, SAID, STRENGTH, Both, Joined, example_for, place_of, write
from training.face.several.targets import RARE, SEVEN, TRAINED, Wanted
from training.face.several.train import held_back

NATURAL = {"ferplus": 1.0, "rafdb_train": 0.15}  # worth of a collection's mean loss when the natural prior is fitted
UNIFORM = {"ferplus": 0.6, "rafdb_train": 1.0, "rare": 0.3}  # and the uniform one


@torch.no_grad()
def asked(shipped: Both, arrays: tuple[np.ndarray, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """`Both.heard` over prepared luma, geometry, present: as if there were none, and with what there is."""
    pairs = []
    for i in range(0, len(arrays[0]), 128):
        luma, geometry, present = (torch.from_numpy(a[i : i + 128]) for a in arrays)
        picture = luma[:, None].round().clamp(0, 255).contiguous(memory_format=torch.channels_last)
        without, given = shipped.heard(picture, geometry, present)
        pairs.append((without, [0.5 * (a + b) for a, b in zip(without, given, strict=True)]))
    return tuple([torch.cat([pair[k][j] for pair in pairs]).numpy() for j in range(len(SAID))] for k in (0, 1))


class Held(NamedTuple):
    """Dev faces of one collection, what the heads say of them, and the truth as shares."""

    name: str
    views: tuple[list[np.ndarray], list[np.ndarray]]  # without, with geometry
    known: np.ndarray
    truth: np.ndarray
    allowed: np.ndarray
    rows: np.ndarray


def gather(shipped: Both, faces: data.Faces, wanted: Wanted, cache: Path) -> dict[str, Held]:
    """All dev faces."""
    votes = np.load(cache / "ferplus_votes.npz")["votes"]
    share = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    held, found = held_back(cache, wanted), {}
    for name, allowed in (("ferplus", np.ones(8, bool)), ("rafdb_train", SEVEN), ("rare", RARE)):
        rows = np.flatnonzero((wanted.kind == TRAINED.index(name)) & wanted.dev & ~held & (wanted.votes_weight > 0))
        luma, vectors, present = data.plain(faces, rows)
        pair = asked(shipped, (luma, vectors, present))
        first = np.flatnonzero(wanted.kind == TRAINED.index(name))[0]
        truth = share[rows - first] if name == "ferplus" else np.eye(8)[wanted.labels[rows].argmax(1)]
        found[name] = Held(name, pair, present[:, 0] > 0, truth, allowed, rows)
    return found


def fit(
    held: dict[str, Held], worth: dict[str, float], with_geometry: bool, balanced: bool = False, count: int = HEADS
) -> np.ndarray:
    """Factors of the `count` heads, then a bias (8): least cross-entropy, masked to what a collection knows.

    `balanced` weighs every class of a collection alike.
    """
    parts = []
    for name, weight in worth.items():
        h = held[name]
        rows = h.known if with_geometry else np.ones(len(h.truth), bool)
        if rows.sum() < 50:
            continue
        heads = torch.tensor(np.stack([v[rows] for v in h.views[int(with_geometry)][:count]]), dtype=torch.float64)
        truth = torch.tensor(h.truth[rows], dtype=torch.float64)
        each = torch.ones(len(truth), dtype=torch.float64)
        if balanced:
            each = truth @ (1 / truth.sum(0).clamp(min=8)).to(torch.float64)
        parts.append((heads, truth, weight * each / each.sum(), torch.tensor(~h.allowed)))
    x = torch.zeros(count + 8, dtype=torch.float64)
    x[:count] = 1 / count
    x.requires_grad_(True)
    optimizer = torch.optim.LBFGS([x], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = 1e-3 * x[count:].square().sum()
        for heads, truth, weight, never in parts:
            logits = (x[:count, None, None] * heads).sum(0) + x[count:]
            log_p = torch.log_softmax(logits.masked_fill(never, -1e4), 1)
            loss = loss - (weight * (truth * log_p).sum(1)).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    out = x.detach().numpy().copy()
    out[count:] -= out[count:].mean()
    return out


def joint(views: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Joined logits (n, 8)."""
    count = len(x) - 8
    return np.tensordot(x[:count], np.stack(views[:count]), 1) + x[count:]


def told(h: Held, x: np.ndarray, with_geometry: bool) -> dict[str, float]:
    """Accuracy, mean recall, KL and calibration error of joined heads on dev faces."""
    logits = np.where(h.allowed, joint(h.views[int(with_geometry)], x), -1e4)
    log_p = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
    clear = h.truth.max(1) > 0.5
    y, got = h.truth[clear].argmax(1), log_p[clear].argmax(1)
    kl = (h.truth * (np.log(np.maximum(h.truth, 1e-12)) - log_p)).sum(1).mean()
    return {
        "n": len(y),
        "accuracy": round(float((y == got).mean()), 4),
        "recall": round(float(np.mean([(got[y == k] == k).mean() for k in np.unique(y)])), 4),
        "kl": round(float(kl), 4),
    }


def deviations(
    parts: list[tuple[list[np.ndarray], np.ndarray, np.ndarray]], means: np.ndarray
) -> tuple[tuple[float, ...], ...]:
    """Gains and floors of the deviations over views, each with its fit and the faces' votes; the first are plain."""
    errors, sds = [], []
    for views, x, truth in parts:
        count = len(x) - 8
        taught, spread = views[count : count + 2]
        p = shares(joint(views, x))
        va = np.clip(p @ COORDINATES + STRENGTH * (taught - p @ means), -1, 1)
        errors.append(va - truth @ COORDINATES), sds.append(np.sqrt(np.exp(spread)))
    error, sd = np.concatenate(errors), np.concatenate(sds)
    found = [fit_deviation(error[:, k], sd[:, k]) for k in (0, 1)]
    plain = errors[0] / np.sqrt((sds[0] * [f[0] for f in found]) ** 2 + np.square([f[1] for f in found]))
    print("90 % intervals cover on plain faces", (np.abs(plain) < 1.645).mean(0).round(3), flush=True)
    gains, floors = zip(*found, strict=True)
    return gains, floors


def shares(logits: np.ndarray) -> np.ndarray:
    """Softmax."""
    return np.exp(logits - np.logaddexp.reduce(logits, 1, keepdims=True))


def class_means(held: dict[str, Held], x: np.ndarray) -> np.ndarray:
    """(8, 2) what the net takes the teachers' valence and arousal of each category to be, over all dev faces."""
    p = np.concatenate([shares(joint(h.views[0], x)) for h in held.values()])
    taught = np.concatenate([h.views[0][HEADS] for h in held.values()])
    return np.linalg.solve(p.T @ p + 5 * np.eye(8), p.T @ taught)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="last.pt of `train`")
    parser.add_argument("--earlier", type=Path, required=True, help="the exported net it grew from")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    faces, wanted = pool.load(args.data, args.cache)
    net, place = nets.load(args.run), place_of(args.earlier)
    rows = np.flatnonzero(wanted.kind == TRAINED.index("ferplus"))[::40]
    elder = grow.exported_net(args.earlier, torch.from_numpy(data.plain(faces, rows)[0])).eval()
    bare = Both(net, elder, place, {}, Calibration()).eval()
    held = gather(bare, faces, wanted, args.cache)
    fits = {"natural": [fit(held, NATURAL, bool(k)) for k in (0, 1)]}
    fits["uniform"] = [fit(held, UNIFORM, bool(k), balanced=True) for k in (0, 1)]
    for prior, pair in fits.items():
        for k in (0, 1):
            for name, h in held.items():
                print(prior, ("without", "with")[k], "geometry", name, told(h, pair[k], bool(k)), flush=True)
    means = class_means(held, fits["natural"][0])
    print("valence and arousal of the categories", means.round(2).tolist(), flush=True)
    truth, views = held["ferplus"].truth @ COORDINATES, held["ferplus"].views[1]
    p = shares(joint(views, fits["natural"][1]))
    for strength in (0.0, 0.25, STRENGTH, 1.0):
        va = p @ COORDINATES + strength * (views[HEADS] - p @ means)
        print("strength", strength, "rmse on FER+", np.sqrt(np.square(va - truth).mean(0)).round(4), flush=True)
    joined = {prior: Joined.of(pair) for prior, pair in fits.items()}
    h, fit_of = held["ferplus"], fits["natural"]
    spoilt = Batches(faces, 31, ("loose",), clean=0.0).draw(h.rows)
    degraded = asked(bare, (spoilt.luma, spoilt.geometry, spoilt.present))[0]
    seen = ((h.views[0], fit_of[0]), (h.views[1], fit_of[1]), (degraded, fit_of[0]))
    gain, floor = deviations([(views, x, h.truth) for views, x in seen], means)
    shipped = Both(net, elder, place, joined, Calibration(gain=gain, floor=floor), means).eval()
    worst = write(shipped, args.out, example_for(shipped))
    said = {prior: one._asdict() for prior, one in joined.items()} | {"gain": gain, "floor": floor}
    said |= {"parity": worst, "bytes": args.out.stat().st_size}
    args.out.with_suffix(".json").write_text(json.dumps(said))
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
