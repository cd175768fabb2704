"""Jitter and shimmer: glottal cycles followed through the waveform, each measured once."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.constants import LONG, SAMPLE_RATE, SINC_REACH, SINC_STEPS
from liveaffect.models.voice.descriptors.jit import kernel

CYCLES = 128
"""Cycles remembered; more than fit in the window of one hop at the highest pitch."""
_SPAN = 640
"""Samples to each side of the frame's centre whose cycles count (40 ms)."""
_SEARCH = 0.15
"""Share of the expected period searched to each side for the next cycle."""
_LEAST_MATCH = 0.5
"""Least correlation of a cycle with the next one; below it the chain breaks."""
_SURE_MATCH = 0.7
"""Correlation needed to believe in a multiple of the period."""
_MULTIPLES = 3.0
_MOST_CHANGE = 1.3
"""Greatest ratio of successive periods that counts as jitter (Boersma, Praat)."""
_MOST_SWING_DB = 20.0 * np.log10(1.6)
"""Greatest step between the levels of cycles of one voice (Boersma, Praat); more is a start or an end."""
_LEAST_INNER = 0.3
"""Least share of a cycle's energy in the half of it about its mark; with less the mark has gone astray."""
_LOST = -1.0


@kernel
def follow(audio, start, centre, stop, f0_hz, marks, periods, levels, held, tail, sinc, work):
    """Extend the chain of cycles through one voiced hop and measure it.

    audio: float64 samples after `whiten`, audio[0] being sample number `start`; centre: sample number of the hop's
    centre; stop: end of the samples that may be used; marks, periods, levels: float64 (128,) rings of the cycles
    (sample number, length in samples, level in dB; a length of -1 ends a chain); held: int64 (1,), cycles written so
    far; tail: float64 (1,), length of the newest cycle or 0; sinc: `constants.Tables.sinc`; work: float64 (2, n)
    scratch.
    Returns (jitter as a ratio, shimmer in dB), NaN each where fewer than two successive cycles are found.
    """
    period = SAMPLE_RATE / f0_hz
    last = (held[0] - 1) % CYCLES
    expected = min(max(np.floor(tail[0] / period + 0.5), 1.0), _MULTIPLES) * period
    if held[0] == 0 or abs(tail[0] / expected - 1.0) > 0.25 or marks[last] < centre - LONG:
        expected = period
        _begin(audio, start, centre, stop, expected, marks, periods, levels, held)
        tail[0] = expected
    elif _astray(audio, marks[last] - start, tail[0], stop - start):
        # Between two pulses a window holds half of each, and averages what sets them apart.
        _restart(audio, start, marks, periods, levels, held, tail[0])
    if expected > 1.5 * period:
        # A chain begun on a wrong pitch counts two periods as one until the single one is tried again.
        origin = int(np.floor(marks[(held[0] - 1) % CYCLES] + 0.5)) - start
        if _fits(origin, period, stop - start) and _next_period(audio, origin, period, sinc, work)[1] >= _SURE_MATCH:
            expected = period
            tail[0] = period
    while True:
        last = (held[0] - 1) % CYCLES
        if marks[last] > centre + _SPAN:
            break
        guess = 0.5 * (tail[0] + expected)
        origin = int(np.floor(marks[last] + 0.5)) - start
        if not _fits(origin, guess, stop - start):
            break
        length, match = _next_period(audio, origin, guess, sinc, work)
        if match < _LEAST_MATCH:
            # A pitch an octave too high finds no match after one period, but after two or three.
            for multiple in range(1, int(_MULTIPLES) + 1):
                other = multiple * period
                if abs(other / guess - 1.0) > 0.25 and _fits(origin, other, stop - start):
                    length, match = _next_period(audio, origin, other, sinc, work)
                    if match >= _SURE_MATCH:
                        expected = other
                        guess = other
                        break
                    match = 0.0
        levels[last] = _level_db(audio, marks[last] - start, 0.5 * guess)
        if match < _LEAST_MATCH:
            periods[last] = _LOST
            length = guess
            tail[0] = expected
        else:
            periods[last] = length
            tail[0] = length
        held[0] += 1
        new = (held[0] - 1) % CYCLES
        marks[new] = marks[last] + length
        periods[new] = _LOST
        levels[new] = np.nan
    return _measure(marks, periods, levels, held[0], centre)


@kernel
def _fits(origin, period, size):
    """Whether the samples that `_next_period` reads are all there."""
    half = int(0.5 * period) + 1
    reach = int(np.ceil(_SEARCH * period)) + 1
    return origin - half >= 0 and origin + half + int(period + 0.5) + reach + SINC_REACH < size


