"""Fuse a person's face and voice estimates over time: one Kalman filter for smoothing, fusion and uncertainty.

How an estimate enters. A net trained by likelihood answers with the mean m and standard deviation s of the affect
given its input, in which the spread of its training data (`prior_*_sd`) is already counted once. What the input alone
says is therefore g (m - mean) + mean with variance R, R = 1 / (1/s^2 - 1/prior^2), g = R / s^2, and the filter adds
the prior back. A single estimate comes out as it went in; evidence of two modalities adds up without counting the
prior twice. Of R, the share `*_correlated` is a bias that lasts for seconds and the rest is noise of one frame, which
is why 30 frames of one second say little more than one.
"""

import math
from dataclasses import dataclass

from liveaffect.models.circumplex import EMOTIONS, N_EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.state_space import FACE, VOICE, Channel, Snapshot, decay

_NEVER = -math.inf
_MOST, _LEAST = 0.98, 0.02  # an estimate's sd in prior sds: above, it would say nothing; below, nothing else could


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSettings:
    """Parameters of the filter; every sd in the unit of its quantity, every time in seconds.

    The defaults of the spreads are the root mean squares about the prior mean of the raters' votes in FER+ (31,649
    faces) mapped on the circumplex; the other defaults are assumptions until fitted.
    """

    prior_valence: float = 0.0
    prior_arousal: float = 0.0
    """Where valence and arousal return to when nothing is seen, in [-1, 1]."""
    prior_valence_sd: float = 0.47
    prior_arousal_sd: float = 0.38
    prior_log_ratio_sd: float = 2.5
    """Spread of the affect over people and moments; the widest an interval gets. Log-ratios in nats."""
    affect_tau_s: float = 4.0
    """How long affect stays what it is."""
    face_bias_tau_s: float = 4.0
    voice_bias_tau_s: float = 4.0
    """How long a modality stays wrong. Longer than `affect_tau_s`, a lasting expression is taken for a bias."""
    face_correlated: float = 0.8
    voice_correlated: float = 0.9
    """Share of an estimate's error variance that lasts (the bias), 0 to below 1."""
    face_noise_scale: float = 1.0
    voice_noise_scale: float = 1.0
    """Factor on the nets' own standard deviations, fitted so that 90 % intervals cover 90 %."""
    log_ratio_sd_per_sd: float = 4.0
    """Noise of a log-ratio in nats per unit of the mean of the estimate's valence and arousal sd."""
    probability_floor: float = 1e-3
    """Least probability that enters a logarithm."""
    voice_unseen: tuple[str, ...] = ("contempt",)
    """Categories no voice corpus has: the voice says nothing about them."""
    estimates_include_prior: bool = True
    """False for nets whose answers are plain measurements, not conditional means: they are then shrunk here."""
    coast_s: float = 2.0
    """How long numbers are given after the last observation of any modality."""

    def __post_init__(self) -> None:
        positive = ("prior_valence_sd", "prior_arousal_sd", "prior_log_ratio_sd", "affect_tau_s", "face_bias_tau_s",
                    "voice_bias_tau_s", "face_noise_scale", "voice_noise_scale", "log_ratio_sd_per_sd")  # fmt: skip
        for name in positive:
            if not 0.0 < getattr(self, name) < math.inf:
                raise BadInput(f"fusion setting {name} = {getattr(self, name)!r} must be a number above 0")
        for name in ("face_correlated", "voice_correlated"):
            if not 0.0 <= getattr(self, name) <= 0.999:
                raise BadInput(f"fusion setting {name} = {getattr(self, name)!r} must lie between 0 and 0.999")
        if not 0.0 < self.probability_floor < 1.0 / N_EMOTIONS:
            raise BadInput(f"fusion setting probability_floor = {self.probability_floor!r} must lie between 0 and 1/8")
        if not self.coast_s >= 0.0:
            raise BadInput(f"fusion setting coast_s = {self.coast_s!r} must not be negative")
        unknown = set(self.voice_unseen) - set(EMOTIONS)
        if unknown or len(set(self.voice_unseen)) > N_EMOTIONS - 2:
            raise BadInput(f"fusion setting voice_unseen = {self.voice_unseen!r} must name at most six of {EMOTIONS}")


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
    """How much of the numbers comes from each modality, 0 to 1, sum 1: the derivative of the mean by all that
    modality's estimates together, averaged over valence and arousal. 0 for one not seen within `coast_s`."""
    age_face_s: float | None
    age_voice_s: float | None
    """Time since the last estimate of each modality; None before the first."""
    coasting: bool
    """True where there are numbers, but none of them from this instant."""


