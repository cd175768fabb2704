"""Nods and shakes of one head: swings of pitch or of yaw that follow each other at 1 to 4 a second.

People who talk and listen nod and shake at about 2 to 4 cycles a second (Hadar, Steiner, Grant and Rose 1983: ordinary
movements of the head 1.8 to 3.7 Hz, slow ones below); a slower one is a look elsewhere. The turning points of each
angle are found with hysteresis, and three swings in a row (down, up, down) with nothing like it about the other axis
are a gesture, as in Kawato and Ohya (2000). One single dip is none: it cannot be told from a look at the table.
"""

import math
from collections import deque
from typing import Literal, NamedTuple

LEAST_DEG = 2.0
"""Smaller swings are no gesture: the pose of a face at rest wavers by up to a degree."""
LEAST_HZ, MOST_HZ = 1.0, 4.0
LEAST_SWINGS = 3
MOST_STEP_NS = 150_000_000
"""Frames further apart cannot follow a nod."""
_LENIENT = 1.25  # about the band: turning points are known to a frame only
_MOST_RISE_NS = 300_000_000  # from a quarter to three quarters of a swing; slower at its ends is a drift, not a nod
_REST_NS = 600_000_000
_DOMINANT = 1.5  # times as far as about the other axis
_KEEP_NS = 6_000_000_000


Kind = Literal["nod", "shake"]


class GestureFound(NamedTuple):
    """A nod or a shake."""

    kind: Kind
    begin_ns: int
    end_ns: int
    cycles: float
    """Swings there and back: 1.5 is down, up, down."""
    amplitude_deg: float
    """Mean size of its swings, from one turning point to the next."""
    hz: float


class HeadGestures:
    """Takes pitch and yaw frame by frame; gives a gesture as soon as it has ended. Causal and deterministic."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, float, float]] = deque()
        self._axes = _Swings("nod", 1, 2), _Swings("shake", 2, 1)

    def add(self, t_ns: int, pitch_deg: float | None, yaw_deg: float | None) -> list[GestureFound]:
        """One frame; None where the head was not measured, which ends what had begun."""
        lost = pitch_deg is None or yaw_deg is None
        if lost or (self._past and t_ns - self._past[-1][0] > MOST_STEP_NS):
            found = [one for axis in self._axes if (one := axis.end(self._past)) is not None]
            self._past.clear()
            for axis in self._axes:
                axis.begin()
            if lost:
                return found
        else:
            found = []
        assert pitch_deg is not None
        assert yaw_deg is not None
        self._past.append((t_ns, pitch_deg, yaw_deg))
        while t_ns - self._past[0][0] > _KEEP_NS:
            self._past.popleft()
        return [*found, *(one for axis in self._axes if (one := axis.step(self._past)) is not None)]


class _Swing(NamedTuple):
    begin_ns: int
    """A quarter of its way."""
    middle_ns: int
    end_ns: int
    size: float


class _Swings:
    """Turning points of one angle, and the run of swings that are as quick and as large as a gesture's."""

    def __init__(self, kind: Kind, own: int, other: int) -> None:
        self._kind: Kind = kind
        self._own, self._other = own, other
        self.begin()

    def begin(self) -> None:
        """Forgets everything."""
        self._turned: tuple[int, float] | None = None  # the last turning point
        self._far: tuple[int, float] | None = None  # how far it has gone since
        self._up = 0
        self._run: list[_Swing] = []

    def step(self, past: deque[tuple[int, float, float]]) -> GestureFound | None:
        """Takes the newest of `past`."""
        t_ns, value = past[-1][0], past[-1][self._own]
        rest = self._rest(past)
        if rest is not None or self._turned is None or self._far is None:
            found = self.end(past)
            self._turned = self._far = rest if rest is not None else (t_ns, value)
            self._up = 0
            return found
        if self._up == 0:  # not known yet which way
            if abs(value - self._turned[1]) >= LEAST_DEG:
                self._up, self._far = (1 if value > self._turned[1] else -1), (t_ns, value)
            return None
        if (value - self._far[1]) * self._up >= 0:
            self._far = t_ns, value
        elif (self._far[1] - value) * self._up >= LEAST_DEG:
            swing = self._swing(past, self._turned, self._far)
            self._turned, self._far, self._up = self._far, (t_ns, value), -self._up
            if not self._follows(swing):
                found = self._told(past)
                self._run = [swing] if swing is not None else []
                return found
            assert swing is not None
            self._run.append(swing)
        if self._run and t_ns - self._run[-1].middle_ns > 1e9 / LEAST_HZ:
            return self.end(past)
        return None

    def end(self, past: deque[tuple[int, float, float]]) -> GestureFound | None:
        """The gesture that the run was, with the swing that is on its way, if it was one."""
        if self._run and self._turned is not None and self._far is not None:
            last = self._swing(past, self._turned, self._far)
            if last is not None and self._follows(last):
                self._run.append(last)
        return self._told(past)

    def _told(self, past: deque[tuple[int, float, float]]) -> GestureFound | None:
        run, self._run = self._run, []
        if len(run) < LEAST_SWINGS:
            return None
        size = sum(swing.size for swing in run) / len(run)
        begin, end = run[0].begin_ns, run[-1].end_ns
        aside = [row[self._other] for row in past if begin <= row[0] <= end]
        if aside and (max(aside) - min(aside)) * _DOMINANT > size:
            return None
        half_ns = (run[-1].middle_ns - run[0].middle_ns) / (len(run) - 1)
        return GestureFound(self._kind, begin, end, len(run) / 2, size, 0.5e9 / half_ns)

    def _rest(self, past: deque[tuple[int, float, float]]) -> tuple[int, float] | None:
        """Where the head rests or drifts: the oldest of the last values, if they lie closer together than a swing."""
        first, low, high = past[-1], math.inf, -math.inf
        for row in reversed(past):
            if past[-1][0] - row[0] > _REST_NS:
                break
            first, low, high = row, min(low, row[self._own]), max(high, row[self._own])
            if high - low >= LEAST_DEG:
                return None
        return first[0], first[self._own]

    def _follows(self, swing: _Swing | None) -> bool:
        if swing is None:
            return False
        if not self._run:
            return True
        half_ns = swing.middle_ns - self._run[-1].middle_ns
        return 0.5e9 / MOST_HZ / _LENIENT <= half_ns <= 0.5e9 / LEAST_HZ * _LENIENT

    def _swing(
        self, past: deque[tuple[int, float, float]], begin: tuple[int, float], end: tuple[int, float]
    ) -> _Swing | None:
        """The way between two turning points; None where it is slow or small. A head may rest at either of them."""
        size = abs(end[1] - begin[1])
        if size < LEAST_DEG or end[0] <= begin[0]:
            return None
        quarter, middle, late = (begin[1] + share * (end[1] - begin[1]) for share in (0.25, 0.5, 0.75))
        up = 1 if end[1] > begin[1] else -1
        times: dict[float, float] = {}
        after: tuple[int, float] | None = None
        for row in reversed(past):  # from the end: the last time that it came by
            t_ns, value = row[0], row[self._own]
            if t_ns > end[0]:
                continue
            for level in (late, middle, quarter):
                if level not in times and after is not None and (value - level) * up <= 0:
                    times[level] = t_ns + (after[0] - t_ns) * (level - value) / (after[1] - value)
            if len(times) == 3 or t_ns <= begin[0]:
                break
            after = t_ns, value
        if len(times) < 3 or times[late] - times[quarter] > _MOST_RISE_NS:
            return None
        return _Swing(round(times[quarter]), round(times[middle]), round(times[late]), size)
