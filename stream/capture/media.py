"""Opening media files by PyAV with errors in words, and what is in them (`probe`).

A file is opened as a file and nothing else: a name or a playlist inside it never leads to the network.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
from av import error as averror
from av.container import InputContainer
from av.stream import Disposition

from liveaffect.stream.errors import InputError

NS = 1_000_000_000
LEAP_NS = 12 * 3600 * NS
"""Time stamps that leap ahead by more than this are broken: nobody films a hole of half a day."""
FILE_OPTIONS = {"protocol_whitelist": "file,crypto,data", "pattern_type": "none"}
NOT_MEDIA = {"tty", "bin", "xbin", "adf", "idf", "concat", "ffmetadata", "sbg", "rtsp", "sdp"}
"""Demuxers that take text, scripts or addresses for media."""
FILE_ENDING = re.compile(r"\.(3gp|[A-Za-z][A-Za-z0-9]{1,4})$")
MIRRORED = {2: (0, True), 4: (2, True), 5: (3, True), 7: (1, True)}
"""EXIF orientation -> (quarter turns counter-clockwise, then mirrored left to right); FFmpeg tells only the turn."""


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds; sizes are those of the picture as shown (rotation applied)."""

    path: str
    format: str
    has_video: bool = False
    has_audio: bool = False
    is_image: bool = False
    """A photograph: one picture and no time."""
    width: int = 0
    height: int = 0
    fps: float | None = None
    """Mean frame rate as the container states it."""
    duration_s: float | None = None
    start_ns: int = 0
    """Container time that is media time 0, common to picture and sound: the earlier start of the two."""
    video_codec: str = ""
    audio_codec: str = ""
    audio_rate: int = 0
    audio_channels: int = 0
    pixel_aspect: float = 1.0
    """Width of a pixel over its height; frames are passed on as stored, not stretched."""

    @property
    def duration_ns(self) -> int | None:
        """Length of one round of the file, the same for picture and sound."""
        return None if not self.duration_s else round(self.duration_s * NS)


def probe(path: str | Path) -> MediaInfo:
    """Looks into a media file: decodes its first picture, and of its sound reads the header only.

    Raises InputError for a file that is missing, empty, not media, or has neither picture nor sound.
    """
    name = str(path)
    with open_file(name) as container:
        video, audio = video_stream(container), audio_stream(container)
        frame = first_frame(container, video)
        has_video = video is not None and frame is not None
        has_audio = audio is not None and audio.codec_context.sample_rate > 0
        if not has_video and not has_audio:
            known = container.streams.video or container.streams.audio
            what = "what is in it cannot be decoded" if known else "it has neither picture nor sound"
            raise InputError(f"nothing can be measured in {name}: {what}; give a video, a sound or an image file")
        kind = container.format.name
        image = has_video and not has_audio and _is_image(kind, video)
        duration = None if image or not container.duration else container.duration / av.time_base
        info: dict[str, Any] = {}
        if video is not None and frame is not None:
            turned = quarter_turns(frame)[0] % 2 == 1 if not image else picture_turns(name, frame)[0] % 2 == 1
            size = (frame.height, frame.width) if turned else (frame.width, frame.height)
            rate = None if image else video.average_rate or video.guessed_rate
            aspect = video.sample_aspect_ratio
            info |= {"width": size[0], "height": size[1], "fps": float(rate) if rate else None}
            info |= {"video_codec": video.codec_context.name, "pixel_aspect": float(aspect) if aspect else 1.0}
        if audio is not None and has_audio:
            context = audio.codec_context
            info |= {"audio_codec": context.name, "audio_rate": context.sample_rate, "audio_channels": context.channels}
        starts = [stream_start_ns(s) for s in (video if has_video else None, audio if has_audio else None) if s]
        known = [start for start in starts if start is not None]
        return MediaInfo(
            path=name,
            format=kind,
            has_video=has_video,
            has_audio=has_audio,
            is_image=image,
            duration_s=duration,
            start_ns=min(known, default=0),
            **info,
        )


