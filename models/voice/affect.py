"""The voice model: the last seconds of speech to valence, arousal and the eight categories, every 100 ms."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.files.net import Net
from liveaffect.models.voice.activity import VoiceActivity
from liveaffect.models.voice.baseline import Piece, VoiceBaseline
from liveaffect.models.voice.encoder import ENCODED, VoiceEncoderModel
from liveaffect.models.voice.mel import FLOOR_DB, HOP, N_MELS, SAMPLE_RATE, LogMel
from liveaffect.models.voice.said import VoiceAffectResult, VoiceEstimate
from liveaffect.models.voice.together import VoiceTogetherModel
from liveaffect.models.voice.usual import Usual
from liveaffect.models.voice.window import LEAST_HOPS, WINDOW_HOPS, SpeechWindow, summary

if TYPE_CHECKING:
    from liveaffect.models.voice.descriptors import Hops

Floats = npt.NDArray[np.float32]

STEP_HOPS: Final = 10
"""One answer per 100 ms."""
_PIECE_HOPS = WINDOW_HOPS
"""Speech that goes into a baseline as one piece: as much as is judged at once, since some numbers depend on it."""


class VoiceModel(ABC):
    """What judges the last seconds of speech: `VoiceAffectModel`, or rules that stand in for it.

    Parameters
    ----------
    activity: makes the speech detector that whole signals need. The streaming interface does without: there the
        probability comes with each hop.
    """

    fresh_hops: ClassVar[int] = STEP_HOPS
    """While someone speaks, the window is judged anew after so many hops; until then the last answer stands."""

    def __init__(self, activity: Callable[[], VoiceActivity] | None = None) -> None:
        self._open_activity = activity
        self._activity: VoiceActivity | None = None

    def stream(self, baseline: VoiceBaseline | None = None) -> "VoiceAffectStream":
        """A new stream for one microphone; `baseline` is what is known of the speaker's calm speech."""
        return VoiceAffectStream(self, baseline)

    def predict(
        self, signal: npt.ArrayLike, sample_rate: float = SAMPLE_RATE, baseline: VoiceBaseline | None = None
    ) -> VoiceAffectResult:
        """Estimates every 100 ms of a whole signal: the same numbers the live stream gives. Raises BadInput for what is
        no array of numbers, or a rate that is not positive.

        Parameters
        ----------
        signal: (n,), or (n, channels) which are averaged; integers of full scale or floats in [-1, 1].
        sample_rate: Hz; other rates than 16000 are resampled.
        baseline: from `baseline()`; None judges the voice against the population.
        """
        stream = self.stream(baseline)
        times: list[float] = []
        rows: list[VoiceEstimate | None] = []
        for hop, values, mel, prob in self._hops(signal, sample_rate):
            stream.push(values, mel, prob)
            if (hop + 1) % STEP_HOPS == 0:
                times.append((hop + 1) * HOP / SAMPLE_RATE)
                rows.append(stream.estimate())
        table = np.full((len(rows), 4 + N_EMOTIONS), np.nan, np.float32)
        several = np.array([row is not None and row.more_voices for row in rows], np.bool_)
        for i, row in enumerate(rows):
            if row is not None and not row.more_voices:
                table[i] = (row.valence, row.arousal, row.valence_sd, row.arousal_sd, *row.emotions)
        undefined = sum(row is None for row in rows) + int(several.sum())
        column = np.ascontiguousarray(table.T)
        return VoiceAffectResult(
            t_s=np.array(times), valence=column[0], arousal=column[1], valence_sd=column[2], arousal_sd=column[3],
            emotions=table[:, 4:], more_voices=several, undefined=undefined,
        )  # fmt: skip

    def baseline(self, signals: Iterable[npt.ArrayLike], sample_rate: float = SAMPLE_RATE) -> VoiceBaseline:
        """What a person's calm speech sounds like, from recordings under the conditions of later use (about 30 s).

        Speech that the model, cold, takes for more aroused than calm, or for more than one voice, is left out; the
        baseline says how many seconds were heard, and is believed by that much. Raises BadInput where a signal is none.
        """
        pieces: list[Piece] = []
        for signal in signals:
            stream = self.stream()
            fresh = 0
            for _, values, mel, prob in self._hops(signal, sample_rate):
                fresh += stream.push(values, mel, prob)
                if fresh >= _PIECE_HOPS:
                    pieces.append(self._piece(stream.window, fresh))
                    fresh = 0
            if fresh >= LEAST_HOPS:
                pieces.append(self._piece(stream.window, fresh))
        return VoiceBaseline.of(pieces)

    def encode(self, mel_db: Floats) -> Floats | None:
        """What a baseline keeps of log-mel rows (n, 80); None where the model has no encoder."""
        del mel_db
        return None

    @abstractmethod
    def run(self, window: SpeechWindow, baseline: VoiceBaseline | None, usual: Usual | None = None) -> VoiceEstimate:
        """What one window says that holds enough speech; `usual`, of its stream, learns of it."""

    def _piece(self, window: SpeechWindow, hops: int) -> Piece:
        values, mel, said = window.values[-hops:], window.mel[-hops:], self.run(window, None)
        return Piece(summary(values), self.encode(mel), len(values), said.arousal, said.more_voices)

    def _hops(self, signal: npt.ArrayLike, sample_rate: float) -> Iterator[tuple[int, Floats, Floats, float | None]]:
        """Hop number, descriptors, log-mel row and speech probability of each hop, in order."""
        from liveaffect.models.voice.descriptors import VoiceStream, mono_16k  # compiled: a stream does without

        samples = mono_16k(np.asarray(signal), sample_rate=sample_rate)
        if self._activity is None:
            if self._open_activity is None:
                raise BadInput("a whole signal needs the speech detector: open the model with `registry.load`")
            self._activity = self._open_activity()
        activity, voice, mel = self._activity, VoiceStream(), LogMel()
        activity.reset()
        rows: deque[Floats] = deque()
        whole = len(samples) // HOP * HOP
        for start in range(0, whole, HOP):
            piece = samples[start : start + HOP]
            rows.append(mel.push(piece))
            activity.push(piece)
            yield from _joined(voice.push(piece), rows, activity)
        yield from _joined(voice.flush(), rows, activity)


