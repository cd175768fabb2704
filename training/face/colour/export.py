"""Step 6d: calibrate and join the members on dev faces, export to ONNX, make it small, hold it against torch.

python -m training.face.colour.export --cache CACHE --run RUN/last.pt --earlier V2.1.onnx
    --out NET.onnx [--before EARLIER/last.pt --share 0.7]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import COORDINATES
from training.face import data
from training.face.colour import members as m
from training.face.colour import small
from training.face.colour.batches import Batches, Collection
from training.face.colour.shipped import Three
from training.face.colour.store import inner
from training.face.colour.train import SHARES, collections, dev_rows
from training.face.net import Calibration
from training.face.several.export import NATURAL, UNIFORM, Held, deviations, fit, joint, shares, told
from training.face.several.shipped import Joined, place_of, write
from training.face.several.targets import RARE, SEVEN, labels_of

KNOWN = {"ferplus": np.ones(8, bool), "rafdb_train": SEVEN, "rare": RARE}
EXTRA = ("taught", "spread")
CALLED = 0.75  # of the votes, for a face to count as neutral
COVER = 110  # grey over the lower part of some of the faces by which deviations are fitted


def answers(cache: Path, members: m.Members, c: Collection, rows: np.ndarray, run: Path) -> m.Answers:
    """What all members say of these faces; kept in the cache, of the colour net beside its run."""
    said: dict[str, np.ndarray] = {}
    for which, folder in (("older", cache), ("newer", run.parent)):
        path = folder / f"{which}_{c.name}.npz"
        if not path.exists():
            found = m.ask(members, inner(c.crops[rows]), c.geometry[rows], which)
            np.savez(path, rows=rows, **found.said)
        with np.load(path) as z:
            here = np.isin(z["rows"], rows)
            if here.sum() != len(rows):
                raise SystemExit(f"{path} has other faces: delete it")
            said |= {k: z[k][:, here] for k in z.files if k != "rows"}
    return m.Answers(said, np.isfinite(c.geometry[rows, 0]))


def views(a: m.Answers) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Heads of the members, then what is taught and the spread: without geometry, and with it."""
    said = dict(a.said)
    for what in EXTRA:
        said[what] = 0.5 * (said[f"{what}2"] + said[f"{what}3"])
    names = [*m.HEADS, *EXTRA]
    both = [{n: said[n][0] for n in names}, {n: 0.5 * (said[n][0] + said[n][1]) for n in names}]
    for one in both:
        of = [shares(0.5 * (one[f"votes{k}"] + one[f"labels{k}"])) @ COORDINATES for k in "23"]
        one["spread"] = np.log(np.exp(one["spread"]) + m.APART * np.square(of[0] - of[1]))
    return [both[0][n] for n in names], [both[1][n] for n in names]


def population(held: dict[str, Held], fits: dict[str, list[np.ndarray]]) -> dict[str, list[float]]:
    """By prior: mean log-probabilities (8) of faces called neutral, FER+ and RAF-DB alike, with their geometry."""
    found = {}
    for prior, pair in fits.items():
        means = []
        for h in (held["ferplus"], held["rafdb_train"]):
            logits = joint(h.views[1], pair[1])[h.known & (h.truth[:, 0] > CALLED)]
            means.append((logits - np.logaddexp.reduce(logits, 1, keepdims=True)).mean(0))
        found[prior] = [round(float(x), 4) for x in np.mean(means, 0)]
    return found


def truth_of(data_folder: Path, cache: Path, name: str, rows: np.ndarray) -> np.ndarray:
    """Shares (n, 8) of the votes, or the label."""
    if name != "ferplus":
        return np.eye(8)[labels_of(data_folder, name)[rows]]
    votes = np.load(cache / "ferplus_votes.npz")["votes"][rows]
    return votes / np.maximum(votes.sum(1, keepdims=True), 1)


