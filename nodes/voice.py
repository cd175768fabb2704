"""The voice node: sound in; low-level descriptors and speech probability of every 10 ms hop out."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from liveaffect.models import registry
from liveaffect.models.voice.activity import VoiceActivity
from liveaffect.models.voice.descriptors import NAMES, STATES
from liveaffect.models.voice.mel import DECIMALS, LogMel
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import AudioChunk, State, VoiceDescriptors
from liveaffect.stream.node import Node, ahead_of, on
from liveaffect.stream.topics import AUDIO, VOICE

if TYPE_CHECKING:
    from liveaffect.models.voice.descriptors import Hops

ROOM_MS = 60
"""What a topic's delay must leave for capture and transport."""
DIGITS = 6
TOGETHER = 50
"""Hops of a file that are taken in at once: half a second, which every kernel takes in one piece."""
TINY = 1e-12
"""Below this, fewer digits are left."""
_STATES: dict[str, State] = {"ok": "ok", "silence": "silence", "invalid": "low_quality"}


class VoiceNode(Node):
    """eGeMAPS low-level descriptors and speech probability of every 10 ms hop.

    A hop's message comes when all its descriptors are known: about 60 ms (the frame) plus `lookahead_ms` after it was
    spoken. A gap starts everything anew. Descriptors are given to six significant digits, the mel row to 0.1 dB: all
    digits would say no more of a voice, and double the size of a recording.
    """

    lookahead_ms: Annotated[float, msgspec.Meta(ge=10, le=120)] = 100.0
    """How far ahead the pitch track looks, 10 to 120 ms: more means fewer octave errors and a later answer."""

    @classmethod
    def load_early(cls) -> None:
        from liveaffect.models.voice.descriptors import warm  # noqa: F401

    def open(self) -> None:
        from liveaffect.models.voice.descriptors import VoiceStream, build_cache  # not where a graph is only read

        self._stream = VoiceStream(lookahead_ms=self.lookahead_ms)
        if self._stream.delay_ms + ROOM_MS > VOICE.delay_ms:
            most = VOICE.delay_ms - ROOM_MS - self._stream.delay_ms + self.lookahead_ms
            raise UsageError(f"voice.lookahead_ms = {self.lookahead_ms}: live it can be at most {most:.0f} ms")
        build_cache()
        self._activity = VoiceActivity(registry.load("silero-vad"))
        self._mel = LogMel()
        self._waiting: deque[tuple[AudioChunk, tuple[float, ...]]] = deque()
        self._gap = False
        self._ready: dict[int, list[VoiceDescriptors]] = {}
        self._reset()

    def info(self) -> dict[str, Any]:
        """The look-ahead, and when each descriptor of a hop could first be known."""
        return {"lookahead_ms": self.lookahead_ms, "latency_ms": self._stream.latency_ms}

    def burst(self) -> int:
        """How many hops at once pay best."""
        return TOGETHER

    @ahead_of(AUDIO)
    def prepare(self, chunks: Sequence[AudioChunk]) -> None:
        """Takes in hops that are still to come, in their order; `step` then has its answers ready, the same to the bit.

        For files only: live there is nothing to look ahead to.
        """
        for whole, together in groupby(chunks, _is_plain):
            for piece in [list(together)] if whole else [[chunk] for chunk in together]:
                answers = self._plain(piece) if whole else self._one(piece[0])
                self._ready[piece[0].seq] = list(answers)
                self._ready.update((chunk.seq, []) for chunk in piece[1:])

    @on(AUDIO, emits=VOICE)
    def step(self, chunk: AudioChunk) -> Iterator[VoiceDescriptors]:
        """One hop of sound; the hops that it completes come out, stamped with their own time."""
        ready = self._ready.pop(chunk.seq, None)
        yield from self._one(chunk) if ready is None else ready

    def _one(self, chunk: AudioChunk) -> Iterator[VoiceDescriptors]:
        if chunk.last:
            yield from self._messages(self._stream.flush())
            self._reset()
            return
        if chunk.samples is None or chunk.state != "ok":
            self._reset()
            self._gap = True
            yield VoiceDescriptors(t_ns=chunk.t_ns, first_sample=chunk.first_sample, state=chunk.state)
            return
        if chunk.gap:
            self._reset()
            self._gap = True
        row = self._mel.push(chunk.samples)
        self._waiting.append((chunk, tuple(row.astype(np.float64).round(DECIMALS).tolist())))
        self._activity.push(chunk.samples)
        yield from self._messages(self._stream.push(chunk.samples))

    def _plain(self, chunks: Sequence[AudioChunk]) -> Iterator[VoiceDescriptors]:
        """Hops of sound without a gap, all at once."""
        samples = np.concatenate([chunk.samples for chunk in chunks if chunk.samples is not None])
        rows = self._mel.push_all(samples).astype(np.float64).round(DECIMALS).tolist()
        self._waiting.extend(zip(chunks, map(tuple, rows), strict=True))
        self._activity.push(samples)
        yield from self._messages(self._stream.push(samples))

    def _reset(self) -> None:
        self._stream.reset()
        self._activity.reset()
        self._mel.reset()
        self._waiting.clear()

    def _messages(self, hops: "Hops") -> Iterator[VoiceDescriptors]:
        count = min(len(hops), len(self._waiting))
        rounded = significant(hops.values[:count]) if count else ()
        for row in range(count):
            chunk, mel = self._waiting.popleft()
            values = rounded[row].tolist()
            gap, self._gap = self._gap, False
            yield VoiceDescriptors(
                t_ns=chunk.t_ns,
                first_sample=chunk.first_sample,
                state=_STATES[STATES[hops.state[row]]],
                speech_prob=self._activity.of_hop(hops.first_hop + row),
                values={name: value if value == value else None for name, value in zip(NAMES, values, strict=True)},
                delay_ms=self._stream.delay_ms,
                mel_db=mel,
                gap=gap,
            )


def _is_plain(chunk: AudioChunk) -> bool:
    """Whether a hop only goes on with what was before."""
    return not (chunk.last or chunk.gap) and chunk.samples is not None and chunk.state == "ok"


def significant(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Any numbers to six significant digits, as the doubles whose shortest decimals these are; NaN stays NaN."""
    exact = values.astype(np.float64)
    magnitude = np.floor(np.log10(np.maximum(np.abs(exact), TINY)))
    scale = 10.0 ** (DIGITS - 1 - magnitude)
    return np.rint(exact * scale) / scale
