"""How one person's valence or arousal moves: level, variability, inertia and instability, each with a 90 % interval.

Affect x(t) is an Ornstein-Uhlenbeck process (Oravecz, Tuerlinckx and Vandekerckhove 2011; Kuppens, Oravecz and
Tuerlinckx 2010 call its pieces home base, variability and regulation) with mean m, standard deviation s and
autocorrelation exp(-d / T) at lag d. What a net says of it has a passing error with a memory of its own. The posterior
is taken on a grid over T and the size of the error: mean and scale are integrated out of the likelihood exactly, so
nothing is searched for and nothing can get stuck. Missing blocks are missing: the process runs on unseen.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

BLOCK_S = 0.2
"""Frames of so long are one value."""
LEAST_S = 30.0
"""With fewer seconds of values there is no inertia, variability or instability."""
SUCCESSIVE_S = 1.0
"""Instability is of differences over this time."""
LEVEL_LEAST_S = 2.0


class Interval(NamedTuple):
    """A posterior median and its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorModel:
    """The passing error of a modality's estimates, see `docs/dynamics.md` for where the numbers come from."""

    share: float = 0.02
    """Its variance in blocks of 0.2 s, as a share of the stated variance."""
    share_spread: float = 1.2
    """Standard deviation of the logarithm of that share between recordings."""
    lasts_s: float = 0.3
    """Time constant of the part that has a memory."""
    white: tuple[float, ...] = (0.1, 0.3, 0.6)
    """Shares of its variance that may be new in every block, equally probable: how many frames a block has tells."""
    drift_share: float = 0.02
    """Variance of the slow drift of its estimates, as a share of the stated variance: in the level's interval."""
    drift_s: float = 60.0
    """Time constant of that drift."""
    least_inertia_s: float = 0.15
    """Faster processes than this are not told from error."""


FACE_ERROR = ErrorModel()
VOICE_ERROR = ErrorModel(share=0.1, lasts_s=1.5, white=(0.02,), least_inertia_s=2.0)
"""The voice judges up to three seconds at once, so its estimates are smooth and nothing faster than that is told."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How valence or arousal moved over some time. None where there was too little of it."""

    seconds: float
    """Time with values."""
    level: Interval | None
    """Where the person stays on average."""
    variability: Interval | None = None
    """Standard deviation about the level, without the error."""
    inertia_s: Interval | None = None
    """Time in which what is left of a displacement falls to 37 %, s."""
    instability: Interval | None = None
    """Root mean square of successive differences over one second, without the error (von Neumann 1941)."""
    error_var: float | None = None
    """Posterior mean of the variance of a block's error."""


_MOST_INERTIA_S = 300.0
_LARGEST = 0.5  # spread of affect beyond which the prior falls: half of the way from 0 to 1


def motion(
    values: npt.ArrayLike, stated_var: npt.ArrayLike, model: ErrorModel = FACE_ERROR, block_s: float = BLOCK_S,
    *, frames: float = 6.0,
) -> Motion:  # fmt: skip
    """Measures one series.

    Parameters
    ----------
    values: means of blocks of `block_s` in [-1, 1] (n,), NaN where nothing was seen.
    stated_var: mean variance that the net states in each block (n,); where there is a value it must be above 0.
    frames: how many frames a block has on the whole.

    Raises BadInput where the shapes differ or a variance is missing.
    """
    y = np.asarray(values, np.float64)
    stated = np.asarray(stated_var, np.float64)
    if y.ndim != 1 or y.shape != stated.shape:
        raise BadInput(f"values {y.shape} and their variances {stated.shape} must be two series of one length")
    at = np.flatnonzero(np.isfinite(y))
    y, stated = y[at], stated[at]
    if len(y) and not (np.isfinite(stated).all() and float(stated.min()) > 0.0):
        raise BadInput("every value needs a stated variance above 0")
    seconds = len(y) * block_s
    if seconds < LEAST_S or float(np.ptp(y)) < 1e-6:
        return Motion(seconds, _plain_level(y, stated, seconds))
    mean_var = float(stated.mean())
    noise = stated / mean_var
    steps = np.diff(at, prepend=at[0])
    shifted = y - y.mean()
    found = _posterior(_Series(shifted, steps, noise, mean_var, frames), model, block_s)
    taus, weights, scale_var, mean, mean_var_of = found.tau_s, found.weight, found.scale_var, found.mean, found.mean_var
    spread = np.sqrt(scale_var)
    log_sd = math.sqrt(0.5 / max(len(y) - 1, 1))
    span = float(at[-1] - at[0] + 1) * block_s
    drift = model.drift_share * mean_var * _kept(span / model.drift_s)
    level = _quantiles(_three(mean, np.sqrt(mean_var_of + drift)), weights)
    offset = float(y.mean())
    level = Interval(*(min(max(x + offset, -1.0), 1.0) for x in level))
    variability = _quantiles(_three(np.log(spread), log_sd), weights)
    jump = np.log(spread * np.sqrt(2.0 * -np.expm1(-SUCCESSIVE_S / taus)))
    instability = _quantiles(_three(jump, log_sd), weights)
    return Motion(
        seconds,
        level,
        Interval(*map(math.exp, variability)),
        Interval(*map(math.exp, found.log_tau)),
        Interval(*map(math.exp, instability)),
        float((weights * found.ratio * scale_var).sum()),
    )


