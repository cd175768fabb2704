"""The sensor's clock as seen from another machine: how far it is away, how fast it drifts, and how sure that is.

Each exchange gives the offset to half its round trip (Mills 1991, IEEE Trans. Communications 39, 1482): the quickest of
those of the last seconds is taken, and the slope is fitted through the quickest of longer spans.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

NS = 1_000_000_000
RECENT_NS = 20 * NS
"""The offset is that of the quickest exchange of so long."""
SPAN_NS = 10 * NS
SPANS = 30
"""The drift is fitted through the quickest exchange of each span, of the last so many."""
LEAST_NS = 60 * NS
"""A drift is believed after so long."""
MOST_PPM = 1000.0
UNKNOWN_PPM = 200.0
"""Until then clocks are taken to drift apart by at most so much: quartz keeps within 100 each."""
LEFT_PPM = 20.0
"""And afterwards by so much beside the fitted drift and its own uncertainty: temperature."""
FIRST, EVERY_S = 16, 0.5
"""Exchanges at the beginning, and seconds between later ones."""
RETRY_S = 2.0


@dataclass(frozen=True)
class Exchange:
    """A question for the time and its answer."""

    sent_ns: int
    there_ns: int
    back_ns: int

    @property
    def trip_ns(self) -> int:
        """Round trip."""
        return self.back_ns - self.sent_ns

    @property
    def at_ns(self) -> int:
        """The middle, on this machine's clock."""
        return (self.sent_ns + self.back_ns) // 2

    @property
    def offset_ns(self) -> int:
        """The sensor's clock minus this machine's, to half the round trip."""
        return self.there_ns - self.at_ns


