"""Descriptors of the harmonics in the 60 ms spectrum: noise ratio, first harmonics, levels at the formants."""

import numpy as np

from liveaffect.models.voice.constants import LONG_BIN_HZ, LONG_FFT, SAMPLE_RATE
from liveaffect.models.voice.jit import kernel

_SILENT = 1e-20
_HNR_SPAN_DB = 100.0


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
        return -_HNR_SPAN_DB
    return min(max(10.0 * np.log10(ratio), -_HNR_SPAN_DB), _HNR_SPAN_DB)


@kernel
def harmonic_db(power, f0_hz, number):
    """Level in dB of harmonic `number`: the greatest of the three bins about it."""
    centre = int(np.floor(number * f0_hz / LONG_BIN_HZ + 0.5))
    if centre < 1 or centre + 1 >= power.shape[0]:
        return np.nan
    peak = max(power[centre - 1], power[centre], power[centre + 1])
    return 10.0 * np.log10(max(peak, _SILENT))


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
