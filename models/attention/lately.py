"""What was so for which share of the last minute: sums over short bins, of time in which it could be told at all."""

from collections import deque

WINDOW_NS = 60_000_000_000
LEAST_NS = 20_000_000_000
"""Less time than this in the window is too little for a share or a rate."""
MOST_STEP_NS = 500_000_000
"""What a frame says holds until the next one, but for no longer than this."""


class Lately:
    """A share of seen time, or a rate, over the last minute. Times are whole nanoseconds, so that sums are exact."""

    def __init__(self) -> None:
        self._bins: deque[tuple[int, int, float]] = deque()
        self._seen_ns, self._open = 0, (0, 0.0)

    def add(self, step_ns: int, amount: float) -> None:
        """Time that was seen, and how much there was in it: closed nanoseconds, blinks."""
        seen, total = self._open
        self._open = seen + step_ns, total + amount

    def close(self, t_ns: int) -> None:
        """Ends the bin that is open, at this time, and forgets what is older than the window."""
        if self._open != (0, 0.0):
            seen, total = self._open
            self._bins.append((t_ns, seen, total))
            self._seen_ns += seen
            self._open = 0, 0.0
        while self._bins and self._bins[0][0] <= t_ns - WINDOW_NS:
            self._seen_ns -= self._bins.popleft()[1]

    @property
    def seconds(self) -> float:
        """Time in the window in which it could be told."""
        return self._seen_ns / 1e9

    def per_second(self) -> float | None:
        """Amount per second of seen time; None where that is too short."""
        if self._seen_ns < LEAST_NS:
            return None
        return sum(one[2] for one in self._bins) / (self._seen_ns / 1e9)