class _Posterior(NamedTuple):
    tau_s: Floats
    weight: Floats
    scale_var: Floats
    ratio: Floats
    mean: Floats
    mean_var: Floats
    log_tau: tuple[float, float, float]


class _Series(NamedTuple):
    y: Floats
    steps: npt.NDArray[np.int64]
    noise: Floats
    mean_var: float
    frames: float


def _posterior(series: _Series, model: ErrorModel, block_s: float) -> _Posterior:
    """Twice on a grid: all there may be, then where the mass lies."""
    log_tau = np.linspace(math.log(model.least_inertia_s), math.log(_MOST_INERTIA_S), 16)
    log_ratio = np.linspace(math.log(3e-3), math.log(20.0), 12)
    tables: list[Floats] = []
    for counts in ((24, 14), None):
        shape = (len(log_tau), len(log_ratio), len(model.white))
        axes = np.meshgrid(np.exp(log_tau), np.exp(log_ratio), np.array(model.white), indexing="ij")
        tau, ratio, white = (axis.ravel() for axis in axes)
        density, scale_var, mean, at_mean = _density(series, model, block_s, (tau, ratio, white))
        weight = np.exp(density - density.max())
        tables = [weight.reshape(shape).sum((1, 2)), weight.reshape(shape).sum((0, 2))]
        if counts is not None:
            log_tau, log_ratio = _around(log_tau, tables[0], counts[0]), _around(log_ratio, tables[1], counts[1])
    weight /= weight.sum()
    return _Posterior(tau, weight, scale_var, ratio, mean, at_mean, _curve_quantiles(log_tau, tables[0]))


def _density(
    series: _Series, model: ErrorModel, block_s: float, at: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Log posterior density on the grid, and given each point: scale, mean and the mean's variance."""
    from liveaffect.models.dynamics.kernels import ou_sums  # compiled: who shows or stores motion does without

    n = len(series.y)
    tau, ratio, white = at
    jitter = _few_frames(block_s / tau, series.frames)
    sums = ou_sums(series.y, series.steps, series.noise, block_s / tau, jitter, ratio, white, block_s / model.lasts_s)
    logs, yy, y1, ones = sums.T
    rest = yy - y1 * y1 / ones
    scale_var = rest / (n - 1)
    density = -0.5 * logs - 0.5 * np.log(ones) - 0.5 * (n - 1) * np.log(rest)
    usual = model.share * series.mean_var
    density -= 0.5 * (np.log(ratio * scale_var / usual) / model.share_spread) ** 2
    density -= 0.5 * scale_var / _LARGEST**2
    return density, scale_var, y1 / ones, scale_var / ones


def _few_frames(lag: Floats, frames: float) -> Floats:
    """Variance of the mean of a few even frames, beyond that of the mean over the whole block."""
    k = max(round(frames), 1)
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / k
    points = np.exp(-lag[:, None, None] * apart).mean((1, 2))
    return np.maximum(points - 2.0 * (lag + np.expm1(-lag)) / lag**2, 0.0)


def _kept(spans: float) -> float:
    """Variance of the mean over so many time constants of a process of unit variance."""
    return 2.0 * (spans + math.expm1(-spans)) / (spans * spans)


def _plain_level(y: Floats, stated: Floats, seconds: float) -> Interval | None:
    """The mean of what little there is, as uncertain as a single estimate's passing error and the scatter say."""
    if seconds < LEVEL_LEAST_S:
        return None
    few = max(seconds / 5.0, 1.0)
    sd = math.sqrt((float(y.var()) + 0.1 * float(stated.mean())) / few)
    mean = float(y.mean())
    return Interval(mean, max(mean - 1.645 * sd, -1.0), min(mean + 1.645 * sd, 1.0))


def _around(grid: Floats, by: Floats, count: int) -> Floats:
    """A finer grid over the part of `grid` that holds the mass."""
    inside = np.flatnonzero(by > 1e-4 * by.max())
    low, high = max(int(inside[0]) - 1, 0), min(int(inside[-1]) + 1, len(grid) - 1)
    return np.linspace(float(grid[low]), float(grid[high]), count)


_NODES = (-math.sqrt(3.0), 0.0, math.sqrt(3.0))
_WEIGHTS = (1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0)


def _three(middle: Floats, sd: Floats | float) -> Floats:
    """Three values for a normal one, (3, g): Gauss-Hermite nodes."""
    return np.stack([middle + node * sd for node in _NODES])


def _quantiles(values: Floats, weights: Floats) -> Interval:
    """Median and the 5 and 95 % quantiles of a mixture of normals given by its nodes."""
    flat = values.ravel()
    mass = np.concatenate([share * weights for share in _WEIGHTS])
    order = np.argsort(flat, kind="stable")
    reached = np.cumsum(mass[order]) - 0.5 * mass[order]
    middle, low, high = np.interp([0.5, 0.05, 0.95], reached, flat[order])
    return Interval(float(middle), float(low), float(high))


def _curve_quantiles(grid: Floats, density: Floats) -> tuple[float, float, float]:
    """The same of a density on an even grid."""
    parts = 0.5 * (density[1:] + density[:-1])
    reached = np.concatenate([[0.0], np.cumsum(parts)]) / parts.sum()
    middle, low, high = np.interp([0.5, 0.05, 0.95], reached, grid)
    return float(middle), float(low), float(high)
