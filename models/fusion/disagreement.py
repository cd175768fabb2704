"""Stretches in which the face and the voice of one person differ though both are sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.fusion.discord import discord

SURE: Final = 0.5
"""A modality is sure where one category has at least half of its distribution."""
LEAST_BITS: Final = 0.3
"""Jensen-Shannon divergence from which on two sure distributions with different first categories differ."""
LEAST_S: Final = 0.5
"""Shorter stretches are not told: a blink, a plosive."""
HOLE_S: Final = 0.3
"""A stretch goes on over so much time without both."""


@dataclass(frozen=True)
class Stretch:
    """One stretch of discord."""

    begin_s: float
    end_s: float
    size: float
    """Mean divergence, bit."""
    face: tuple[float, ...]
    voice: tuple[float, ...]
    """Mean distributions."""


class Disagreement:
    """The stretches of one person; causal: a stretch is told when it has ended."""

    def __init__(self) -> None:
        self._begin_s = self._end_s = 0.0
        self._sum: NDArray[np.float64] = np.zeros(1 + 2 * N_EMOTIONS)
        self._count = 0

    def step(self, t_s: float, face: Sequence[float] | None, voice: Sequence[float] | None) -> Stretch | None:
        """Takes in both distributions at `t_s` (None where missing); gives the stretch that has ended with it."""
        ended = self.finish() if self._count and t_s - self._end_s > HOLE_S else None
        if face is None or voice is None or not _sure(face) or not _sure(voice):
            return ended
        size = discord(face, voice)
        if size is None or size < LEAST_BITS or int(np.argmax(face)) == int(np.argmax(voice)):
            return ended
        self._begin_s = self._begin_s if self._count else t_s
        self._end_s = t_s
        self._sum = self._sum + np.array([size, *face, *voice])
        self._count += 1
        return ended

    def finish(self) -> Stretch | None:
        """Ends the stretch that is going on; None where there is none of some length."""
        begin_s, end_s, total, count = self._begin_s, self._end_s, self._sum, self._count
        self.__init__()
        if not count or end_s - begin_s < LEAST_S:
            return None
        mean = [float(value) for value in total / count]
        return Stretch(begin_s, end_s, mean[0], tuple(mean[1 : 1 + N_EMOTIONS]), tuple(mean[1 + N_EMOTIONS :]))


def _sure(p: Sequence[float]) -> bool:
    return max(p) >= SURE * sum(p) > 0.0
