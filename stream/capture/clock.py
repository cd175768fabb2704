"""Mapping the clocks of capture devices to `time.monotonic_ns`."""

import contextlib
import os
import uuid
from collections import deque
from pathlib import Path

import numpy as np

NS = 1_000_000_000
FIRST_TIME_SPACE = 0xEFFFFFFA
"""Linux: the time namespace that a machine starts with (include/linux/proc_ns.h)."""


def clock_id() -> str:
    """Names this machine's monotonic clock: it starts anew at every boot, and a container may have its own."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/time")
    with contextlib.suppress(OSError):
        name = f"boot-{boot.read_text('ascii')[:8]}"
        number = space.stat().st_ino if space.exists() else FIRST_TIME_SPACE
        return name if number == FIRST_TIME_SPACE else f"{name}-{number}"
    return f"run-{uuid.uuid4().hex[:8]}-{os.getpid()}"


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
    """Maps a sample index to monotonic time from noisy stamps, one per driver callback.

    The line is fitted by medians (offset: median residual; slope: Theil-Sen over block medians, Sen 1968), so that
    late callbacks and wild stamps do not move it. The mapping is continuous and increasing: a new fit is approached
    within a second, a far one (a driver that changes its mind about its own latency) at `SLEW` of real time. It jumps
    in one case only, counted in `losses`: samples are missing, which shows in the stamps and in the arrivals.

    Parameters
    ----------
    rate: nominal sample rate in Hz; the device's own is taken within `MAX_PPM` of it.
    window_s: how much of the past is fitted.
    """

    STEP_NS = 20_000_000
    MAX_PPM = 1000.0
    SLEW = 0.2
    RECENT = 12
    REFIT_S = 0.25
    SLOPE_S = 4.0
    BLOCKS = 16

    def __init__(self, rate: float, *, window_s: float = 8.0) -> None:
        self.rate = float(rate)
        self.losses = 0
        self.corrections = 0
        """How often the driver's stamps moved by more than `STEP_NS` while no sample was missing."""
        self._window = window_s * rate
        self._points: deque[tuple[int, int, int]] = deque()
        self._recent: deque[tuple[int, int, int]] = deque(maxlen=self.RECENT)
        self._period = NS / self.rate
        self._slope = 0.0
        self._line: tuple[int, int, float] | None = None
        self._target: tuple[int, int, float] = (0, 0, 0.0)
        self._refit_at = 0
        self._bounded = False

    def add(self, index: int, t_ns: int, latest_ns: int | None = None) -> None:
        """Sample `index` was captured at `t_ns` as the driver says, and certainly by `latest_ns`: it had arrived."""
        points = self._points
        self._bounded = latest_ns is not None
        points.append((index, t_ns, t_ns if latest_ns is None else latest_ns))
        self._recent.append(points[-1])
        while points[0][0] < index - self._window:
            points.popleft()
        if self._line is None:
            self._line = self._target = (index, t_ns, 0.0)
        elif self._shifted():
            lost = self._arrival_shift() > self.STEP_NS
            points.clear()
            points.extend(self._recent)
            self.losses, self.corrections = self.losses + lost, self.corrections + (not lost)
            self._refit(index, jump=lost)
        elif index >= self._refit_at:
            self._refit(index)

    def at(self, index: int) -> int:
        """Monotonic time (ns) of sample `index`; call after the first `add`."""
        assert self._line is not None, "no stamp has been added yet"
        return self._on(self._line, index)

    def _on(self, line: tuple[int, int, float], index: int) -> int:
        start, t_ns, slope = line
        return t_ns + round((index - start) * self._period * (1.0 + slope))

    def _shifted(self) -> bool:
        """True where the newest stamps agree on being elsewhere."""
        if len(self._recent) < self.RECENT:
            return False
        recent = [t_ns - self._on(self._target, index) for index, t_ns, _ in self._recent]
        return min(recent) > self.STEP_NS or max(recent) < -self.STEP_NS

    def _arrival_shift(self) -> float:
        """By how much the earliest arrivals moved; a late one says nothing, an early one cannot be wrong."""
        spare = [latest - index * self._period for index, _, latest in self._points]
        before = spare[: -self.RECENT]
        return min(spare[-self.RECENT :]) - min(before) if before else 0.0

    def _refit(self, index: int, *, jump: bool = False) -> None:
        first, base, _ = self._points[0]
        x = np.array([i - first for i, _, _ in self._points], np.float64)
        residual = np.array([t - base for _, t, _ in self._points], np.float64) - x * self._period
        if x[-1] >= self.SLOPE_S * self.rate:
            self._slope = _theil_sen(x, residual, self.BLOCKS) / self._period
            self._slope = float(np.clip(self._slope, -self.MAX_PPM * 1e-6, self.MAX_PPM * 1e-6))
        line = x * self._period * (1.0 + self._slope)
        offset = float(np.median(residual + x * self._period - line))
        if self._bounded:
            offset = min(offset, float(np.min(np.array([latest - base for _, _, latest in self._points]) - line)))
        self._target = (first, base + round(offset), self._slope)
        now, goal = self.at(index), self._on(self._target, index)
        error = goal - now
        slew = 0.0 if jump else error / max(NS, abs(error) / self.SLEW)
        self._line = (index, goal if jump else now, self._slope + slew)
        self._refit_at = index + round(self.REFIT_S * self.rate)


def _theil_sen(x: np.ndarray, y: np.ndarray, blocks: int) -> float:
    """Median of the slopes between the medians of `blocks` pieces."""
    xs = np.array([np.median(piece) for piece in np.array_split(x, blocks)])
    ys = np.array([np.median(piece) for piece in np.array_split(y, blocks)])
    i, j = np.triu_indices(blocks, 1)
    return float(np.median((ys[j] - ys[i]) / (xs[j] - xs[i])))
