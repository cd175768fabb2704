"""Step 6c: train the colour net on all collections; ends by the clock, goes on where it was stopped.

python -m training.face.colour.train --cache CACHE --out RUN --trunk MobileFaceNet.tflite --minutes 60 [--until 23:50]

Crops are small at first and grow. Workers train alone and average their weights every few steps (local SGD), so that a
slow core holds nobody up.
"""

import argparse
import copy
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from training.face.colour import fair, morphs
from training.face.colour.batches import Batches, Collection, collection, plain
from training.face.colour.net import ColourNet, standard
from training.face.colour.trunk import pretrained, settle
from training.face.several import pool
from training.face.several.targets import TRAINED, Wanted, build, join, take
from training.face.several.train import average, loss_of, score

SHARES = {"ferplus": 0.32, "rafdb_train": 0.36, "rare": 0.12, "utk": 0.12, "morph": 0.08}
LABELLED = ("ferplus", "rafdb_train", "rare")  # whose dev faces are looked at
SIDES = ((80, 0.4), (96, 1.0))  # pixels of the crops, and until which share of the time
SYNC = 10  # steps between two averagings


def wanted_of(data: Path, cache: Path, name: str) -> Wanted:
    """Targets as the net before had them; of UTKFace each head is taught what that net says under its own prior, freed
    of gender, age and origin."""
    wanted, path = build(data, cache, name), cache / "utk_second.npy"
    if name != "utk" or not path.exists():
        return wanted
    natural, uniform = np.load(path).astype(np.float32)
    who, shapes = fair.groups(data), np.load(cache / "utk_blendshapes.npy")
    votes, labels = (fair.freed(p, who, shapes) for p in (0.5 * (wanted.votes + natural), uniform))
    taught = wanted.taught - (who @ fair.effects(wanted.taught, who, shapes)).astype(np.float32)
    weight = np.full(len(natural), 0.5, np.float32)
    return replace(wanted, votes=votes, labels=labels, labels_weight=weight, taught=taught)


def collections(data: Path, cache: Path, leave_out: tuple[str, ...] = ()) -> list[Collection]:
    """Every collection that is not left out, with its targets; and morphs, where `morphs` made them."""
    names = [name for name in TRAINED if name not in leave_out]
    found = [collection(cache, name, wanted_of(data, cache, name)) for name in names]
    behind = next((c.wanted for c in found if c.name == morphs.SOURCE), None)
    if behind is not None and morphs.NAME not in leave_out and (cache / f"{morphs.NAME}_pairs.npy").exists():
        found.append(morphs.collection(cache, behind))
    return found


@torch.no_grad()
def predict(net: ColourNet, c: Collection, rows: np.ndarray, side: int) -> dict[str, np.ndarray]:
    """Heads over plain faces, face and mirror not averaged."""
    net.eval()
    outs: list[dict[str, torch.Tensor]] = []
    for i in range(0, len(rows), 64):
        rgb, vectors, present = (torch.from_numpy(a) for a in plain(c, rows[i : i + 64], side))
        outs.append(net(rgb.contiguous(memory_format=torch.channels_last), vectors, present))
    return {k: torch.cat([o[k] for o in outs]).numpy() for k in outs[0]}


def dev_rows(cache: Path, c: Collection) -> np.ndarray:
    """The dev faces of a collection; FER+ validation is not among them."""
    rows = np.flatnonzero(c.wanted.dev & (c.wanted.votes_weight > 0))
    return (
        np.intersect1d(rows, np.flatnonzero(np.load(cache / "ferplus_votes.npz")["dev"]))
        if c.name == "ferplus"
        else rows
    )


