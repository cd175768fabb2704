"""The voice as a stream: samples in, in pieces of any size, descriptors of 10 ms hops out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.voice import columns
from liveaffect.models.voice.columns import INDEX, NAMES
from liveaffect.models.voice.descriptors.constants import HOP, LONG, SAMPLE_RATE
from liveaffect.models.voice.descriptors.hop import advance
from liveaffect.models.voice.descriptors.memory import flat_tables, new_memory, state_views
from liveaffect.models.voice.descriptors.state import BUFFER, FILLED, FRAME, KEEP, START, State

Array = npt.NDArray[Any]

DEFAULT_LOOKAHEAD_MS = 100.0
LEAST_LOOKAHEAD_MS, MOST_LOOKAHEAD_MS = 10.0, 500.0
_PIECE = 8192


@dataclass(frozen=True, slots=True)
class Hops:
    """Descriptors of successive hops.

    first_hop: number of the first row; hop i starts at sample 160 i. values: float32 (n, len(NAMES)), NaN where a
    descriptor is undefined. state: uint8 (n,), index into `STATES`.
    """

    first_hop: int
    values: npt.NDArray[np.float32]
    state: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """Column `name` of `NAMES`, float32 (n,)."""
        return self.values[:, INDEX[name]]

    @property
    def t_s(self) -> npt.NDArray[np.float64]:
        """Middle of each hop's 60 ms frame in seconds, float64 (n,): hop i is at 0.03 + 0.01 i."""
        return (LONG // 2 + HOP * (self.first_hop + np.arange(len(self.values), dtype=np.float64))) / SAMPLE_RATE


class VoiceStream:
    """Descriptors of one stream of speech; how it is cut into pieces never changes a result.

    Parameters
    ----------
    lookahead_ms: how far past a hop's 60 ms frame the pitch track and the smoothing see, 10 to 500 in steps of 10;
        the pitch track gains most from the first 100.

    Raises
    ------
    BadInput: lookahead_ms is out of range, or samples are not a one-dimensional array of numbers.
    """

    def __init__(self, *, lookahead_ms: float = DEFAULT_LOOKAHEAD_MS) -> None:
        if not LEAST_LOOKAHEAD_MS <= lookahead_ms <= MOST_LOOKAHEAD_MS:
            raise BadInput(
                f"lookahead_ms is {lookahead_ms}; give {LEAST_LOOKAHEAD_MS:.0f} to {MOST_LOOKAHEAD_MS:.0f} (ms)"
            )
        self._lag = round(lookahead_ms / columns.HOP_MS) - 1
        self.lookahead_ms = (self._lag + 1) * columns.HOP_MS
        self._tables = flat_tables()
        self.reset()

    @property
    def delay_ms(self) -> float:
        """From a hop's first sample to the arrival of the last sample its row waits for; the same for every hop."""
        return columns.delay_ms(self.lookahead_ms)

    @property
    def latency_ms(self) -> dict[str, float]:
        """When each descriptor of a hop could first be known, in ms after the hop's first sample."""
        return columns.latency_ms(self.lookahead_ms)

    def reset(self) -> None:
        """Forget everything: the next sample is sample 0 of a new stream."""
        self._memory = new_memory(self._lag)
        self._state: State = state_views.py_func(*self._memory)
        self._emitted = 0

    def push(self, samples: Array) -> Hops:
        """Take in samples, return the hops they complete.

        samples: float32 (n,), mono 16 kHz in [-1, 1], any n; samples that are not finite make the hops they touch
        invalid.
        """
        samples = np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind not in "fiu":
            raise BadInput(f"samples have shape {samples.shape} and type {samples.dtype}; give mono float32 (n,)")
        if len(samples) <= _PIECE:
            return self._rows(samples, ending=False)
        pieces = [self._rows(samples[i : i + _PIECE], ending=False) for i in range(0, len(samples), _PIECE)]
        return _joined(pieces)

    def flush(self) -> Hops:
        """Say that the stream has ended: return the hops still undecided. Only `reset` may follow."""
        return self._rows(np.zeros(0), ending=True)

    def _rows(self, samples: Array, *, ending: bool) -> Hops:
        self._take(samples)
        counters = self._state.counters
        room = int(counters[START] + counters[FILLED]) // HOP - int(counters[FRAME]) + (self._lag + 3 if ending else 1)
        values = np.empty((max(room, 1), len(NAMES)), np.float32)
        state = np.empty(len(values), np.uint8)
        n = advance(*self._memory, *self._tables, ending, values, state)
        first = self._emitted
        self._emitted += n
        return Hops(first, values[:n], state[:n])

    def _take(self, samples: Array) -> None:
        """Append samples to the buffer; where they are not finite, put zeros and mark their blocks."""
        s = self._state
        n = len(samples)
        filled = int(s.counters[FILLED])
        if filled + n > BUFFER:
            for samples_of in (s.audio, s.soft):
                samples_of[:KEEP] = samples_of[filled - KEEP : filled]
            s.counters[START] += filled - KEEP
            s.counters[FILLED] = filled = KEEP
        first = int(s.counters[START]) + filled
        new = s.audio[filled : filled + n]
        new[:] = samples
        s.counters[FILLED] = filled + n
        blocks = len(s.broken)
        # A block's count starts afresh when its first sample arrives.
        for block in range(-(-first // HOP), (first + n - 1) // HOP + 1):
            s.broken[block % blocks] = 0
        if n and not np.isfinite(new.sum()):
            bad = np.flatnonzero(~np.isfinite(new))
            new[bad] = 0.0
            s.broken[np.unique((first + bad) // HOP) % blocks] = 1


def _joined(pieces: list[Hops]) -> Hops:
    return Hops(
        pieces[0].first_hop, np.concatenate([p.values for p in pieces]), np.concatenate([p.state for p in pieces])
    )
