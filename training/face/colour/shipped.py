"""What is exported: the colour net, version 2's nets of luma, joined under either prior, and the net of places."""

import numpy as np
import torch

from liveaffect.models.circumplex import COORDINATES
from training.face.colour.members import APART, HEADS, Members, Said
from training.face.net import Calibration, PlaceNet
from training.face.several.shipped import STRENGTH, Joined


class Three(Members):
    """uint8 RGB crops (n, 96, 96, 3), geometry (n, 2G), present (n, 1) to what `several.shipped.Both` gives.

    Both nets are asked with geometry and without.
    """

    def __init__(
        self,
        members: Members,
        place: PlaceNet,
        joined: dict[str, Joined],
        calibration: Calibration,
        means: np.ndarray,
    ) -> None:
        super().__init__(members.second, members.third)
        self.place = place
        self.register_buffer("means", torch.tensor(means, dtype=torch.float32))
        self.register_buffer("gain", torch.tensor(calibration.gain))
        self.register_buffer("floor", torch.tensor(calibration.floor))
        self.register_buffer("coordinates", torch.tensor(COORDINATES))
        self.register_buffer("turned", torch.tensor([-1.0, 1.0, 1.0, -1.0]))
        for prior, one in joined.items():
            self.register_buffer(f"{prior}_heads", torch.tensor(one.heads))
            self.register_buffer(f"{prior}_bias", torch.tensor(one.bias))

    def forward(self, crops: torch.Tensor, geometry: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, ...]:
        luma, rgb = self.grey(crops), self.colours(crops)
        there = [torch.zeros_like(present), present]
        answers = self.older(self.second.look(luma), geometry, there)
        answers += self.newer(self.third.look(rgb), geometry, there)
        said: Said = {}
        for name in answers[0] | answers[-1]:
            found = [one[name] for one in answers if name in one]
            said[name] = sum(found) / len(found)
        log_p = self.join("natural", said, present)
        taught = self._mean(said, "taught")
        va = (log_p.exp() @ self.coordinates + STRENGTH * (taught - log_p.exp() @ self.means)).clamp(-1, 1)
        of = [torch.softmax(0.5 * (said[f"votes{k}"] + said[f"labels{k}"]), 1) @ self.coordinates for k in "23"]
        own = self._mean(said, "spread").exp() + APART * (of[0] - of[1]).square()
        sd = (own * self.gain.square() + self.floor.square()).sqrt()
        (here, wide), (back, wide_too) = self.place(luma), self.place(luma.flip(3))
        place = 0.5 * (here + back * self.turned)
        flat = self.join("uniform", said, present)
        return log_p, va, sd, said["embedding3"], place, (0.25 * (wide + wide_too)).exp(), flat

    def join(self, prior: str, said: Said, present: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (n, 8) under a prior: a weighted geometric mean of the heads."""
        heads, bias = getattr(self, f"{prior}_heads"), getattr(self, f"{prior}_bias")
        factors = heads[0] * (1 - present) + heads[1] * present
        joined = bias[0] * (1 - present) + bias[1] * present
        for k, name in enumerate(HEADS):
            joined = joined + said[name] * factors[:, k : k + 1]
        return torch.log_softmax(joined, 1)

    @staticmethod
    def _mean(said: Said, what: str) -> torch.Tensor:
        return 0.5 * (said[f"{what}2"] + said[f"{what}3"])