class VoiceAffectModel(VoiceModel):
    """The voice model (`registry.load("voice-affect")`): a speech encoder, and heads that were fitted to its answers.

    Parameters
    ----------
    net: the heads, "voice-affect".
    encoder: what they were fitted to.
    activity: as for `VoiceModel`.
    together: tells more than one voice; without it nobody is called that.

    Raises ModelBroken where a net was made for other inputs than this version computes.
    """

    fresh_hops = 50

    def __init__(
        self,
        net: Net,
        encoder: VoiceEncoderModel,
        activity: Callable[[], VoiceActivity] | None = None,
        together: VoiceTogetherModel | None = None,
    ) -> None:
        super().__init__(activity)
        self.net, self.encoder, self.together = net, encoder, together
        for name in ("encoded", "usual", "calm"):
            net.expect(name, ENCODED)

    def stream(self, baseline: VoiceBaseline | None = None) -> "VoiceAffectStream":
        """A new stream for one microphone. Raises BadInput where the baseline was made without the encoder."""
        if baseline is not None and baseline.seconds > 0 and baseline.encoded is None:
            raise BadInput("this voice baseline was made by rules, without the encoder; make it again with this model")
        return super().stream(baseline)

    def encode(self, mel_db: Floats) -> Floats:
        """What the encoder says of log-mel rows (n, 80) in dB, n at most 300: (1152,)."""
        return self.encoder.encode(mel_db)

    def run(self, window: SpeechWindow, baseline: VoiceBaseline | None, usual: Usual | None = None) -> VoiceEstimate:
        """Encoder and heads on one window that holds enough speech."""
        rows = window.mel
        encoded, positions = self.encoder.hear(rows)
        more = self.together is not None and self.together.more(positions)
        if usual is not None and not more:  # a mixture is no voice to get used to
            usual.add(encoded, self.fresh_hops * HOP / SAMPLE_RATE)
        return replace(self.judge(rows, encoded, baseline, usual), more_voices=more)

    def judge(
        self, rows: Floats, encoded: Floats, baseline: VoiceBaseline | None, usual: Usual | None
    ) -> VoiceEstimate:
        """The heads alone: `encoded` is what the encoder says of `rows` (n, 80); `usual` learns nothing."""
        calm, weight = _NOTHING, 0.0
        if baseline is not None and baseline.encoded is not None:
            calm, weight = baseline.encoded[None], baseline.weight
        emotions, mean, sd = self.net.run(
            {
                "encoded": encoded[None],
                "heard": np.array([[len(rows), reach_db(rows)]], np.float32),
                "usual": _NOTHING if usual is None else usual.mean[None],
                "usual_weight": np.array([[0.0 if usual is None else usual.weight]], np.float32),
                "calm": calm,
                "weight": np.array([[weight]], np.float32),
            }
        )
        p = emotions[0].astype(np.float64)
        return VoiceEstimate(*map(float, (*mean[0, :2], *sd[0, :2])), emotions=tuple(float(v) for v in p / p.sum()))


