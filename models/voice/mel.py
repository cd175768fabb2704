"""Causal log-mel spectrum: one row of 40 bands per 10 ms hop, the same live, offline and in training."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 16000
HOP: Final = 160
"""Samples between rows (10 ms)."""
WINDOW: Final = 512
"""Samples a row sees (32 ms): it ends with the last sample of its own hop, so nothing is looked ahead at."""
N_MELS: Final = 40
FLOOR_DB: Final = -100.0
"""Digital silence: what a band without power reads, in dB against full scale."""

_LOW_HZ, _HIGH_HZ = 60.0, 7600.0


def _mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Mel of a frequency, 1127 ln(1 + f / 700) (O'Shaughnessy 1987)."""
    return 1127.0 * np.log1p(np.asarray(hz, np.float64) / 700.0)


def _filters() -> Floats:
    """(257, 40) triangles, evenly spaced in mel, each summing to one: a band reads the mean power of its bins."""
    edges = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), N_MELS + 2)
    bins = _mel(np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    triangle = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)).clip(min=0.0)
    return np.ascontiguousarray(triangle / triangle.sum(axis=0), np.float32)


FILTERS: Final = _filters()
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
_SCALE = np.float32(4.0 / np.square(_HANN.sum(dtype=np.float64)))  # a full-scale sine reads about 0 dB in its bin
_TINY = np.float32(10.0 ** (FLOOR_DB / 10.0))


class LogMel:
    """The stream: 160 samples in, the row of that hop out."""

    def __init__(self) -> None:
        self._tail = np.zeros(WINDOW, np.float32)

    def reset(self) -> None:
        """Forgets the sound so far, as after a gap."""
        self._tail[:] = 0.0

    def push(self, samples: npt.NDArray[np.float32]) -> Floats:
        """The row (40,) float32 in dB of the 160 samples (float32, [-1, 1], 16 kHz) just heard.

        Samples that are not finite count as zero. Raises ValueError for another length.
        """
        if samples.shape != (HOP,):
            raise ValueError(f"a hop is {HOP} samples of 16 kHz sound, these are {samples.shape}")
        self._tail[:-HOP] = self._tail[HOP:]
        self._tail[-HOP:] = samples
        if not np.isfinite(samples).all():
            np.nan_to_num(self._tail, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return _decibel(self._tail * _HANN)


def log_mel(signal: npt.NDArray[np.float32]) -> Floats:
    """All rows (n // 160, 40) of a signal (n,) at 16 kHz: what `LogMel` gives hop by hop, within float rounding."""
    hops = len(signal) // HOP
    padded = np.concatenate([np.zeros(WINDOW - HOP, np.float32), np.asarray(signal[: hops * HOP], np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(padded, posinf=0.0, neginf=0.0), WINDOW)[::HOP]
    return _decibel(frames[:hops] * _HANN) if hops else np.zeros((0, N_MELS), np.float32)


def _decibel(frames: Floats) -> Floats:
    spectrum = np.fft.rfft(frames)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _SCALE
    return (np.float32(10.0) * np.log10(np.maximum(power @ FILTERS, _TINY))).astype(np.float32)
