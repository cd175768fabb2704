"""LSL's clock and the stream's: both are clocks of this machine, and on Linux they are the same one."""

import time
from collections.abc import Callable

NS = 1_000_000_000
TRIES = 32
DOUBT_NS = 20_000
"""An offset below this is what it takes to ask: the clocks are the same."""


class LslClock:
    """Maps stream time (ns of the monotonic clock) to LSL's `local_clock` (s) and back.

    Parameters
    ----------
    lsl_s: LSL's clock.
    now_ns: the stream's.
    """

    def __init__(self, lsl_s: Callable[[], float], now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._lsl_s, self._now_ns = lsl_s, now_ns
        self.offset_ns = 0
        """LSL's clock minus the stream's."""
        self.measure()

    def measure(self) -> None:
        """Asks both clocks a few times; the quickest question counts."""
        found: list[tuple[int, int]] = []
        for _ in range(TRIES):
            before = self._now_ns()
            there = round(self._lsl_s() * NS)
            after = self._now_ns()
            found.append((after - before, there - (before + after) // 2))
        _, offset = min(found)
        self.offset_ns = 0 if abs(offset) < DOUBT_NS else offset

    def lsl_s(self, t_ns: int) -> float:
        """An instant of the stream on LSL's clock (s)."""
        return (t_ns + self.offset_ns) / NS

    def stream_ns(self, lsl_s: float) -> int:
        """An instant of LSL's clock (s) on the stream's (ns)."""
        return round(lsl_s * NS) - self.offset_ns
