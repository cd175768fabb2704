"""Mapping the clocks of capture devices to `time.monotonic_ns`."""

from collections import deque

import numpy as np

NS = 1_000_000_000


def monotonic_of(stamp_ns: int, now_ns: int, wall_ns: int, *, oldest_ns: int = 5 * NS) -> int | None:
    """A driver's time stamp on the monotonic clock, or None where it is on neither clock.

    Parameters
    ----------
    stamp_ns: the driver's stamp, on the monotonic clock or on wall time (drivers use either).
    now_ns, wall_ns: both clocks, read together after the stamp was taken.
    oldest_ns: an age beyond this is taken for another clock; up to 10 ms in the future is rounding.
    """
    for clock_ns in (now_ns, wall_ns):
        age = clock_ns - stamp_ns
        if -NS // 100 <= age <= oldest_ns:
            return now_ns - max(age, 0)
    return None


class SampleClock:
    """Maps a sample index to monotonic time from noisy pairs of (index, time), one per driver callback.

    The line is fitted by medians (offset: median residual; slope: Theil-Sen over block medians, Sen 1968), so that
    late callbacks and wild stamps do not move it. The mapping is continuous and increasing: a new fit is approached
    within a second, unless it is further away than `STEP_NS`; then it jumps, and `jumps` counts that.

    Parameters
    ----------
    rate: nominal sample rate in Hz; the device's own is taken within `MAX_PPM` of it.
    window_s: how much of the past is fitted.
    """

    STEP_NS = 20_000_000
    MAX_PPM = 1000.0
    RECENT = 12
    REFIT_S = 0.25
    SLOPE_S = 4.0
    BLOCKS = 16

    def __init__(self, rate: float, *, window_s: float = 8.0) -> None:
        self.rate = float(rate)
        self.jumps = 0
        self.jump_ns = 0
        """Sum of all jumps, forward positive."""
        self._window = window_s * rate
        self._points: deque[tuple[int, int]] = deque()
        self._period = NS / self.rate
        self._slope = 0.0
        self._line: tuple[int, int, float] | None = None
        self._refit_at = 0

    def add(self, index: int, t_ns: int) -> None:
        """Adds one pair: sample `index` was captured at `t_ns`."""
        points = self._points
        points.append((index, t_ns))
        while points[0][0] < index - self._window:
            points.popleft()
        if self._line is None:
            self._line = (index, t_ns, 0.0)
        elif self._shifted():
            recent = list(points)[-self.RECENT :]
            points.clear()
            points.extend(recent)
            self._refit(index)
        elif index >= self._refit_at:
            self._refit(index)

    def at(self, index: int) -> int:
        """Monotonic time (ns) of sample `index`; call after the first `add`."""
        assert self._line is not None, "no pair has been added yet"
        start, t_ns, slope = self._line
        return t_ns + round((index - start) * self._period * (1.0 + slope))

    def _shifted(self) -> bool:
        """True where the newest points agree on being elsewhere: the driver lost samples without saying so."""
        if len(self._points) < self.RECENT:
            return False
        recent = [t_ns - self.at(index) for index, t_ns in list(self._points)[-self.RECENT :]]
        return abs(float(np.median(recent))) > self.STEP_NS and float(np.ptp(recent)) < self.STEP_NS

    def _refit(self, index: int) -> None:
        first, base = self._points[0]
        x = np.array([i - first for i, _ in self._points], np.float64)
        residual = np.array([t - base for _, t in self._points], np.float64) - x * self._period
        if x[-1] >= self.SLOPE_S * self.rate:
            self._slope = _theil_sen(x, residual, self.BLOCKS) / self._period
            self._slope = float(np.clip(self._slope, -self.MAX_PPM * 1e-6, self.MAX_PPM * 1e-6))
        offset = float(np.median(residual - x * self._period * self._slope))
        target = base + round((index - first) * self._period * (1.0 + self._slope) + offset)
        now = self.at(index)
        error = target - now
        if abs(error) > self.STEP_NS:
            self.jumps += 1
            self.jump_ns += error
            now, error = target, 0
        self._line = (index, now, self._slope + error / NS)
        self._refit_at = index + round(self.REFIT_S * self.rate)


def _theil_sen(x: np.ndarray, y: np.ndarray, blocks: int) -> float:
    """Median of the slopes between the medians of `blocks` pieces."""
    xs = np.array([np.median(piece) for piece in np.array_split(x, blocks)])
    ys = np.array([np.median(piece) for piece in np.array_split(y, blocks)])
    i, j = np.triu_indices(blocks, 1)
    return float(np.median((ys[j] - ys[i]) / (xs[j] - xs[i])))
