"""Step 5b: train the net with two heads on all collections; ends by the clock, goes on where it was stopped.

python -m training.face.several.train --cache CACHE --out RUN --start models/weights/face-affect.onnx --minutes 40

Workers train alone and average their weights every few steps (local SGD), so that a slow core holds nobody up.
"""

import argparse
import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from liveaffect.models.circumplex import COORDINATES
from training.face import data
from training.face.batches import Batches, Drawn
from training.face.several import pool
from training.face.several.net import TwoHeads, begin, load, masked, save
from training.face.several.targets import TRAINED, Wanted, take

SHARES = {"ferplus": 0.38, "rafdb_train": 0.32, "rare": 0.13, "utk": 0.17}
SYNC = 10  # steps between two averagings
GAIN = 0.5  # how much of what the teachers say beyond the class means valence and arousal follow


def chances(wanted: Wanted, shares: dict[str, float]) -> np.ndarray:
    """Cumulative probability of each row: collections in their shares, rare classes of each more often."""
    there = np.array([np.any(wanted.kind == k) * shares[name] for k, name in enumerate(TRAINED)])
    return np.cumsum(wanted.draw * (there / there.sum())[wanted.kind])


def loss_of(net: TwoHeads, out: dict[str, torch.Tensor], w: Wanted, means: np.ndarray) -> torch.Tensor:
    """Cross-entropies of both conventions, valence and arousal with their deviation, the teachers' own words."""
    t = {k: torch.from_numpy(getattr(w, k)) for k in ("votes", "labels", "votes_weight", "labels_weight")}
    allowed = torch.from_numpy(w.allowed)
    votes, labels = masked(out["votes"], allowed), masked(out["labels"], allowed)
    loss = -(t["votes_weight"] * (t["votes"] * votes).sum(1)).mean()
    loss = loss - (t["labels_weight"] * (t["labels"] * labels).sum(1)).mean()
    by_label = w.kind == TRAINED.index("rafdb_train")
    base = np.where(by_label[:, None], w.labels, w.votes)
    whole = torch.from_numpy((w.kind != TRAINED.index("rare")) & (w.votes_weight > 0))
    p = torch.where(torch.from_numpy(by_label)[:, None], labels, votes).exp()
    more = w.taught - base @ means
    known = torch.from_numpy(np.isfinite(more[:, 0])) & whole
    target = torch.from_numpy((base @ COORDINATES + GAIN * np.nan_to_num(more)).astype(np.float32))
    error = (p @ net.coordinates + out["residual"] - target).square()
    likelihood = ((error.detach() * (-out["spread"]).exp() + out["spread"]) * whole[:, None]).mean()
    loss = loss + 0.1 * likelihood + (error * known[:, None]).mean()
    said, taught = torch.from_numpy(w.said), torch.from_numpy(w.taught)
    word = -(said.nan_to_num(0) * torch.log_softmax(out["said"], 1)).sum(1).mean()
    near = torch.nn.functional.smooth_l1_loss(out["taught"], taught.nan_to_num(0), beta=0.2, reduction="none")
    return loss + 0.2 * word + 0.5 * (near * taught.isfinite()).mean()


@torch.no_grad()
def predict(net: TwoHeads, arrays: tuple[np.ndarray, ...]) -> dict[str, np.ndarray]:
    """Heads over prepared luma, geometry, present."""
    net.eval()
    outs: list[dict[str, torch.Tensor]] = []
    for i in range(0, len(arrays[0]), 128):
        luma, geometry, present = (torch.from_numpy(a[i : i + 128]) for a in arrays)
        outs.append(net.heads(luma[:, None].contiguous(memory_format=torch.channels_last), geometry, present))
    return {k: torch.cat([o[k] for o in outs]).numpy() for k in outs[0]}


def among(out: dict[str, np.ndarray], w: Wanted, by_votes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (n, 8) among the allowed classes, and the target that they are judged by."""
    logits, t = (out["votes"], w.votes) if by_votes else (out["labels"], w.labels)
    logits = np.where(w.allowed, logits, -1e4)
    return logits - np.logaddexp.reduce(logits, 1, keepdims=True), t


def score(out: dict[str, np.ndarray], w: Wanted, by_votes: bool) -> dict[str, float]:
    """Accuracy and mean recall where one class has more than half, KL to the target, all among the allowed classes."""
    log_p, t = among(out, w, by_votes)
    clear = t.max(1) > 0.5
    y, got = t[clear].argmax(1), log_p[clear].argmax(1)
    kl = (t * (np.log(np.maximum(t, 1e-12)) - log_p)).sum(1).mean()
    recall = float(np.mean([(got[y == k] == k).mean() for k in np.unique(y)]))
    return {"n": len(y), "accuracy": float((y == got).mean()), "recall": recall, "kl": float(kl)}


def looks(faces: data.Faces, wanted: Wanted, held: np.ndarray, most: int) -> dict[str, tuple]:
    """Plain dev faces of each labelled collection; `held` faces (validation) stay unseen."""
    found = {}
    for name in ("ferplus", "rafdb_train", "rare"):
        rows = np.flatnonzero((wanted.kind == TRAINED.index(name)) & wanted.dev & ~held & (wanted.votes_weight > 0))
        if len(rows):
            rows = rows[:: max(len(rows) // most, 1)]
            found[name] = (data.plain(faces, rows), take(wanted, rows))
    return found


def average(net: TwoHeads, workers: int) -> None:
    """The mean of all workers' weights and statistics, in place."""
    with torch.no_grad():
        tensors = [t for t in net.state_dict().values() if t.dtype.is_floating_point]
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat)
        flat, at = flat / workers, 0
        for t in tensors:
            t.copy_(flat[at : at + t.numel()].view_as(t))
            at += t.numel()