def open_file(path: str | Path) -> InputContainer:
    """The file as an open container; raises InputError saying what is wrong with it and what to do."""
    name, file = str(path), Path(path)
    if file.is_dir():
        raise InputError(f"{name} is a folder: name a file in it")
    if not file.exists():
        raise InputError(f"there is no file {name}: check the name (you are in {Path.cwd()})")
    if not file.is_file():
        raise InputError(f"{name} is a pipe or a device, which can be read only once: save it as a file first")
    try:
        if file.stat().st_size == 0:
            raise InputError(f"{name} is empty: copy or record it again")
        container = av.open(f"file:{name}", options=dict(FILE_OPTIONS), metadata_errors="replace")
    except PermissionError:
        raise InputError(f"{name} may not be read: change its permissions (chmod a+r)") from None
    except (averror.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"{name} is not a media file, or is cut off before its index: {_words(error)}; "
            "play it in a player, or copy it again from where it came"
        ) from None
    if container.format.name in NOT_MEDIA:
        container.close()
        raise InputError(
            f"{name} is not a media file (it reads as '{container.format.name}'): give a video, a sound or an image"
        )
    return container


def open_graph(graph: str) -> InputContainer:
    """A lavfi graph as an open container; raises InputError where FFmpeg refuses it."""
    try:
        return av.open(graph, format="lavfi")
    except (averror.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"the filter graph 'lavfi:{graph}' cannot be opened: {error}; check filter names and files in it"
        ) from None


def looks_like_file(source: str) -> bool:
    """True where a setting names a file (there or not) rather than a device, whose name may hold dots and slashes."""
    path = Path(source)
    return path.exists() or FILE_ENDING.search(source) is not None or ("/" in source and path.parent.is_dir())


def video_stream(container: InputContainer) -> Any:
    """The main video stream, or None; neither a cover picture of a song nor what has no decoder here is one."""
    stream = _decodable(container, "video")
    return None if stream is None or stream.disposition & Disposition.attached_pic else stream


def audio_stream(container: InputContainer) -> Any:
    """The main sound stream that has a decoder here, or None."""
    return _decodable(container, "audio")


def _decodable(container: InputContainer, kind: Literal["video", "audio"]) -> Any:
    stream = container.streams.best(kind)
    return None if stream is None or stream.codec_context is None else stream


def packets(container: InputContainer, stream: Any, errors: list[str]) -> Iterator[Any]:
    """Packets of one stream, the last one empty (it flushes the decoder); a read error ends them and is noted."""
    try:
        yield from container.demux(stream)
    except (averror.FFmpegError, OSError) as error:
        errors.append(_words(error))
        yield av.Packet()


def decode(stream: Any, packet: Any, errors: list[str]) -> list[Any]:
    """Frames of one packet; a broken packet gives none and is noted."""
    try:
        return stream.codec_context.decode(packet if packet.size else None)
    except averror.FFmpegError as error:
        if not isinstance(error, EOFError):
            errors.append(_words(error))
        return []


def first_frame(container: InputContainer, stream: Any, limit: int = 2000) -> Any:
    """The first picture that can be decoded within `limit` packets, or None."""
    if stream is None:
        return None
    errors: list[str] = []
    for count, packet in enumerate(packets(container, stream, errors)):
        for frame in decode(stream, packet, errors):
            return frame
        if count > limit:
            break
    return None


def stream_start_ns(stream: Any) -> int | None:
    """Container time of a stream's first sample, or None where the container does not say."""
    return None if stream.start_time is None else pts_ns(stream.start_time, stream.time_base)


def pts_ns(pts: int, base: Fraction) -> int:
    """A time stamp in nanoseconds, rounded to the nearest."""
    return (pts * base.numerator * NS * 2 + base.denominator) // (2 * base.denominator)


def quarter_turns(frame: Any) -> tuple[int, bool]:
    """How a decoded frame is to be shown: quarter turns counter-clockwise, and whether it is then mirrored."""
    return round((frame.rotation or 0) / 90) % 4, False


def picture_turns(path: str, frame: Any) -> tuple[int, bool]:
    """`quarter_turns` of a photograph, mirrored EXIF orientations included."""
    return MIRRORED.get(exif_orientation(path), quarter_turns(frame))


def exif_orientation(path: str) -> int:
    """EXIF orientation (1 to 8) of a JPEG file, 1 where it states none (Exif 2.3, tag 0x0112)."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(65536)
    except OSError:
        return 1
    at = head.find(b"Exif\0\0") + 6
    if head[:2] != b"\xff\xd8" or at < 6:
        return 1
    order = "little" if head[at : at + 2] == b"II" else "big"

    def number(offset: int, size: int) -> int:
        return int.from_bytes(head[at + offset : at + offset + size], order)

    table = number(4, 4)
    for entry in range(table + 2, table + 2 + 12 * min(number(table, 2), 200), 12):
        if number(entry, 2) == 0x0112:
            return number(entry + 8, 2) or 1
    return 1


def _is_image(kind: str, video: Any) -> bool:
    return kind == "image2" or kind.endswith("_pipe") or video.frames == 1


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
