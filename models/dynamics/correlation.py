"""Who follows whom, and by how long: windowed cross-correlation with lags, against surrogates that say what is chance.

Windows of 10 s begin every 2 s; the second person's window is moved by up to 5 s either way (Boker, Xu, Rotondo and
King 2002; Behrens, Snijdewint, Moulder et al. 2020 use 8 s, 2 s and 4 s). Each window is correlated about its own
means, so that levels and slow trends do not count. Surrogates keep both people's own movement and destroy what they
share: a window of the first with segments of the second from other times (Moulder, Boker, Ramseyer and Tschacher
2018), always the same time apart, so that their neighbouring windows overlap as those of the pair do.

- A window's peak is the greatest correlation of its lags; it counts where at most 4 % of the peaks of all windows'
  surrogates are as high. One window's own surrogates overlap and are too much alike to say what is rare.
- The whole's curve is the mean of Fisher's z over windows. Its peak, by a parabola through three lags, is the lag.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

WINDOW_S, STEP_S, MOST_LAG_S = 10.0, 2.0, 5.0
LEAST_SHARE = 0.6
"""Of a window's values must be there in both, at a lag, for a correlation."""
LEAST_SURROGATES = 19
"""A window waits until there are so many segments of other times to compare it with."""
AT_ONCE = 3
"""Windows that are judged in one call, so that no call takes long."""
CHANCE = 0.05
WINDOW_CHANCE = 0.04
"""Below 5 %: what three minutes hold of surrogates says only roughly how high 5 % of them rise."""
_ENOUGH = 0.3  # of the windows must have a surrogate this far apart; fewer make it vary more, which is the safe side
_BLUR_S = 0.25 * BLOCK_S  # blocks tell no time more finely