def held_back(cache: Path, wanted: Wanted) -> np.ndarray:
    """(n,) bool: the FER+ validation faces."""
    held = np.zeros(len(wanted.kind), bool)
    rows = np.flatnonzero(wanted.kind == TRAINED.index("ferplus"))
    if len(rows):
        held[rows] = np.load(cache / "ferplus_votes.npz")["validation"]
    return held


def work(rank: int, args: argparse.Namespace) -> None:
    """One worker."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed + rank)
    if args.workers > 1:
        dist.init_process_group("gloo", init_method=f"file://{args.out / 'meet'}", rank=rank, world_size=args.workers)
    faces, wanted = pool.load(args.data, args.cache, leave_out=tuple(args.leave_out))
    means, sums = pool.beyond(wanted), chances(wanted, SHARES)
    batches = Batches(faces, int(time.time()) + rank, (), args.clean)
    net, spent, step = TwoHeads(tuple(args.widths), args.drop), 0.0, 0
    mean, scale = data.geometry_scale(faces)
    net.mean.copy_(torch.from_numpy(mean)), net.scale.copy_(torch.from_numpy(scale))
    mine, last = args.out / f"worker{rank}.pt", args.out / "last.pt"
    optimizer_state = None
    if mine.exists():
        saved = torch.load(mine, weights_only=True)
        net.load_state_dict(saved["net"])
        spent, step, optimizer_state = saved["spent"], saved["step"], saved["optimizer"]
    else:
        rows = np.random.default_rng(3).choice(np.flatnonzero(~wanted.dev), 1024)
        begin(net, args.start, torch.from_numpy(data.plain(faces, rows)[0]))
    net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=args.decay)
    if optimizer_state:
        optimizer.load_state_dict(optimizer_state)
    steady = load(last) if last.exists() else copy.deepcopy(net)
    steady.requires_grad_(False)
    dev = looks(faces, wanted, held_back(args.cache, wanted), args.most) if rank == 0 else {}
    seen, start, kept, running = 0, time.perf_counter(), spent, 0.0
    if rank == 0:
        counts = {name: int((wanted.kind == k).sum()) for k, name in enumerate(TRAINED)}
        print(counts, "teachers' valence, arousal", means.round(2).tolist(), flush=True)

    def drawing() -> tuple[Drawn, Wanted]:
        rows = np.minimum(np.searchsorted(sums, batches.rng.random(args.batch) * sums[-1]), len(sums) - 1)
        return batches.draw(rows), take(wanted, rows)

    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(drawing)
        while True:
            now = spent + (time.perf_counter() - start) / 60
            done = min(now / args.minutes, 1)
            for group in optimizer.param_groups:
                group["lr"] = args.rate * min(1.0, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * done) + 0.005)
            (drawn, want), coming = coming.result(), beside.submit(drawing)
            net.train()
            luma = torch.from_numpy(drawn.luma)[:, None].contiguous(memory_format=torch.channels_last)
            out = net.heads(luma, torch.from_numpy(drawn.geometry), torch.from_numpy(drawn.present))
            loss = loss_of(net, out, want, means)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
            step, seen = step + 1, seen + args.batch * args.workers
            running = 0.99 * running + 0.01 * loss.item() if running else loss.item()
            if step % SYNC:
                continue
            ended = torch.tensor([float(done >= 1), float(now - kept > args.every)])
            if args.workers > 1:
                average(net, args.workers)
                dist.broadcast(ended, 0)
            if rank == 0:
                keep = min(0.97, (step / SYNC) / (step / SYNC + 4))
                with torch.no_grad():
                    for a, b in zip(steady.state_dict().values(), net.state_dict().values(), strict=True):
                        a.lerp_(b, 1 - keep) if a.dtype.is_floating_point else a.copy_(b)
            if not ended.any():
                continue
            kept = now
            save(net, mine, optimizer=optimizer.state_dict(), spent=now, step=step)
            if rank == 0:
                save(steady, last, spent=now)
                found = {k: score(predict(steady, arrays), w, k == "ferplus") for k, (arrays, w) in dev.items()}
                rate = seen / (time.perf_counter() - start)
                with (args.out / "history.jsonl").open("a") as f:
                    f.write(
                        json.dumps({"minutes": now, "step": step, "rate": rate, "loss": running, "dev": found}) + "\n"
                    )
                told = "  ".join(f"{k} {v['accuracy']:.3f}/{v['recall']:.3f}/{v['kl']:.3f}" for k, v in found.items())
                print(f"{now:.1f} min step {step} {rate:.0f}/s loss {running:.3f} | {told}", flush=True)
            if ended[0]:
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True, help="an exported net, or last.pt of a run")
    parser.add_argument("--minutes", type=float, required=True, help="of training in all, interruptions not counted")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64, help="faces a step of each worker")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--drop", type=float, default=0.25)
    parser.add_argument("--clean", type=float, default=0.4, help="share of the faces that stay undegraded")
    parser.add_argument("--widths", type=int, nargs=5, default=(16, 24, 48, 112, 192))
    parser.add_argument("--every", type=float, default=4, help="minutes between looks at the dev faces")
    parser.add_argument("--most", type=int, default=1000, help="dev faces of a collection to look at")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave-out", nargs="*", default=(), choices=TRAINED)
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
