"""The arrays of a stream and the tables as two flat arrays each, and the named views that the kernels use.

Two arrays cross from Python into a kernel in a microsecond; forty take as long as a Fourier transform.
"""
# pyright: basic

import numpy as np

from liveaffect.models.voice.columns import NAMES
from liveaffect.models.voice.descriptors.constants import (
    CANDIDATES,
    FORMANT_LAGS,
    FORMANT_RATE,
    FORMANT_WINDOW,
    HARMONICS,
    LONG,
    LONG_BIN_HZ,
    LONG_FFT,
    MEL_BANDS,
    OCTAVE_POINTS,
    SHORT,
    SHORT_FFT,
    SINC_REACH,
    SINC_STEPS,
    WHITEN_LAGS,
    Tables,
    tables,
)
from liveaffect.models.voice.descriptors.cycles import CYCLES
from liveaffect.models.voice.descriptors.jit import kernel
from liveaffect.models.voice.descriptors.state import BUFFER, LAG, RING, WINDOW_HOPS, State
from liveaffect.models.voice.descriptors.viterbi import STATES

_SHORT_BINS = SHORT_FFT // 2 + 1
_FORMANT_BINS = int(FORMANT_RATE / 2 / LONG_BIN_HZ) + 1
_SPLINE = LONG_FFT // 2 - 1
_WIDTH = len(NAMES)
_ROOM = 1 << 18
"""More than either layout needs; what is used is counted once."""


def new_memory(lag: int) -> tuple[np.ndarray, np.ndarray]:
    """A stream before its first sample, as float64 and int64 arrays for `state_views`.

    lag: how many hops of future the pitch track sees.
    """
    floats = np.zeros(_STATE_FLOATS)
    ints = np.zeros(_STATE_INTS, np.int64)
    state: State = state_views.py_func(floats, ints)
    state.counters[LAG] = lag
    state.raw[:] = np.nan
    state.formant[:] = np.nan
    state.marks[:] = -1e18
    state.periods[:] = -1.0
    state.levels[:] = np.nan
    state.predictor[0] = 1.0
    return floats, ints


def flat_tables() -> tuple[np.ndarray, np.ndarray]:
    """`constants.tables` as float64 and int64 arrays for `table_views`."""
    named = tables()
    floats = np.concatenate([t.ravel() for t in named if t.dtype == np.float64])
    ints = np.concatenate([t.ravel() for t in named if t.dtype == np.int64])
    return floats, ints


@kernel
def _line(flat, at, n):
    return flat[at : at + n], at + n


@kernel
def _table(flat, at, rows, columns):
    return flat[at : at + rows * columns].reshape(rows, columns), at + rows * columns


@kernel
def table_views(floats, ints):
    """The `Tables` that lie in the flat arrays."""
    f = 0
    i = 0
    twiddle_short, f = _table(floats, f, 2, SHORT_FFT)
    twiddle_long, f = _table(floats, f, 2, LONG_FFT)
    hamming, f = _line(floats, f, SHORT)
    gauss, f = _line(floats, f, LONG)
    formant_window, f = _line(floats, f, FORMANT_WINDOW)
    octave_bin, i = _line(ints, i, OCTAVE_POINTS)
    octave_fraction, f = _line(floats, f, OCTAVE_POINTS)
    octave_weight, f = _line(floats, f, OCTAVE_POINTS)
    spline_c, f = _line(floats, f, _SPLINE)
    harmonic_shift, i = _line(ints, i, HARMONICS)
    harmonic_weight, f = _line(floats, f, HARMONICS)
    mel_band, i = _line(ints, i, _SHORT_BINS)
    mel_weight, f = _line(floats, f, _SHORT_BINS)
    loudness_weight, f = _line(floats, f, MEL_BANDS)
    cepstrum, f = _table(floats, f, 4, MEL_BANDS)
    lag_cosine, f = _table(floats, f, FORMANT_LAGS, _FORMANT_BINS)
    whiten_cosine, f = _table(floats, f, WHITEN_LAGS, OCTAVE_POINTS)
    long_cosine, f = _line(floats, f, LONG_FFT)
    sinc, f = _table(floats, f, SINC_STEPS + 1, 2 * SINC_REACH)
    return Tables(
        twiddle_short,
        twiddle_long,
        hamming,
        gauss,
        formant_window,
        octave_bin,
        octave_fraction,
        octave_weight,
        spline_c,
        harmonic_shift,
        harmonic_weight,
        mel_band,
        mel_weight,
        loudness_weight,
        cepstrum,
        lag_cosine,
        whiten_cosine,
        long_cosine,
        sinc,
    )


@kernel
def state_views(floats, ints):
    """The `State` that lies in the flat arrays; it shares their memory."""
    f = 0
    i = 0
    audio, f = _line(floats, f, BUFFER)
    soft, f = _line(floats, f, BUFFER)
    correlation, f = _line(floats, f, WHITEN_LAGS)
    predictor, f = _line(floats, f, WHITEN_LAGS)
    broken, i = _line(ints, i, RING * 4)
    counters, i = _line(ints, i, 8)
    magnitude, f = _table(floats, f, 2, _SHORT_BINS)
    power_short, f = _line(floats, f, _SHORT_BINS)
    power_long, f = _table(floats, f, RING, OCTAVE_POINTS)
    flags, i = _table(ints, i, RING, 3)
    log2_hz, f = _table(floats, f, RING, CANDIDATES)
    strength, f = _table(floats, f, RING, CANDIDATES)
    back, i = _table(ints, i, RING, STATES)
    cost, f = _line(floats, f, STATES)
    raw, f = _table(floats, f, RING, _WIDTH)
    formant, f = _table(floats, f, RING, 6)
    marks, f = _line(floats, f, CYCLES)
    periods, f = _line(floats, f, CYCLES)
    levels, f = _line(floats, f, CYCLES)
    held, i = _line(ints, i, 1)
    tail, f = _line(floats, f, 1)
    rhythm, f = _table(floats, f, 3, WINDOW_HOPS)
    rhythm_state, f = _line(floats, f, 8)
    work_frame, f = _line(floats, f, LONG_FFT)
    work_fft_short, f = _table(floats, f, 4, SHORT_FFT // 2)
    work_fft_long, f = _table(floats, f, 4, LONG_FFT // 2)
    work_octave, f = _table(floats, f, 5, OCTAVE_POINTS)
    work_small, f = _table(floats, f, 5, 32)
    return State(
        audio,
        soft,
        correlation,
        predictor,
        broken,
        counters,
        magnitude,
        power_short,
        power_long,
        flags,
        log2_hz,
        strength,
        back,
        cost,
        raw,
        formant,
        marks,
        periods,
        levels,
        held,
        tail,
        rhythm,
        rhythm_state,
        work_frame,
        work_fft_short,
        work_fft_long,
        work_octave,
        work_small,
    )


def _used() -> tuple[int, int]:
    """Floats and integers a state takes."""
    state: State = state_views.py_func(np.empty(_ROOM), np.empty(_ROOM, np.int64))
    sizes = [(array.dtype == np.float64, array.size) for array in state]
    return sum(n for real, n in sizes if real), sum(n for real, n in sizes if not real)


_STATE_FLOATS, _STATE_INTS = _used()
