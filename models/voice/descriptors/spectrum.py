"""Descriptors of the 20 ms spectrum: loudness, balance, slopes, flux and cepstral coefficients."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.jit import kernel

_FLOOR = 1e-20
"""Power below which a bin counts as empty: -200 dB re full scale."""
_HTK_SCALE = 32767.0**2
"""Cepstra are taken of 16-bit sample values, as in HTK."""


@kernel
def spectral(power, magnitude, before, mel_band, mel_weight, loudness_weight, cepstrum, bands, out):
    """Write the ten spectral descriptors of one frame into `out`.

    power, magnitude: float64 (257,), |X|^2 and |X| of bins 31.25 Hz apart; before: the magnitude of the frame one
    hop earlier; mel_*, loudness_weight, cepstrum: `constants.Tables`; bands: float64 (26,) scratch;
    out: float64 (10,): loudness, alpha ratio (dB), Hammarberg index (dB), slope 0-500 and 500-1500 Hz (dB/Hz),
    flux, cepstral coefficients 1 to 4. Sources: Eyben et al. 2016 (GeMAPS), section 3; Hermansky 1990 for loudness.
    """
    bands[:] = 0.0
    for k in range(power.shape[0]):
        b = mel_band[k]
        if b >= -1:
            low = mel_weight[k] * power[k]
            if b >= 0:
                bands[b] += low
            if b + 1 < bands.shape[0]:
                bands[b + 1] += power[k] - low
    loudness = 0.0
    for b in range(bands.shape[0]):
        loudness += (bands[b] * loudness_weight[b]) ** 0.33
        bands[b] = np.log(max(bands[b] * _HTK_SCALE, 1.0))
    out[0] = loudness
    low = 0.0
    high = 0.0
    low_peak = 0.0
    high_peak = 0.0
    for k in range(1, 32):
        low += power[k]
    for k in range(32, 161):
        high += power[k]
    for k in range(64):
        low_peak = max(low_peak, power[k])
    for k in range(64, 161):
        high_peak = max(high_peak, power[k])
    out[1] = 10.0 * np.log10(max(high, _FLOOR) / max(low, _FLOOR))
    out[2] = 10.0 * np.log10(max(low_peak, _FLOOR) / max(high_peak, _FLOOR))
    out[3] = slope(power, 0, 16)
    out[4] = slope(power, 16, 48)
    flux = 0.0
    for k in range(161):
        step = magnitude[k] - before[k]
        flux += step * step
    out[5] = np.sqrt(flux / 160.0)
    for i in range(4):
        total = 0.0
        for b in range(bands.shape[0]):
            total += cepstrum[i, b] * bands[b]
        out[6 + i] = total


@kernel
def slope(power, first, last):
    """Slope in dB/Hz of the level over bins first..last, with the count of bins less one as the reference has it."""
    n = last - first
    sx = 0.0
    sxx = 0.0
    sy = 0.0
    sxy = 0.0
    for k in range(first, last + 1):
        x = 31.25 * k
        y = 10.0 * np.log10(max(power[k], _FLOOR))
        sx += x
        sxx += x * x
        sy += y
        sxy += x * y
    return (n * sxy - sx * sy) / (n * sxx - sx * sx)
