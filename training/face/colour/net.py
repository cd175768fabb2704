"""The face net: a colour trunk, geometry if there is any, one embedding, a head for each convention."""

import torch
from torch import nn
from torch.nn import functional as F

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.face.geometry import GEOMETRY_SIZE
from training.face.colour.trunk import Trunk, tame, turned

EMBEDDING = 96


def standard(rgb: torch.Tensor) -> torch.Tensor:
    """Crops (n, 3, s, s) freed of light level and contrast, colours kept, at the level the trunk knows (mean 127)."""
    x = rgb - rgb.mean((1, 2, 3), keepdim=True)
    spread = (x.square().mean((1, 2, 3), keepdim=True) + 4.0).sqrt()  # below 2 levels there is only noise
    return 127.0 + 60.0 * x / spread


class ColourNet(nn.Module):
    """RGB (n, 3, s, s) in 0..255, geometry (n, 2G), present (n, 1) to what `judge` gives."""

    def __init__(self, drop: float = 0.3, path: float = 0.05, still: int = 6) -> None:
        super().__init__()
        self.trunk = Trunk(path, still)
        self.register_buffer("mean", torch.zeros(2 * GEOMETRY_SIZE))
        self.register_buffer("scale", torch.ones(2 * GEOMETRY_SIZE))
        self.register_buffer("coordinates", torch.tensor(COORDINATES))
        self.shape = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(2 * GEOMETRY_SIZE, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 48)
        )
        self.missing = nn.Parameter(torch.zeros(48))
        self.join = nn.Sequential(nn.Linear(2 * self.trunk.width + 48, EMBEDDING), nn.ReLU())
        self.seen_drop, self.drop = nn.Dropout(drop), nn.Dropout(0.15)
        self.votes = nn.Linear(EMBEDDING, 8)
        self.labels = nn.Linear(EMBEDDING, 8)
        self.residual = nn.Linear(EMBEDDING, 2)
        self.spread = nn.Linear(EMBEDDING, 2)
        self.taught = nn.Linear(EMBEDDING, 2)  # the teachers' valence and arousal, in training only
        self.said = nn.Linear(EMBEDDING, 8)  # the teachers' classes as they come, in training only
        nn.init.zeros_(self.residual.weight)

    @torch.no_grad()
    def tame(self) -> "ColourNet":
        """The same net, as it is exported best: see `trunk.tame`."""
        tame(self.trunk)
        signs = turned(self.trunk)
        self.join[0].weight[:, : 2 * self.trunk.width].mul_(torch.cat([signs, signs]))
        return self

    def forward(self, rgb: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.judge(self.look(rgb), geometry, present)

    def look(self, rgb: torch.Tensor) -> torch.Tensor:
        """Features (n, 1024): the means of the upper half of the face and of the lower."""
        seen = self.trunk(standard(rgb))
        half = seen.shape[2] // 2
        return torch.cat([seen[:, :, :half].mean((2, 3)), seen[:, :, -half:].mean((2, 3))], 1)

    def judge(self, seen: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> dict[str, torch.Tensor]:
        """Heads on pooled features and geometry, the learned token standing in where it is not present."""
        scaled = ((geometry - self.mean) / self.scale).clamp(-4, 4)
        shape = self.shape(scaled) * present + self.missing * (1 - present)
        embedding = self.join(torch.cat([self.seen_drop(seen), shape], 1))
        hidden = self.drop(embedding)
        return {
            "votes": self.votes(hidden),
            "labels": self.labels(hidden),
            "residual": 0.5 * torch.tanh(self.residual(hidden)),
            "spread": self.spread(hidden).clamp(-7, 0),
            "taught": self.taught(hidden),
            "said": self.said(hidden),
            "embedding": embedding,
        }


def masked(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Log-probabilities among the allowed classes (n, 8) bool alone."""
    return F.log_softmax(logits.masked_fill(~allowed, -1e4), 1)