def between(before: Path, run: Path, share: float, out: Path) -> Path:
    """A run's weights averaged with those it started from, `share` of its own: written to `out`, which is returned."""
    old, new = (torch.load(path, weights_only=True)["net"] for path in (before, run))
    mixed = {k: old[k].lerp(v, share) if v.dtype.is_floating_point else v for k, v in new.items()}
    torch.save({"net": mixed}, out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="last.pt of `train`")
    parser.add_argument("--before", type=Path, help="last.pt that the run started from, to average with")
    parser.add_argument("--share", type=float, default=0.7, help="of the run in that average")
    parser.add_argument("--earlier", type=Path, required=True, help="the exported net 2.1")
    parser.add_argument("--every", type=int, default=1, help="take every n-th dev face")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.before:
        args.run = between(args.before, args.run, args.share, args.out.with_suffix(".pt"))
    count = len(m.HEADS)
    store, sides, matrix, geometry = data.stored(args.cache, "ferplus")
    some = np.arange(0, len(store), 40)
    none = np.zeros(len(store), np.float32)
    faces = data.Faces(store, sides, matrix, geometry, *[none] * 7)
    members = m.load(args.earlier, args.run, data.plain(faces, some)[0])
    parts = collections(args.data, args.cache)
    held, rows_of = {}, {}
    for c in parts:
        if c.name not in KNOWN:
            continue
        rows_of[c.name] = rows = dev_rows(args.cache, c)[:: args.every]
        a = answers(args.cache, members, c, rows, args.run)
        truth = truth_of(args.data, args.cache, c.name, rows)
        held[c.name] = Held(c.name, views(a), a.present, truth, KNOWN[c.name], rows)
    fits = {"natural": [fit(held, NATURAL, bool(k), count=count) for k in (0, 1)]}
    fits["uniform"] = [fit(held, UNIFORM, bool(k), balanced=True, count=count) for k in (0, 1)]
    for prior, pair in fits.items():
        for k in (0, 1):
            for name, h in held.items():
                print(prior, ("without", "with")[k], "geometry", name, told(h, pair[k], bool(k)), flush=True)
    p = np.concatenate([shares(joint(h.views[0], fits["natural"][0])) for h in held.values()])
    taught = np.concatenate([h.views[0][count] for h in held.values()])
    means = np.linalg.solve(p.T @ p + 5 * np.eye(8), p.T @ taught)
    print("valence and arousal of the categories", means.round(2).tolist(), flush=True)
    source = Batches(parts, [SHARES[c.name] for c in parts], 31, 96)
    few = slice(None, None, 2)
    planes, _, _ = source.seen(parts[0], rows_of["ferplus"][few])
    spoilt = planes.transpose(1, 2, 3, 0).round().clip(0, 255).astype(np.uint8)
    masked = inner(parts[0].crops[rows_of["ferplus"][few]])
    masked[:, int(0.6 * masked.shape[1]) :] = COVER
    pair, h = fits["natural"], held["ferplus"]
    pairs = [(h.views[0], pair[0], h.truth), (h.views[1], pair[1], h.truth)]
    for crops in (spoilt, masked):
        blank = np.full((len(crops), geometry.shape[1]), np.nan, np.float32)
        said = {k: v for which in ("older", "newer") for k, v in m.ask(members, crops, blank, which).said.items()}
        pairs.append((views(m.Answers(said, np.zeros(len(crops), bool)))[0], pair[0], h.truth[few]))
    gain, floor = deviations(pairs, means)
    joined = {}
    for prior, both in fits.items():
        heads, bias = ([f[part].tolist() for f in both] for part in (slice(0, count), slice(count, None)))
        joined[prior] = Joined((heads[0], heads[1]), (bias[0], bias[1]))
    net = Three(members, place_of(args.earlier), joined, Calibration(gain=gain, floor=floor), means).eval()
    whole = args.out.with_suffix(".fp32.onnx")
    c = next(c for c in parts if c.name == "rafdb_train")
    rows = rows_of[c.name]
    crops, (vectors, present) = inner(c.crops[rows]), m.inputs(c.geometry[rows])
    example = tuple(torch.from_numpy(a[:3]) for a in (crops, vectors, present))
    told_of = {prior: one._asdict() for prior, one in joined.items()} | {"gain": gain, "floor": floor}
    told_of["parity"] = write(net, whole, example)
    feeds = small.feeds(source, parts)
    told_of["small"] = small.make(whole, args.out, feeds, {"neutral": json.dumps(population(held, fits))})
    for name, c in ((c.name, c) for c in parts if c.name in KNOWN):
        rows = rows_of[name][::2]
        crops, (vectors, present) = inner(c.crops[rows]), m.inputs(c.geometry[rows])
        arrays = {"crops": crops, "geometry": vectors, "present": present}
        told_of[f"int8 {name}"] = small.compare(whole, args.out, arrays, held[name].truth[::2], KNOWN[name])
        print(name, told_of[f"int8 {name}"], flush=True)
    told_of["bytes"] = args.out.stat().st_size
    args.out.with_suffix(".json").write_text(json.dumps(told_of))
    print(json.dumps(told_of, indent=1))


if __name__ == "__main__":
    main()
