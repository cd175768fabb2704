"""Pitch candidates of one 60 ms frame by subharmonic summation on an octave axis (Hermes 1988)."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.constants import (
    CANDIDATES,
    COMPRESSION,
    HARMONICS,
    LONG,
    LONG_BIN_HZ,
    LONG_FFT,
    LOWEST_OCTAVE_HZ,
    MAX_F0_HZ,
    MIN_F0_HZ,
    POINTS_PER_OCTAVE,
    SAMPLE_RATE,
)
from liveaffect.models.voice.descriptors.jit import kernel

_FIRST = int(np.ceil(POINTS_PER_OCTAVE * np.log2(MIN_F0_HZ / LOWEST_OCTAVE_HZ)))
_LAST = int(np.floor(POINTS_PER_OCTAVE * np.log2(MAX_F0_HZ / LOWEST_OCTAVE_HZ)))
_PER_OCTAVE = float(POINTS_PER_OCTAVE)
_LOWEST = float(np.log2(LOWEST_OCTAVE_HZ))
_EXACT = POINTS_PER_OCTAVE * np.log2(np.arange(1, HARMONICS + 1))
_LATE = float(np.average(_EXACT - np.floor(_EXACT), weights=COMPRESSION ** np.arange(HARMONICS)))
"""Points by which shifts cut to whole points move a peak up, on average over the harmonics."""
_LOW_HZ = 800.0
_LOW = np.where(np.arange(int(_LOW_HZ / LONG_BIN_HZ) + 1) > 2, 1.0, 0.0) * (
    np.cos(0.5 * np.pi * np.arange(int(_LOW_HZ / LONG_BIN_HZ) + 1) * LONG_BIN_HZ / _LOW_HZ) ** 2
)
"""Weight of the power bins in which repetition is judged: low ones, which a few per cent of jitter leave alone."""
_LEAST_LOW = 0.01
"""Share of the frame's power those bins must carry to have a say."""
_FADE = -0.25 / (0.4 * (LONG - 1) / 2) ** 2
"""log of the autocorrelation of the Gaussian window is this times the square of the lag."""
_SLACK, _DOUBT = 0.15, 0.5
"""A candidate may repeat this much worse than the best one; it loses this much strength per unit beyond."""
_TRUSTED, _TRUSTED_SURE = 0.92, 0.97
"""How well the best one must repeat to cast doubt on others."""
_PULSES, _PULSES_SURE = 50.0, 90.0
"""Peak over mean power from which on a windowed frame consists of single pulses (99 % of voiced speech is below 42)."""
_REPEATS, _REPEATS_SURE = 0.8, 0.9
_RISEN, _RISE = 0.8, 0.75
"""Strength towards which that of repeated pulses rises, and how much of the way."""


@kernel
def octave_spectrum(power, at, fraction, weight, spline_c, work, out):
    """Write the enhanced magnitude spectrum on a log2 axis into `out`.

    power: float64 (513,); at, fraction, weight: the octave axis of `constants.Tables`; spline_c its spline factors;
    work: float64 (3, 513) scratch; out: float64 (513,). Bins further than two from a peak are emptied, the rest
    smoothed by (1, 2, 1) / 4, read between bins by a natural cubic spline, and weighted like hearing.
    """
    n = power.shape[0]
    magnitude = work[0]
    smooth = work[1]
    curve = work[2]
    for k in range(n):
        magnitude[k] = np.sqrt(power[k])
        smooth[k] = 0.0
    any_peak = False
    kept = 0
    for k in range(1, n - 1):
        if magnitude[k] > magnitude[k - 1] and magnitude[k] > magnitude[k + 1]:
            # What lies below the first peak stays.
            start = max(k - 2, kept) if any_peak else 0
            stop = min(k + 3, n)
            for j in range(start, stop):
                smooth[j] = magnitude[j]
            kept = stop
            any_peak = True
    if not any_peak:
        for k in range(n):
            smooth[k] = magnitude[k]
    previous = smooth[0]
    for k in range(1, n - 1):
        here = smooth[k]
        smooth[k] = 0.25 * previous + 0.5 * here + 0.25 * smooth[k + 1]
        previous = here
    # Second derivatives of the natural spline, times 1/6 of the squared step (which is 1).
    inner = n - 2
    curve[0] = 0.0
    curve[n - 1] = 0.0
    last = 0.0
    for i in range(inner):
        right = smooth[i] - 2.0 * smooth[i + 1] + smooth[i + 2]
        last = (right - last) * spline_c[i]
        curve[i + 1] = last
    for i in range(inner - 2, -1, -1):
        curve[i + 1] -= spline_c[i] * curve[i + 2]
    for j in range(out.shape[0]):
        i = at[j]
        b = fraction[j]
        a = 1.0 - b
        value = a * smooth[i] + b * smooth[i + 1] + (a * a * a - a) * curve[i] + (b * b * b - b) * curve[i + 1]
        out[j] = value * weight[j]


