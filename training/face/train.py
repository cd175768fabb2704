"""Step 5: train the face student.

python -m training.face.train --cache CACHE --out RUN [--epochs 30] [--ablate geometry degrade loose ...]
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from training.face import data
from training.face.net import FaceNet

ABLATIONS = ("geometry", "degrade", "loose", "mass", "teachers", "echo", "soft")


def sampling(faces: data.Faces, ablate: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows to draw from and their probability: rare classes more often, by the votes they hold (not by majority)."""
    rows = faces.rows(0)
    weight = np.minimum(faces.votes[rows] / 10, 1)
    if "mass" not in ablate:
        mass = (faces.target[rows] * weight[:, None]).mean(0)
        weight = weight * (faces.target[rows] @ (mass**-0.5))
    weight = weight / weight.sum()
    taught = faces.rows(3)
    if "teachers" in ablate or not len(taught):
        return rows, weight
    share = 0.2
    own = faces.target[taught] @ (faces.target[taught].mean(0) ** -0.5)
    return np.concatenate([rows, taught]), np.concatenate([weight * (1 - share), own * (share / own.sum())])


def loss_of(outputs: tuple[torch.Tensor, ...], coordinates: torch.Tensor, target: torch.Tensor, va: torch.Tensor):
    """Cross-entropy to the distribution, Gaussian likelihood of valence and arousal."""
    logits, residual, spread, _ = (o.float() for o in outputs)
    log_p = F.log_softmax(logits, 1)
    classes = -(target * log_p).sum(1).mean()
    error = (log_p.exp() @ coordinates + residual - va).square()
    likelihood = (error.detach() * (-spread).exp() + spread).mean()
    return classes + 0.5 * likelihood * 0.2 + 1.0 * error.mean()


@torch.no_grad()
def predict(net: torch.nn.Module, arrays: tuple[np.ndarray, ...], batch: int = 256) -> tuple[np.ndarray, ...]:
    """Logits, residual, log variance, embedding over prepared arrays."""
    net.eval()
    outs = []
    for i in range(0, len(arrays[0]), batch):
        luma, geo, present = (torch.from_numpy(a[i : i + batch]) for a in arrays)
        outs.append(
            [o.float().numpy() for o in net(luma[:, None].contiguous(memory_format=torch.channels_last), geo, present)]
        )
    return tuple(np.concatenate(column) for column in zip(*outs, strict=True))


def score(logits: np.ndarray, target: np.ndarray, votes: np.ndarray) -> dict[str, float]:
    """Accuracy where one class has more than half the votes, UAR there, mean KL where there are five votes or more."""
    log_p = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
    majority = target.max(1) > 0.5
    y, got = target[majority].argmax(1), log_p[majority].argmax(1)
    recalls = [np.mean(got[y == k] == k) for k in range(8) if (y == k).any()]
    enough = votes >= 5
    t = target[enough]
    kl = (t * (np.log(np.maximum(t, 1e-12)) - log_p[enough])).sum(1).mean()
    return {"accuracy": float((y == got).mean()), "uar": float(np.mean(recalls)), "kl": float(kl)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=30, help="one epoch is 25 600 faces")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.03)
    parser.add_argument("--drop", type=float, default=0.25)
    parser.add_argument("--widths", type=int, nargs=5, default=(32, 32, 64, 96, 128))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=1e6, help="end (annealed) after so long, however far")
    parser.add_argument("--start", type=Path, help="a run whose weights to start from")
    parser.add_argument("--clean", type=float, default=0.0, help="share of the faces that stay undegraded")
    parser.add_argument("--ablate", nargs="*", default=(), choices=ABLATIONS)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    faces = data.load(args.cache)
    batches = data.Batches(faces, args.seed, tuple(args.ablate), args.clean)
    rows, weight = sampling(faces, tuple(args.ablate))
    cumulative = np.cumsum(weight)
    device = torch.device(args.device)
    net = FaceNet(tuple(args.widths), args.drop)
    if args.start:
        net.load_state_dict(torch.load(args.start / "last.pt")["net"], strict=False)
    mean, scale = data.geometry_scale(faces)
    net.mean.copy_(torch.from_numpy(mean)), net.scale.copy_(torch.from_numpy(scale))
    net = net.to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(net).requires_grad_(False)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e3:.0f} k parameters, {len(rows)} faces", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=args.decay)
    steps = int(args.epochs * 25600 / args.batch)
    dev = faces.rows(1)
    dev_arrays = data.plain(faces, dev)
    begin, running, history = time.perf_counter(), 0.0, []
    for step in range(steps):
        warm = min(1.0, (step + 1) / 200)
        done = max(step / steps, (time.perf_counter() - begin) / 60 / args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * warm * (0.5 + 0.5 * np.cos(np.pi * min(done, 1)) + 0.005)
        drawn = np.minimum(np.searchsorted(cumulative, batches.rng.random(args.batch)), len(rows) - 1)
        pick = rows[drawn]
        luma, geo, present = (torch.from_numpy(a).to(device) for a in batches.draw(pick))
        target = faces.target[pick]
        if "soft" in args.ablate:
            target = np.eye(8, dtype=np.float32)[target.argmax(1)]
        net.train()
        with torch.autocast(device.type, torch.bfloat16):
            outputs = net(luma[:, None].contiguous(memory_format=torch.channels_last), geo, present)
            echo = net.taught(net.drop(outputs[3])).float()
        loss = loss_of(
            outputs, net.coordinates, torch.from_numpy(target).to(device), torch.from_numpy(faces.va[pick]).to(device)
        )
        if "echo" not in args.ablate:
            loss = loss + F.smooth_l1_loss(echo, torch.from_numpy(faces.taught[pick]).to(device), beta=0.2)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        keep = min(0.998, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
                a.lerp_(b, 1 - keep) if a.dtype.is_floating_point else a.copy_(b)
        running = 0.99 * running + 0.01 * loss.item() if step else loss.item()
        last = step + 1 == steps or done >= 1
        if (step + 1) % 400 == 0 or last:
            cpu = copy.deepcopy(average).cpu()
            found = score(predict(cpu, dev_arrays)[0], faces.target[dev], faces.votes[dev])
            blind = (dev_arrays[0], dev_arrays[1], np.zeros_like(dev_arrays[2]))
            bare = score(predict(cpu, blind)[0], faces.target[dev], faces.votes[dev])
            history.append({"step": step + 1, "loss": running, "dev": found, "dev_without_geometry": bare})
            rate = (step + 1) * args.batch / (time.perf_counter() - begin)
            print(
                f"{step + 1}/{steps} loss {running:.3f} dev acc {found['accuracy']:.4f} uar {found['uar']:.3f} "
                f"kl {found['kl']:.4f} | no geometry {bare['accuracy']:.4f} {bare['kl']:.4f} | {rate:.0f}/s",
                flush=True,
            )
            torch.save({"net": cpu.state_dict(), "widths": tuple(args.widths)}, args.out / "last.pt")
            (args.out / "history.json").write_text(
                json.dumps({"args": vars(args) | {"cache": "", "out": ""}, "history": history}, default=str)
            )
        if last:
            break


if __name__ == "__main__":
    main()
