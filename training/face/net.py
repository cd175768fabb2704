"""The face student: a small plain convolution net on a 64 pixel luma crop, joined by face geometry if there is any."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.face.geometry import GEOMETRY_SIZE, mirror

SIDE = 64
EMBEDDING = 96
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Deeper(nn.Module):
    """One more 3x3 convolution beside a short cut; starts as if it were not there."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm(self.conv(x)))


class FaceNet(nn.Module):
    """Luma (n, 1, 64, 64) in 0..255, geometry (n, 2G), present (n, 1) to logits, residual, log variance, embedding,
    logit of being covered.

    Valence and arousal are the circumplex mean of the softmax plus the residual; the log variance is of their error.
    """

    def __init__(
        self, widths: tuple[int, ...] = (16, 24, 48, 96, 160), drop: float = 0.25, deeper: bool = False
    ) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(block(1, a, 2), block(a, b), nn.MaxPool2d(2))
        more = [[Deeper(width)] if deeper else [] for width in (d, e)]
        self.body = nn.Sequential(
            *[block(b, c), block(c, c), nn.MaxPool2d(2)],
            *[block(c, d), block(d, d), *more[0], nn.MaxPool2d(2)],
            *[block(d, e), block(e, e), *more[1]],
        )
        self.register_buffer("mean", torch.zeros(2 * GEOMETRY_SIZE))
        self.register_buffer("scale", torch.ones(2 * GEOMETRY_SIZE))
        self.register_buffer("coordinates", torch.tensor(COORDINATES))
        self.shape = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(2 * GEOMETRY_SIZE, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 48)
        )
        self.missing = nn.Parameter(torch.zeros(48))
        self.join = nn.Sequential(nn.Linear(2 * e + 48, EMBEDDING), nn.ReLU())
        self.drop = nn.Dropout(drop)
        self.classes = nn.Linear(EMBEDDING, 8)
        self.residual = nn.Linear(EMBEDDING, 2)
        self.spread = nn.Linear(EMBEDDING, 2)
        self.covered = nn.Linear(2 * e, 1)
        self.taught = nn.Linear(EMBEDDING, 2)  # the teachers' valence and arousal, in training only
        self.said = nn.Linear(EMBEDDING, 8)  # the teachers' classes as they come, in training only
        nn.init.zeros_(self.residual.weight)

    def forward(self, luma: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.judge(self.look(luma), geometry, present)

    def look(self, luma: torch.Tensor) -> torch.Tensor:
        """Pooled features (n, 2 * widest) of the crops, freed of mean and contrast."""
        x = self.body(self.stem(standard(luma)))
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)

    def judge(self, seen: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Heads on pooled features and geometry, the learned token standing in where it is not present."""
        scaled = ((geometry - self.mean) / self.scale).clamp(-4, 4)
        shape = self.shape(scaled) * present + self.missing * (1 - present)
        embedding = self.join(torch.cat([seen, shape], 1))
        hidden = self.drop(embedding)
        return (
            self.classes(hidden),
            0.5 * torch.tanh(self.residual(hidden)),
            self.spread(hidden).clamp(-7, 0),
            embedding,
            self.covered(seen),
        )


def standard(luma: torch.Tensor) -> torch.Tensor:
    """Crops (n, 1, s, s) freed of mean and contrast."""
    x = luma - luma.mean((2, 3), keepdim=True)
    return x / (x.square().mean((2, 3), keepdim=True) + 4.0).sqrt()  # 4: below 2 grey levels there is only noise


class PlaceNet(nn.Module):
    """Where the aligned crop lies in a loose one: luma (n, 1, 64, 64) to (n, 4) as `batches.places`, and its log
    variance (n, 2): of the centre and logarithm of the side, and of the angle."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *[block(1, 16, 2), block(16, 24, 2), block(24, 48, 2), block(48, 48), nn.Conv2d(48, 12, 1), nn.ReLU()],
            *[nn.Flatten(), nn.Linear(12 * 64, 64), nn.ReLU()],
        )
        self.place, self.spread = nn.Linear(64, 4), nn.Linear(64, 2)

    def forward(self, luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.body(standard(luma))
        return self.place(x), self.spread(x).clamp(-9, 1)


class Calibration(NamedTuple):
    """What `export` fits on the dev faces; each pair is (without, with) geometry."""

    heat: tuple[float, float] = (1.0, 1.0)
    """Temperature of the logits."""
    bias: tuple[list[float], list[float]] = ([0.0] * 8, [0.0] * 8)
    """Added to the logits: training draws rare classes more often than they are."""
    gain: tuple[float, float] = (1.0, 1.0)
    """Factor of the deviation of (valence, arousal)."""
    floor: tuple[float, float] = (0.0, 0.0)
    """Deviation of (valence, arousal) that is always there."""


class Shipped(nn.Module):
    """What is exported: uint8 RGB in; calibrated log-probabilities, valence-arousal, their deviation, embedding, and
    where the aligned crop lies (with its deviation) out.

    Each face is seen as it is and in a mirror, with its geometry and without, and the answers are averaged: a mirrored
    face gets the same answer.
    """

    def __init__(self, net: FaceNet, place: PlaceNet, calibration: Calibration) -> None:
        super().__init__()
        self.net, self.place = net, place
        for name, value in calibration._asdict().items():
            self.register_buffer(name, torch.tensor(value))
        self.register_buffer("coordinates", torch.tensor(COORDINATES))
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 1, 1, 3))
        self.register_buffer("turned", torch.tensor([-1.0, 1.0, 1.0, -1.0]))
        # Mirroring is linear: a permutation with signs, read off by mirroring the numbers 1, 2, 3, ...
        seen = mirror(np.arange(1, GEOMETRY_SIZE + 1, dtype=np.float32))
        order = torch.from_numpy(np.abs(seen).astype(np.int64) - 1)
        self.register_buffer("order", torch.cat([order, order + GEOMETRY_SIZE]))
        self.register_buffer("sign", torch.from_numpy(np.tile(np.sign(seen), 2)))

    def forward(self, crops: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        luma = (crops.float() * self.luma).sum(3).unsqueeze(1)
        mirrored = geometry.index_select(1, self.order) * self.sign
        views = []
        for picture, shape in ((luma, geometry), (luma.flip(3), mirrored)):
            seen = self.net.look(picture)
            views += [self.net.judge(seen, shape, present), self.net.judge(seen, shape, torch.zeros_like(present))]
        logits, residual, spread, embedding = (sum(view[k] for view in views) / 4 for k in range(4))
        heat = self.heat[0] * (1 - present) + self.heat[1] * present
        bias = self.bias[0] * (1 - present) + self.bias[1] * present
        log_p = torch.log_softmax(logits / heat + bias, 1)
        va = (log_p.exp() @ self.coordinates + residual).clamp(-1, 1)
        sd = (spread.exp() * self.gain.square() + self.floor.square()).sqrt()
        (here, wide), (there, wide_too) = self.place(luma), self.place(luma.flip(3))
        place = 0.5 * (here + there * self.turned)
        return log_p, va, sd, embedding, place, (0.25 * (wide + wide_too)).exp()
