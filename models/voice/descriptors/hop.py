"""One step of the voice stream: analyse a new frame, then decide, finish and emit a past hop."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.columns import INDEX
from liveaffect.models.voice.descriptors import cycles, fft, formants, pitch, spectrum, viterbi
from liveaffect.models.voice.descriptors.constants import HOP, LONG, SEMITONE_HZ, SHORT
from liveaffect.models.voice.descriptors.finish import emit, finish
from liveaffect.models.voice.descriptors.jit import kernel
from liveaffect.models.voice.descriptors.memory import state_views, table_views
from liveaffect.models.voice.descriptors.state import (
    DECIDED,
    EMITTED,
    FILLED,
    FRAME,
    INVALID,
    LAG,
    OK,
    RING,
    SILENCE,
    START,
    WHITENED,
)

_SPECTRAL = INDEX["mfcc4"] + 1
_SEMITONE, _F0_HZ, _VOICING = INDEX["f0_semitone"], INDEX["f0_hz"], INDEX["voicing_prob"]
_LOUDNESS, _RMS = INDEX["loudness_sone"], INDEX["rms_db"]
_QUIET = 0.001
"""RMS of the windowed 60 ms frame below which a hop counts as unvoiced (the reference's gate)."""
_WHITEN_KEEP = 0.97
"""Memory of the inverse filter, per hop: one that changed within a cycle would itself look like shimmer."""
_WHITEN_NOISE = 1e-4
_DIGITAL_SILENCE = 1e-10
"""Mean power below which a frame holds no sound: -100 dB re full scale."""


@kernel
def advance(floats, ints, table_floats, table_ints, ending, out, out_state):
    """Process every hop the buffered audio allows; return how many rows were written.

    floats, ints: `memory.new_memory`; table_floats, table_ints: `memory.flat_tables`; ending: True to decide and emit
    all that is left;
    out: float32 (n, columns), out_state: uint8 (n,), large enough for the rows that become ready.
    """
    state = state_views(floats, ints)
    tables = table_views(table_floats, table_ints)
    counters = state.counters
    rows = np.int64(0)  # not a literal: what it is given to would be compiled once more for it
    while counters[START] + counters[FILLED] >= counters[FRAME] * HOP + LONG:
        _analyse(state, tables, counters[FRAME])
        # Each predictor serves the 10 ms about the middle of its frame.
        _whiten(state, counters[FRAME] * HOP + (LONG + HOP) // 2)
        counters[FRAME] += 1
        decide = counters[FRAME] - 1 - counters[LAG]
        if decide >= 0:
            _decide(state, counters[FRAME] - 1, decide)
            rows += finish(state, tables, decide, out, out_state, rows)
    if ending and counters[FRAME] > 0:
        newest = counters[FRAME] - 1
        _whiten(state, newest * HOP + LONG)
        for hop in range(counters[DECIDED], newest + 1):
            _decide(state, newest, hop)
            rows += finish(state, tables, hop, out, out_state, rows)
        if counters[EMITTED] <= newest:
            emit(state, newest, newest, out[rows], out_state, rows)
            rows += 1
    return rows


@kernel
def _whiten(state, stop):
    """Take the vocal tract of the newest frame out of the samples up to `stop` that have not been whitened yet."""
    start = state.counters[START]
    first = state.counters[WHITENED] - start
    cycles.whiten(state.audio, first, stop - start, state.predictor, state.work_small[2, :17], state.soft)
    state.counters[WHITENED] = stop


@kernel
def _analyse(state, tables, hop):
    """All that a hop's own frames say: spectrum, pitch candidates, formants, and the paths through them."""
    i = hop % RING
    raw = state.raw[i]
    raw[:] = np.nan
    origin = hop * HOP - state.counters[START]
    flag = OK
    blocks = state.broken.shape[0]
    for block in range(hop, hop + LONG // HOP):
        if state.broken[block % blocks] > 0:
            flag = INVALID
    frame = state.work_frame
    energy = _energy(state.audio[origin : origin + SHORT]) / SHORT
    new = hop % 2
    for k in range(SHORT):
        frame[k] = state.audio[origin + k] * tables.hamming[k]
    frame[SHORT:512] = 0.0
    fft.power_spectrum(frame[:512], tables.twiddle_short, state.work_fft_short, state.power_short)
    for k in range(state.power_short.shape[0]):
        state.magnitude[new, k] = np.sqrt(state.power_short[k])
    before = state.magnitude[1 - new] if hop > 0 else state.magnitude[new]
    if flag == OK and energy < _DIGITAL_SILENCE:
        flag = SILENCE
        raw[_LOUDNESS] = 0.0
    elif flag == OK:
        spectrum.spectral(
            state.power_short,
            state.magnitude[new],
            before,
            tables.mel_band,
            tables.mel_weight,
            tables.loudness_weight,
            tables.cepstrum,
            state.work_small[0, :26],
            raw[:_SPECTRAL],
        )
        raw[_RMS] = 10.0 * np.log10(energy)
    found = 0
    _pass(state.predictor)
    state.formant[i, :] = np.nan
    for k in range(LONG):
        frame[k] = state.audio[origin + k] * tables.gauss[k]
    long_energy = _energy(frame[:LONG])
    peak = 0.0
    for k in range(LONG):
        peak = max(peak, frame[k] * frame[k])
    frame[LONG:] = 0.0
    if flag == OK:
        power = state.power_long[i]
        fft.power_spectrum(frame, tables.twiddle_long, state.work_fft_long, power)
        pitch.octave_spectrum(
            power,
            tables.octave_bin,
            tables.octave_fraction,
            tables.octave_weight,
            tables.spline_c,
            state.work_octave,
            state.work_octave[3],
        )
        found = pitch.candidates(
            state.work_octave[3],
            tables.harmonic_shift,
            tables.harmonic_weight,
            state.work_octave[4],
            state.log2_hz[i],
            state.strength[i],
        )
        pitch.confirm(
            power,
            peak * LONG / max(long_energy, 1e-20),
            tables.long_cosine,
            state.log2_hz[i],
            state.strength[i],
            found,
            state.work_small[0, :6],
        )
        raw[_VOICING] = state.strength[i, 0] if found > 0 else 0.0
        _inverse_filter(state, tables, i)
    if np.sqrt(long_energy / LONG) < _QUIET:
        # The gate comes after the track: it hides a pitch, it does not bend the path.
        state.flags[i, 2] = 1
    else:
        state.flags[i, 2] = 0
    state.flags[i, 0] = flag
    state.flags[i, 1] = found
    j = (hop - 1) % RING
    viterbi.extend(
        state.cost,
        state.log2_hz[i],
        state.strength[i],
        found,
        state.log2_hz[j],
        state.flags[j, 1],
        hop == 0,
        state.back[i],
        state.work_small[1],
    )


@kernel
def _energy(x):
    """Sum of squares of a frame whose length is a multiple of four; four sums at once hide their latency."""
    s0 = 0.0
    s1 = 0.0
    s2 = 0.0
    s3 = 0.0
    for k in range(0, x.shape[0], 4):
        s0 += x[k] * x[k]
        s1 += x[k + 1] * x[k + 1]
        s2 += x[k + 2] * x[k + 2]
        s3 += x[k + 3] * x[k + 3]
    return (s0 + s1) + (s2 + s3)


@kernel
def _inverse_filter(state, tables, i):
    """The filter that takes the vocal tract out of the samples about this frame."""
    # From the long frame: its weight hardly changes within a cycle, so the filter's gain does not pulse with the voice.
    formants.autocorrelation(state.power_long[i], tables.whiten_cosine, _WHITEN_KEEP, state.correlation)
    lags = state.correlation.shape[0]
    if not formants.predictor(state.correlation, _WHITEN_NOISE, state.predictor, state.work_small[4, :lags]):
        _pass(state.predictor)


@kernel
def _pass(predictor):
    """The filter that changes nothing."""
    predictor[:] = 0.0
    predictor[0] = 1.0


@kernel
def _decide(state, newest, hop):
    """Follow the cheapest path from the newest frame back to `hop` and fix that hop's pitch."""
    s = viterbi.cheapest(state.cost)
    for j in range(newest, hop, -1):
        s = state.back[j % RING, s]
    i = hop % RING
    raw = state.raw[i]
    if s < viterbi.UNVOICED and state.flags[i, 2] == 0 and state.flags[i, 0] == OK:
        hz = 2.0 ** state.log2_hz[i, s]
        raw[_F0_HZ] = hz
        raw[_SEMITONE] = max(12.0 * (np.log2(hz / SEMITONE_HZ)), 0.0)
    state.counters[DECIDED] = hop + 1
