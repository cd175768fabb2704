"""What each member of the joined net says of faces, with geometry and without."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from liveaffect.models.face.population import NEUTRAL_MEAN
from training.face.colour.net import ColourNet
from training.face.net import LUMA
from training.face.several import net as nets

HEADS = ("votes2", "labels2", "votes3", "labels3")
OWN = ("votes", "labels", "taught", "spread", "embedding")
BATCH = 64
APART = 0.6
"""Share of the squared distance between what the two nets take valence and arousal to be that counts as variance: where
a mouth is covered or a picture is blurred, they differ by more than either says."""
Said = dict[str, torch.Tensor]
SIDE, SMALL = 96, 64  # sides of the crops that the colour net and the net of luma see


def smaller(size: int, small: int) -> np.ndarray:
    """(small, size): what `align.resize` does along one axis, which takes two samples a pixel here."""
    out, scale = np.zeros((small, size), np.float32), size / small
    for i in range(small):
        for tap in (0.25, 0.75):
            x = min(max(scale * (i + tap) - 0.5, 0.0), size - 1.0)
            left = min(int(x), size - 2)
            out[i, left] += 0.5 * (1 - (x - left))
            out[i, left + 1] += 0.5 * (x - left)
    return out


class Members(nn.Module):
    """The colour net, and the net of version 2 on the luma of the same crops, made smaller."""

    def __init__(self, second: nets.TwoHeads, third: ColourNet) -> None:
        super().__init__()
        self.second, self.third = second, third
        self.register_buffer("small", torch.from_numpy(smaller(SIDE, SMALL)))
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 1, 1, 3))

    def grey(self, crops: torch.Tensor) -> torch.Tensor:
        """Luma (n, 1, SMALL, SMALL) of crops (n, SIDE, SIDE, 3)."""
        luma = (crops.float() * self.luma).sum(3)
        return (self.small @ luma @ self.small.T).unsqueeze(1)

    def colours(self, crops: torch.Tensor) -> torch.Tensor:
        """The same crops as the colour net gets them, (n, 3, SIDE, SIDE)."""
        return crops.float().permute(0, 3, 1, 2)

    def older(self, seen: torch.Tensor, shape: torch.Tensor, there: list[torch.Tensor]) -> list[Said]:
        """Answers of the net of luma to what it has seen, for each `present` in `there`."""
        found = [self.second.hear(seen, shape, present) for present in there]
        return [{f"{k}2": said[k] for k in OWN} for said in found]

    def newer(self, seen: torch.Tensor, shape: torch.Tensor, there: list[torch.Tensor]) -> list[Said]:
        """The same of the colour net."""
        found = [self.third.judge(seen, shape, present) for present in there]
        return [{f"{k}3": said[k] for k in OWN} for said in found]


def inputs(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geometry (n, 2G) of stills from (n, G), and (n, 1) whether there is any."""
    present = np.isfinite(raw[:, :1])
    joined = np.where(present, np.concatenate([raw, raw - NEUTRAL_MEAN], 1), 0)
    return joined.astype(np.float32), present.astype(np.float32)


class Answers(NamedTuple):
    """By name: (2 without and with geometry, n, k)."""

    said: dict[str, np.ndarray]
    present: np.ndarray  # (n,) bool


@torch.no_grad()
def ask(members: Members, crops: np.ndarray, raw: np.ndarray, which: str) -> Answers:
    """`which` is "older" or "newer"; `crops` (n, 96, 96, 3) uint8, geometry `raw` (n, G) with NaN rows for none."""
    vectors, given = inputs(raw)
    parts: dict[str, list[np.ndarray]] = {}
    for i in range(0, len(crops), BATCH):
        pixels = torch.from_numpy(crops[i : i + BATCH])
        shape, present = torch.from_numpy(vectors[i : i + BATCH]), torch.from_numpy(given[i : i + BATCH])
        there = [torch.zeros_like(present), present]
        picture = members.grey(pixels) if which == "older" else members.colours(pixels)
        picture = picture.contiguous(memory_format=torch.channels_last)
        if which == "older":
            view = members.older(members.second.look(picture), shape, there)
        else:
            view = members.newer(members.third.look(picture), shape, there)
        for name in view[0]:
            parts.setdefault(name, []).append(np.stack([given[name].numpy() for given in view]))
    return Answers({k: np.concatenate(v, 1) for k, v in parts.items()}, given[:, 0] > 0)


def load(earlier: Path, third: Path, luma: np.ndarray) -> Members:
    """`earlier` is the exported net 2, `third` last.pt of the colour net; `luma` are faces (n, 64, 64) to norm over."""
    colour = ColourNet()
    colour.load_state_dict(torch.load(third, weights_only=True)["net"])
    return Members(nets.exported(earlier, torch.from_numpy(luma)), colour.tame()).eval()
