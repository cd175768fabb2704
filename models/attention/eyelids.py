"""Blinks and closed eyes of one person, from how far the eyes are open against how far they are as a rule.

Openness is taken relative to the person's own open level, since eyes and cameras differ. A blink is a quick closure of
both eyes past half of that level for at most half a second (spontaneous blinks last 0.1 to 0.4 s, Caffier, Erdmann and
Ullsperger 2003; longer closures count as drowsiness there). Its duration is told at half of the open level.
"""

from collections import deque
from typing import NamedTuple

HALF = 0.5
"""Share of the open level below which a blink begins and above which it ends."""
SHUT = 0.2
"""Openness at or below which eyes are closed: the 80 % of PERCLOS (Wierwille et al. 1994, Dinges and Grace 1998)."""
LONGEST_NS = 500_000_000
"""A longer closure is no blink."""
STEP_NS = 150_000_000
"""Frames further apart than this see no blinks: half of them would fall between two frames."""
REFRACTORY_NS = 100_000_000
"""A dip so soon after a blink belongs to it."""
_OPEN_AGAIN = 0.6
_WIDE, _CLOSING_NS = (
    0.75,
    300_000_000,
)  # eyes go from wide open to half in at most so long: slower is a squint or a look down
_SEEN_NS, _DEEP = 90_000_000, 0.35  # one frame alone is a blink where it is deep, else an error of landmarks
_OTHER = 0.7  # the less closed eye goes below this, or it was a wink


class BlinkFound(NamedTuple):
    """One blink; times are those at which the eyes passed half of their open level."""

    begin_ns: int
    end_ns: int
    depth: float
    """How far the eyes closed, 0 to 1."""


class OpenLevel:
    """How far one eye is open as a rule: the upper quartile of what it was over its last half minute with open eyes."""

    EVERY_NS = 90_000_000
    """A little less than a tenth of a second, so that no frame of ten a second is left out."""
    KEPT = 300
    LEAST = 8
    """So many frames before there is a level: a blink among them leaves the upper quartile alone."""
    FLOOR = 0.25
    """An eye that was never further open than this, of 1, has no level: it may be closed all the time."""
    STUCK_NS = 60_000_000_000
    """Below half of the level for so long, and not all but closed, the level has changed: the light, the distance."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._kept: deque[float] = deque(maxlen=self.KEPT)
        self._next_ns = self._renew_ns = self._open_ns = -(2**62)

    def add(self, t_ns: int, openness: float) -> float | None:
        """Takes one frame; gives openness as a share of the level as it was before, or None while there is none."""
        share = None if self.value is None else openness / self.value
        if self._open_ns < 0 or share is None or share >= HALF:
            self._open_ns = t_ns
        stuck = openness >= self.FLOOR and t_ns - self._open_ns > self.STUCK_NS
        if t_ns >= self._next_ns and (share is None or share >= HALF or stuck):
            self._next_ns = t_ns if self.value is None else t_ns + self.EVERY_NS
            self._kept.append(openness)
            if len(self._kept) >= self.LEAST and (self.value is None or t_ns >= self._renew_ns):
                self._renew_ns = t_ns + 1_000_000_000
                level = sorted(self._kept)[3 * len(self._kept) // 4]
                self.value = level if level >= self.FLOOR else None
        return share


class Eyelids:
    """Takes the openness of both eyes frame by frame. Causal and deterministic."""

    def __init__(self) -> None:
        self._levels = OpenLevel(), OpenLevel()
        self.openness: float | None = None
        """Of the last frame, share of the open level; None where it was not seen or the level is not known yet."""
        self._last_ns = -(2**62)
        self._ended_ns = -(2**62)
        self._wide_ns: int | None = None
        self._before: tuple[int, float] | None = None
        self._dip: _Dip | None = None

    @property
    def shut(self) -> bool | None:
        """At least 80 % closed."""
        return None if self.openness is None else self.openness <= SHUT

    def add(self, t_ns: int, left: float | None, right: float | None) -> BlinkFound | None:
        """One frame: how far each eye is open (0 to 1), None where it was not seen; gives a blink that has ended."""
        shares = [
            share
            for level, value in zip(self._levels, (left, right), strict=True)
            if value is not None and (share := level.add(t_ns, value)) is not None
        ]
        if not shares:
            self.lose()
            return None
        if self._before is not None and t_ns - self._before[0] > STEP_NS:
            self.lose()
        openness = self.openness = sum(shares) / len(shares)
        if openness >= _WIDE:
            self._wide_ns = t_ns
        found = self._step(t_ns, openness, max(shares))
        self._before = t_ns, openness
        return found

    def lose(self) -> None:
        """The eyes are not seen: a closure that has begun is forgotten."""
        self.openness, self._before, self._dip, self._wide_ns = None, None, None, None

    def _step(self, t_ns: int, openness: float, wider: float) -> BlinkFound | None:
        before = self._before
        if self._dip is None:
            if openness < HALF and before is not None and before[1] >= HALF:
                begin = _crossing(before, (t_ns, openness))
                quick = self._wide_ns is not None and begin - self._wide_ns <= _CLOSING_NS
                self._dip = _Dip(begin, before[0], openness, wider, quick)
            return None
        dip = self._dip
        dip.least, dip.wider = min(dip.least, openness), min(dip.wider, wider)
        if openness < HALF:
            dip.end_ns = None
        elif dip.end_ns is None and before is not None:
            dip.end_ns, dip.seen_open_ns = _crossing(before, (t_ns, openness)), t_ns
        if dip.end_ns is None or openness < _OPEN_AGAIN:
            return None
        self._dip = None
        seen = dip.seen_open_ns - dip.open_ns > _SEEN_NS or dip.least <= _DEEP
        fresh = dip.begin_ns - self._ended_ns >= REFRACTORY_NS
        self._ended_ns = dip.end_ns
        if not (dip.quick and seen and fresh and dip.wider < _OTHER and dip.end_ns - dip.begin_ns <= LONGEST_NS):
            return None
        return BlinkFound(dip.begin_ns, dip.end_ns, min(max(1.0 - dip.least, 0.0), 1.0))


class _Dip:
    """Eyes that have gone below half."""

    def __init__(self, begin_ns: int, open_ns: int, least: float, wider: float, quick: bool) -> None:
        self.begin_ns, self.open_ns, self.least, self.wider, self.quick = begin_ns, open_ns, least, wider, quick
        self.end_ns: int | None = None
        self.seen_open_ns = open_ns


def _crossing(before: tuple[int, float], after: tuple[int, float]) -> int:
    """When the straight line between two frames passes half."""
    (t0, a), (t1, b) = before, after
    return t0 if a == b else t0 + round((t1 - t0) * (HALF - a) / (b - a))
