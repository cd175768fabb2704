"""Step 5: train the face student.

python -m training.face.train --cache CACHE --out RUN [--epochs 30] [--ablate geometry degrade loose ...]
"""

import argparse
import copy
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from training.face import data, grow
from training.face.batches import Batches, Drawn
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


def loss_of(
    net: FaceNet, outputs: tuple[torch.Tensor, ...], wanted: dict[str, torch.Tensor], echo: bool
) -> torch.Tensor:
    """Cross-entropy to the distribution, Gaussian likelihood of valence-arousal, covers, the teachers' own words."""
    logits, residual, spread, embedding, covered = (o.float() for o in outputs)
    log_p = F.log_softmax(logits, 1)
    classes = -(wanted["classes"] * log_p).sum(1).mean()
    known = wanted["va"].isfinite()
    error = torch.where(known, log_p.exp() @ net.coordinates + residual - wanted["va"], 0).square()
    likelihood = ((error.detach() * (-spread).exp() + spread) * known).mean()
    hidden = F.binary_cross_entropy_with_logits(covered[:, 0], wanted["hidden"])
    loss = classes + 0.5 * likelihood * 0.2 + 1.0 * error.mean() + 0.1 * hidden
    if not echo:
        return loss
    kept = net.drop(embedding)
    said = -(wanted["said"].nan_to_num(0) * F.log_softmax(net.said(kept), 1)).sum(1).mean()
    taught, spoken = wanted["taught"], wanted["taught"].isfinite()
    near = F.smooth_l1_loss(net.taught(kept), taught.nan_to_num(0), beta=0.2, reduction="none")
    return loss + (near * spoken).mean() + 0.3 * said


@torch.no_grad()
def predict(net: torch.nn.Module, arrays: tuple[np.ndarray, ...], batch: int = 256) -> tuple[np.ndarray, ...]:
    """Logits, residual, log variance, embedding, cover over prepared arrays."""
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


def wanted_of(faces: data.Faces, pick: np.ndarray, drawn: Drawn, args: argparse.Namespace) -> dict[str, torch.Tensor]:
    """What the net should say of the drawn faces."""
    classes = faces.learn[pick] if args.posterior else faces.target[pick]
    if "soft" in args.ablate:
        classes = np.eye(8, dtype=np.float32)[classes.argmax(1)]
    hidden = np.clip((drawn.hidden - 0.2) / 0.4, 0, 1)
    found = {"classes": classes, "va": faces.va[pick], "taught": faces.taught[pick], "said": faces.said[pick]}
    return {k: torch.from_numpy(np.asarray(v, np.float32)) for k, v in (found | {"hidden": hidden}).items()}


def drawing(batches: Batches, rows: np.ndarray, weight: np.ndarray, batch: int) -> Iterator[tuple[np.ndarray, Drawn]]:
    """Endless batches, the next one being made in a thread beside."""
    cumulative = np.cumsum(weight)

    def one() -> tuple[np.ndarray, Drawn]:
        pick = rows[np.minimum(np.searchsorted(cumulative, batches.rng.random(batch)), len(rows) - 1)]
        return pick, batches.draw(pick)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(one)
        while True:
            ready, coming = coming.result(), pool.submit(one)
            yield ready


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=30, help="one epoch is 25 600 faces")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.03)
    parser.add_argument("--drop", type=float, default=0.25)
    parser.add_argument("--widths", type=int, nargs=5, default=(16, 24, 48, 96, 160))
    parser.add_argument("--deeper", action="store_true", help="one more convolution in each of the two last stages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=1e6, help="end (annealed) after so long, however far")
    parser.add_argument("--start", type=Path, help="a run, or an exported face-affect.onnx, to grow from")
    parser.add_argument("--clean", type=float, default=0.0, help="share of the faces that stay undegraded")
    parser.add_argument("--every", type=int, default=400, help="steps between looks at the dev faces")
    parser.add_argument("--posterior", action="store_true", help="mix the teachers' word into the votes (distil.py)")
    parser.add_argument("--ablate", nargs="*", default=(), choices=ABLATIONS)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    ablate = tuple(args.ablate)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    faces = data.load(args.cache)
    batches = Batches(faces, args.seed, ablate, args.clean)
    rows, weight = sampling(faces, ablate)
    device = torch.device(args.device)
    net = FaceNet(tuple(args.widths), args.drop, args.deeper)
    mean, scale = data.geometry_scale(faces)
    net.mean.copy_(torch.from_numpy(mean)), net.scale.copy_(torch.from_numpy(scale))
    if args.start:
        grow.start(net, args.start, torch.from_numpy(data.plain(faces, rows[:: len(rows) // 1024])[0]))
    net = net.to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(net).requires_grad_(False)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e3:.0f} k parameters, {len(rows)} faces", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=args.decay)
    steps = int(args.epochs * 25600 / args.batch)
    dev = faces.rows(1)
    dev_arrays = data.plain(faces, dev)
    begin, running, history = time.perf_counter(), 0.0, []
    for step, (pick, drawn) in enumerate(drawing(batches, rows, weight, args.batch)):
        warm = min(1.0, (step + 1) / 200)
        done = max(step / steps, (time.perf_counter() - begin) / 60 / args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * warm * (0.5 + 0.5 * np.cos(np.pi * min(done, 1)) + 0.005)
        luma, geo, present = (torch.from_numpy(a).to(device) for a in (drawn.luma, drawn.geometry, drawn.present))
        wanted = {k: v.to(device) for k, v in wanted_of(faces, pick, drawn, args).items()}
        net.train()
        with torch.autocast(device.type, torch.bfloat16):
            outputs = net(luma[:, None].contiguous(memory_format=torch.channels_last), geo, present)
        loss = loss_of(net, outputs, wanted, not {"echo", "teachers"} & set(ablate))
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
        if (step + 1) % args.every == 0 or last:
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
            kind = {"widths": tuple(args.widths), "deeper": args.deeper}
            torch.save({"net": cpu.state_dict(), **kind}, args.out / "last.pt")
            (args.out / "history.json").write_text(
                json.dumps({"args": vars(args) | {"cache": "", "out": ""}, "history": history}, default=str)
            )
        if last:
            break


if __name__ == "__main__":
    main()