class SensorClock:
    """Maps instants of the sensor's monotonic clock to this machine's and back. Pure; any thread.

    Parameters
    ----------
    now_ns: this machine's monotonic clock.
    same: the sensor is on this very clock: nothing is to be mapped.
    """

    def __init__(self, now_ns: Callable[[], int], *, same: bool = False) -> None:
        self._now_ns, self.same = now_ns, same
        self._lock = threading.Lock()
        self._recent: deque[Exchange] = deque()
        self._spans: deque[Exchange] = deque(maxlen=SPANS)
        self._best: Exchange | None = None
        self._slope = 0.0
        self._left_ppm = UNKNOWN_PPM

    def add(self, exchange: Exchange) -> None:
        """Takes one exchange; one whose answer came before its question, or from another clock, begins anew."""
        with self._lock:
            if exchange.trip_ns < 0:
                return
            old = () if self._best is None else (self._best,)
            if old and self._strays(exchange):
                old = ()
                self._recent.clear()
                self._spans.clear()
                self._slope, self._left_ppm = 0.0, UNKNOWN_PPM
            self._recent.append(exchange)
            while self._recent[0].at_ns < exchange.at_ns - RECENT_NS:
                self._recent.popleft()
            if self._spans and self._spans[-1].at_ns // SPAN_NS == exchange.at_ns // SPAN_NS:
                if exchange.trip_ns < self._spans[-1].trip_ns:
                    self._spans[-1] = exchange
            else:
                self._spans.append(exchange)
                self._fit()
            # an old one stands as long as nothing better comes: the first answer after a cut may have taken seconds
            self._best = min((*self._recent, *old), key=self._error_of)

    def local_ns(self, t_ns: int) -> int:
        """An instant of the sensor on this machine's monotonic clock. Raises ValueError before the first exchange."""
        if self.same:
            return t_ns
        best = self._known()
        near = t_ns - best.offset_ns
        return round(near - self._slope * (near - best.at_ns))

    def sensor_ns(self, local_ns: int) -> int:
        """An instant of this machine's monotonic clock on the sensor's. Raises ValueError before the first exchange."""
        if self.same:
            return local_ns
        best = self._known()
        return round(local_ns + best.offset_ns + self._slope * (local_ns - best.at_ns))

    @property
    def error_ns(self) -> int:
        """How far mapped times of now may be off where both ways take equally long: waiting lines and drift."""
        if self.same:
            return 0
        best = self._known()
        floor = min((one.trip_ns for one in (*self._spans, *self._recent)), default=best.trip_ns)
        return (best.trip_ns - floor) // 2 + self._drifted(best)

    @property
    def bound_ns(self) -> int:
        """How far they can be off at most, whatever the ways take: half the round trip, and drift."""
        return 0 if self.same else self._known().trip_ns // 2 + self._drifted(self._known())

    @property
    def drift_ppm(self) -> float:
        """How much faster the sensor's clock runs, in parts per million; 0 before that is known."""
        return self._slope * 1e6

    def _known(self) -> Exchange:
        if self._best is None:
            raise ValueError("the sensor has not been asked for its time yet")
        return self._best

    def _drifted(self, best: Exchange) -> int:
        return round(abs(self._now_ns() - best.at_ns) * self._left_ppm * 1e-6)

    def _error_of(self, one: Exchange) -> float:
        """What makes an exchange worse: its waiting lines, and its age; one of long ago is the last choice."""
        age_ns = self._recent[-1].at_ns - one.at_ns
        return one.trip_ns / 2 + age_ns * (MOST_PPM if age_ns > RECENT_NS else self._left_ppm) * 1e-6

    def _strays(self, exchange: Exchange) -> bool:
        """True where no drift explains it: the sensor has been started anew on another machine."""
        best = self._known()
        gone_ns = abs(exchange.at_ns - best.at_ns)
        expected = best.offset_ns + self._slope * (exchange.at_ns - best.at_ns)
        return (
            abs(exchange.offset_ns - expected) > (exchange.trip_ns + best.trip_ns) / 2 + gone_ns * 2 * MOST_PPM * 1e-6
        )

    def _fit(self) -> None:
        """The line through the quickest exchanges by least squares, each weighed by how quick it was."""
        points = list(self._spans)[:-1]  # the last span has only begun
        if len(points) < 3 or points[-1].at_ns - points[0].at_ns < LEAST_NS:
            return
        floor = min(point.trip_ns for point in points)
        weights = [1.0 / (1e6 + point.trip_ns - floor) ** 2 for point in points]
        x0, y0, total = points[0].at_ns, points[0].offset_ns, sum(weights)
        xs, ys = [float(p.at_ns - x0) for p in points], [float(p.offset_ns - y0) for p in points]
        x = sum(w * a for w, a in zip(weights, xs, strict=True)) / total
        y = sum(w * b for w, b in zip(weights, ys, strict=True)) / total
        above = sum(w * (a - x) * (b - y) for w, a, b in zip(weights, xs, ys, strict=True))
        below = sum(w * (a - x) ** 2 for w, a in zip(weights, xs, strict=True))
        slope = above / below
        count = total**2 / sum(w * w for w in weights)  # of points that count
        spread = sum(w * (b - y - slope * (a - x)) ** 2 for w, a, b in zip(weights, xs, ys, strict=True))
        unsure = math.sqrt(spread / below / max(count - 2.0, 0.5))
        self._slope = min(max(slope, -MOST_PPM * 1e-6), MOST_PPM * 1e-6)
        self._left_ppm = min(UNKNOWN_PPM, LEFT_PPM + 2e6 * unsure)


class ClockKeeper:
    """Keeps a SensorClock right: asks a few times at once, then now and then in a thread of its own.

    Parameters
    ----------
    clock: is told of every exchange.
    ask: one exchange; what it raises is passed over by the thread, and raised at the beginning.
    """

    def __init__(self, clock: SensorClock, ask: Callable[[], Exchange]) -> None:
        self.clock, self._ask = clock, ask
        self._over = threading.Event()
        if clock.same:
            return
        for _ in range(FIRST):
            clock.add(ask())
        threading.Thread(target=self._keep, name="clock", daemon=True).start()

    def end(self) -> None:
        """Asks no more."""
        self._over.set()

    def _keep(self) -> None:
        pause = EVERY_S
        while not self._over.wait(pause):
            try:
                self.clock.add(self._ask())
                pause = EVERY_S
            except Exception:  # the way is cut, or closed: `error_ns` grows meanwhile
                pause = RETRY_S
