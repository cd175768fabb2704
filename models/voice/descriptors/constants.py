"""Numbers and tables of the voice kernels: frames, windows, scales. Pure data, no compiler."""

from functools import cache
from typing import NamedTuple

import numpy as np

SAMPLE_RATE = 16000
HOP = 160
"""Samples per hop (10 ms). Hop i starts at sample 160 i; all its frames start there too."""
SHORT = 320
"""Samples of the 20 ms Hamming frame of the spectral descriptors."""
LONG = 960
"""Samples of the 60 ms Gaussian frame of pitch and harmonics."""
SHORT_FFT = 512
LONG_FFT = 1024
LONG_BIN_HZ = SAMPLE_RATE / LONG_FFT

STATES = ("ok", "silence", "invalid")
"""States of a hop: measured; digital silence; the samples were not finite numbers."""
CANDIDATES = 6
"""Pitch candidates kept per hop."""
MIN_F0_HZ = 55.0
MAX_F0_HZ = 1000.0
SEMITONE_HZ = 27.5
"""Where the semitone scale of pitch starts."""
LOWEST_OCTAVE_HZ = 25.0
HARMONICS = 15
COMPRESSION = 0.85
MEL_BANDS = 26

FORMANT_WINDOW = 800
"""Samples of the formant window: a Gaussian of 50 ms, of which about 25 ms carry weight."""
FORMANT_RATE = 11000
"""Sample rate the linear prediction sees: formants up to 5.5 kHz."""
FORMANT_ORDER = 10
FORMANT_LAGS = FORMANT_ORDER + 1
PRE_EMPHASIS_HZ = 50.0
WHITEN_LAGS = 13
"""Autocorrelation lags of the inverse filter that takes the vocal tract out before cycles are measured."""


class Tables(NamedTuple):
    """Constant arrays handed to the kernels (all float64 unless said)."""

    twiddle_short: np.ndarray
    twiddle_long: np.ndarray
    hamming: np.ndarray
    gauss: np.ndarray
    formant_window: np.ndarray
    octave_bin: np.ndarray  # int64
    octave_fraction: np.ndarray
    octave_weight: np.ndarray
    spline_c: np.ndarray
    harmonic_shift: np.ndarray  # int64
    harmonic_weight: np.ndarray
    mel_band: np.ndarray  # int64
    mel_weight: np.ndarray
    loudness_weight: np.ndarray
    cepstrum: np.ndarray
    lag_cosine: np.ndarray
    whiten_cosine: np.ndarray
    long_cosine: np.ndarray
    sinc: np.ndarray


OCTAVE_POINTS = LONG_FFT // 2 + 1
POINTS_PER_OCTAVE = (OCTAVE_POINTS - 1) / np.log2(SAMPLE_RATE / 2 / LOWEST_OCTAVE_HZ)
SINC_STEPS = 32
SINC_REACH = 6


@cache
def tables() -> Tables:
    """Every table, computed once; treat as read-only."""
    n = np.arange(SHORT)
    m = np.arange(LONG)
    middle = (LONG - 1) / 2
    octave_bin, fraction, octave_weight = _octave_scale()
    band, weight, loudness = _mel_scale()
    return Tables(
        twiddle_short=twiddles(SHORT_FFT),
        twiddle_long=twiddles(LONG_FFT),
        hamming=0.54 - 0.46 * np.cos(2 * np.pi * n / (SHORT - 1)),
        gauss=np.exp(-0.5 * ((m - middle) / (0.4 * middle)) ** 2),
        formant_window=_formant_window(),
        octave_bin=octave_bin,
        octave_fraction=fraction,
        octave_weight=octave_weight,
        spline_c=_spline_factors(LONG_FFT // 2 - 1),
        harmonic_shift=np.floor(POINTS_PER_OCTAVE * np.log2(np.arange(1, HARMONICS + 1))).astype(np.int64),
        harmonic_weight=COMPRESSION ** np.arange(HARMONICS) / HARMONICS,
        mel_band=band,
        mel_weight=weight,
        loudness_weight=loudness,
        cepstrum=_cepstrum(),
        lag_cosine=_lag_cosine(),
        whiten_cosine=_whiten_cosine(),
        long_cosine=np.cos(2 * np.pi * np.arange(LONG_FFT) / LONG_FFT),
        sinc=_sinc(),
    )


def twiddles(n: int) -> np.ndarray:
    """exp(-2 pi i k / n) for k in 0..n-1 as float64 (2, n): cosines, then negated sines."""
    angle = 2.0 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), -np.sin(angle)])


def mel(hz: np.ndarray | float) -> np.ndarray:
    """Mel of a frequency, 1127 ln(1 + f / 700) (O'Shaughnessy 1987, as in HTK)."""
    return 1127.0 * np.log1p(np.asarray(hz) / 700.0)


