"""What a voice stream remembers between hops: arrays only, so that a kernel can take all of it at once."""

from typing import NamedTuple

import numpy as np

from liveaffect.models.voice.columns import NAMES
from liveaffect.models.voice.constants import CANDIDATES, LONG_FFT, OCTAVE_POINTS, SHORT_FFT
from liveaffect.models.voice.cycles import CYCLES
from liveaffect.models.voice.viterbi import STATES

RING = 64
"""Hops kept while the pitch is undecided; more than the greatest look-ahead."""
BUFFER = 1 << 15
"""Samples of the audio buffer (2 s): when full, the newest KEEP samples move to its front."""
KEEP = 1 << 14
WINDOW_HOPS = 300
"""Hops (3 s) over which rhythm is measured."""


class State(NamedTuple):
    """Everything a stream remembers."""

    audio: np.ndarray
    """float64 (BUFFER,): recent samples."""
    broken: np.ndarray
    """int64 (RING * 4,): per block of 160 samples, how many were not finite."""
    counters: np.ndarray
    """int64 (8,), see the names below."""
    magnitude: np.ndarray
    """float64 (2, 257): short spectrum of this frame and of the one before."""
    power_short: np.ndarray
    power_long: np.ndarray
    """float64 (RING, 513)."""
    flags: np.ndarray
    """int64 (RING, 3): state of the hop, candidates found, pitch state decided."""
    log2_hz: np.ndarray
    strength: np.ndarray
    back: np.ndarray
    cost: np.ndarray
    raw: np.ndarray
    """float64 (RING, columns): descriptors before smoothing."""
    formant: np.ndarray
    marks: np.ndarray
    periods: np.ndarray
    levels: np.ndarray
    held: np.ndarray
    tail: np.ndarray
    rhythm: np.ndarray
    """float64 (3, WINDOW_HOPS): per hop of the window whether it is a syllable, a pause, and measured at all."""
    rhythm_state: np.ndarray
    work_frame: np.ndarray
    work_fft_short: np.ndarray
    work_fft_long: np.ndarray
    work_octave: np.ndarray
    work_small: np.ndarray


START, FILLED, FRAME, DECIDED, EMITTED, LAG = range(6)
"""Places in `State.counters`: sample number of audio[0]; samples held; next frame, next hop to decide, to emit; lag."""
OK, SILENCE, INVALID = range(3)
"""Values of a hop's state."""


def new_state(lag: int) -> State:
    """A stream before its first sample; `lag` is how many hops of future the pitch track sees."""
    counters = np.zeros(8, np.int64)
    counters[LAG] = lag
    return State(
        audio=np.zeros(BUFFER),
        broken=np.zeros(RING * 4, np.int64),
        counters=counters,
        magnitude=np.zeros((2, SHORT_FFT // 2 + 1)),
        power_short=np.zeros(SHORT_FFT // 2 + 1),
        power_long=np.zeros((RING, LONG_FFT // 2 + 1)),
        flags=np.zeros((RING, 3), np.int64),
        log2_hz=np.zeros((RING, CANDIDATES)),
        strength=np.zeros((RING, CANDIDATES)),
        back=np.zeros((RING, STATES), np.int8),
        cost=np.zeros(STATES),
        raw=np.full((RING, len(NAMES)), np.nan),
        formant=np.full((RING, 6), np.nan),
        marks=np.full(CYCLES, -1e18),
        periods=np.full(CYCLES, -1.0),
        levels=np.full(CYCLES, np.nan),
        held=np.zeros(1, np.int64),
        tail=np.zeros(1),
        rhythm=np.zeros((3, WINDOW_HOPS)),
        rhythm_state=np.zeros(8),
        work_frame=np.zeros(LONG_FFT),
        work_fft_short=np.zeros((4, SHORT_FFT // 2)),
        work_fft_long=np.zeros((4, LONG_FFT // 2)),
        work_octave=np.zeros((5, OCTAVE_POINTS)),
        work_small=np.zeros((5, 32)),
    )
