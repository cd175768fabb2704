"""Difference of the levels of one person's series, whose samples are no independent ones.

The mean of a series is as sure as so many independent samples as it is long against its memory. That memory is judged
over one, three and ten samples, by an autoregression whose bias is taken out (Kendall 1954), and the longest counts: a
slow part under a quick one would else be passed over. A block bootstrap with blocks of fitting length covers 0.45 to
0.94 where it should 0.95, least where a series is short against its memory; this covers 0.97 and more
(`benchmarks/bench_compare.py`).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation.contrast import Difference, t_quantile, welch

Floats = npt.NDArray[np.float64]

LEAST = 20
"""Samples with values that a condition needs."""
_LAGS = (1, 3, 10)
_CHANCE = 1.64


class Level(NamedTuple):
    """Mean of some series, its standard error and degrees of freedom, and the spread about it."""

    value: float
    se: float
    df: float
    sd: float


def difference(first: Sequence[npt.ArrayLike], second: Sequence[npt.ArrayLike], *, level: float = 0.95) -> Difference:
    """Second minus first: means of one person's series, each with even steps and NaN where nothing was seen.

    None as ends where a condition has fewer than twenty samples, or does not move. Raises BadInput for what is empty.
    """
    a, b = level_of(first), level_of(second)
    value = b.value - a.value
    counts = [sum(int(np.isfinite(np.asarray(one, np.float64)).sum()) for one in some) for some in (first, second)]
    se = math.hypot(a.se, b.se)
    if min(counts) < LEAST or se <= 1e-9:
        return Difference(value)
    half = t_quantile(0.5 + level / 2, welch(a.se, a.df, b.se, b.df)) * se
    return Difference(value, value - half, value + half)


def level_of(series: Sequence[npt.ArrayLike]) -> Level:
    """Mean over series of one person and one condition; what they have in common is their memory and their spread.

    Raises BadInput where there is no number in them.
    """
    parts = [np.asarray(one, np.float64) for one in series]
    known = [one[np.isfinite(one)] for one in parts]
    count = sum(map(len, known))
    if not count:
        raise BadInput("a level needs at least one number")
    whole = np.concatenate(known)
    longest = max(parts, key=lambda one: int(np.isfinite(one).sum()))
    memory = memory_of(longest)
    size = sum(max(len(one) / memory, 1.0) if len(one) else 0.0 for one in known)
    size = max(min(size, float(count)), 1.5)
    var = float(whole.var()) * size / (size - 1)
    return Level(float(whole.mean()), math.sqrt(var / size), max(size - 1, 1.0), float(whole.std()))


def memory_of(series: npt.ArrayLike) -> float:
    """How many samples of a series (n,) make an independent one, at least 1; NaN where nothing was seen."""
    x = np.asarray(series, np.float64)
    seen = np.isfinite(x)
    n = len(x)
    if int(seen.sum()) < LEAST or float(np.ptp(x[seen])) <= 1e-12:
        return 1.0
    z = np.where(seen, x - float(x[seen].mean()), 0.0)
    spread = float((z * z).sum()) / float(seen.sum())
    longest = 1.0
    for lag in _LAGS:
        both = int((seen[lag:] & seen[:-lag]).sum()) if lag <= n / 20 else 0
        if both < LEAST // 2:
            break
        r = float((z[lag:] * z[:-lag]).sum()) / both / spread
        if lag > 1 and r < _CHANCE / math.sqrt(both):  # its root would be far above the memory that there is
            continue
        a = min(_unbiased(r, lag, n), 1 - 1 / n)
        longest = max(longest, (1 + a) / (1 - a))
    return longest


def _unbiased(r: float, lag: int, n: int) -> float:
    """The autoregression of one step behind a correlation at a lag, without the bias that its own mean brings."""
    rho = min(max(r, 1e-3), 0.9999)
    for _ in range(30):
        a = rho ** (1 / lag)
        bias = ((1 + a) / (1 - a) * (1 - a**lag) + 2 * lag * a**lag) / n
        rho = min(max(r + bias, 1e-3), 0.9999)
    return rho ** (1 / lag)
