"""Opening media files by PyAV with errors in words, and what comes out of them: streams, packets, frames.

A file is opened as a file and nothing else: a name or a playlist inside it leads neither to other files nor anywhere.
"""

from collections.abc import Iterator
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
TEXTS = {"tty", "bin", "xbin", "adf", "idf", "ffmetadata", "sbg", "tedcaptions"}
"""Demuxers that take text or scripts for media."""
LEADING = {
    "hls", "dash", "concat", "concatf", "imf", "sdp", "rtsp", "rtp", "sap", "webm_dash_manifest", "vobsub", "mlv",
    "lavfi", "avisynth", "vapoursynth", "video4linux2,v4l2", "alsa", "fbdev", "kmsgrab", "xcbgrab", "pulse", "oss",
}  # fmt: skip
"""Demuxers that lead from a file to other files, devices or addresses: what a file names is never opened."""
FILE_OPTIONS = {
    "protocol_whitelist": "file,pipe,data",
    "format_whitelist": ",".join(sorted(av.formats_available - LEADING)),
    "pattern_type": "none",
}
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"v=0", b"[playlist]")


def open_file(path: str | Path) -> InputContainer:
    """The file as an open container; raises InputError saying what is wrong with it and what to do."""
    name = str(path)
    require_file(name)
    try:
        container = av.open(f"file:{name}", options=dict(FILE_OPTIONS), metadata_errors="replace")
    except (averror.FFmpegError, OSError, ValueError) as error:
        if _head(name).lstrip().startswith(PLAYLISTS):
            raise InputError(f"{name} is a list of other files or addresses: name the files in it themselves") from None
        raise InputError(
            f"{name} is not a media file, or is cut off before its index: {_words(error)}; "
            "play it in a player, or copy it again from where it came"
        ) from None
    if container.format.name in TEXTS:
        container.close()
        raise InputError(
            f"{name} is not a media file (it reads as '{container.format.name}'): give a video, a sound or an image"
        )
    return container


def require_file(name: str) -> None:
    """Raises InputError for what is no file that can be read."""
    file = Path(name)
    if file.is_dir():
        raise InputError(f"{name} is a folder: name a file in it")
    if not file.exists():
        raise InputError(f"there is no file {name}: check the name (you are in {Path.cwd()})")
    if not file.is_file():
        raise InputError(f"{name} is a pipe or a device, which can be read only once: save it as a file first")
    try:
        if file.stat().st_size == 0:
            raise InputError(f"{name} is empty: copy or record it again")
        _head(name)
    except PermissionError:
        raise InputError(f"{name} may not be read: change its permissions (chmod a+r)") from None


def _head(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return file.read(64)


def open_graph(graph: str) -> InputContainer:
    """A lavfi graph as an open container; raises InputError where FFmpeg refuses it."""
    try:
        return av.open(graph, format="lavfi")
    except (averror.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"the filter graph 'lavfi:{graph}' cannot be opened: {error}; check filter names and files in it"
        ) from None


def video_stream(container: InputContainer) -> Any:
    """The main video stream, or None; neither a cover picture of a song nor what has no decoder here is one."""
    stream = _decodable(container, "video")
    return None if stream is None or stream.disposition & Disposition.attached_pic else stream


def audio_stream(container: InputContainer) -> Any:
    """The main sound stream that has a decoder here, or None."""
    return _decodable(container, "audio")


def audio_streams(container: InputContainer) -> list[Any]:
    """All sound streams that have a decoder here."""
    return [stream for stream in container.streams.audio if can_decode(stream)]


def can_decode(stream: Any) -> bool:
    """Whether there is such a stream and a decoder for it here; PyAV's types leave out that there may be none."""
    return stream is not None and stream.codec_context is not None


def _decodable(container: InputContainer, kind: Literal["video", "audio"]) -> Any:
    stream = container.streams.best(kind)
    return stream if can_decode(stream) else None


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


def pts_ns(pts: int, base: Fraction) -> int:
    """A time stamp in nanoseconds, rounded to the nearest."""
    return (pts * base.numerator * NS * 2 + base.denominator) // (2 * base.denominator)


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
