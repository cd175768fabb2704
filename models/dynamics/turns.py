"""Who holds the floor: turns of speech, overlaps and the gaps between two people's turns.

A turn is speech of one person with pauses of at most half a second; shorter sounds than 0.4 s are none. Where the floor
changes, the offset is the time from the end of one turn to the beginning of the other's: above 0 a gap, below 0 an
overlap (Heldner and Edlund 2010; the usual median is some 0.2 s, Stivers et al. 2009).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.errors import BadInput

LEAST_SPEECH = 0.5
"""Probability of speaking from which it counts."""
_PAUSE, _LEAST = 2, 2  # blocks


@dataclass(frozen=True, slots=True)
class Turns:
    """Speech of two people over some time."""

    seconds: float
    """Time in which both are known to speak or not."""
    turns: tuple[int, int]
    speech_s: tuple[float, float]
    overlap_s: float
    """Time in which both speak."""
    changes: int
    """How often the floor went from one to the other."""
    offset_s: float | None
    """Median of the offsets at those changes, s: a gap above 0, an overlap below."""


def speech_runs(probability: npt.ArrayLike) -> list[tuple[int, int]]:
    """Turns as [begin, end) in blocks, of probabilities (n,), NaN where it is not known. Raises BadInput."""
    p = np.asarray(probability, np.float64)
    if p.ndim != 1:
        raise BadInput(f"speech over time has one axis, not {p.ndim}")
    speaks = np.nan_to_num(p, nan=0.0) >= LEAST_SPEECH
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaks, [False]]).astype(np.int8)))
    joined: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and begin - joined[-1][1] <= _PAUSE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return [(begin, end) for begin, end in joined if end - begin >= _LEAST]


def turns(first: npt.ArrayLike, second: npt.ArrayLike) -> Turns | None:
    """Turns of two people on one grid of blocks (n,); None where nothing is known of one. Raises BadInput."""
    p = [np.asarray(one, np.float64) for one in (first, second)]
    if p[0].shape != p[1].shape:
        raise BadInput(f"two people need as many values each, not {p[0].shape} and {p[1].shape}")
    known = np.isfinite(p[0]) & np.isfinite(p[1])
    if not known.any():
        return None
    runs = [speech_runs(one) for one in p]
    masks: list[npt.NDArray[np.bool_]] = []
    for mine in runs:
        mask = np.zeros(len(known), np.bool_)
        for begin, end in mine:
            mask[begin:end] = True
        masks.append(mask)
    order = sorted((begin, end, who) for who in range(2) for begin, end in runs[who])
    offsets: list[float] = []
    holder, until = -1, 0
    for begin, end, who in order:
        if holder in (-1, who):
            holder, until = who, max(until, end)
        elif end > until:  # speech within the other's turn takes no floor
            offsets.append((begin - until) * BLOCK_S)
            holder, until = who, end
    return Turns(
        float(known.sum()) * BLOCK_S,
        (len(runs[0]), len(runs[1])),
        (float(masks[0].sum()) * BLOCK_S, float(masks[1].sum()) * BLOCK_S),
        float((masks[0] & masks[1]).sum()) * BLOCK_S,
        len(offsets),
        float(np.median(offsets)) if offsets else None,
    )
