"""Fixed-lag smoothing: the fusion filter's answers, corrected by what came up to a lag later. For recordings.

The Rauch-Tung-Striebel recursions (Rauch, Tung and Striebel 1965) of each modality's local level run back from the
last step within the lag of each time, for all times at once. A smoothed level is a convex combination of the level
before and the smoothed level after, so everything pooled with it (probabilities, stated variances, scatter) follows
the same weights. With no lag the smoothed answers are the causal ones.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.pool import coasted, join
from liveaffect.models.fusion.track import Pace, Pooled, View, noise, width

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Smoothed:
    """One person over n times; NaN exactly where the causal answer has no numbers."""

    valence: FloatArray
    valence_sd: FloatArray
    arousal: FloatArray
    arousal_sd: FloatArray
    emotions: FloatArray
    """(n, 8); the others (n,)."""


class FixedLagSmoother:
    """One person's filter that also gives every answer again, `lag_s` later, in the light of what came since.

    Call `step` in the order of time and `ready` whenever convenient; `finish` gives what is left at the end. Memory
    holds the lag and a block, however long the recording.
    """

    def __init__(self, lag_s: float = 1.0, settings: FusionSettings | None = None, block: int = 256) -> None:
        if not 0.0 <= lag_s < np.inf:
            raise BadInput(f"the lag of smoothing is {lag_s!r}; give seconds, at least 0")
        self.lag_s = lag_s
        self._person = PersonFilter(settings)
        self._block = block
        self._times: list[float] = []
        self._known: list[bool] = []
        self._states: tuple[list[Pooled], list[Pooled]] = ([], [])
        self._ages: tuple[list[float], list[float]] = ([], [])

    def step(self, t_s: float, face: Estimate | None, voice: Estimate | None) -> Fused:
        """The causal answer, as `PersonFilter.step` gives it. Raises BadInput where time goes back."""
        fused = self._person.step(t_s, face, voice)
        self._times.append(t_s)
        self._known.append(fused.valence is not None)
        for states, ages, state, age in zip(
            self._states, self._ages, self._person.pooled(), (fused.age_face_s, fused.age_voice_s), strict=True
        ):
            states.append(state)
            ages.append(np.inf if age is None else age)
        return fused

    def ready(self) -> Smoothed:
        """Smoothed answers for the next times whose lag has passed, in order; empty until a block is full."""
        done = bisect_left(self._times, self._times[-1] - self.lag_s) if self._times else 0
        return self._take(done if done >= self._block else 0)

    def finish(self) -> Smoothed:
        """Smoothed answers for all times left."""
        return self._take(len(self._times))

    def _take(self, count: int) -> Smoothed:
        if count == 0:
            none = np.empty(0)
            return Smoothed(none, none, none, none, np.empty((0, N_EMOTIONS)))
        times, s = np.array(self._times), self._person.settings
        ahead = (np.searchsorted(times, times + self.lag_s, side="right") - 1 - np.arange(len(times)))[:count]
        smoothed = [
            _smoothed(pace, times, states, np.array(ages), ahead)
            for pace, states, ages in zip(s.paces, self._states, self._ages, strict=True)
        ]
        waited = np.minimum(*[aged for _, aged in smoothed])
        rows = np.full((count, 4 + N_EMOTIONS), np.nan)
        for i in np.flatnonzero(self._known[:count]).tolist():
            face, voice = (
                _view(pace, track, i, aged[i] - waited[i])
                for pace, (track, aged) in zip(s.paces, smoothed, strict=True)
            )
            joined = coasted(join(face, voice, s.prior_vars, s.unseen), float(waited[i]), s.paces)
            rows[i, :4] = joined.valence, joined.valence_var**0.5, joined.arousal, joined.arousal_var**0.5
            rows[i, 4:] = joined.emotions
        for column in (self._times, self._known, *self._states, *self._ages):
            del column[:count]
        valence, valence_sd, arousal, arousal_sd = rows[:, :4].T.copy()
        return Smoothed(valence, valence_sd, arousal, arousal_sd, rows[:, 4:])


def smooth(
    t_s: Sequence[float],
    faces: Sequence[Estimate | None],
    voices: Sequence[Estimate | None],
    *,
    lag_s: float = 1.0,
    settings: FusionSettings | None = None,
) -> tuple[list[Fused], Smoothed]:
    """Causal and smoothed answers for one person's whole recording.

    Parameters
    ----------
    t_s: n times in seconds, never decreasing.
    faces, voices: n estimates each, None where missing.
    lag_s: how far ahead of each time is looked, >= 0.

    Raises
    ------
    BadInput: lengths differ, time goes back, or the lag is negative.
    """
    if not len(t_s) == len(faces) == len(voices):
        raise BadInput(f"smoothing needs one estimate per time: {len(t_s)} times, {len(faces)} and {len(voices)}")
    person = FixedLagSmoother(lag_s, settings)
    causal: list[Fused] = []
    parts: list[Smoothed] = []
    for t, face, voice in zip(t_s, faces, voices, strict=True):
        causal.append(person.step(t, face, voice))
        parts.append(person.ready())
    parts.append(person.finish())
    return causal, Smoothed(
        *(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Smoothed))
    )


class _Levels(NamedTuple):
    """A modality's smoothed states at m times; rows without any evidence within the lag are NaN."""

    level: FloatArray
    """(m, 13), as `Pooled.level`."""
    scatter: FloatArray
    """(m, 2)."""


