"""Voices whose truth is known: pulse trains with wanted jitter and shimmer, and plain test signals."""

import numpy as np
from numpy.typing import NDArray

RATE = 16000


def pulses(
    f0: float,
    *,
    jitter: float = 0.0,
    shimmer_db: float = 0.0,
    seconds: float = 1.1,
    formants: bool = False,
    tilt: bool = True,
) -> tuple[NDArray[np.float32], float, float]:
    """Glottal-like pulses at exact times (band-limited), and their true local jitter (ratio) and shimmer (dB).

    Each pulse is a falling spectrum (one pole) or three formants, or without `tilt` a bare click.
    """
    random = np.random.default_rng(7)
    n = int(seconds * f0)
    spread = np.sqrt(np.pi) / 2
    period = (1 + jitter * spread * random.normal(size=n)) / f0
    level = shimmer_db * spread * random.normal(size=n)
    at = np.cumsum(period)
    at, period, level = at[at < seconds - 0.1], period[at < seconds - 0.1], level[at < seconds - 0.1]
    frequency = np.fft.rfftfreq(int(seconds * RATE), 1 / RATE)
    spectrum = np.exp(-2j * np.pi * frequency[:, None] * at[None, :]) @ (10 ** (level / 20))
    z = np.exp(-2j * np.pi * frequency / RATE)
    if formants:
        for hz, width in ((700, 80), (1220, 90), (2600, 120)):
            r = np.exp(-np.pi * width / RATE)
            spectrum = spectrum / (1 - 2 * r * np.cos(2 * np.pi * hz / RATE) * z + (r * z) ** 2)
    elif tilt:
        spectrum = spectrum / (1 - 0.95 * z)
    if formants or tilt:
        spectrum *= np.cos(np.pi * frequency / RATE) ** 2
    x = np.fft.irfft(spectrum)
    x *= 0.5 / np.abs(x).max()
    return (
        x.astype(np.float32),
        float(np.abs(np.diff(period)).mean() / period.mean()),
        float(np.abs(np.diff(level)).mean()),
    )


def vowel(seconds: float = 1.5, f0: float = 140.0) -> NDArray[np.float32]:
    """A steady vowel with a little noise."""
    x, _, _ = pulses(f0, jitter=0.005, seconds=seconds, formants=True)
    return x + np.random.default_rng(1).normal(0, 1e-3, len(x)).astype(np.float32)


def speechlike(seconds: float = 3.0) -> NDArray[np.float32]:
    """Gliding vowels, noise and silence one after another: every branch of the kernels is visited."""
    random = np.random.default_rng(3)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    phase = 2 * np.pi * np.cumsum(150 + 60 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    voice = sum(np.cos(k * phase) / k for k in range(1, 25))
    x = 0.1 * voice * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * t)) + random.normal(0, 0.002, n)
    x[int(0.35 * n) : int(0.45 * n)] = random.normal(0, 0.05, int(0.45 * n) - int(0.35 * n))
    x[int(0.6 * n) : int(0.7 * n)] = 0.0
    return x.astype(np.float32)
