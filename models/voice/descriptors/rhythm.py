"""Syllable-like rate and pauses over the last seconds, from loudness and voicing."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.jit import kernel

_RISE = 0.25
"""Share of the recent loudness range a peak must stand above the valleys beside it."""
_FORGET = 0.995
"""Per-hop decay of the recent range (half after 1.4 s)."""
_LEAST_PAUSE_HOPS = 15.0
"""A gap of 150 ms or more is a pause; stop closures are shorter."""
_LEAST_HOPS = 100.0
"""Less than a second says nothing about a rate."""
_TOP, _VALLEY, _PEAK, _FALLING, _QUIET, _HOPS, _SINCE = range(7)


@kernel
def rhythm(loudness, voiced, window, memory, out):
    """Take in one hop and write the rate, the share of pauses and the time since a voice into `out`.

    loudness: smoothed, NaN for a hop that could not be measured; voiced: bool; window: float64 (3, hops) ring of
    syllables, pauses and measured hops; memory: float64 (8,); out: float64 (3,): peaks per second (NaN in the first
    second), share of hops in pauses of 150 ms or more, seconds since the last voiced hop (NaN before the first).
    """
    hops = window.shape[1]
    now = int(memory[_HOPS]) % hops
    memory[_HOPS] += 1.0
    window[0, now] = 0.0
    window[1, now] = 0.0
    window[2, now] = 0.0 if np.isnan(loudness) else 1.0
    if voiced:
        memory[_SINCE] = 1.0
        memory[_QUIET] = 0.0
    else:
        memory[_QUIET] += 1.0
        if memory[_SINCE] > 0.0:
            memory[_SINCE] += 1.0
    if memory[_QUIET] >= _LEAST_PAUSE_HOPS:
        window[1, now] = 1.0
        if memory[_QUIET] == _LEAST_PAUSE_HOPS:
            for back in range(1, int(_LEAST_PAUSE_HOPS)):
                window[1, (now - back) % hops] = 1.0
    if not np.isnan(loudness):
        memory[_TOP] = max(memory[_TOP] * _FORGET, loudness)
        rise = _RISE * memory[_TOP]
        if memory[_FALLING] > 0.0:
            memory[_VALLEY] = min(memory[_VALLEY], loudness)
            if loudness > memory[_VALLEY] + rise:
                memory[_FALLING] = 0.0
                memory[_PEAK] = loudness
        else:
            memory[_PEAK] = max(memory[_PEAK], loudness)
            if loudness < memory[_PEAK] - rise:
                memory[_FALLING] = 1.0
                memory[_VALLEY] = loudness
                window[0, now] = 1.0
    measured, syllables, pauses = _sums(window)
    seen = min(memory[_HOPS], float(hops))
    out[0] = syllables / measured * 100.0 if measured >= _LEAST_HOPS else np.nan
    out[1] = pauses / seen if seen >= _LEAST_HOPS else np.nan
    out[2] = (memory[_SINCE] - 1.0) * 0.01 if memory[_SINCE] > 0.0 else np.nan


@kernel
def _sums(window):
    """Measured hops, syllables and pauses in the window."""
    measured = 0.0
    syllables = 0.0
    pauses = 0.0
    for i in range(window.shape[1]):
        syllables += window[0, i]
        pauses += window[1, i]
        measured += window[2, i]
    return measured, syllables, pauses
