"""Second half of a voice hop: with its pitch decided, measure what needs it, then smooth and emit the hop before."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.columns import INDEX, NAMES
from liveaffect.models.voice.descriptors import cycles, fft, formants, harmonics, rhythm
from liveaffect.models.voice.descriptors.constants import HOP, LONG, SEMITONE_HZ
from liveaffect.models.voice.descriptors.jit import kernel
from liveaffect.models.voice.descriptors.state import EMITTED, INVALID, RING, START, WHITENED

_WIDTH = len(NAMES)
_SEMITONE, _JITTER, _SHIMMER = INDEX["f0_semitone"], INDEX["jitter_local"], INDEX["shimmer_local_db"]
_HNR, _H12, _H23, _H1A3 = INDEX["hnr_db"], INDEX["h1_h2_db"], INDEX["h2_h3_db"], INDEX["h1_a3_db"]
_F1, _F0_HZ, _VOICING, _RMS = INDEX["f1_hz"], INDEX["f0_hz"], INDEX["voicing_prob"], INDEX["rms_db"]
_RATE, _PAUSES, _SINCE = INDEX["syllable_rate_hz"], INDEX["pause_ratio"], INDEX["pause_s"]
_LOUDNESS = INDEX["loudness_sone"]


@kernel
def finish(state, tables, hop, out, out_state, row):
    """Measure what needs the pitch of `hop`, then smooth and emit the hop before it; return the rows written."""
    i = hop % RING
    raw = state.raw[i]
    hz = raw[_F0_HZ]
    if not np.isnan(hz):
        _formants(state, tables, hop * HOP - state.counters[START], i)
        seven = state.work_small[2, :7]
        harmonics.harmonic(state.power_long[i], hz, state.formant[i], tables.long_cosine, seven)
        raw[_HNR] = seven[0]
        raw[_H12] = seven[1]
        raw[_H23] = seven[2]
        raw[_H1A3] = seven[3]
        for k in range(3):
            raw[_F1 + 3 * k + 2] = seven[4 + k]
        start = state.counters[START]
        stop = min(state.counters[WHITENED], hop * HOP + 2 * LONG + LONG // 2)
        raw[_JITTER], raw[_SHIMMER] = cycles.follow(
            state.soft,
            start,
            hop * HOP + LONG // 2,
            stop,
            hz,
            state.marks,
            state.periods,
            state.levels,
            state.held,
            state.tail,
            tables.sinc,
            state.work_octave,
        )
    if hop == 0:
        return 0
    emit(state, hop - 1, hop, out[row], out_state, row)
    return 1


@kernel
def emit(state, hop, newest, row, out_state, place):
    """Average each descriptor over the hop and its neighbours that have it; at the ends the hop stands in for them."""
    before = state.raw[max(hop - 1, 0) % RING]
    here = state.raw[hop % RING]
    after = state.raw[min(hop + 1, newest) % RING]
    for c in range(_WIDTH):
        if np.isnan(here[c]):
            row[c] = np.nan
            continue
        total = here[c]
        n = 1.0
        if c in (_VOICING, _RMS):
            row[c] = total
            continue
        if not np.isnan(before[c]):
            total += before[c]
            n += 1.0
        if not np.isnan(after[c]):
            total += after[c]
            n += 1.0
        row[c] = total / n
    row[_F0_HZ] = SEMITONE_HZ * 2.0 ** (row[_SEMITONE] / 12.0)
    three = state.work_small[2, :3]
    loudness = float(row[_LOUDNESS])
    rhythm.rhythm(loudness, not np.isnan(here[_F0_HZ]), state.rhythm, state.rhythm_state, three)
    flag = state.flags[hop % RING, 0]
    if flag != INVALID:
        row[_RATE] = three[0]
        row[_PAUSES] = three[1]
        row[_SINCE] = three[2]
    out_state[place] = flag
    state.counters[EMITTED] = hop + 1


@kernel
def _formants(state, tables, origin, i):
    """Formants of a voiced hop, from a window of their own in the middle of the long frame."""
    frame = state.work_frame
    n = tables.formant_window.shape[0]
    shift = (LONG - n) // 2
    for k in range(n):
        frame[k] = state.audio[origin + shift + k] * tables.formant_window[k]
    frame[n:] = 0.0
    power = state.work_octave[0]
    fft.power_spectrum(frame, tables.twiddle_long, state.work_fft_long, power)
    small = state.work_small
    lags = tables.lag_cosine.shape[0]
    formants.autocorrelation(power, tables.lag_cosine, 0.0, small[2, :lags])
    if formants.predictor(small[2, :lags], 1e-9, small[3, :lags], small[4, :lags]):
        formants.formants(small[3, :lags], small[4, :lags], state.formant[i])
    for k in range(3):
        state.raw[i, _F1 + 3 * k] = state.formant[i, 2 * k]
        state.raw[i, _F1 + 3 * k + 1] = state.formant[i, 2 * k + 1]