_WINDOW = round(WINDOW_S / BLOCK_S)
_STEP = round(STEP_S / BLOCK_S)
_LAGS = round(MOST_LAG_S / BLOCK_S)
_SEGMENT = _WINDOW + 2 * _LAGS
_APART = tuple(sign * (_SEGMENT // _STEP + 1 + i) for i in range(50) for sign in (-1, 1))
"""Windows by which a surrogate's segment is away: far enough that they share nothing, negative from the past."""
LAGS_S: Floats = np.arange(-_LAGS, _LAGS + 1).astype(np.float64) * BLOCK_S
"""Lags of a curve (51,): positive where the second person follows the first."""


@dataclass(frozen=True, slots=True)
class Following:
    """What the windows of some time say."""

    windows: int
    curve: Floats
    """Mean correlation (back from Fisher's z) by lag (51,), NaN where it was never known."""
    chance: Floats
    """The 95 % quantile of the surrogates' curves by lag (51,)."""
    lag_s: float
    """Where the curve is highest, s; positive where the second follows the first."""
    lag_low_s: float
    lag_high_s: float
    """90 % of the lags found when windows are drawn again in blocks (moving block bootstrap, Künsch 1989)."""
    peak: float
    """The curve there."""
    p: float
    """Share of surrogate curves (with the one itself) that rise as high at any lag."""
    share: float
    """Share of windows whose own peak is beyond chance; by chance alone 0.04."""

    @property
    def beyond_chance(self) -> bool:
        """Surrogates rise as high in at most one case in twenty."""
        return self.p <= CHANCE


class WindowedCorrelation:
    """Takes two series block by block; judges a window as soon as there is enough to compare it with.

    Causal and deterministic: the same blocks give the same numbers.
    """

    def __init__(self) -> None:
        self._first: list[float] = []
        self._second: list[float] = []
        self._cut = 0
        """Blocks that were let go."""
        self._waiting: list[tuple[int, Floats, Floats]] = []
        self._bank: dict[int, Floats] = {}
        self._next = 0
        self.starts_s: list[float] = []
        """When each judged window begins, s after the first block."""
        self._curves: list[npt.NDArray[np.float32]] = []
        """Of each judged window: itself and its surrogates, Fisher's z (101, 51), NaN where unknown."""
        self._peaks: list[npt.NDArray[np.float32]] = []
        """The highest of each of these curves (101,), -inf where it is nowhere known."""

    def add(self, first: npt.ArrayLike, second: npt.ArrayLike) -> None:
        """Takes the next blocks of both, NaN where missing. Raises BadInput where they are not as many."""
        a, b = np.atleast_1d(np.asarray(first, float)), np.atleast_1d(np.asarray(second, float))
        if a.shape != b.shape or a.ndim != 1:
            raise BadInput(f"two people need as many values each, not {a.shape} and {b.shape}")
        self._first += a.tolist()
        self._second += b.tolist()
        while self._next + _SEGMENT <= self._cut + len(self._first):
            self._cut_window()
        self._judge(AT_ONCE)

    def settle(self) -> None:
        """Judges every window that still waits and can be judged: at the end of a recording."""
        self._judge(len(self._waiting))

    def following(self, from_s: float = -math.inf, to_s: float = math.inf) -> Following | None:
        """What the windows that begin in [from_s, to_s) say together; None where there is none."""
        chosen = [k for k, start in enumerate(self.starts_s) if from_s <= start < to_s]
        if not chosen:
            return None
        stack = np.stack([self._curves[k] for k in chosen]).astype(np.float64)
        known = np.isfinite(stack)
        count = known.sum(0)
        mean = np.where(count > 0, np.where(known, stack, 0.0).sum(0) / np.maximum(count, 1), np.nan)
        if not np.isfinite(mean[0]).any():
            return None
        own = mean[0]
        at = int(np.nanargmax(own))
        others = mean[1:][known[:, 1:].any(2).mean(0) >= _ENOUGH]
        if not len(others):
            return None
        filled = np.where(np.isfinite(others), others, -np.inf)
        p = (1 + int((filled.max(axis=1) >= own[at]).sum())) / (1 + len(others))
        low, high = self._lags_again(stack[:, 0], known[:, 0])
        chance = np.quantile(np.where(np.isfinite(others), others, 0.0), 0.95, axis=0)
        peaks = np.stack([self._peaks[k] for k in chosen])
        share = float(np.mean(peaks[:, 0] > _rare(peaks)))
        lag = _lag(own, at)
        return Following(
            len(chosen), np.tanh(own), np.tanh(chance), lag, min(low, lag), max(high, lag), math.tanh(own[at]), p, share
        )

    def windows(self) -> list[tuple[float, float, float, bool]]:
        """Of every judged window: its begin (s), its peak's lag (s) and height, and whether that is beyond chance."""
        rows: list[tuple[float, float, float, bool]] = []
        rare = _rare(np.stack(self._peaks)) if self._peaks else math.inf
        for start, curves, peaks in zip(self.starts_s, self._curves, self._peaks, strict=True):
            own = curves[0].astype(np.float64)
            if np.isfinite(own).any():
                at = int(np.nanargmax(own))
                rows.append((start, _lag(own, at), math.tanh(own[at]), bool(peaks[0] > rare)))
        return rows

    def forget(self, before_s: float) -> None:
        """Lets windows go that begin before: live, only the last minutes are asked for."""
        while self.starts_s and self.starts_s[0] < before_s:
            for kept in (self.starts_s, self._curves, self._peaks):
                del kept[0]
        for at in [at for at in self._bank if at < self._next // _STEP + min(_APART)]:
            del self._bank[at]

    def _cut_window(self) -> None:
        begin = self._next - self._cut
        a = np.array(self._first[begin + _LAGS : begin + _LAGS + _WINDOW])
        b = np.array(self._second[begin : begin + _SEGMENT])
        need = LEAST_SHARE * _WINDOW
        if np.isfinite(b[_LAGS : _LAGS + _WINDOW]).sum() >= need:
            self._bank[self._next // _STEP] = b
            if np.isfinite(a).sum() >= need:
                self._waiting.append((self._next // _STEP, a, b))
        self._next += _STEP
        drop = self._next - self._cut
        del self._first[:drop], self._second[:drop]
        self._cut = self._next

    def _judge(self, most: int) -> None:
        for _ in range(most):
            if not self._waiting:
                return
            at, a, b = self._waiting[0]
            there = [k for k, apart in enumerate(_APART) if at + apart in self._bank]
            if len(there) < LEAST_SURROGATES:
                return
            del self._waiting[0]
            z = lagged(a, np.stack([b, *(self._bank[at + _APART[k]] for k in there)]))
            if not np.isfinite(z[0]).any():
                continue
            curves = np.full((1 + len(_APART), z.shape[1]), np.nan, np.float32)
            curves[[0, *(1 + k for k in there)]] = z
            self.starts_s.append((at * _STEP + _LAGS) * BLOCK_S)
            self._curves.append(curves)
            self._peaks.append(np.where(np.isfinite(curves), curves, -np.inf).max(axis=1))

    @staticmethod
    def _lags_again(z: Floats, known: npt.NDArray[np.bool_]) -> tuple[float, float]:
        n = len(z)
        length = min(max(round(_SEGMENT / _STEP), 1), n)
        rng = np.random.default_rng(n)
        begins = rng.integers(0, n, (100, -(-n // length)))
        rows = ((begins[:, :, None] + np.arange(length)) % n).reshape(100, -1)[:, :n]
        weights = np.zeros((100, n))
        for k in range(100):
            weights[k] = np.bincount(rows[k], minlength=n)
        count = weights @ known
        curves = np.where(count > 0, weights @ np.where(known, z, 0.0) / np.maximum(count, 1e-9), -np.inf)
        lags = [_lag(curve, int(np.argmax(curve))) for curve in curves]
        low, high = np.quantile(lags, [0.05, 0.95])
        return float(low) - _BLUR_S, float(high) + _BLUR_S


def lagged(window: Floats, segments: Floats) -> Floats:
    """Fisher's z of the correlation of one window with segments of another series at every lag.

    window: (w,); segments: (s, w + 2 l). Gives (s, 2 l + 1), NaN where fewer than `LEAST_SHARE` of the values are in
    both. Missing values are NaN, and the moments are those of the values that both have.
    """
    w = len(window)
    there = np.isfinite(window)
    a = np.where(there, window, 0.0)
    a = np.where(there, a - a.sum() / max(there.sum(), 1), 0.0)
    seen = np.isfinite(segments)
    middle = np.where(seen, segments, 0.0).sum(1, keepdims=True) / np.maximum(seen.sum(1, keepdims=True), 1)
    b = np.where(seen, segments - middle, 0.0)
    view = np.lib.stride_tricks.sliding_window_view
    both = view(seen.astype(np.float64), w, axis=1)
    shifted, squared = view(b, w, axis=1), view(b * b, w, axis=1)
    m = there.astype(np.float64)
    n = both @ m
    sum_a, sum_aa = both @ a, both @ (a * a)
    sum_b, sum_bb, sum_ab = shifted @ m, squared @ m, shifted @ a
    with np.errstate(divide="ignore", invalid="ignore"):
        cov = sum_ab - sum_a * sum_b / n
        scale = (sum_aa - sum_a**2 / n) * (sum_bb - sum_b**2 / n)
        r = cov / np.sqrt(np.maximum(scale, 0.0))
    usable = (n >= LEAST_SHARE * w) & (scale > 1e-12)
    return np.where(usable, np.arctanh(np.clip(np.where(usable, r, 0.0), -0.999, 0.999)), np.nan)


def _rare(peaks: npt.NDArray[np.float32]) -> float:
    """What few of the surrogates' peaks (windows, 101) reach; inf where there is none."""
    surrogates = peaks[:, 1:]
    known = surrogates[np.isfinite(surrogates)]
    return float(np.quantile(known, 1.0 - WINDOW_CHANCE)) if len(known) else math.inf


def _lag(curve: Floats, at: int) -> float:
    """Time of the peak at index `at`, by the parabola through it and its neighbours, s."""
    if 0 < at < len(curve) - 1:
        before, here, after = curve[at - 1], curve[at], curve[at + 1]
        bend = before - 2.0 * here + after
        if math.isfinite(bend) and bend < -1e-12:
            return float(LAGS_S[at] + 0.5 * (before - after) / bend * BLOCK_S)
    return float(LAGS_S[at])
