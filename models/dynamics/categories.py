"""Share of the time in each category, and which follows which.

A second's category is the most probable one of the mean of its distributions; a second with less than half of its
blocks has none. Transitions are counted between seconds that follow each other, a category staying as it is among them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.errors import BadInput

_PER_SECOND = round(1.0 / BLOCK_S)


@dataclass(frozen=True, slots=True)
class Stays:
    """Categories over some time."""

    seconds: int
    """Seconds that have a category."""
    shares: npt.NDArray[np.float64] | None
    """Share of those seconds (8,), sum 1; None without any."""
    transitions: npt.NDArray[np.int64]
    """Seconds of the row's category that the column's followed (8, 8)."""


def stays(distributions: npt.ArrayLike, first_block: int = 0) -> Stays:
    """Counts over blocks (n, 8), NaN where nothing was seen; `first_block` says where whole seconds begin.

    Raises BadInput for another shape.
    """
    p = np.asarray(distributions, np.float64)
    if p.ndim != 2 or p.shape[1] != N_EMOTIONS:
        raise BadInput(f"distributions have the shape (blocks, {N_EMOTIONS}), not {p.shape}")
    ahead = -first_block % _PER_SECOND
    p = p[ahead:]
    p = p[: len(p) // _PER_SECOND * _PER_SECOND].reshape(-1, _PER_SECOND, N_EMOTIONS)
    known = np.isfinite(p[:, :, 0])
    count = known.sum(1)
    mean = np.where(known[:, :, None], p, 0.0).sum(1) / np.maximum(count, 1)[:, None]
    top = np.where(2 * count >= _PER_SECOND, mean.argmax(1), -1)
    told = top[top >= 0]
    shares = np.bincount(told, minlength=N_EMOTIONS) / len(told) if len(told) else None
    follows = np.zeros((N_EMOTIONS, N_EMOTIONS), np.int64)
    pairs = (top[:-1] >= 0) & (top[1:] >= 0)
    np.add.at(follows, (top[:-1][pairs], top[1:][pairs]), 1)
    return Stays(len(told), shares, follows)
