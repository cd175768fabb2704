"""The voice's model followed hop by hop, so that any of its answers can be taken apart: which cue carried it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.reasons.carried import ways_of
from liveaffect.models.reasons.prosody import CUES, TRACKS, Prosody, at_rest, prosody, unusual
from liveaffect.models.voice.affect import VoiceAffectModel
from liveaffect.models.voice.baseline import VoiceBaseline
from liveaffect.models.voice.said import VoiceEstimate
from liveaffect.models.voice.usual import Usual

USUAL_LEAST_S = 10.0
"""Speech that must have been heard before anything counts as usual."""
USUAL_MOST_S = 300.0
"""From so many seconds on the usual forgets."""
_NAMES = tuple(Prosody.__dataclass_fields__)


@dataclass(frozen=True)
class Snapshot:
    """One answer of the model, and all that it rests on."""

    estimate: VoiceEstimate
    rows: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    """(n, 3) `TRACKS`."""
    speech: npt.NDArray[np.bool_]
    usual: Usual
    now: Prosody
    rest: Prosody
    """What this voice usually has, this window included."""
    heard_s: float
    """Speech that `rest` is of."""


@dataclass(frozen=True)
class CarriedVoice:
    """What the cues of a voice carried of one estimate."""

    category: int
    """The likeliest category, an index of `circumplex.EMOTIONS`."""
    effects: dict[str, npt.NDArray[np.float64]]
    """Unusual cue -> (3,): how much higher valence, arousal and the share of the category are than with it at rest."""
    ways: tuple[int, ...] = ()
    """As `carried.Carried.ways`."""


class VoiceFollower:
    """Takes the hops that the node `voice_affect` takes, and gives its answers with what they rest on.

    Parameters
    ----------
    net: the model of that node, an instance of one's own.
    baseline: of that node.
    """

    def __init__(self, net: VoiceAffectModel, baseline: VoiceBaseline | None = None) -> None:
        self._net, self._baseline = net, baseline
        self._stream = net.stream(baseline)
        self.reset()

    def reset(self) -> None:
        """After a gap, as the model's own stream."""
        self._stream.reset()
        self._said: Snapshot | None = None
        self._sum, self._weight = np.zeros(len(_NAMES)), np.zeros(len(_NAMES))
        self._heard_s = 0.0

    def push(self, values: Mapping[str, float | None], mel_db: npt.ArrayLike | None, speech_prob: float | None) -> None:
        """One hop, as for `VoiceAffectStream.push`."""
        tracks = [values.get(name) for name in TRACKS]
        self._stream.push([np.nan if one is None else one for one in tracks], mel_db, speech_prob)

    def estimate(self) -> Snapshot | None:
        """The answer of this hop; None in silence. One object as long as the model's last answer stands."""
        said = self._stream.estimate()
        if said is None:
            self._said = None
        elif self._said is None or said is not self._said.estimate:
            window, step_s = self._stream.window, self._net.fresh_hops / 100.0
            values, speech = window.values, window.speech
            now = prosody(values, speech)
            if not said.more_voices:
                self._learn(now, step_s)
            rest = Prosody(*np.where(self._weight > 0, self._sum / np.maximum(self._weight, 1e-9), np.nan).tolist())
            usual = copy.copy(self._stream.usual)
            self._said = Snapshot(said, window.mel, values, speech, usual, now, rest, self._heard_s)
        return self._said

    def measure(self, said: Snapshot) -> CarriedVoice | None:
        """The model asked again with each cue at its usual; None while the usual is not known."""
        if said.heard_s < USUAL_LEAST_S:
            return None
        whole = _numbers(said.estimate)
        category = int(whole[2:].argmax())
        of = [0, 1, 2 + category]

        def carried(cues: tuple[str, ...]) -> npt.NDArray[np.float64] | None:
            calm = at_rest(said.rows, said.values, said.speech, cues, said.now, said.rest)
            if calm is None:
                return None
            again = self._net.judge(calm, self._net.encode(calm), self._baseline, said.usual)
            return (whole - _numbers(again))[of]

        def together(sides: list[tuple[str, ...]]) -> npt.NDArray[np.float64]:
            rows = [carried(side) for side in sides]
            return np.stack([np.zeros(len(of)) if row is None else row for row in rows])

        alone = {cue: carried((cue,)) for cue in CUES if unusual(cue, said.now, said.rest)}
        effects = {cue: effect for cue, effect in alone.items() if effect is not None}
        return CarriedVoice(category, effects, ways_of(effects, together))

    def _learn(self, now: Prosody, seconds: float) -> None:
        row = np.array([getattr(now, name) for name in _NAMES])
        known = np.isfinite(row)
        self._heard_s = min(self._heard_s + seconds, USUAL_MOST_S)
        keep = max(0.0, 1.0 - seconds / USUAL_MOST_S) if self._heard_s >= USUAL_MOST_S else 1.0
        self._sum = keep * self._sum + np.where(known, seconds * np.where(known, row, 0.0), 0.0)
        self._weight = keep * self._weight + seconds * known


def _numbers(said: VoiceEstimate) -> npt.NDArray[np.float64]:
    return np.array([said.valence, said.arousal, *said.emotions], np.float64)
