"""The head that tells a covered eye or mouth, fitted on a trained net's features; and how well it does.

Called by `export`; alone it prints the table:  python -m training.face.covers --cache CACHE --run RUN
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training.face import data
from training.face.batches import Batches
from training.face.net import FaceNet

HIDDEN = 0.5  # a cover counts where it hides at least this share of an eye or the mouth
SEEN = 0.1  # and a face is free where none hides more than this


@torch.no_grad()
def features(net: FaceNet, luma: np.ndarray) -> torch.Tensor:
    """Pooled features of crops (n, 64, 64), a crop and its mirror one after the other: (2n, k)."""
    x = torch.from_numpy(luma)[:, None]
    return torch.cat([net.eval().look(part) for whole in (x, x.flip(3)) for part in whole.split(256)])


def drawn(faces: data.Faces, rows: np.ndarray, seed: int, loose: bool) -> tuple[np.ndarray, np.ndarray]:
    """Crops of which half are covered somewhere, lightly degraded as usual, and their hidden share (n,)."""
    source = Batches(faces, seed, () if loose else ("loose",), clean=0.2, covered=0.6)
    parts = [source.draw(part) for part in np.array_split(rows, max(len(rows) // 256, 1))]
    return np.concatenate([p.luma for p in parts]), np.concatenate([p.hidden for p in parts])


def fit(net: FaceNet, faces: data.Faces, count: int = 8000, seed: int = 8) -> None:
    """Set the net's `covered` head by logistic regression on training faces; the rest stays as it is."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(np.flatnonzero((faces.split == 0) | (faces.split == 3)), count, replace=False)
    luma, hidden = drawn(faces, rows, seed, loose=True)
    sure = (hidden >= HIDDEN) | (hidden <= SEEN)
    x = features(net, luma[sure])
    y = torch.from_numpy(np.tile(hidden[sure] >= HIDDEN, 2).astype(np.float32))
    mean, sd = x.mean(0), x.std(0) + 1e-4
    z = (x - mean) / sd
    weight, bias = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=150, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z @ weight + bias, y)
        loss = loss + 3e-4 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        net.covered.weight.copy_((weight / sd)[None])
        net.covered.bias.copy_(bias - (weight * mean / sd).sum())


def told(net: FaceNet, luma: np.ndarray) -> np.ndarray:
    """Probability of a cover (n,), crop and mirror averaged as shipped."""
    with torch.no_grad():
        logits = net.covered(features(net, luma))[:, 0]
    return logits.reshape(2, -1).mean(0).sigmoid().numpy()


def table(net: FaceNet, faces: data.Faces) -> float:
    """Print alarms on dev and teacher-labelled faces as they come, and what is found under covers; the threshold that
    one in 200 dev faces passes is returned."""
    dev, other = faces.rows(1), np.flatnonzero(faces.split == 3)[::6]
    plain = {name: told(net, data.plain(faces, rows)[0]) for name, rows in (("dev", dev), ("utk", other))}
    luma, hidden = drawn(faces, dev, 4, loose=False)
    p = told(net, luma)
    threshold = float(np.quantile(plain["dev"], 0.995))
    print(
        f"| threshold | alarms, dev ({len(dev)}) | alarms, UTKFace ({len(other)}) "
        "| found, by the hidden share of an eye or the mouth |"
    )
    for at in (0.5, 0.8, threshold):
        found = [
            f"{low:.1f} to {high:.1f}: {(p[m] > at).mean():.2f} (n {m.sum()})"
            for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.01))
            if (m := (hidden >= low) & (hidden < high)).sum()
        ]
        print(
            f"| {at:.3f} | {(plain['dev'] > at).mean():.4f} | {(plain['utk'] > at).mean():.4f} | {'; '.join(found)} |"
        )
    return threshold


def main() -> None:
    from training.face.distil import load_net

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    faces = data.load(args.cache)
    net = load_net(args.run, faces)
    fit(net, faces)
    table(net, faces)


if __name__ == "__main__":
    main()
