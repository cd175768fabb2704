"""What the face model says of a person's calm face, and what it says of the person beside that.

The heads are linear in what the net sees, so the difference from a person's own neutral, seen through them, is a
difference of log-probabilities.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.circumplex import COORDINATES, LEAST_SHARE, moved
from liveaffect.models.face.affect import FaceAffectResult, follow
from liveaffect.models.face.neutral import CalmMean

SHARE = 0.5
"""How much of what a person's neutral face says beyond the population's is taken off."""
MOST = 3.0  # logarithms; a face that the net finds strange is not turned into its opposite

Floats = NDArray[np.floating[Any]]


class OwnAnswer:
    """State of one track: causal, starting from the population, moved by calm frames alone.

    `population` (8,): mean log-probabilities of neutral faces, under the prior in use.
    """

    def __init__(self, population: Floats) -> None:
        self._own = CalmMean(np.asarray(population, np.float64))

    @property
    def shift(self) -> Floats:
        """What is added to log-probabilities (8,) now."""
        return -SHARE * self._own.share * np.clip(self._own.beyond, -MOST, MOST)

    def learn(self, emotions: Floats, calm: float, dt_s: float) -> None:
        """One frame of the past: its distribution (8,), its calmness 0 to 1, the seconds since the frame before."""
        if np.isfinite(emotions).all():
            self._own.learn(np.log(np.maximum(emotions, LEAST_SHARE)).astype(np.float64), calm, dt_s)


def shifted(emotions: Floats, shifts: Floats) -> tuple[Floats, Floats]:
    """Distributions (n, 8) with `shifts` (8,) or (n, 8) added to their logarithms, and by how much valence and arousal
    (n, 2) follow."""
    found = moved(emotions, shifts)
    return found, (found - emotions) @ COORDINATES


def between(before: Floats, after: Floats) -> NDArray[np.float64]:
    """The shift (8,) that takes one distribution to the other."""
    a, b = (np.log(np.maximum(np.asarray(one, np.float64), LEAST_SHARE)) for one in (after, before))
    return a - b


def beside(result: FaceAffectResult, shifts: Floats) -> FaceAffectResult:
    """The same faces with `shifts` (n, 8) added to their log-probabilities.

    Valence and arousal follow the categories, and their deviations grow by as much as they move.
    """
    emotions, moved = shifted(result.emotions, shifts)
    va = np.stack([result.valence, result.arousal], 1)
    sd = np.stack([result.valence_sd, result.arousal_sd], 1)
    va, sd = (values.astype(np.float32) for values in follow(va, sd, moved))
    return replace(
        result, valence=va[:, 0], arousal=va[:, 1], valence_sd=sd[:, 0], arousal_sd=sd[:, 1],
        emotions=emotions.astype(np.float32),
    )  # fmt: skip