def reach_db(rows: Floats) -> float:
    """How far the loud hops of a window (n, 80) stand out of its soft ones, dB: little in noise and in echo."""
    low, high = np.percentile(rows.max(axis=1), (5, 95))
    return float(high - low)


_NOTHING = np.zeros((1, ENCODED), np.float32)


def _joined(
    hops: "Hops", rows: deque[Floats], activity: VoiceActivity
) -> Iterator[tuple[int, Floats, Floats, float | None]]:
    for i, values in enumerate(hops.values):
        hop = hops.first_hop + i
        yield hop, values, rows.popleft(), activity.of_hop(hop)


class VoiceAffectStream:
    """One voice over time: hops in, an estimate whenever asked."""

    def __init__(self, model: VoiceModel, baseline: VoiceBaseline | None = None) -> None:
        self.model = model
        self.baseline = baseline
        self.window = SpeechWindow()
        self.usual = Usual(ENCODED)
        self._said: VoiceEstimate | None = None
        self._age = 0

    def reset(self) -> None:
        """Forgets what was heard, as after a gap; the baseline stays."""
        self.window.reset()
        self.usual.reset()
        self._said = None

    def push(
        self, values: "Mapping[str, Any] | npt.ArrayLike", mel_db: npt.ArrayLike | None, speech_prob: float | None
    ) -> bool:
        """Takes in one hop of 10 ms; returns whether it counts as speech. Raises BadInput for a row of another length.

        Parameters
        ----------
        values: descriptors, a mapping of names to numbers or None, or an array in the order of
            `liveaffect.models.voice.descriptors.NAMES` with NaN where undefined.
        mel_db: the log-mel row (80,) of the same hop (`mel.LogMel`); None counts as no speech.
        speech_prob: 0 to 1; None counts as no speech.
        """
        if mel_db is None:
            speech_prob, mel_db = None, _SILENT
        mel = np.asarray(mel_db, np.float32)
        if mel.shape != (N_MELS,):
            raise BadInput(
                f"a log-mel row has {N_MELS} numbers, this one has shape {mel.shape}; descriptors that an older "
                "version recorded must be made again from the sound"
            )
        self._age += 1
        return self.window.push(values, mel, speech_prob)

    def estimate(self) -> VoiceEstimate | None:
        """What the last seconds of speech express, or None: silence, or less than 0.4 s of speech so far.

        The model is asked when speech begins and each `fresh_hops` from then on; in between its last answer stands.
        """
        if not self.window.speaking:
            self._said = None
        elif self._said is None or self._age >= self.model.fresh_hops:
            self._said, self._age = self.model.run(self.window, self.baseline, self.usual), 0
        return self._said


_SILENT = np.full(N_MELS, FLOOR_DB, np.float32)
