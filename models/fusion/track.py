"""What one modality has said of a person: its estimates pooled over time. Plain floats: NumPy's calls cost more.

The weights are those of a local level model (Muth 1960; Harvey 1989, section 2.3), exact at irregular times:

    x(t + d) = x(t) + w,  w ~ N(0, pace d)       y = x + e,  e ~ N(0, 1 + 0.8 s^2 / (s^2 + unsure_sd^2))

in units of the variance of one sure estimate's passing error, which is bounded so that one sure frame among unsure
ones is no jump. Every mean is a convex combination of what was said, so it never leaves it. The stated deviations are
pooled with the same weights, never inverted: what lasts of an error has the size that the modality states now, and no
difference of two frames tells it from affect.
"""

import math
from typing import NamedTuple

from liveaffect.models.circumplex import N_EMOTIONS

FACE = 0
VOICE = 1
_DOUBT = 0.8  # an estimate that says nothing passes for 1 / 1.8 of a sure one among its modality's


class View(NamedTuple):
    """What a modality says at one time: means, variances > 0, eight probabilities."""

    valence: float
    arousal: float
    valence_var: float
    arousal_var: float
    emotions: tuple[float, ...]


class Pace(NamedTuple):
    """How a modality is pooled over time."""

    pace: float
    """Variance that affect gains in a second, in units of a sure estimate's passing error; > 0."""
    unsure_var: float
    """Stated variance (mean of valence's and arousal's) that makes an estimate count as halfway from sure to unsure."""
    passing: float
    """Share of the stated variance that averages out over frames, 0 to 1."""
    valence_per_s: float
    arousal_per_s: float
    """Variance an estimate gains in each second that passes without another."""


class Pooled(NamedTuple):
    """The state of a track at one time, as the smoother needs it."""

    level: tuple[float, ...]
    """Pooled valence, arousal, eight probabilities, stated variances (valence, arousal), and slack when last seen."""
    scatter: tuple[float, float]
    """Variance of valence and arousal among the pooled estimates."""
    slack: float
    """Variance of the level at this time, in units of a sure estimate's passing error; infinite before the first."""


NOTHING = Pooled((math.nan,) * (5 + N_EMOTIONS), (math.nan, math.nan), math.inf)


def noise(stated: float, unsure_var: float) -> float:
    """Variance of an estimate's passing error, in units of a sure estimate's: 1 to below 1.8."""
    return 1.0 + _DOUBT * stated / (stated + unsure_var)


def width(passing: float, stated: float, scatter: float, alone: float) -> float:
    """Variance of a pooled mean; `alone` is 1 for one estimate and falls towards 0 with the number that count.

    The stated variance, less the passing share of it that was averaged away, plus the scatter among the pooled
    estimates where it is larger than that share explains: while an expression comes or goes, intervals are wide.
    """
    averaged = passing * stated * (1.0 - alone)
    return stated - averaged + max(scatter - averaged, 0.0)


class Track:
    """Estimates of one modality of one person, in the order of time."""

    __slots__ = (
        "_arousal", "_arousal_scatter", "_arousal_stated", "_emotions", "_pace", "_slack", "_valence",
        "_valence_scatter", "_valence_stated", "seen_s",
    )  # fmt: skip

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.seen_s = -math.inf
        """Time of the last estimate; minus infinity before the first."""

    def take(
        self, t_s: float, valence: float, arousal: float, valence_var: float, arousal_var: float, p: tuple[float, ...]
    ) -> None:
        """Take in one estimate; `p` are eight weights >= 0 of any positive sum."""
        total = sum(p)
        passing = noise(0.5 * (valence_var + arousal_var), self._pace.unsure_var)
        if self.seen_s == -math.inf:
            self._valence, self._arousal = valence, arousal
            self._valence_stated, self._arousal_stated = valence_var, arousal_var
            self._valence_scatter = self._arousal_scatter = 0.0
            self._emotions = tuple([x / total for x in p])
            self._slack, self.seen_s = passing, t_s
            return
        slack = self._slack + self._pace.pace * (t_s - self.seen_s)
        gain = slack / (slack + passing)
        keep = 1.0 - gain
        self._slack, self.seen_s = gain * passing, t_s
        off = valence - self._valence
        self._valence += gain * off
        self._valence_scatter = keep * (self._valence_scatter + gain * off * off)
        off = arousal - self._arousal
        self._arousal += gain * off
        self._arousal_scatter = keep * (self._arousal_scatter + gain * off * off)
        self._valence_stated += gain * (valence_var - self._valence_stated)
        self._arousal_stated += gain * (arousal_var - self._arousal_stated)
        part = gain / total
        self._emotions = tuple([keep * x + part * y for x, y in zip(self._emotions, p, strict=True)])

    def view(self, aged_s: float) -> View:
        """What it says `aged_s` >= 0 after its last estimate: the same, less surely. There must have been one."""
        pace, v, a = self._pace, self._valence_stated, self._arousal_stated
        alone = min(self._slack / noise(0.5 * (v + a), pace.unsure_var), 1.0)
        return View(
            self._valence,
            self._arousal,
            width(pace.passing, v, self._valence_scatter, alone) + pace.valence_per_s * aged_s,
            width(pace.passing, a, self._arousal_scatter, alone) + pace.arousal_per_s * aged_s,
            self._emotions,
        )

    def pooled(self, t_s: float) -> Pooled:
        """The state at `t_s`, not before the last estimate, for the smoother."""
        if self.seen_s == -math.inf:
            return NOTHING
        level = (self._valence, self._arousal, *self._emotions, self._valence_stated, self._arousal_stated, self._slack)
        slack = self._slack + self._pace.pace * (t_s - self.seen_s)
        return Pooled(level, (self._valence_scatter, self._arousal_scatter), slack)
