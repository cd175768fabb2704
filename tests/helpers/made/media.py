"""Writes small media files by PyAV, for tests of what reads them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

MILLI = Fraction(1, 1000)


def write_video(
    path: Path,
    images: Iterable[np.ndarray],
    *,
    times_ms: Sequence[int] | None = None,
    fps: int = 25,
    codec: str = "mpeg4",
    pix_fmt: str = "yuv420p",
    turn: int = 0,
) -> Path:
    """Writes uint8 RGB images at the given times (or at a steady rate); `turn` is stored as rotation in degrees."""
    output: Any
    with av.open(str(path), "w") as output:
        stream: Any = None
        for number, image in enumerate(images):
            if stream is None:
                stream = output.add_stream(codec, rate=fps if times_ms is None else 1000)
                stream.height, stream.width, stream.pix_fmt = *image.shape[:2], pix_fmt
                stream.bit_rate = 8_000_000
                if turn:
                    stream.set_display_rotation(turn)
            frame: Any = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=pix_fmt)
            frame.pts = number if times_ms is None else times_ms[number]
            frame.time_base = Fraction(1, fps) if times_ms is None else MILLI
            output.mux(stream.encode(frame))
        assert stream is not None
        output.mux(stream.encode(None))
    return path


def write_clip(
    path: Path,
    images: Sequence[np.ndarray],
    sound: np.ndarray,
    *,
    fps: int = 25,
    rate: int = 48000,
    codecs: tuple[str, str] = ("mpeg4", "aac"),
    sound_start_s: float = 0.0,
) -> Path:
    """Writes picture and sound (float32 (n,) or (channels, n)) into one container."""
    sound = np.atleast_2d(np.asarray(sound, np.float32))
    output: Any
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream(codecs[0], rate=fps)
        video.height, video.width, video.pix_fmt = *images[0].shape[:2], "yuv420p"
        video.bit_rate = 8_000_000
        audio: Any = output.add_stream(codecs[1], rate=rate, layout="mono" if len(sound) == 1 else "stereo")
        packets = []
        for number, image in enumerate(images):
            frame: Any = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            packets += video.encode(frame)
        packets += video.encode(None)
        form = audio.codec_context.format.name
        resampler = av.AudioResampler(format=form, layout=audio.layout, rate=rate)
        for start in range(0, sound.shape[1], 1024):
            piece = np.ascontiguousarray(sound[:, start : start + 1024])
            frame: Any = AudioFrame.from_ndarray(piece, format="fltp", layout=audio.layout.name)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + round(sound_start_s * rate)
            for ready in resampler.resample(frame):
                packets += audio.encode(ready)
        packets += audio.encode(None)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return path


def repeat_clip(clip: Path, seconds: float, path: Path) -> Path:
    """Writes a clip over and over, its packets as they are, until `seconds` are full."""
    with av.open(str(clip)) as film:
        assert film.duration is not None
        length_s = film.duration / av.time_base
        times = max(1, round(seconds / length_s))
    with av.open(str(path), "w") as target:
        output: Any = target
        streams: dict[int, Any] = {}
        for turn in range(times):
            with av.open(str(clip)) as film:
                for stream in film.streams:
                    if turn == 0 and stream.type in ("video", "audio"):
                        streams[stream.index] = output.add_stream_from_template(stream)
                for packet in film.demux():
                    if packet.dts is None or packet.stream_index not in streams:
                        continue
                    shift = round(turn * length_s / packet.time_base)
                    packet.pts, packet.dts = (packet.pts or 0) + shift, packet.dts + shift
                    packet.stream = streams[packet.stream_index]
                    output.mux(packet)
    return path


def write_sound(
    path: Path, sound: np.ndarray, *, rate: int = 48000, codec: str = "pcm_s16le", bit_rate: int = 0
) -> Path:
    """Writes float32 (n,) or (channels, n) samples into a file without a picture."""
    sound = np.atleast_2d(np.asarray(sound, np.float32))
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
    output: Any
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate)
        for start in range(0, sound.shape[1], 1024):
            frame: Any = AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 1024]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), start
            for ready in resampler.resample(frame):
                output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return path


def grey_ramp(height: int, width: int, count: int) -> list[np.ndarray]:
    """Flat pictures, each brighter than the one before: picture n has the value 40 + 2 n."""
    return [np.full((height, width, 3), 40 + 2 * n, np.uint8) for n in range(count)]


def fewer_pictures(clip: Path, path: Path, every: int, fps: int, seconds: float | None = None) -> Path:
    """The film of `clip` with each `every`-th picture, `fps` a second of what is left, and its mono sound, of 16 kHz;
    of it all, or only its first `seconds`."""
    with av.open(str(clip)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0) if frame.pts is not None][
            ::every
        ]
    with av.open(str(clip)) as film:
        sound = np.concatenate([frame.to_ndarray().ravel() for frame in film.decode(audio=0)])
    if seconds is not None:
        pictures, sound = pictures[: round(fps * seconds)], sound[: round(16000 * seconds)]
    return write_clip(path, pictures, sound.astype(np.float32) / 32768, fps=fps)