def _smoothed(
    pace: Pace, times: FloatArray, states: list[Pooled], ages: FloatArray, ahead: IndexArray
) -> tuple[_Levels, FloatArray]:
    """One modality's states at the first m of n steps and their ages; `ahead` (m,) are the steps within the lag."""
    levels = _back(
        pace.pace * np.diff(times),
        _Levels(np.array([x.level for x in states]), np.array([x.scatter for x in states])),
        np.array([x.slack for x in states]),
        ahead,
    )
    return levels, _unobserved(times, ages, ahead)


def _back(gained: FloatArray, causal: _Levels, slack: FloatArray, ahead: IndexArray) -> _Levels:
    """Run back from the last step within the lag of each of the first m of n steps.

    `gained` (n - 1,) is the variance between each step and the next, `slack` (n,) that of the level at each. Smoothed
    levels are convex combinations, so their scatter is that of a mixture.
    """
    new = np.isinf(slack)[:-1]  # before the first estimate: what comes after is all there is
    finite = np.where(new, 1.0, slack[:-1])
    gain = np.where(new, 1.0, finite / (finite + gained))[:, None]
    level, scatter = (column[np.arange(len(ahead)) + ahead] for column in causal)
    for steps in range(int(ahead.max()), 0, -1):
        at = np.flatnonzero(ahead >= steps)
        back = at + steps - 1
        g, apart = gain[back], causal.level[back, :2] - level[at, :2]
        mixed = (1.0 - g) * causal.scatter[back] + g * scatter[at] + g * (1.0 - g) * apart**2
        scatter[at] = np.where(new[back, None], scatter[at], mixed)
        level[at] = np.where(new[back, None], level[at], causal.level[back] + g * (level[at] - causal.level[back]))
    return _Levels(level, scatter)


def _unobserved(times: FloatArray, ages: FloatArray, ahead: IndexArray) -> FloatArray:
    """How old an estimate counts at the first m steps (m,): its age, less what the next one within the lag takes back.

    The variance of a random walk between its two ends, a before and b after, is a b / (a + b) per unit of its pace.
    Infinite where there is neither.
    """
    here = np.arange(len(ahead))
    seen = np.flatnonzero(ages == 0.0)
    following = np.append(seen, len(times))[np.searchsorted(seen, here)]
    before, after = ages[: len(ahead)], np.full(len(ahead), np.inf)
    found = following <= here + ahead
    after[found] = times[following[found]] - times[here[found]]
    between = np.minimum(before, after)
    both = np.isfinite(before) & np.isfinite(after) & (between > 0.0)
    between[both] = before[both] * after[both] / (before[both] + after[both])
    return between


def _view(pace: Pace, track: _Levels, row: int, aged_s: float) -> View | None:
    """What a modality says at a row; None where nothing is known of it."""
    valence, arousal, *emotions, of_valence, of_arousal, slack = track.level[row].tolist()
    if math.isnan(valence):
        return None
    alone = min(slack / noise(0.5 * (of_valence + of_arousal), pace.unsure_var), 1.0)
    by_valence, by_arousal = track.scatter[row].tolist()
    return View(
        valence,
        arousal,
        width(pace.passing, of_valence, by_valence, alone) + pace.valence_per_s * float(aged_s),
        width(pace.passing, of_arousal, by_arousal, alone) + pace.arousal_per_s * float(aged_s),
        tuple(emotions),
    )