class PersonFilter:
    """Valence, arousal and emotions of one person. Causal and deterministic: same inputs, same bits."""

    def __init__(self, settings: FusionSettings | None = None) -> None:
        self.settings = settings or FusionSettings()
        s = self.settings
        self._taus = (s.affect_tau_s, s.face_bias_tau_s, s.voice_bias_tau_s)
        unseen = tuple(EMOTIONS.index(name) for name in s.voice_unseen)
        seen_by_voice = tuple(i for i in range(N_EMOTIONS) if i not in unseen)
        self._modalities = (
            (s.face_correlated, s.face_noise_scale, tuple(range(N_EMOTIONS))),
            (s.voice_correlated, s.voice_noise_scale, seen_by_voice),
        )
        self.reset()

    def reset(self) -> None:
        """Forget the person: back to the prior."""
        s = self.settings
        self._valence = Channel(3, s.prior_valence_sd**2)  # rows: the value, and the weights of face and voice
        self._arousal = Channel(3, s.prior_arousal_sd**2)
        self._emotions = Channel(N_EMOTIONS, s.prior_log_ratio_sd**2)  # rows: centred log-ratios
        self._t_s: float | None = None
        self._seen_s = [_NEVER, _NEVER]

    def step(self, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool = False) -> Fused:
        """Advance to `t_s` (seconds, never backwards), take in what was seen there, and answer.

        With `still` the answer is the face's own (or None), the voice is ignored, and the filter starts anew from it.
        Raises BadInput where time goes back or is not finite.
        """
        if still:
            self.reset()
            voice = None
        self._advance(t_s)
        for modality, estimate in ((FACE, face), (VOICE, voice)):
            if estimate is not None:
                self._observe(modality, estimate)
                self._seen_s[modality] = t_s
        if still and face is not None:
            scale, total = self.settings.face_noise_scale, sum(face.emotions)
            emotions = tuple(p / total for p in face.emotions)
            v_sd, a_sd = scale * face.valence_sd, scale * face.arousal_sd
            return Fused(face.valence, v_sd, face.arousal, a_sd, emotions, 1.0, 0.0, 0.0, None, False)
        return self._answer(t_s, self._valence, self._arousal, self._emotions)

    def peek(self, t_s: float) -> Fused:
        """The answer at `t_s`, not before the last step, without observing or changing anything."""
        elapsed = self._elapsed(t_s)
        if elapsed == 0.0:  # predicting over nothing would still round
            return self._answer(t_s, self._valence, self._arousal, self._emotions)
        by = decay(elapsed, self._taus)
        channels = (self._valence.copy(), self._arousal.copy(), self._emotions.copy())
        for channel in channels:
            channel.predict(by)
        return self._answer(t_s, *channels)

    def snapshots(self) -> tuple[Snapshot, Snapshot, Snapshot]:
        """The states of valence, arousal and log-ratios (minus their prior means), for the smoother."""
        return self._valence.snapshot(), self._arousal.snapshot(), self._emotions.snapshot()

    def _elapsed(self, t_s: float) -> float:
        if not math.isfinite(t_s):
            raise BadInput(f"fusion was given the time {t_s!r}; give seconds on the capture clock")
        dt = 0.0 if self._t_s is None else t_s - self._t_s
        if dt < 0.0:
            raise BadInput(f"fusion was given {t_s} s after {self._t_s} s; give inputs in the order of capture")
        return dt

    def _advance(self, t_s: float) -> None:
        dt = self._elapsed(t_s)
        self._t_s = t_s
        if dt > 0.0:
            by = decay(dt, self._taus)
            self._valence.predict(by)
            self._arousal.predict(by)
            self._emotions.predict(by)

    def _observe(self, modality: int, estimate: Estimate) -> None:
        s = self.settings
        correlated, scale, seen = self._modalities[modality]
        for channel, mean, sd, value, own_sd in (
            (self._valence, s.prior_valence, s.prior_valence_sd, estimate.valence, estimate.valence_sd),
            (self._arousal, s.prior_arousal, s.prior_arousal_sd, estimate.arousal, estimate.arousal_sd),
        ):
            gain, variance = self._evidence(scale * own_sd, sd)
            bias = math.sqrt(correlated * variance)
            expected = channel.predicted(modality, bias)
            observed = (gain * (value - mean), gain * (modality == FACE), gain * (modality == VOICE))
            innovations = [o - e for o, e in zip(observed, expected, strict=True)]
            channel.update(modality, bias, (1.0 - correlated) * variance, innovations)
        own_sd = 0.5 * (estimate.valence_sd + estimate.arousal_sd) * s.log_ratio_sd_per_sd
        gain, variance = self._evidence(scale * own_sd, s.prior_log_ratio_sd)
        bias = math.sqrt(correlated * variance)
        ratios = _log_ratios(estimate.emotions, seen, s.probability_floor)
        expected = self._emotions.predicted(modality, bias)
        centre = sum(expected[i] for i in seen) / len(seen)
        innovations = [0.0] * N_EMOTIONS  # zero where the modality is blind: no news
        for i, ratio in zip(seen, ratios, strict=True):
            innovations[i] = gain * ratio - (expected[i] - centre)
        self._emotions.update(modality, bias, (1.0 - correlated) * variance, innovations)

    def _evidence(self, sd: float, prior_sd: float) -> tuple[float, float]:
        """Gain on the deviation from the prior mean, and variance, of what the input alone says."""
        least = _LEAST * prior_sd
        if not self.settings.estimates_include_prior:
            return 1.0, max(sd, least) ** 2
        precision = 1.0 / min(max(sd, least), _MOST * prior_sd) ** 2
        variance = 1.0 / (precision - 1.0 / prior_sd**2)
        return precision * variance, variance

    def _answer(self, t_s: float, valence: Channel, arousal: Channel, emotions: Channel) -> Fused:
        s = self.settings
        age_face, age_voice = (t_s - seen for seen in self._seen_s)
        newest = min(age_face, age_voice)
        shown_face = age_face if age_face < math.inf else None
        shown_voice = age_voice if age_voice < math.inf else None
        if newest > s.coast_s:
            return Fused(None, None, None, None, None, None, None, shown_face, shown_voice, False)
        face = max(valence.affect[1] + arousal.affect[1], 0.0) if age_face <= s.coast_s else 0.0
        voice = max(valence.affect[2] + arousal.affect[2], 0.0) if age_voice <= s.coast_s else 0.0
        if face + voice > 0.0:
            face_weight = face / (face + voice)
        else:  # both shares cancelled to nothing: the one seen last
            face_weight = 1.0 if age_face <= age_voice else 0.0
        return Fused(
            min(max(s.prior_valence + valence.affect[0], -1.0), 1.0),
            math.sqrt(valence.variance),
            min(max(s.prior_arousal + arousal.affect[0], -1.0), 1.0),
            math.sqrt(arousal.variance),
            softmax(emotions.affect),
            face_weight,
            1.0 - face_weight,
            shown_face,
            shown_voice,
            newest > 0.0,
        )


def softmax(log_ratios: list[float]) -> tuple[float, ...]:
    """Probabilities of log-ratios: the inverse of the centred log-ratio (Aitchison 1986)."""
    top = max(log_ratios)
    weights = [math.exp(z - top) for z in log_ratios]
    total = sum(weights)
    return tuple(w / total for w in weights)


def _log_ratios(p: tuple[float, ...], seen: tuple[int, ...], floor: float) -> list[float]:
    """Centred log-ratios over the categories `seen`, probabilities mixed with uniform so that none is below `floor`."""
    total, keep = sum(p[i] for i in seen), 1.0 - len(seen) * floor
    if total <= 0.0:
        return [0.0] * len(seen)
    logs = [math.log(floor + keep * p[i] / total) for i in seen]
    centre = sum(logs) / len(logs)
    return [z - centre for z in logs]