def _octave_scale() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each point of the log2 axis lies on the linear one, and its weight of hearing (Hermes 1988, eq. 4)."""
    hz = LOWEST_OCTAVE_HZ * 2 ** (np.arange(OCTAVE_POINTS) / POINTS_PER_OCTAVE)
    position = np.minimum(hz / LONG_BIN_HZ, OCTAVE_POINTS - 1.0)
    at = np.minimum(position.astype(np.int64), OCTAVE_POINTS - 2)
    weight = 0.5 + np.arctan(3.0 * (np.log2(hz) - 5.0)) / np.pi
    return at, position - at, weight


def _spline_factors(n: int) -> np.ndarray:
    """Forward elimination of the natural cubic spline's matrix (1, 4, 1): the super-diagonal after the sweep."""
    c = np.empty(n)
    c[0] = 0.25
    for i in range(1, n):
        c[i] = 1.0 / (4.0 - c[i - 1])
    return c


def _mel_scale() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles of 26 bands from 20 to 8000 Hz, and the loudness weight of each band.

    A bin between the centres of bands b-1 and b gives the share `weight` to band b-1 and the rest to b; -2 says
    the bin is below the lowest edge.
    """
    edge = np.linspace(mel(20.0), mel(8000.0), MEL_BANDS + 2)
    at = mel(np.arange(SHORT_FFT // 2 + 1) * SAMPLE_RATE / SHORT_FFT)
    band = np.searchsorted(edge, at, side="right") - 1
    band = np.clip(band, -1, MEL_BANDS)
    upper = edge[np.clip(band + 1, 0, MEL_BANDS + 1)]
    lower = edge[np.clip(band, 0, MEL_BANDS + 1)]
    weight = np.clip((upper - at) / np.maximum(upper - lower, 1e-9), 0.0, 1.0)
    centre = 700.0 * np.expm1(edge[1:-1] / 1127.0)
    w = 2 * np.pi * centre
    # Equal loudness at 40 dB with its fall above 5 kHz (Hermansky 1990, eq. 9 and 10; the exponent of the last factor
    # and the scale are those the reference implementation shows).
    curve = (w**2 + 56.8e6) * w**4 / ((w**2 + 6.3e6) ** 2 * (w**2 + 0.38e9)) / (1.0 + w**7 / 1.7e31)
    return np.where(band < 0, -2, band - 1).astype(np.int64), weight, 3.03e-4 * curve


def _cepstrum() -> np.ndarray:
    """Discrete cosine transform and lifter 22 of cepstral coefficients 1 to 4, (4, 26) (HTK book, 5.6)."""
    i = np.arange(1, 5)[:, None]
    j = np.arange(MEL_BANDS)[None, :]
    lifter = 1.0 + 11.0 * np.sin(np.pi * i / 22.0)
    return np.sqrt(2.0 / MEL_BANDS) * np.cos(np.pi * i / MEL_BANDS * (j + 0.5)) * lifter


def _formant_window() -> np.ndarray:
    """Gaussian that reaches exp(-12) at its ends, lowered so that they are zero."""
    n = FORMANT_WINDOW
    x = (np.arange(n) - 0.5 * (n - 1)) / (n + 1)
    edge = np.exp(-12.0)
    return (np.exp(-48.0 * x**2) - edge) / (1.0 - edge)


def _lag_cosine() -> np.ndarray:
    """(11, 353): autocorrelation at 11 kHz lags from power bins 0..352 of a 1024-point spectrum at 16 kHz.

    The band above 5.5 kHz is left out (the resampling) and each bin carries the power of the pre-emphasis.
    """
    k = np.arange(int(FORMANT_RATE / 2 / LONG_BIN_HZ) + 1)
    w = 2 * np.pi * k * LONG_BIN_HZ / FORMANT_RATE
    a = np.exp(-2 * np.pi * PRE_EMPHASIS_HZ / FORMANT_RATE)
    emphasis = 1.0 - 2.0 * a * np.cos(w) + a * a
    weight = np.where(k == 0, 1.0, 2.0) * emphasis
    return weight[None, :] * np.cos(np.arange(FORMANT_LAGS)[:, None] * w[None, :])


def _whiten_cosine() -> np.ndarray:
    """(13, 513): autocorrelation at 16 kHz lags from the power bins of a 1024-point spectrum."""
    k = np.arange(OCTAVE_POINTS)
    weight = np.where((k == 0) | (k == OCTAVE_POINTS - 1), 1.0, 2.0)
    return weight[None, :] * np.cos(2 * np.pi * np.arange(WHITEN_LAGS)[:, None] * k[None, :] / LONG_FFT)


def _sinc() -> np.ndarray:
    """Windowed-sinc taps (steps + 1, 2 reach) for a fraction of a sample, for the peak of a correlation."""
    fraction = np.arange(SINC_STEPS + 1)[:, None] / SINC_STEPS
    tap = np.arange(-SINC_REACH + 1, SINC_REACH + 1)[None, :]
    x = fraction - tap
    return np.sinc(x) * (0.5 + 0.5 * np.cos(np.pi * np.clip(x / (SINC_REACH + 0.5), -1, 1)))