def look(net: ColourNet, parts: list[Collection], cache: Path, side: int, most: int) -> dict[str, dict[str, float]]:
    """What `score` tells of some dev faces of each labelled collection."""
    found = {}
    for c in parts:
        if c.name in LABELLED:
            rows = dev_rows(cache, c)
            rows = rows[:: max(len(rows) // most, 1)]
            found[c.name] = score(predict(net, c, rows, side), take(c.wanted, rows), c.name == "ferplus")
    return found


def scale_of(parts: list[Collection]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread (2G,) of raw and relative geometry over the training faces."""
    from liveaffect.models.face.population import NEUTRAL_MEAN

    known = np.concatenate([c.geometry[~c.wanted.dev & np.isfinite(c.geometry[:, 0])] for c in parts])
    mean, sd = known.mean(0), np.maximum(known.std(0), 0.02)
    pair = np.concatenate([mean, mean - NEUTRAL_MEAN]), np.concatenate([sd, sd])
    return torch.from_numpy(pair[0].astype(np.float32)), torch.from_numpy(pair[1].astype(np.float32))


def ends_at(args: argparse.Namespace) -> float:
    """Seconds since 1970 at which training is over."""
    if not args.until:
        return time.time() + 60 * args.minutes
    hour, minute = map(int, args.until.split(":"))
    today = time.localtime()
    end = time.mktime((*today[:3], hour, minute, 0, *today[6:]))
    return end if end > time.time() else end + 86400


def work(rank: int, args: argparse.Namespace) -> None:
    """One worker."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed + rank)
    if args.workers > 1:
        dist.init_process_group("gloo", init_method=f"file://{args.out / 'meet'}", rank=rank, world_size=args.workers)
    parts = collections(args.data, args.cache, tuple(args.leave_out))
    means = pool.beyond(join([c.wanted for c in parts]))
    net, before, step = ColourNet(args.drop, args.path, args.still), 0.0, 0
    net.mean.copy_(scale_of(parts)[0]), net.scale.copy_(scale_of(parts)[1])
    mine, last, saved = args.out / f"worker{rank}.pt", args.out / "last.pt", None
    if mine.exists():
        saved = torch.load(mine, weights_only=True)
        net.load_state_dict(saved["net"])
        before, step = saved["done"], saved["step"]
    elif args.start:
        net.load_state_dict(torch.load(args.start, weights_only=True)["net"])
    else:
        pretrained(net.trunk, args.trunk)
        some = [plain(c, np.flatnonzero(~c.wanted.dev)[:4000:100], SIDES[-1][0])[0] for c in parts]
        settle(net.trunk, [standard(torch.from_numpy(rgb)) for rgb in some])
    net = net.to(memory_format=torch.channels_last)
    heads = [p for n, p in net.named_parameters() if not n.startswith("trunk")]
    groups = [{"params": net.trunk.moving(), "times": 1.0}, {"params": heads, "times": 2.5}]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, weight_decay=args.decay)
    if saved:
        optimizer.load_state_dict(saved["optimizer"])
    steady = copy.deepcopy(net).requires_grad_(False)
    if last.exists():
        steady.load_state_dict(torch.load(last, weights_only=True)["net"])
    batches = Batches(parts, [SHARES[c.name] for c in parts], int(time.time()) + rank, SIDES[0][0])
    start, kept, seen, running = time.time(), time.time(), 0, 0.0
    end = ends_at(args)
    if rank == 0:
        print({c.name: len(c.crops) for c in parts}, "teachers' valence, arousal", means.round(2).tolist(), flush=True)
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(batches.draw, args.batch)
        while True:
            now = time.time()
            passed = seen / args.faces if args.faces else (now - start) / (end - start)
            done = min(before + (1 - before) * passed, 1.0)
            batches.side = next(side for side, until in SIDES if done <= until)
            for group in optimizer.param_groups:
                warm = min(1.0, (step + 1) / 100)
                group["lr"] = args.rate * group["times"] * warm * (0.5 + 0.5 * math.cos(math.pi * done) + 0.005)
            drawn, coming = coming.result(), beside.submit(batches.draw, args.batch)
            net.train()
            rgb = torch.from_numpy(drawn.rgb).contiguous(memory_format=torch.channels_last)
            out = net(rgb, torch.from_numpy(drawn.geometry), torch.from_numpy(drawn.present))
            loss = loss_of(net, out, drawn.wanted, means)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 3.0)
            optimizer.step()
            step, seen = step + 1, seen + args.batch * args.workers
            running = 0.98 * running + 0.02 * loss.item() if running else loss.item()
            if step % SYNC:
                continue
            ended = torch.tensor([float(done >= 1), float(now - kept > 60 * args.every)])
            if args.workers > 1:
                average(net, args.workers)
                dist.broadcast(ended, 0)
            if rank == 0:
                keep = min(0.95, (step / SYNC) / (step / SYNC + 4))
                with torch.no_grad():
                    for a, b in zip(steady.state_dict().values(), net.state_dict().values(), strict=True):
                        a.lerp_(b, 1 - keep) if a.dtype.is_floating_point else a.copy_(b)
            if not ended.any():
                continue
            kept = now
            state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "done": done, "step": step}
            torch.save(state, mine.with_suffix(".new"))
            mine.with_suffix(".new").replace(mine)
            if rank == 0:
                torch.save({"net": steady.state_dict(), "done": done}, last.with_suffix(".new"))
                last.with_suffix(".new").replace(last)
                found = look(steady, parts, args.cache, batches.side, args.most)
                rate = seen / (time.time() - start)
                line = {"done": done, "step": step, "side": batches.side, "loss": running, "rate": rate, "dev": found}
                with (args.out / "history.jsonl").open("a") as f:
                    f.write(json.dumps(line) + "\n")
                told = "  ".join(f"{k} {v['accuracy']:.3f}/{v['recall']:.3f}/{v['kl']:.3f}" for k, v in found.items())
                print(f"{done:.2f} step {step} {batches.side} px {rate:.0f}/s loss {running:.3f} | {told}", flush=True)
            if ended[0]:
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trunk", type=Path, help="the weights that the trunk starts from")
    parser.add_argument("--start", type=Path, help="last.pt of a run to start from instead")
    parser.add_argument("--minutes", type=float, default=60, help="how long to train from now on")
    parser.add_argument("--until", help="HH:MM, the time of day at which to end instead")
    parser.add_argument("--faces", type=int, help="how many faces to train on from now on, in place of a time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=48, help="faces a step of each worker")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--decay", type=float, default=0.03)
    parser.add_argument("--drop", type=float, default=0.3)
    parser.add_argument("--path", type=float, default=0.05, help="how often a block at the end is left out")
    parser.add_argument("--still", type=int, default=6, help="blocks that stay as they came")
    parser.add_argument("--every", type=float, default=6, help="minutes between looks at the dev faces")
    parser.add_argument("--most", type=int, default=300, help="dev faces of a collection to look at")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave-out", nargs="*", default=(), choices=[*TRAINED, morphs.NAME])
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    args.out = args.out.resolve()
    (args.out / "meet").unlink(missing_ok=True)
    if args.workers == 1:
        work(0, args)
    else:
        mp.spawn(work, (args,), args.workers)


if __name__ == "__main__":
    main()
