"""A session's own pictures and sound as one MP4 that plays everywhere, with or without what was measured drawn in."""

import base64
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import msgspec
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from liveaffect.offline.tables.files import new_file
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, LiveAffectError
from liveaffect.stream.messages import AudioChunk, MediaSpan, VideoFrame
from liveaffect.stream.session.media.reader import MediaStore
from liveaffect.stream.session.media.writer import H264_TOPIC
from liveaffect.stream.topics import AUDIO, MEDIA, VIDEO

Picture = npt.NDArray[np.uint8]
Painter = Callable[[float, Picture], Picture]
TICK = Fraction(1, 90_000)
RATE, FRAME = 16_000, 1024
BREAK_S = 0.05
"""Sound further from its place than this has a hole, which is filled with silence, or an overlap, which is cut."""


def write_mp4(session: Session, target: Path, paint: Painter | None = None) -> list[str]:
    """H.264 and AAC; each picture at its own `t_s`, sound at its own. Returns what there is to say.

    paint: makes of t_s and a picture uint8 RGB (height, width, 3) what is shown. Raises InputError where the session
    holds no pictures, LiveAffectError where they cannot be encoded.
    """
    kept = session.info.persisted
    if kept.video == "no":
        hint = "record with recorder.video=h264 or lossless"
        raise InputError(f"{session.path} holds no pictures, so there is no film to write; {hint}")
    pictures = frames(session)
    first = next(pictures, None)
    if first is None:
        raise InputError(f"no picture of {session.path} can be read; try `liveaffect recover`")
    height, width = first[1].shape[0] & ~1, first[1].shape[1] & ~1
    notes: list[str] = []
    try:
        with new_file(target) as temporary, av.open(str(temporary), "w", format="mp4") as out:
            video: Any = out.add_stream("libx264", rate=30)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.time_base = video.codec_context.time_base = TICK
            video.options = {"crf": "18", "preset": "veryfast"}
            sound: Any = out.add_stream("aac", rate=RATE, layout="mono") if kept.audio else None
            heard = _sound(session) if kept.audio else iter(())
            waiting = next(heard, None)
            last = -1
            for t_s, picture in _with_first(first, pictures):
                while waiting is not None and waiting[0] <= t_s:
                    _mux(out, sound, _hop(*waiting))
                    waiting = next(heard, None)
                shown = picture if paint is None else paint(t_s, picture)
                if shown.shape[:2] != first[1].shape[:2] and not notes:
                    notes.append("the size of the pictures changed on the way; later ones are scaled to the first")
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), format="rgb24")
                frame = frame.reformat(width=width, height=height, format="yuv420p")
                last = max(round(Fraction(t_s) / TICK), last + 1)
                frame.pts, frame.time_base = last, TICK
                _mux(out, video, frame)
            while waiting is not None:
                _mux(out, sound, _hop(*waiting))
                waiting = next(heard, None)
            for stream in (video, *([sound] if sound is not None else [])):
                _mux(out, stream, None)
    except FFmpegError as error:
        raise LiveAffectError(f"{target} cannot be encoded: {error.strerror or error}") from None
    return notes


def frames(session: Session) -> Iterator[tuple[float, Picture]]:
    """t_s and picture, in order of time, of what was kept: lossless pictures, or those of H.264."""
    if session.info.persisted.video == "lossless":
        spans = [cast(MediaSpan, said) for _, said in session.reader.messages([MEDIA.name])]
        store = MediaStore(session.reader.folder, spans)
        for _, header in session.reader.messages([VIDEO.name]):
            found = store.attach(header)
            if isinstance(found, VideoFrame) and found.image is not None:
                yield session.seconds(found.t_ns), np.asarray(found.image, np.uint8)
        return
    yield from _h264(session)


def _h264(session: Session) -> Iterator[tuple[float, Picture]]:
    """Pictures of the recorded packets: each has the time of its frame, and is decoded at once."""
    offset = _offset_ns(session)
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    for _, record in session.reader.raw([H264_TOPIC]):
        data = base64.b64decode(msgspec.json.decode(record.data)["data"])
        t_s = session.seconds(record.publish_time - offset)
        packet = av.Packet(data)
        packet.pts = packet.dts = round(t_s * 1e6)
        packet.time_base = Fraction(1, 1_000_000)
        try:
            for frame in decoder.decode(packet):
                at = t_s if frame.pts is None else frame.pts / 1e6
                yield at, frame.reformat(format="rgb24").to_ndarray()
        except FFmpegError:  # torn or damaged: the next key picture begins anew
            continue
    for frame in decoder.decode(None):
        if frame.pts is not None:
            yield frame.pts / 1e6, frame.reformat(format="rgb24").to_ndarray()


def _offset_ns(session: Session) -> int:
    """The recording's own times minus the sensor's clock."""
    for _, record in session.reader.raw([VIDEO.name]):
        return record.publish_time - int(msgspec.json.decode(record.data)["t_ns"])
    raise InputError(f"{session.path}: no frame is left, so nobody can tell when its pictures were")


def _sound(session: Session) -> Iterator[tuple[float, npt.NDArray[np.float32]]]:
    """Time and samples in pieces of one frame of AAC, each right after the one before: holes are silence."""
    spans = [cast(MediaSpan, said) for _, said in session.reader.messages([MEDIA.name])]
    store = MediaStore(session.reader.folder, spans)
    begun: float | None = None
    done, held = 0, np.zeros(0, np.float32)
    for _, header in session.reader.messages([AUDIO.name]):
        found = store.attach(header)
        if not isinstance(found, AudioChunk) or found.samples is None:
            continue
        t_s, samples = session.seconds(found.t_ns), np.asarray(found.samples, np.float32)
        begun = t_s if begun is None else begun
        off = round((t_s - begun) * RATE) - (done + len(held))
        if off > BREAK_S * RATE:
            held = np.concatenate([held, np.zeros(off, np.float32)])
        elif off < -BREAK_S * RATE:
            continue
        held = np.concatenate([held, samples])
        while len(held) >= FRAME:
            yield begun + done / RATE, held[:FRAME]
            done, held = done + FRAME, held[FRAME:]
    if begun is not None and len(held):
        yield begun + done / RATE, held


def _hop(t_s: float, samples: npt.NDArray[np.float32]) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, round(t_s * RATE), Fraction(1, RATE)
    return frame


def _mux(out: Any, stream: Any, frame: Any) -> None:
    for packet in stream.encode(frame):
        out.mux(packet)


def _with_first(first: tuple[float, Picture], rest: Iterator[tuple[float, Picture]]) -> Iterator[tuple[float, Picture]]:
    yield first
    yield from rest