@kernel
def _begin(audio, start, centre, stop, expected, marks, periods, levels, held):
    """Start a chain at the strongest sample of one period, up to three periods before the centre."""
    width = int(expected)
    first = max(centre - start - min(3 * width, 480), width // 2 + 2)
    best = first
    for k in range(first, min(first + width, stop - start)):
        if abs(audio[k]) > abs(audio[best]):
            best = k
    new = held[0] % CYCLES
    held[0] += 1
    marks[new] = start + best
    periods[new] = _LOST
    levels[new] = np.nan


@kernel
def _astray(audio, middle, period, size):
    """Whether most of the cycle about `middle` lies nearer to its ends."""
    quarter = int(0.25 * period + 0.5)
    origin = int(np.floor(middle + 0.5))
    if origin - 2 * quarter < 0 or origin + 2 * quarter >= size:
        return False
    total = 0.0
    for k in range(origin - 2 * quarter, origin + 2 * quarter + 1):
        total += audio[k] * audio[k]
    inner = 0.0
    for k in range(origin - quarter, origin + quarter + 1):
        inner += audio[k] * audio[k]
    return inner < _LEAST_INNER * total


@kernel
def _restart(audio, start, marks, periods, levels, held, period):
    """Start a new chain at the strongest sample of the period that follows the newest cycle."""
    first = int(np.floor(marks[(held[0] - 1) % CYCLES] + 0.5)) - start
    best = first
    for k in range(first, min(first + int(period), audio.shape[0])):
        if abs(audio[k]) > abs(audio[best]):
            best = k
    new = held[0] % CYCLES
    held[0] += 1
    marks[new] = start + best
    periods[new] = _LOST
    levels[new] = np.nan


@kernel
def _next_period(audio, origin, period, sinc, work):
    """Length of the cycle at `origin`, near `period`: the shift at which the wave matches itself best; that match."""
    half = int(0.5 * period) + 1
    reach = int(np.ceil(_SEARCH * period)) + 1
    middle = int(period + 0.5)
    lags = 2 * (reach + SINC_REACH) + 1
    first = middle - reach - SINC_REACH
    match = work[0]
    for j in range(lags):
        match[j] = 0.0
    own = 0.0
    for k in range(origin - half, origin + half + 1):
        x = audio[k]
        own += x * x
        base = k + first
        for j in range(lags):
            match[j] += x * audio[base + j]
    energy = 0.0
    base = origin + first
    for k in range(base - half, base + half + 1):
        energy += audio[k] * audio[k]
    floor = 1e-12 + 1e-9 * own
    for j in range(lags):
        match[j] /= np.sqrt(max(own * energy, floor * floor))
        leave = audio[base + j - half]
        enter = audio[base + j + half + 1]
        energy += enter * enter - leave * leave
    best = SINC_REACH
    for j in range(SINC_REACH, lags - SINC_REACH):
        if match[j] > match[best]:
            best = j
    # The correlation is band-limited: its peak between samples is read with a windowed sinc, then a parabola.
    top = -2.0
    at = 0
    for step in range(-SINC_STEPS, SINC_STEPS + 1):
        value = _between(match, best, step, sinc)
        if value > top:
            top = value
            at = step
    offset = at / SINC_STEPS
    if -SINC_STEPS < at < SINC_STEPS:
        left = _between(match, best, at - 1, sinc)
        right = _between(match, best, at + 1, sinc)
        bend = left - 2.0 * top + right
        if bend < 0.0:
            offset += 0.5 * (left - right) / bend / SINC_STEPS
    return first + best + offset, top


@kernel
def _between(match, best, step, sinc):
    """Value of `match` at best + step / SINC_STEPS."""
    base = best
    if step < 0:
        base -= 1
        step += SINC_STEPS
    tap = sinc[step]
    total = 0.0
    for i in range(2 * SINC_REACH):
        total += tap[i] * match[base - SINC_REACH + 1 + i]
    return total


@kernel
def _level_db(audio, middle, half):
    """Level in dB of the cycle about `middle`, under a raised cosine so that its edges do not count."""
    total = 0.0
    turn = np.pi / (half + 1.0)
    for k in range(int(np.ceil(middle - half)), int(np.floor(middle + half)) + 1):
        w = 0.5 + 0.5 * np.cos(turn * (k - middle))
        total += w * audio[k] * audio[k]
    return 10.0 * np.log10(max(total, 1e-20))


@kernel
def whiten(audio, first, stop, predictor, taps, out):
    """Write audio[first:stop] without its vocal tract, and low-passed, into out[first:stop].

    predictor: float64 (13,), 1 + a1 z^-1 + ...; taps: float64 (17,) scratch. The ringing of one cycle runs into the
    next and hides how they differ: the inverse filter ends it. A binomial low-pass (1, 4, 6, 4, 1) / 16 follows, so
    that products of samples stay below half the rate and a correlation can be read between samples. The output is
    two samples late; before `audio` there are zeros.
    """
    lags = predictor.shape[0]
    taps[:] = 0.0
    for i in range(lags):
        taps[i] += predictor[i]
        taps[i + 1] += 4.0 * predictor[i]
        taps[i + 2] += 6.0 * predictor[i]
        taps[i + 3] += 4.0 * predictor[i]
        taps[i + 4] += predictor[i]
    for k in range(first, stop):
        out[k] = 0.0
    for i in range(lags + 4):
        w = taps[i] / 16.0
        for k in range(max(first, i), stop):
            out[k] += w * audio[k - i]


@kernel
def _measure(marks, periods, levels, held, centre):
    """Mean difference of successive periods over the mean period, and mean difference of successive levels."""
    change = 0.0
    length = 0.0
    pairs = 0
    swing = 0.0
    steps = 0
    for back in range(2, min(held, CYCLES) + 1):
        i = (held - back) % CYCLES
        if marks[i] < centre - _SPAN:
            break
        if marks[i] > centre + _SPAN or periods[i] == _LOST:
            continue
        j = (i + 1) % CYCLES
        step = abs(levels[j] - levels[i])
        if not step <= _MOST_SWING_DB:
            continue
        swing += step
        steps += 1
        if periods[j] == _LOST:
            continue
        ratio = periods[j] / periods[i]
        if ratio > _MOST_CHANGE or ratio * _MOST_CHANGE < 1.0:
            continue
        change += abs(periods[j] - periods[i])
        length += 0.5 * (periods[j] + periods[i])
        pairs += 1
    jitter = change / length if pairs > 0 else np.nan
    shimmer = swing / steps if steps > 0 else np.nan
    return jitter, shimmer
