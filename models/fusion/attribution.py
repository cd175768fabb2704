"""Whose voice is it: speech is given to a face only where that face's mouth moves while there is speech.

Per frame and face the speed of lip opening m is compared under two models, log-normal with medians `talking_speed`
and `resting_speed`: l = log p(m | talking) - log p(m | resting), linear in log m, clipped. With v the probability of
speech around that frame, "this face is the one heard" gains

    v [l - u(q)] + (1 - v) [u(r) - u(q) - log((1 - r) / (1 - q))],  u(x) = log(x e^l + 1 - x)

over "its motion has nothing to do with the sound", where q is how often any mouth moves and r how often the speaker's
does while nothing is heard. A moving mouth while there is speech speaks for it; a still one while there is speech, or
(less) a moving one without speech, against; both quiet say nothing. Neighbouring frames repeat each other, so a frame
counts as its duration over `syllable_s`. A hidden Markov model over the sources (each face, or somebody out of view),
one of whom speaks at a time and hands over after `turn_s` on average, turns this into probabilities (forward
algorithm, Rabiner 1989), so that old evidence fades and a new speaker is believed soon.
(Log-likelihood form of the audio-visual synchrony tests of Hershey and Movellan 1999 and Noulas and Kröse 2007.)
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from liveaffect.models.errors import BadInput

_LONGEST_FRAME_S = 0.2  # a gap between frames says nothing about what the mouth did in it


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionSettings:
    """Parameters; speeds of lip opening in face heights per second, times in seconds.

    The two speeds are those of talking and silent real faces at 25 to 30 frames/s: medians 0.2 and 0.01 to 0.06.
    """

    talking_speed: float = 0.22
    resting_speed: float = 0.03
    speed_spread: float = 0.9
    """Standard deviation of the natural logarithm of either speed."""
    most_evidence: float = 3.0
    """Bound of l in nats: one laugh or one jump of the tracker decides nothing."""
    moves_unheard: float = 0.3
    """q: how often a mouth moves that is not heard (smiles, chewing, noise), 0 to 1."""
    moves_in_pauses: float = 0.15
    """r: how often the mouth heard moves while there is no sound (breath, the start of a word), 0 to q."""
    motion_s: float = 0.2
    """Time over which speed is averaged (root mean square): lips pause within words."""
    syllable_s: float = 0.15
    """Time over which frames say the same (speech has 4 to 7 syllables a second)."""
    turn_s: float = 3.0
    """Mean time until someone else may be the one heard: evidence fades at this rate."""
    voice_lag_s: float = 0.15
    """Sound follows the lips by up to this (Chandrasekaran et al. 2009: 100 to 300 ms); a frame is judged only then."""
    hidden_prior: float = 0.7
    """Probability, without evidence, that a voice is of nobody in view (shared by the faces: 1 - this)."""
    speech_s: float = 0.15
    """Time over which the probability of speech now is averaged."""
    stale_s: float = 0.5
    """Without news of the sound, or of a face, for this long there is no probability."""

    def __post_init__(self) -> None:
        for name in ("talking_speed", "resting_speed", "speed_spread", "most_evidence", "motion_s", "syllable_s",
                     "turn_s", "speech_s", "stale_s"):  # fmt: skip
            if not 0.0 < getattr(self, name) < math.inf:
                raise BadInput(f"attribution setting {name} = {getattr(self, name)!r} must be a number above 0")
        if not self.talking_speed > self.resting_speed:
            raise BadInput("attribution setting talking_speed must be above resting_speed")
        for name in ("moves_unheard", "moves_in_pauses", "hidden_prior"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise BadInput(f"attribution setting {name} = {getattr(self, name)!r} must lie between 0 and 1")
        if self.moves_in_pauses > self.moves_unheard:
            raise BadInput("attribution setting moves_in_pauses must not be above moves_unheard")
        if not 0.0 <= self.voice_lag_s <= 1.0:
            raise BadInput(f"attribution setting voice_lag_s = {self.voice_lag_s!r} must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Speaking:
    """Who speaks: probability by face id, and of someone out of view; all None where the sound is not known.

    The faces' and the hidden speaker's probabilities add up to that of speech.
    """

    faces: dict[int, float | None]
    hidden: float | None

    def speaker(self, least: float = 0.5) -> int | None:
        """The face whose probability is highest and at least `least`; None: nobody in view."""
        known = [(p, -face) for face, p in self.faces.items() if p is not None and p >= least]
        return -max(known)[1] if known else None


@dataclass(slots=True)
class _Mouth:
    seen_s: float
    probability: float
    """That this is the source of what is heard."""
    speeds: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])
    """(time, squared speed) within `motion_s`."""


class Attributor:
    """Gives speech to faces. Causal and deterministic; feed sound and mouths in the order of their times."""

    def __init__(self, settings: AttributionSettings | None = None) -> None:
        self.settings = settings or AttributionSettings()
        s = self.settings
        self._slope = math.log(s.talking_speed / s.resting_speed) / s.speed_spread**2
        self._middle = 0.5 * math.log(s.talking_speed * s.resting_speed)
        self._sound: deque[tuple[float, float]] = deque()
        self._keep_s = s.motion_s + s.voice_lag_s + max(s.stale_s, s.speech_s)
        self._frame_s = -math.inf
        self._judged_s = -math.inf
        self._waiting: deque[tuple[float, dict[int, tuple[float, float]]]] = deque()
        self._mouths: dict[int, _Mouth] = {}
        self._hidden = 1.0

    def add_speech(self, t_s: float, speech_prob: float | None) -> None:
        """Take in the probability of speech (0 to 1) at `t_s`; None where the sound is missing.

        Raises BadInput where it lies outside [0, 1] or time goes back.
        """
        if speech_prob is None:
            return
        if not 0.0 <= speech_prob <= 1.0:
            raise BadInput(f"a probability of speech lies in [0, 1], not {speech_prob!r}")
        if self._sound and t_s < self._sound[-1][0]:
            raise BadInput(f"attribution was given sound at {t_s} s after {self._sound[-1][0]} s; keep its order")
        self._sound.append((t_s, speech_prob))
        self._judge()
        while self._sound[0][0] < t_s - self._keep_s:
            self._sound.popleft()

    def add_mouths(self, t_s: float, motions: Mapping[int, float | None]) -> None:
        """Take in one frame: speed of lip opening (>= 0, face heights per second) by face id; None where unknown.

        Raises BadInput where a speed is negative or not finite, or time goes back.
        """
        s = self.settings
        if t_s < self._frame_s:
            raise BadInput(f"attribution was given a frame at {t_s} s after {self._frame_s} s; keep their order")
        for face, speed in motions.items():
            if speed is not None and not 0.0 <= speed < math.inf:
                raise BadInput(f"the speed of face {face}'s lips is {speed!r}; give a number that is not negative")
        self._frame_s = t_s
        talking: dict[int, tuple[float, float]] = {}
        self._welcome([face for face, speed in motions.items() if speed is not None], t_s)
        for face, speed in motions.items():
            if speed is None:
                continue
            mouth = self._mouths[face]
            duration = min(t_s - mouth.seen_s, _LONGEST_FRAME_S)
            mouth.seen_s = t_s
            mouth.speeds.append((t_s, speed * speed))
            while mouth.speeds[0][0] <= t_s - s.motion_s:
                mouth.speeds.popleft()
            mean_square = math.fsum(x for _, x in mouth.speeds) / len(mouth.speeds)
            talking[face] = (duration / s.syllable_s, self._talking(mean_square))
        for face in [face for face, mouth in self._mouths.items() if mouth.seen_s <= t_s - s.stale_s]:
            self._hidden += self._mouths.pop(face).probability  # who left may still be heard
        self._waiting.append((t_s, talking))
        while self._waiting[0][0] < t_s - self._keep_s:  # no sound came
            self._waiting.popleft()
        self._judge()

    def speaking(self, t_s: float) -> Speaking:
        """Who speaks at `t_s`, not before what was given so far. Faces not seen for `stale_s` are left out."""
        s = self.settings
        recent = [p for t, p in self._sound if t > t_s - s.speech_s]
        if not recent:  # the newest sound is older: it stands until it is stale
            recent = [p for t, p in list(self._sound)[-1:] if t > t_s - s.stale_s]
        if not recent:
            return Speaking(dict.fromkeys(self._mouths), None)
        heard = math.fsum(recent) / len(recent)
        fresh = {face: m.probability for face, m in self._mouths.items() if m.seen_s > t_s - s.stale_s}
        gone = math.fsum(m.probability for face, m in self._mouths.items() if face not in fresh)
        return Speaking({face: heard * p for face, p in fresh.items()}, heard * (self._hidden + gone))

    def _welcome(self, faces: list[int], t_s: float) -> None:
        """A new face may be the one who was heard from out of view: it gets its share of that probability."""
        new = [face for face in faces if face not in self._mouths]
        share = self._hidden * (1.0 - self.settings.hidden_prior) / max(len(self._mouths) + len(new), 1)
        for face in new:
            self._hidden -= share
            self._mouths[face] = _Mouth(seen_s=t_s, probability=share)

    def _judge(self) -> None:
        """Weigh the frames whose sound has arrived."""
        s = self.settings
        while self._waiting and self._sound and self._waiting[0][0] + s.voice_lag_s <= self._sound[-1][0]:
            at, talking = self._waiting.popleft()
            around = [p for t, p in self._sound if at - s.motion_s <= t <= at + s.voice_lag_s]
            if not around:
                continue
            stay = math.exp(-(at - self._judged_s) / s.turn_s)
            self._judged_s = at
            share = (1.0 - s.hidden_prior) / max(len(self._mouths), 1)
            self._hidden = stay * self._hidden + (1.0 - stay) * (s.hidden_prior if self._mouths else 1.0)
            for face, mouth in self._mouths.items():
                weight, ratio = talking.get(face, (0.0, 0.0))
                believed = stay * mouth.probability + (1.0 - stay) * share
                mouth.probability = believed * math.exp(weight * self._gain(max(around), ratio))
            total = math.fsum([self._hidden, *(m.probability for m in self._mouths.values())])
            self._hidden /= total
            for mouth in self._mouths.values():
                mouth.probability /= total

    def _talking(self, mean_square: float) -> float:
        """l: log-likelihood ratio of talking against resting for a mean squared speed."""
        s = self.settings
        if mean_square <= 0.0:
            return -s.most_evidence
        ratio = self._slope * (0.5 * math.log(mean_square) - self._middle)
        return min(max(ratio, -s.most_evidence), s.most_evidence)

    def _gain(self, speech: float, ratio: float) -> float:
        """What one frame adds, see the head of the file."""
        s, odds = self.settings, math.exp(ratio)
        unrelated = math.log(s.moves_unheard * odds + 1.0 - s.moves_unheard)
        paused = math.log(s.moves_in_pauses * odds + 1.0 - s.moves_in_pauses)
        quiet = math.log((1.0 - s.moves_in_pauses) / (1.0 - s.moves_unheard))
        return speech * (ratio - unrelated) + (1.0 - speech) * (paused - unrelated - quiet)
