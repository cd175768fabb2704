"""One sound in many files that sound the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from made.media import write_clip, write_sound

RATE = 48000
Way = Callable[[Path, np.ndarray], Path]


def plain(folder: Path, sound: np.ndarray) -> Path:
    """The copy that all others are held against."""
    return write_sound(folder / "plain.wav", sound)


def _coded(name: str, codec: str, rate: int = RATE, bit_rate: int = 0) -> Way:
    def make(folder: Path, sound: np.ndarray) -> Path:
        data = sound if rate == RATE else soxr.resample(sound, RATE, rate).astype(np.float32)
        return write_sound(folder / name, data, rate=rate, codec=codec, bit_rate=bit_rate)

    return make


def _mixed(name: str, codec: str, mix: Callable[[np.ndarray], list[np.ndarray]]) -> Way:
    return lambda folder, sound: write_sound(folder / name, np.stack(mix(sound)), codec=codec)


def _floats(name: str, scale: float, bad: float | None = None) -> Way:
    def make(folder: Path, sound: np.ndarray) -> Path:
        data = (sound * scale).astype(np.float32)
        if bad is not None:
            data[len(data) // 3] = bad
        body = data.astype("<f4").tobytes()
        head = b"WAVEfmt " + (16).to_bytes(4, "little") + (3).to_bytes(2, "little") + (1).to_bytes(2, "little")
        head += RATE.to_bytes(4, "little") + (4 * RATE).to_bytes(4, "little") + (4).to_bytes(2, "little")
        head += (32).to_bytes(2, "little") + b"data" + len(body).to_bytes(4, "little")
        path = folder / name
        path.write_bytes(b"RIFF" + (len(head) + len(body)).to_bytes(4, "little") + head + body)
        return path

    return make


def _tracks(folder: Path, sound: np.ndarray) -> Path:
    """A silent track first, and the sound in the second."""
    path = folder / "tracks.mkv"
    with av.open(str(path), "w") as output:
        streams: list[Any] = [output.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2)]
        for at in range(0, len(sound), 4800):
            for stream, samples in zip(streams, (np.zeros_like(sound), sound), strict=True):
                piece = (np.clip(samples[at : at + 4800], -1, 1) * 32767).astype(np.int16)[None]
                frame: Any = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                frame.sample_rate, frame.pts = RATE, at
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    return path


def _vorbis(folder: Path, sound: np.ndarray) -> Path:
    soundfile.write(folder / "a.ogg", sound, RATE, format="OGG", subtype="VORBIS")
    return folder / "a.ogg"


def _filmed(folder: Path, sound: np.ndarray) -> Path:
    """With a picture."""
    images = [np.full((48, 64, 3), 40, np.uint8)] * round(len(sound) / RATE * 25)
    return write_clip(folder / "filmed.mkv", images, sound, codecs=("mpeg4", "flac"))


def _noise(sound: np.ndarray, level: float = 3e-4) -> np.ndarray:
    return (level * np.random.default_rng(3).standard_normal(len(sound))).astype(np.float32)


WAYS: dict[str, Way] = {
    "stereo, alike": _mixed("a.wav", "pcm_s16le", lambda s: [s, s]),
    "stereo, opposite signs": _mixed("anti.flac", "flac", lambda s: [s, -s]),
    "stereo, left alone": _mixed("left.wav", "pcm_s16le", lambda s: [s, 0 * s]),
    "stereo, right alone, hiss in the left": _mixed("right.wav", "pcm_s16le", lambda s: [_noise(s), s]),
    "5.1, in the centre": _mixed("a51.wav", "pcm_s16le", lambda s: [_noise(s), _noise(s), s, 0 * s, 0 * s, 0 * s]),
    "5.1 AC-3, in the centre": _mixed("a51.ac3", "ac3", lambda s: [0 * s, 0 * s, s, 0 * s, 0 * s, 0 * s]),
    "16 kHz": _coded("a.wav", "pcm_s16le", 16000),
    "22.05 kHz": _coded("b.wav", "pcm_s16le", 22050),
    "32 kHz": _coded("c.wav", "pcm_s16le", 32000),
    "44.1 kHz": _coded("d.wav", "pcm_s16le", 44100),
    "96 kHz": _coded("e.wav", "pcm_s24le", 96000),
    "192 kHz": _coded("f.wav", "pcm_s24le", 192000),
    "8 kHz (its upper half is missing)": _coded("g.wav", "pcm_s16le", 8000),
    "float": _floats("f32.wav", 1.0),
    "float, scale of 16 bit": _floats("f16.wav", 32768.0),
    "float, scale of 24 bit": _floats("f24.wav", 8388608.0),
    "float, one NaN": _floats("nan.wav", 1.0, np.nan),
    "float, one infinity": _floats("inf.wav", 1.0, np.inf),
    "24 bit": _coded("s24.wav", "pcm_s24le"),
    "FLAC": _coded("a.flac", "flac"),
    "ALAC": _coded("alac.m4a", "alac"),
    "AAC in M4A, 192 kb/s": _coded("a.m4a", "aac", bit_rate=192_000),
    "MP3, 256 kb/s": _coded("a.mp3", "libmp3lame", bit_rate=256_000),
    "Opus, 160 kb/s": _coded("a.opus", "libopus", bit_rate=160_000),
    "Vorbis": _vorbis,
    "AC-3, 256 kb/s": _coded("a.ac3", "ac3", bit_rate=256_000),
    "AIFF": _coded("a.aiff", "pcm_s16be"),
    "silent track first": _tracks,
    "with a black picture": _filmed,
}
