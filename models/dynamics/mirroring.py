"""Whose smile or frown is answered: onsets of an action unit in one person followed within a second by the other's.

Smiles are answered far above chance, frowns hardly (Riehle, Kempkensteffen and Lincoln 2017). Chance is what is left
when the other's onsets are moved along by every time from 5 s on, around the recording's end.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.errors import BadInput

ANSWER_S = 1.0
"""An answer begins within so long."""
RISE, FALL = 0.5, 0.25
"""Intensity above rest (of 5) at which an expression begins, and below which it has ended."""
_APART = round(5.0 / BLOCK_S)
_ANSWER = round(ANSWER_S / BLOCK_S)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How often the second answered the first."""

    onsets: int
    """Of the first, while the second could be seen."""
    answered: int
    chance: float
    """How many would be answered by chance."""
    p: float
    """Share of the moved recordings (with the real one) in which as many are answered."""


def onsets(intensity: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Blocks (k,) at which a unit rises by `RISE` above its rest, the 20 % quantile of the series (n,), NaN unseen.

    Raises BadInput for another shape.
    """
    x = np.asarray(intensity, np.float64)
    if x.ndim != 1:
        raise BadInput(f"an intensity over time has one axis, not {x.ndim}")
    known = np.isfinite(x)
    if not known.any():
        return np.empty(0, np.int64)
    rest = float(np.quantile(x[known], 0.2))
    found: list[int] = []
    ready = False  # one that was there when the face came into view has no onset
    for k in np.flatnonzero(known).tolist():
        if k and not known[k - 1]:
            ready = False
        if x[k] < rest + FALL:
            ready = True
        elif x[k] >= rest + RISE and ready:
            found.append(k)
            ready = False
    return np.array(found, np.int64)


def mirrored(first: npt.ArrayLike, second: npt.ArrayLike) -> Mirrored | None:
    """How often the second answered the first's onsets; intensities (n,) in blocks of 0.2 s, NaN unseen.

    None where there is less than 30 s of both, or no onset in one of them. Raises BadInput where lengths differ.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape != b.shape:
        raise BadInput(f"two people need as many values each, not {a.shape} and {b.shape}")
    seen = np.isfinite(b)
    n = len(a)
    if (np.isfinite(a) & seen).sum() * BLOCK_S < 30.0 or n <= 2 * _APART:
        return None
    begun, answers = onsets(a), onsets(b)
    begun = begun[seen[begun]]
    if not len(begun) or not len(answers):
        return None
    follows = np.zeros(n, np.bool_)
    for k in answers:
        follows[max(k - _ANSWER, 0) : k] = True  # an onset in these blocks is answered by this one
    moved = (begun[None, :] + np.arange(n)[:, None]) % n
    counts = follows[moved].sum(1)
    others = counts[_APART : n - _APART]
    own = int(counts[0])
    p = (1 + int((others >= own).sum())) / (1 + len(others))
    return Mirrored(len(begun), own, float(others.mean()), p)
