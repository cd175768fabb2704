"""Descriptors of the harmonics in the 60 ms spectrum: noise ratio, first harmonics, levels at the formants."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.constants import LONG_BIN_HZ, LONG_FFT, SAMPLE_RATE
from liveaffect.models.voice.descriptors.jit import kernel

_SILENT = 1e-20
_LEAST_HNR_DB, _MOST_HNR_DB = -20.0, 100.0
"""Below -20 dB, or where the correlation is negative, there is nothing periodic to compare."""


@kernel
def noise_ratio(power, f0_hz, cosine):
    """Harmonics-to-noise ratio in dB from the autocorrelation at the pitch period (Boersma 1993, eq. 4).

    power: float64 (513,); cosine: float64 (1024,), one turn. The greatest of five lags about the period is taken.
    """
    centre = int(np.floor(SAMPLE_RATE / f0_hz + 0.5))
    n = power.shape[0]
    total = power[0] + power[n - 1]
    for k in range(1, n - 1):
        total += 2.0 * power[k]
    best = -np.inf
    mask = LONG_FFT - 1
    for lag in range(max(centre - 2, 1), min(centre + 3, LONG_FFT // 2)):
        s0 = 0.0
        s1 = 0.0
        for k in range(1, n - 2, 2):
            s0 += power[k] * cosine[(k * lag) & mask]
            s1 += power[k + 1] * cosine[((k + 1) * lag) & mask]
        s0 += power[n - 2] * cosine[((n - 2) * lag) & mask]
        ends = power[0] + power[n - 1] * cosine[((n - 1) * lag) & mask]
        best = max(best, ends + 2.0 * (s0 + s1))
    ratio = best / max(total - best, _SILENT) if best > 0.0 else 0.0
    if ratio <= 0.0:
        return _LEAST_HNR_DB
    return min(max(10.0 * np.log10(ratio), _LEAST_HNR_DB), _MOST_HNR_DB)


@kernel
def harmonic_db(power, f0_hz, number):
    """Level in dB of harmonic `number`: the spectral peak nearest to it, no further than half the pitch; else NaN.

    The peak's height is that of a parabola through the magnitudes of its three bins.
    """
    at = number * f0_hz / LONG_BIN_HZ
    centre = int(at + 0.5)
    last = power.shape[0] - 1
    level = np.nan
    nearest = 0.5 * f0_hz / LONG_BIN_HZ
    for away in range(int(nearest) + 1):
        for side in range(2):
            k = centre + away if side == 0 else centre - away
            if k < 1 or k >= last or not (power[k] > power[k - 1] and power[k] >= power[k + 1]):
                continue
            left = np.sqrt(power[k - 1])
            top = np.sqrt(power[k])
            right = np.sqrt(power[k + 1])
            step = 0.5 * (left - right) / (left - 2.0 * top + right)
            if abs(k + step - at) < nearest:
                nearest = abs(k + step - at)
                level = 20.0 * np.log10(top - 0.25 * (left - right) * step)
        if not np.isnan(level):
            break
    return level


@kernel
def formant_level_db(power, f0_hz, formant_hz):
    """Level in dB of the strongest harmonic within half a pitch (at least 10 %) of a formant; NaN where none is."""
    if not formant_hz > 0.0:
        return np.nan
    reach = max(0.5 * f0_hz, 0.1 * formant_hz)
    first = max(int(np.ceil((formant_hz - reach) / f0_hz)), 1)
    last = int(np.floor((formant_hz + reach) / f0_hz))
    best = np.nan
    for number in range(first, last + 1):
        level = harmonic_db(power, f0_hz, number)
        if not best >= level:
            best = level
    return best


@kernel
def harmonic(power, f0_hz, formant, cosine, out):
    """Write the harmonic descriptors of one voiced frame into `out`.

    power: float64 (513,) of the 60 ms frame; formant: float64 (6,), `formants.formants`;
    out: float64 (7,) in dB: noise ratio, H1-H2, H2-H3 (what the reference calls H1-H2), H1-A3, and the level at
    F1, F2, F3 relative to H1.
    """
    out[0] = noise_ratio(power, f0_hz, cosine)
    h1 = harmonic_db(power, f0_hz, 1)
    h2 = harmonic_db(power, f0_hz, 2)
    h3 = harmonic_db(power, f0_hz, 3)
    out[1] = h1 - h2
    out[2] = h2 - h3
    for i in range(3):
        out[4 + i] = formant_level_db(power, f0_hz, formant[2 * i]) - h1
    out[3] = -out[6]
