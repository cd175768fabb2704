"""Differences between conditions with intervals that hold for few participants, and effect sizes.

A percentile bootstrap is too narrow for few participants (0.85 instead of 0.95 for five), BCa is no better; Student's
t is too narrow for skewed differences (0.88), the bootstrap of t for heavy tails (0.93). Each is right where the other
is not, so an interval reaches as far as the further of both. `benchmarks/bench_compare.py` measures it.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

LEAST = 3
"""With fewer participants there is no interval."""
LEAST_DRAWN = 5
"""With fewer, so many resamples hold one value alone that a bootstrap says nothing: Student's t stands by itself."""
RESAMPLES = 1999


class Difference(NamedTuple):
    """A difference of means with its interval; None where there are too few, or where nothing differs."""

    value: float
    low: float | None = None
    high: float | None = None


class Effect(NamedTuple):
    """A standardised difference, by name, with its interval."""

    name: str
    value: float
    low: float
    high: float


def paired(differences: npt.ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0) -> Difference:
    """Mean of the participants' differences (n,): the further of Student's t and a bootstrap of t over participants.

    Efron and Tibshirani 1993, chapter 12. Raises BadInput for anything but finite numbers, at least one.
    """
    d = _finite(differences)
    value, se = float(d.mean()), float(_se(d))
    if len(d) < LEAST or se <= _nothing(d):
        return Difference(value)
    reach = t_quantile(0.5 + level / 2, len(d) - 1)
    ends = (-reach, reach)
    if len(d) >= LEAST_DRAWN:
        drawn = d[np.random.default_rng(seed).integers(0, len(d), (resamples, len(d)))]
        ends = _further(ends, drawn.mean(1) - value, _se(drawn), level)
    return Difference(value, value - ends[1] * se, value - ends[0] * se)


def between(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """Mean of other participants (n,) minus that of the first (m,): Welch's t and a bootstrap of it, the further.

    Raises BadInput for anything but finite numbers, at least one each.
    """
    a, b = _finite(first), _finite(second)
    value = float(b.mean() - a.mean())
    if min(len(a), len(b)) < LEAST:
        return Difference(value)
    se_a, se_b = float(_se(a)), float(_se(b))
    se = math.hypot(se_a, se_b)
    if se <= _nothing(np.concatenate([a, b])):
        return Difference(value)
    reach = t_quantile(0.5 + level / 2, welch(se_a, len(a) - 1, se_b, len(b) - 1))
    ends = (-reach, reach)
    if min(len(a), len(b)) >= LEAST_DRAWN:
        rng = np.random.default_rng(seed)
        x, y = (one[rng.integers(0, len(one), (resamples, len(one)))] for one in (a, b))
        ends = _further(ends, y.mean(1) - x.mean(1) - value, np.hypot(_se(x), _se(y)), level)
    return Difference(value, value - ends[1] * se, value - ends[0] * se)


def dz(differences: npt.ArrayLike, *, level: float = 0.95) -> Effect | None:
    """Cohen's d_z: mean over standard deviation of the differences, times Hedges' correction (Lakens 2013).

    None with fewer than three, or where they do not differ.
    """
    d = _finite(differences)
    if len(d) < LEAST or _se(d) <= _nothing(d):
        return None
    value = _hedges(len(d) - 1) * float(d.mean()) / float(d.std(ddof=1))
    half = t_quantile(0.5 + level / 2, len(d) - 1) * math.sqrt(1 / len(d) + value**2 / (2 * (len(d) - 1)))
    return Effect("dz", value, value - half, value + half)


def hedges_g(first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95) -> Effect | None:
    """Hedges' g: second minus first over their pooled standard deviation, corrected for few (Hedges 1981).

    None with fewer than three each, or where nobody differs.
    """
    a, b = _finite(first), _finite(second)
    df = len(a) + len(b) - 2
    if min(len(a), len(b)) < LEAST:
        return None
    pooled = math.sqrt(((len(a) - 1) * float(a.var(ddof=1)) + (len(b) - 1) * float(b.var(ddof=1))) / df)
    if pooled <= _nothing(np.concatenate([a, b])):
        return None
    value = _hedges(df) * float(b.mean() - a.mean()) / pooled
    half = t_quantile(0.5 + level / 2, df) * math.sqrt((len(a) + len(b)) / (len(a) * len(b)) + value**2 / (2 * df))
    return Effect("g", value, value - half, value + half)


@lru_cache(4096)
def t_quantile(p: float, df: float) -> float:
    """Quantile of Student's t, for p above one half. Raises BadInput for others, and for df of 0 and less."""
    if not 0.5 < p < 1.0 or df <= 0:
        raise BadInput(f"Student's t needs 0.5 < p < 1 and df above 0, not {p} and {df}")
    low, high = 0.0, 1.0
    while _t_above(high, df) > 1 - p:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _t_above(middle, df) > 1 - p else (low, middle)
    return 0.5 * (low + high)


def welch(se_a: float, df_a: float, se_b: float, df_b: float) -> float:
    """Degrees of freedom of a difference of two means (Welch and Satterthwaite)."""
    a, b = se_a**2, se_b**2
    below = a * a / df_a + b * b / df_b
    return (a + b) ** 2 / below if below > 0 else df_a + df_b


def _further(ends: tuple[float, float], off: Floats, se: Floats, level: float) -> tuple[float, float]:
    """The ends of t, or those of its bootstrap where they lie further out; a resample of one value is endless."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(se > 0, off / se, np.where(off == 0, 0.0, np.sign(off) * np.inf))
    at = np.sort(t)
    k = round((1 - level) / 2 * (len(at) + 1)) - 1
    low, high = float(at[max(k, 0)]), float(at[len(at) - 1 - max(k, 0)])
    return (
        min(ends[0], low) if math.isfinite(low) else ends[0],
        max(ends[1], high) if math.isfinite(high) else ends[1],
    )


def _se(x: Floats) -> Floats:
    """Standard error of the mean along the last axis."""
    spread = x.std(axis=-1, ddof=1) if x.shape[-1] > 1 else np.zeros(x.shape[:-1])
    return np.asarray(spread / math.sqrt(x.shape[-1]), np.float64)


def _nothing(x: Floats) -> float:
    """Spread that is rounding."""
    return 1e-9 * max(1.0, float(np.abs(x).max()))


def _hedges(df: float) -> float:
    return 1 - 3 / (4 * df - 1)


def _finite(values: npt.ArrayLike) -> Floats:
    x = np.asarray(values, np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise BadInput(f"differences are of a series of finite numbers, not of shape {x.shape}")
    return x


def _t_above(t: float, df: float) -> float:
    """Probability beyond t of Student's t: half the regularised incomplete beta function (Abramowitz 26.7.1)."""
    x = df / (df + t * t)
    return 0.5 * _beta(x, df / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function by its continued fraction (Press et al. 2007, 6.4)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _fraction(x, a, b) / a if x < (a + 1) / (a + b + 2) else 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _far(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / _far(1 + step * d), _far(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return found


def _far(x: float) -> float:
    return x if abs(x) > 1e-300 else 1e-300
