"""Step 4b: the small net that finds the aligned crop in a loose one, so that a loose face is cut again.

python -m training.face.place --cache CACHE --out RUN [--minutes 8]
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from training.face import data
from training.face.batches import Batches, Drawn
from training.face.net import PlaceNet


def loss_of(net: PlaceNet, drawn: Drawn) -> tuple[torch.Tensor, torch.Tensor]:
    """Gaussian likelihood with a robust error, over the faces whose place is known; and the absolute errors (n, 4)."""
    luma, truth = torch.from_numpy(drawn.luma[drawn.placed]), torch.from_numpy(drawn.place[drawn.placed])
    with torch.autocast("cpu", torch.bfloat16):
        place, spread = net(luma[:, None].contiguous(memory_format=torch.channels_last))
    place, spread = place.float(), spread.float()
    error = torch.nn.functional.smooth_l1_loss(place, truth, beta=0.05, reduction="none")
    joint = torch.stack([error[:, :3].mean(1), error[:, 3]], 1)
    told = 0.05 * joint.detach() * (-spread).exp() + 0.5 * spread  # the variance is learned beside, not instead
    return 10 * error.mean() + 0.02 * told.mean(), (place - truth).abs().detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    faces = data.load(args.cache)
    batches, net = Batches(faces, args.seed, clean=0.5, wide=True), PlaceNet().to(memory_format=torch.channels_last)
    rows = np.flatnonzero(((faces.split == 0) | (faces.split == 3)) & np.isfinite(faces.geometry[:, 0]))
    dev = np.flatnonzero((faces.split == 1) & np.isfinite(faces.geometry[:, 0]))
    held = [Batches(faces, 99, clean=1.0, wide=True).draw(dev)]
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    begin = time.perf_counter()
    for step in range(args.steps):
        done = max(step / args.steps, (time.perf_counter() - begin) / 60 / args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1, (step + 1) / 200) * (0.505 + 0.495 * np.cos(np.pi * min(done, 1)))
        net.train()
        loss, _ = loss_of(net, batches.draw(batches.rng.choice(rows, args.batch)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        last = step + 1 == args.steps or done >= 1
        if (step + 1) % 500 == 0 or last:
            net.eval()
            with torch.no_grad():
                wrong = torch.cat([loss_of(net, part)[1] for part in held]).numpy()
            half, most = np.median(wrong, 0).round(3), np.percentile(wrong, 90, 0).round(3)
            print(
                f"{step + 1}/{args.steps} {loss.item():.4f} dev error x, y, log side, angle: median {half} 90 % {most}",
                flush=True,
            )
            torch.save({"net": net.state_dict()}, args.out / "place.pt")
        if last:
            break


if __name__ == "__main__":
    main()
