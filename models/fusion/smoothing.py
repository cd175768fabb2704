"""Fixed-lag smoothing: the fusion filter's answers, corrected by what came up to a lag later. For recordings.

The Rauch-Tung-Striebel recursions (Rauch, Tung and Striebel 1965) run back from the last step within the lag of each
time, for all times at once. The state space and the observations are those of `models/fusion/filter.py`, so with no lag
the smoothed values are the causal ones.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.state_space import Decay, Snapshot, decay

FloatArray = npt.NDArray[np.float64]


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
        self._states: list[tuple[Snapshot, Snapshot, Snapshot]] = []

    def step(self, t_s: float, face: Estimate | None, voice: Estimate | None) -> Fused:
        """The causal answer, as `PersonFilter.step` gives it. Raises BadInput where time goes back."""
        fused = self._person.step(t_s, face, voice)
        self._times.append(t_s)
        self._known.append(fused.valence is not None)
        self._states.append(self._person.snapshots())
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
        taus = (s.affect_tau_s, s.face_bias_tau_s, s.voice_bias_tau_s)
        decays = np.array([decay(dt, taus) for dt in np.diff(times)]).reshape(-1, len(Decay._fields))
        valence, valence_sd = _channel([x[0] for x in self._states], 1, s.prior_valence_sd, decays, ahead)
        arousal, arousal_sd = _channel([x[1] for x in self._states], 1, s.prior_arousal_sd, decays, ahead)
        ratios, _ = _channel([x[2] for x in self._states], N_EMOTIONS, s.prior_log_ratio_sd, decays, ahead)
        weights = np.exp(ratios - ratios.max(axis=1, keepdims=True))
        smoothed = Smoothed(
            np.clip(s.prior_valence + valence[:, 0], -1.0, 1.0),
            valence_sd,
            np.clip(s.prior_arousal + arousal[:, 0], -1.0, 1.0),
            arousal_sd,
            weights / weights.sum(axis=1, keepdims=True),
        )
        unknown = ~np.array(self._known[:count])
        for column in (smoothed.valence, valence_sd, smoothed.arousal, arousal_sd, smoothed.emotions):
            column[unknown] = np.nan
        del self._times[:count], self._known[:count], self._states[:count]
        return smoothed


def smooth(
    t_s: Sequence[float],
    faces: Sequence[Estimate | None],
    voices: Sequence[Estimate | None],
    *,
    lag_s: float = 1.0,
    settings: FusionSettings | None = None,
) -> tuple[list[Fused], Smoothed]:
    """Causal and smoothed answers for one person's whole recording.

    Args:
        t_s: n times in seconds, never decreasing.
        faces, voices: n estimates each, None where missing.
        lag_s: how far ahead of each time is looked, >= 0.
    Raises:
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


def _channel(
    states: list[Snapshot], rows: int, prior_sd: float, decays: FloatArray, ahead: npt.NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Smoothed means (m, rows) and standard deviation (m,) of a channel's affect at the first m of n steps.

    `decays` (n - 1, 3) lead from each step to the next, `ahead` (m,) counts the steps within the lag.
    """
    means = np.array([(x.affect[:rows], x.face[:rows], x.voice[:rows]) for x in states])  # (n, 3, rows)
    p = np.array([x.covariance for x in states])
    covariances = p[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(-1, 3, 3)
    stationary = np.diag([prior_sd**2, 1.0, 1.0])
    # one step back: from the smoothed state after to the smoothed state before
    both = decays[:, :, None] * decays[:, None, :]
    predicted = stationary + both * (covariances[:-1] - stationary)
    gains = np.swapaxes(np.linalg.solve(predicted, decays[:, :, None] * covariances[:-1]), 1, 2)
    means_back = means[:-1] - gains @ (decays[:, :, None] * means[:-1])
    covariances_back = covariances[:-1] - gains @ predicted @ np.swapaxes(gains, 1, 2)

    last = np.arange(len(ahead)) + ahead
    mean, covariance = means[last], covariances[last]
    for steps in range(int(ahead.max()), 0, -1):
        at = np.flatnonzero(ahead >= steps)
        back = at + steps - 1
        gain = gains[back]
        mean[at] = means_back[back] + gain @ mean[at]
        covariance[at] = covariances_back[back] + gain @ covariance[at] @ np.swapaxes(gain, 1, 2)
    return mean[:, 0, :], np.sqrt(np.maximum(covariance[:, 0, 0], 0.0))
