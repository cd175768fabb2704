"""What a voice stream remembers between hops, by name."""

from typing import NamedTuple

import numpy as np

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
    soft: np.ndarray
    """float64 (BUFFER,): the same, whitened for the cycles."""
    correlation: np.ndarray
    """float64 (13,): autocorrelation over the last frames, the older ones fading."""
    predictor: np.ndarray
    """float64 (13,): inverse filter of the newest frame."""
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


START, FILLED, FRAME, DECIDED, EMITTED, LAG, WHITENED = range(7)
"""Places in `State.counters`: sample number of audio[0]; samples held; next frame, next hop to decide, to emit;
lag; first sample number not whitened yet."""
OK, SILENCE, INVALID = range(3)
"""Values of a hop's state."""
