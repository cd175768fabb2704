"""Pictures and sound in memory as a media file, bit for bit: that is how they get into a worker process."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from liveaffect.stream.errors import InputError

Pictures = Iterable[np.ndarray[Any, Any]]
Samples = tuple[Any, float]
FULL_SCALE = {np.dtype(kind): float(-np.iinfo(kind).min) for kind in (np.int16, np.int32)}
BLOCK = 4096


def write_photograph(path: Path, image: np.ndarray[Any, Any]) -> None:
    """Writes one picture, uint8 RGB (height, width, 3), as PNG. Raises InputError."""
    with av.open(str(path), "w", format="image2") as out:
        _mux(out, _stream(out, "png", "rgb24", image, Fraction(1)), [_checked(image, None)], "rgb24")


def write_media(path: Path, frames: Pictures | None, fps: float | None, sound: Samples | None) -> None:
    """Writes pictures (FFV1) and sound (float32) into a NUT container, whose times are exact.

    Raises InputError for shapes, types and rates that are none.
    """
    with av.open(str(path), "w", format="nut") as out:
        samples, rate = (None, 0) if sound is None else _sound(*sound)
        audio: Any = None
        if samples is not None:
            layout = {1: "mono", 2: "stereo"}.get(samples.shape[1], f"{samples.shape[1]}c")
            audio = out.add_stream("pcm_f32le", rate=rate, layout=layout)
        if frames is not None:
            if fps is None or not 0 < fps < 10_000:
                raise InputError("score: frames need their rate: give fps, frames a second")
            images = iter(frames)
            first = next(images, None)
            if first is None:
                raise InputError("score: there is no frame to score")
            first = _checked(first, None)
            rest = (_checked(image, first.shape) for image in images)
            stream = _stream(out, "ffv1", "bgr0", first, Fraction(fps).limit_denominator(1001))
            _mux(out, stream, _chain(first, rest), "bgr0")
        if audio is not None and samples is not None:
            for start in range(0, len(samples), BLOCK):
                block = np.ascontiguousarray(samples[start : start + BLOCK].reshape(1, -1))
                frame: Any = av.AudioFrame.from_ndarray(block, format="flt", layout=audio.layout.name)
                frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), start
                out.mux(audio.encode(frame))
            out.mux(audio.encode(None))


def _stream(out: Any, codec: str, form: str, image: np.ndarray[Any, Any], rate: Fraction) -> Any:
    stream = out.add_stream(codec, rate=rate)
    stream.height, stream.width, stream.pix_fmt = *image.shape[:2], form
    stream.codec_context.time_base = 1 / rate
    return stream


def _mux(out: Any, stream: Any, images: Pictures, form: str) -> None:
    for number, image in enumerate(images):
        frame: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=form)
        frame.pts, frame.time_base = number, stream.codec_context.time_base
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _chain(first: np.ndarray[Any, Any], rest: Iterator[np.ndarray[Any, Any]]) -> Iterator[np.ndarray[Any, Any]]:
    yield first
    yield from rest


def _checked(image: Any, like: tuple[int, ...] | None) -> np.ndarray[Any, Any]:
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise InputError(f"score: a frame is uint8 RGB (height, width, 3), this one {image.dtype} {image.shape}")
    if like is not None and image.shape != like:
        raise InputError(f"score: all frames have one size; the first is {like[:2]}, another {image.shape[:2]}")
    return image


def _sound(samples: Any, rate: float) -> tuple[np.ndarray[Any, Any], int]:
    """Samples as float32 (n, channels), and their rate."""
    samples = np.asarray(samples)
    whole = round(rate)
    if not 1000 <= whole <= 768_000 or whole != rate:
        raise InputError(f"score: {rate} is no sample rate; give (samples, rate) with whole samples a second")
    if samples.dtype in FULL_SCALE:
        samples = samples / FULL_SCALE[samples.dtype]
    if samples.dtype.kind != "f" or samples.ndim not in (1, 2) or not samples.size:
        found = f"{samples.dtype} {samples.shape}"
        raise InputError(f"score: sound is float in [-1, 1], int16 or int32, (n,) or (n, channels), not {found}")
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.shape[1] > 8:
        raise InputError(f"score: sound of {samples.shape[1]} channels: the samples come first, (n, channels)")
    return samples.astype(np.float32), whole
