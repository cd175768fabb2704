"""Causal log-mel spectrum: one row of 80 bands per 10 ms hop, the same live, offline and in training."""

from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.voice.descriptors.constants import HOP, SAMPLE_RATE

Floats = npt.NDArray[np.float32]

WINDOW: Final = 400
"""Samples a row sees (25 ms): it ends with the last sample of its own hop, so nothing is looked ahead at."""
N_MELS: Final = 80
FLOOR_DB: Final = -180.0
"""Digital silence: what a band without power reads, in dB against full scale."""
DECIMALS: Final = 1
"""Rows are given to 0.1 dB, here and nowhere else: what is recorded and what was heard live are the same numbers."""

_HIGH_HZ = 8000.0
_LINEAR_HZ, _PER_HZ, _PER_LOG = 1000.0, 3.0 / 200.0, 27.0 / np.log(6.4)


def _mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Mel of a frequency: linear below 1 kHz, logarithmic above (Slaney, Auditory Toolbox, 1998)."""
    hz = np.asarray(hz, np.float64)
    return np.where(hz < _LINEAR_HZ, hz * _PER_HZ, 15.0 + np.log(np.maximum(hz, 1.0) / _LINEAR_HZ) * _PER_LOG)


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15.0, mel / _PER_HZ, _LINEAR_HZ * np.exp((mel - 15.0) / _PER_LOG))


def _filters() -> Floats:
    """(201, 80) triangles between points evenly spaced in mel, of area one: a band reads the mean power of its bins."""
    edges = _hertz(np.linspace(0.0, float(_mel(_HIGH_HZ)), N_MELS + 2))
    bins = (np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    triangle = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)).clip(min=0.0)
    return np.ascontiguousarray(triangle * (2.0 / (right - left)) * (SAMPLE_RATE / WINDOW), np.float32)


FILTERS: Final = _filters()
_SPACE = float(_mel(_HIGH_HZ)) / (N_MELS + 1)
CENTRES_HZ: Final = _hertz(np.arange(1, N_MELS + 1, dtype=np.float64) * _SPACE)
"""Middle of each band, Hz (80,)."""


def mel_band(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Where frequencies lie among the bands: 0.0 is the middle of the first, 79.0 of the last."""
    return _mel(hz) / _SPACE - 1.0


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
        """The row (80,) float32 in dB of the 160 samples (float32, [-1, 1], 16 kHz) just heard.

        Samples that are not finite count as zero. Raises ValueError for another length.
        """
        if samples.shape != (HOP,):
            raise ValueError(f"a hop is {HOP} samples of 16 kHz sound, these are {samples.shape}")
        self._tail[:-HOP] = self._tail[HOP:]
        self._tail[-HOP:] = samples
        if not np.isfinite(samples).all():
            np.nan_to_num(self._tail, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return _decibel(self._tail * _HANN)

    def push_all(self, samples: npt.NDArray[np.float32]) -> Floats:
        """The rows (n, 80) of n hops at once, (n * 160,): what `push` gives of one after the other, to the bit."""
        if len(samples) % HOP:
            raise ValueError(f"hops are {HOP} samples of 16 kHz sound, these are {samples.shape}")
        if not len(samples):
            return np.zeros((0, N_MELS), np.float32)
        line = np.concatenate([self._tail[HOP:], np.asarray(samples, np.float32)])
        if not np.isfinite(samples).all():
            np.nan_to_num(line, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        self._tail[:] = line[-WINDOW:]
        frames = np.lib.stride_tricks.sliding_window_view(line, WINDOW)[::HOP]
        return _decibels(frames * _HANN)


def log_mel(signal: npt.NDArray[np.float32]) -> Floats:
    """All rows (n // 160, 80) of a signal (n,) at 16 kHz: what `LogMel` gives hop by hop, within float rounding."""
    hops = len(signal) // HOP
    padded = np.concatenate([np.zeros(WINDOW - HOP, np.float32), np.asarray(signal[: hops * HOP], np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(padded, posinf=0.0, neginf=0.0), WINDOW)[::HOP]
    return _decibel(frames[:hops] * _HANN) if hops else np.zeros((0, N_MELS), np.float32)


def _decibels(frames: Floats) -> Floats:
    """As `_decibel` of one frame after the other, to the bit: a product of matrices would round otherwise."""
    spectrum = np.fft.rfft(frames)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _SCALE
    bands = np.empty((len(frames), N_MELS), np.float32)
    for row, out in zip(power, bands, strict=True):
        np.matmul(row, FILTERS, out=out)
    level = np.float32(10.0) * np.log10(np.maximum(bands, _TINY))
    return level.astype(np.float32).round(DECIMALS)


def _decibel(frames: Floats) -> Floats:
    spectrum = np.fft.rfft(frames)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _SCALE
    level = np.float32(10.0) * np.log10(np.maximum(power @ FILTERS, _TINY))
    return level.astype(np.float32).round(DECIMALS)
