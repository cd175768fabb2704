"""The face student: a small plain convolution net on a 64 pixel luma crop, joined by face geometry if there is any."""

import numpy as np
import torch
from torch import nn

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.geometry import GEOMETRY_SIZE, mirror

SIDE = 64
EMBEDDING = 96
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class FaceNet(nn.Module):
    """Luma (n, 1, 64, 64) in 0..255, geometry (n, 2G), present (n, 1) to logits, residual, log variance, embedding.

    Valence and arousal are the circumplex mean of the softmax plus the residual; the log variance is of their error.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 32, 64, 96, 128), drop: float = 0.25) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(block(1, a, 2), block(a, b), nn.MaxPool2d(2))
        self.body = nn.Sequential(
            *[block(b, c), block(c, c), nn.MaxPool2d(2)],
            *[block(c, d), block(d, d), nn.MaxPool2d(2)],
            *[block(d, e), block(e, e)],
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
        self.taught = nn.Linear(EMBEDDING, 2)  # the teachers' valence and arousal, in training only
        nn.init.zeros_(self.residual.weight)

    def forward(self, luma: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.judge(self.look(luma), geometry, present)

    def look(self, luma: torch.Tensor) -> torch.Tensor:
        """Pooled features (n, 2 * widest) of the crops, freed of mean and contrast."""
        x = luma - luma.mean((2, 3), keepdim=True)
        x = x / (x.square().mean((2, 3), keepdim=True) + 4.0).sqrt()  # 4: below 2 grey levels there is only noise
        x = self.body(self.stem(x))
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
        )


class Shipped(nn.Module):
    """What is exported: uint8 RGB in; calibrated log-probabilities, valence-arousal, their deviation, embedding out.

    Each face is seen as it is and in a mirror, with its geometry and without, by one net or several, and the answers
    are averaged (the embedding is the first net's): a mirrored face gets the same answer.
    """

    def __init__(self, nets: list[FaceNet], temperature: tuple[float, float], spread: tuple[float, float]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.register_buffer("coordinates", torch.tensor(COORDINATES))
        self.register_buffer("temperature", torch.tensor(temperature))
        self.register_buffer("gain", torch.tensor(spread))
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 1, 1, 3))
        # Mirroring is linear: a permutation with signs, read off by mirroring the numbers 1, 2, 3, ...
        seen = mirror(np.arange(1, GEOMETRY_SIZE + 1, dtype=np.float32))
        order = torch.from_numpy(np.abs(seen).astype(np.int64) - 1)
        self.register_buffer("order", torch.cat([order, order + GEOMETRY_SIZE]))
        self.register_buffer("sign", torch.from_numpy(np.tile(np.sign(seen), 2)))

    def forward(self, crops: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        luma = (crops.float() * self.luma).sum(3).unsqueeze(1)
        mirrored = geometry.index_select(1, self.order) * self.sign
        views = []
        for net in self.nets:
            for picture, shape in ((luma, geometry), (luma.flip(3), mirrored)):
                seen = net.look(picture)
                views += [net.judge(seen, shape, present), net.judge(seen, shape, torch.zeros_like(present))]
        logits, residual, spread = (sum(view[k] for view in views) / len(views) for k in range(3))
        embedding = 0.25 * sum(view[3] for view in views[:4])
        heat = self.temperature[0] * (1 - present) + self.temperature[1] * present
        log_p = torch.log_softmax(logits / heat, 1)
        va = (log_p.exp() @ self.coordinates + residual).clamp(-1, 1)
        return log_p, va, (0.5 * spread).exp() * self.gain, embedding
