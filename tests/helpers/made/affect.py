"""Made people whose dynamics are known: what nets would say of them, with noise, drift and gaps."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

BLOCK_S = 0.2


@dataclass(frozen=True)
class Net:
    """How a net errs: as the face model does on pictures that move before a camera."""

    white: float = 0.05
    """New in every frame."""
    lasting: float = 0.03
    """With a memory of `lasting_s`."""
    lasting_s: float = 0.25
    drift: float = 0.03
    """Slow, over `drift_s`."""
    drift_s: float = 60.0
    stated: float = 0.22


def wander(n: int, step_s: float, tau_s: float, rng: np.random.Generator) -> Floats:
    """An Ornstein-Uhlenbeck process of unit variance at n points."""
    a = math.exp(-step_s / tau_s)
    noise = rng.standard_normal(n) * math.sqrt(1 - a * a)
    x, out = float(rng.standard_normal()), []
    for e in noise.tolist():
        x = a * x + e
        out.append(x)
    return np.array(out)


def coupled(
    n: int, step_s: float, rates: tuple[float, float], pulls: tuple[float, float], sd: float, rng: np.random.Generator
) -> Floats:
    """Two coupled processes (n, 2): `rates` back to the level, and what pulls the first to the second and back, 1/s."""
    drift = np.array([[-rates[0], pulls[0]], [pulls[1], -rates[1]]])
    noise = rng.standard_normal((n, 2)) * np.sqrt(2 * np.array(rates) * step_s) * sd
    (a, b), (c, d) = (np.eye(2) + drift * step_s + drift @ drift * step_s**2 / 2).tolist()
    x, y = (sd * rng.standard_normal(2)).tolist()
    out = []
    for u, v in noise.tolist():
        x, y = a * x + b * y + u, c * x + d * y + v
        out.append((x, y))
    return np.array(out)


def said(x: Floats, hz: int, rng: np.random.Generator, net: Net = Net(), missing: float = 0.2) -> tuple[Floats, Floats]:
    """What a net says of frames (n,) at `hz`, in blocks of 0.2 s: means and stated variances, NaN in the gaps."""
    n, step = len(x), 1 / hz
    error = net.lasting * wander(n, step, net.lasting_s, rng) + net.white * rng.standard_normal(n)
    stated = np.clip(net.stated * (1 + 0.2 * wander(n, step, 5.0, rng)), 0.4 * net.stated, 2 * net.stated)
    y = x + error * stated / net.stated + net.drift * wander(n, step, net.drift_s, rng)
    y[gaps(n, hz, missing, rng)] = np.nan
    per = round(BLOCK_S * hz)
    m = n // per * per
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a block without a frame
        return np.nanmean(y[:m].reshape(-1, per), 1), np.mean((stated[:m] ** 2).reshape(-1, per), 1)


def gaps(n: int, hz: int, share: float, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Frames that are missing, in stretches of some two seconds."""
    gone = np.zeros(n, bool)
    while gone.mean() < share:
        begin = int(rng.integers(0, n))
        gone[begin : begin + int(rng.exponential(2.0) * hz) + 1] = True
    return gone


def person(
    seed: int, tau_s: float, hz: int, seconds: float, *, sd: float = 0.2, level: float = 0.1
) -> tuple[Floats, Floats]:
    """One person's blocks."""
    rng = np.random.default_rng([seed, hz, round(tau_s * 10)])
    return said(level + sd * wander(round(seconds * hz), 1 / hz, tau_s, rng), hz, rng)


def follower(
    seed: int, lag_s: float, gain: float, hz: int, seconds: float, *, tau_s: float = 3.0, net: Net = Net()
) -> list[tuple[Floats, Floats]]:
    """Two people's blocks; the second does what the first did `lag_s` before, as far as `gain` (0 to 1) goes."""
    rng = np.random.default_rng([seed, hz, round(lag_s * 100) + 1000, round(gain * 100)])
    n, margin, by = round(seconds * hz), 6 * hz, round(lag_s * hz)
    leads, own = (0.2 * wander(n + 2 * margin, 1 / hz, tau_s, rng) for _ in range(2))
    first = leads[margin : margin + n]
    second = gain * leads[margin - by : margin - by + n] + math.sqrt(1 - gain**2) * own[:n]
    return [said(x, hz, rng, net) for x in (first, second)]


def stepping(
    seed: int, hz: int, seconds: float, *, sd: float, tau_s: float, size: float
) -> tuple[Floats, Floats, list[float]]:
    """One person whose level goes up and down by `size` every 25 to 40 s; blocks, and the times of the steps. No gap
    lies over a step."""
    rng = np.random.default_rng([seed, hz, round(sd * 100), round(tau_s * 10), round(size * 10)])
    n = round(seconds * hz)
    values, stated = said(sd * wander(n, 1 / hz, tau_s, rng), hz, rng, missing=0.0)
    gone = gaps(len(values), round(1 / BLOCK_S), 0.2, rng)
    times: list[float] = []
    level, at = np.zeros(len(values)), 20.0 + float(rng.uniform(0, 10))
    up = True
    while size > 0 and at < seconds - 5:
        k = round(at / BLOCK_S)
        level[k:] += size if up else -size
        gone[k - 10 : k + 10] = False
        times.append(k * BLOCK_S)
        up, at = not up, at + float(rng.uniform(25, 40))
    values = values + level
    values[gone] = np.nan
    return values, stated, times