@kernel
def candidates(octave, shift, weight, work, log2_hz, strength):
    """Find the strongest pitches; return how many, and the voicing of the frame.

    octave: float64 (513,), `octave_spectrum`; shift, weight: per harmonic, in points and as a factor;
    work: float64 (513,) scratch for the summed spectrum; log2_hz, strength: float64 (6,) outputs, strongest first:
    log2 of the frequency in Hz, and its voicing 1 - mean / peak of the summed spectrum (below 1; 0 for noise).
    """
    n = octave.shape[0]
    for j in range(n):
        work[j] = 0.0
    for h in range(shift.shape[0]):
        by = shift[h]
        w = weight[h]
        for j in range(n - by):
            work[j] += w * octave[j + by]
    mean = 0.0
    for j in range(n):
        mean += work[j]
    mean /= n
    found = 0
    for c in range(CANDIDATES):
        log2_hz[c] = 0.0
        strength[c] = 0.0
    if mean <= 0.0:
        return 0
    for j in range(_FIRST, _LAST + 1):
        y = work[j]
        if y > work[j - 1] and y >= work[j + 1]:
            bend = work[j - 1] - 2.0 * y + work[j + 1]
            step = 0.5 * (work[j - 1] - work[j + 1]) / bend if bend < 0.0 else 0.0
            height = y - 0.25 * (work[j - 1] - work[j + 1]) * step
            voicing = max(1.0 - mean / height, 0.0)
            place = found if found < CANDIDATES else CANDIDATES
            while place > 0 and strength[place - 1] < voicing:
                place -= 1
            if place < CANDIDATES:
                for c in range(min(found, CANDIDATES - 1), place, -1):
                    log2_hz[c] = log2_hz[c - 1]
                    strength[c] = strength[c - 1]
                log2_hz[place] = _LOWEST + (j + step - _LATE) / _PER_OCTAVE
                strength[place] = voicing
                found = min(found + 1, CANDIDATES)
    return found


@kernel
def confirm(power, peak, cosine, log2_hz, strength, found, repeats):
    """Adjust the strengths of a frame's candidates by how well the frame repeats itself at each period.

    power: float64 (513,) of the windowed frame; peak: its greatest squared sample over the mean square; cosine:
    float64 (1024,), one turn; log2_hz, strength, found: of `candidates`, changed and sorted again; repeats: float64
    (6,) scratch.

    The sum over harmonics cannot tell the pitch of a flat spectrum from its octaves, and calls a train of sharp pulses
    noise, its spectrum being as dense as that of noise. The autocorrelation of the low bins (Boersma 1993) can.
    """
    total = 0.0
    for k in range(1, power.shape[0] - 1):
        total += power[k]
    low = 0.0
    for k in range(_LOW.shape[0]):
        low += _LOW[k] * power[k]
    if low <= _LEAST_LOW * total:
        return
    pulses = min(max((peak - _PULSES) / (_PULSES_SURE - _PULSES), 0.0), 1.0)
    most = -1.0
    mask = LONG_FFT - 1
    for c in range(found):
        centre = int(SAMPLE_RATE / 2.0 ** log2_hz[c] + 0.5)
        best = -1.0
        for lag in range(centre - 2, centre + 3, 2):
            value = 0.0
            for k in range(_LOW.shape[0]):
                value += _LOW[k] * power[k] * cosine[(k * lag) & mask]
            best = max(best, value * np.exp(-_FADE * lag * lag) / low)
        repeats[c] = best
        most = max(most, best)
    doubt = _DOUBT * min(max((most - _TRUSTED) / (_TRUSTED_SURE - _TRUSTED), 0.0), 1.0)
    for c in range(found):
        sure = pulses * min(max((repeats[c] - _REPEATS) / (_REPEATS_SURE - _REPEATS), 0.0), 1.0)
        own = strength[c] + sure * _RISE * max(_RISEN - strength[c], 0.0)
        own -= doubt * max(most - repeats[c] - _SLACK, 0.0)
        hz = log2_hz[c]
        place = c
        while place > 0 and strength[place - 1] < own:
            strength[place] = strength[place - 1]
            log2_hz[place] = log2_hz[place - 1]
            place -= 1
        strength[place] = own
        log2_hz[place] = hz
