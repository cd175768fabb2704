"""One person's affect over time from face and voice: causal, deterministic, and never beyond what they said.

Each modality's estimates are pooled over time (`track`), then face and voice are joined (`pool`); docs/decisions has
the derivation. A single estimate comes out as it went in. Thirty frames of one second count as little more than one,
because most of a net's error lasts.
"""

import math
from dataclasses import dataclass

from liveaffect.models.circumplex import EMOTIONS, N_EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.pool import coasted, join
from liveaffect.models.fusion.track import FACE, VOICE, Pace, Pooled, Track

_ABOVE_ZERO = ("face_pace", "voice_pace", "face_unsure_sd", "voice_unsure_sd", "face_fade_s", "voice_fade_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSettings:
    """Parameters of the filter; every sd in the unit of its quantity, every time in seconds.

    The priors are root mean squares of the raters' votes in FER+ (31,649 faces) mapped on the circumplex. The face's
    were chosen on held-out faces in sequence (docs/decisions); the voice's are assumptions.
    """

    prior_valence_sd: float = 0.47
    prior_arousal_sd: float = 0.38
    """Spread of the affect over people and moments. An estimate with such an interval says nothing."""
    face_pace: float = 0.9
    voice_pace: float = 10.0
    """How fast an estimate is followed: variance that affect gains in a second, in units of the variance of a sure
    estimate's passing error. The voice judges up to 3 s at once and is smooth already."""
    face_unsure_sd: float = 0.3
    voice_unsure_sd: float = 0.5
    """Deviation halfway from sure to unsure: a sure estimate weighs up to 1.8 times an unsure one of its modality."""
    face_correlated: float = 0.8
    voice_correlated: float = 0.9
    """Share of an estimate's error variance that lasts, 0 to 1, and so does not average out over frames."""
    face_fade_s: float = 1.0
    voice_fade_s: float = 2.0
    """Time in which an estimate's variance grows by the prior's when no other follows."""
    face_noise_scale: float = 1.0
    voice_noise_scale: float = 1.0
    """Factor on the nets' own standard deviations, fitted so that 90 % intervals cover 90 %."""
    voice_unseen: tuple[str, ...] = ("contempt",)
    """Categories no voice corpus has: beside a face, the voice says nothing about them."""
    coast_s: float = 2.0
    """How long numbers are given after the last observation of any modality."""

    def __post_init__(self) -> None:
        for name in ("prior_valence_sd", "prior_arousal_sd", "face_noise_scale", "voice_noise_scale", *_ABOVE_ZERO):
            if not 0.0 < getattr(self, name) < math.inf:
                raise BadInput(f"fusion setting {name} = {getattr(self, name)!r} must be a number above 0")
        for name in ("face_correlated", "voice_correlated"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(f"fusion setting {name} = {getattr(self, name)!r} must lie between 0 and 1")
        if not self.coast_s >= 0.0:
            raise BadInput(f"fusion setting coast_s = {self.coast_s!r} must not be negative")
        unknown = set(self.voice_unseen) - set(EMOTIONS)
        if unknown or len(set(self.voice_unseen)) > N_EMOTIONS - 2:
            raise BadInput(f"fusion setting voice_unseen = {self.voice_unseen!r} must name at most six of {EMOTIONS}")

    @property
    def prior_vars(self) -> tuple[float, float]:
        """Variances of valence and arousal when nothing is known."""
        return self.prior_valence_sd**2, self.prior_arousal_sd**2

    @property
    def unseen(self) -> tuple[int, ...]:
        """Indices of `voice_unseen`."""
        return tuple(sorted({EMOTIONS.index(name) for name in self.voice_unseen}))

    @property
    def paces(self) -> tuple[Pace, Pace]:
        """How face and voice are pooled over time."""
        valence, arousal = self.prior_vars
        face, voice = self.face_fade_s, self.voice_fade_s
        return (
            Pace(self.face_pace, self.face_unsure_sd**2, 1.0 - self.face_correlated, valence / face, arousal / face),
            Pace(
                self.voice_pace, self.voice_unsure_sd**2, 1.0 - self.voice_correlated, valence / voice, arousal / voice
            ),
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one modality says at one time: valence and arousal in [-1, 1], their sds > 0, eight probabilities."""

    valence: float
    arousal: float
    valence_sd: float
    arousal_sd: float
    emotions: tuple[float, ...]

    def __post_init__(self) -> None:
        p = self.emotions
        if len(p) != N_EMOTIONS or not (min(p) >= 0.0 and 0.0 < sum(p) < math.inf):
            raise BadInput(f"an estimate needs {N_EMOTIONS} probabilities that are not negative, not {p!r}")
        if not (abs(self.valence) <= 1.0 and abs(self.arousal) <= 1.0):
            raise BadInput(f"valence {self.valence!r} and arousal {self.arousal!r} must lie in [-1, 1]")
        if not (0.0 < self.valence_sd < math.inf and 0.0 < self.arousal_sd < math.inf):
            raise BadInput(f"standard deviations {self.valence_sd!r} and {self.arousal_sd!r} must be above 0")


@dataclass(slots=True)
class Fused:
    """One person at one time. All numbers but the ages are None together, when nothing was seen within `coast_s`."""

    valence: float | None
    valence_sd: float | None
    arousal: float | None
    arousal_sd: float | None
    emotions: tuple[float, ...] | None
    face_weight: float | None
    voice_weight: float | None
    """How much of the means comes from each modality, 0 to 1, sum 1, averaged over valence and arousal. 0 for one that
    says no more than the prior, or was not seen for so long that it does not."""
    age_face_s: float | None
    age_voice_s: float | None
    """Time since the last estimate of each modality; None before the first."""
    coasting: bool
    """True where there are numbers, but none of them from this instant."""


class PersonFilter:
    """Valence, arousal and emotions of one person. Causal and deterministic: same inputs, same bits."""

    def __init__(self, settings: FusionSettings | None = None) -> None:
        self.settings = s = settings or FusionSettings()
        self._paces, self._prior_vars, self._unseen = s.paces, s.prior_vars, s.unseen
        self._scales = (s.face_noise_scale**2, s.voice_noise_scale**2)
        self.reset()

    def reset(self) -> None:
        """Forget the person."""
        self._face, self._voice = Track(self._paces[FACE]), Track(self._paces[VOICE])
        self._t_s = -math.inf

    def step(self, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool = False) -> Fused:
        """Advance to `t_s` (seconds, never backwards), take in what was seen there, and answer.

        With `still` the answer is the face's own (or None), the voice is ignored, and the filter starts anew from it.
        Raises BadInput where time goes back or is not finite.
        """
        if still:
            self.reset()
            voice = None
        self._check(t_s)
        self._t_s = t_s
        if face is not None:
            _observe(self._face, t_s, self._scales[FACE], face)
        if voice is not None:
            _observe(self._voice, t_s, self._scales[VOICE], voice)
        return self._answer(t_s)

    def peek(self, t_s: float) -> Fused:
        """The answer at `t_s`, not before the last step, without observing or changing anything."""
        self._check(t_s)
        return self._answer(t_s)

    def pooled(self) -> tuple[Pooled, Pooled]:
        """The states of face and voice at the last step, for the smoother."""
        return self._face.pooled(self._t_s), self._voice.pooled(self._t_s)

    def _check(self, t_s: float) -> None:
        if not math.isfinite(t_s):
            raise BadInput(f"fusion was given the time {t_s!r}; give seconds on the capture clock")
        if t_s < self._t_s:
            raise BadInput(f"fusion was given {t_s} s after {self._t_s} s; give inputs in the order of capture")

    def _answer(self, t_s: float) -> Fused:
        age_face, age_voice = t_s - self._face.seen_s, t_s - self._voice.seen_s
        newest = min(age_face, age_voice)
        shown_face = age_face if age_face < math.inf else None
        shown_voice = age_voice if age_voice < math.inf else None
        if newest > self.settings.coast_s:
            return Fused(None, None, None, None, None, None, None, shown_face, shown_voice, False)
        # a modality fades while the other goes on; where both are silent, nothing is news and only the interval grows
        face = self._face.view(age_face - newest) if shown_face is not None else None
        voice = self._voice.view(age_voice - newest) if shown_voice is not None else None
        joined = join(face, voice, self._prior_vars, self._unseen)
        if newest > 0.0:
            joined = coasted(joined, newest, self._paces)
        return Fused(
            joined.valence,
            math.sqrt(joined.valence_var),
            joined.arousal,
            math.sqrt(joined.arousal_var),
            joined.emotions,
            joined.face_weight,
            1.0 - joined.face_weight,
            shown_face,
            shown_voice,
            newest > 0.0,
        )


def _observe(track: Track, t_s: float, scale: float, said: Estimate) -> None:
    v_sd, a_sd = said.valence_sd, said.arousal_sd
    track.take(t_s, said.valence, said.arousal, scale * v_sd * v_sd, scale * a_sd * a_sd, said.emotions)
