"""What is in a media file (`probe`): its pictures, its sound, and how they are to be shown and heard."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from liveaffect.stream.capture import pictures
from liveaffect.stream.capture.atoms import codec_names, crop_of
from liveaffect.stream.capture.containers import (
    NS,
    audio_stream,
    audio_streams,
    can_decode,
    first_frame,
    open_file,
    pts_ns,
    require_file,
    video_stream,
)
from liveaffect.stream.capture.shown import EXIF_TURNS, Shape, Turn, aspect_of, turn_of
from liveaffect.stream.errors import InputError

RAW = {
    "h264", "hevc", "vvc", "evc", "obu", "m4v", "mpegvideo", "mjpeg", "mjpeg_2000", "ingenient", "vc1", "cavsvideo",
    "avs2", "avs3", "dirac", "dnxhd", "h261", "h263", "apv",
}  # fmt: skip
"""Bare streams of pictures: without a container they hold no times, and FFmpeg counts 25 frames a second."""
RAW_FPS = 25.0
FILE_ENDING = re.compile(r"\.(3gp|[A-Za-z][A-Za-z0-9]{1,4})$")


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
    audio_tracks: int = 0
    """How many sound tracks it has that can be decoded here."""
    audio_track: int = 0
    """Index among them of the one that players take, which the facts above are of."""
    shape: Shape = field(default_factory=Shape)
    """Crop and pixel aspect ratio of all its pictures."""
    turn: Turn | None = None
    """Orientation of a photograph; None where each frame carries its own."""
    pictures: bool = False
    """True where Pillow reads it (`capture.pictures`): its pictures come as they are shown."""
    raw: bool = False
    """True for a bare stream, which holds no times."""
    raw_fps: float | None = None
    """Rate that the header of a bare stream states, None where it states none."""

    @property
    def duration_ns(self) -> int | None:
        """Length of one round of the file, the same for picture and sound."""
        return None if not self.duration_s else round(self.duration_s * NS)


def probe(path: str | Path) -> MediaInfo:
    """Looks into a media file: decodes its first picture, and of its sound reads the header only.

    Raises InputError for a file that is missing, empty, not media, or has neither picture nor sound.
    """
    name = str(path)
    require_file(name)
    if (seen := pictures.look(name)) is not None:
        fps = seen.count / seen.duration_s if seen.duration_s else None
        return MediaInfo(
            path=name, format=seen.format, has_video=True, is_image=seen.count == 1, width=seen.width,
            height=seen.height, fps=fps, duration_s=seen.duration_s, video_codec=seen.format, pictures=True,
        )  # fmt: skip
    with open_file(name) as container:
        video, audio = video_stream(container), audio_stream(container)
        if video is not None:
            pictures.require_size(name, video.codec_context.width, video.codec_context.height)
        frame = first_frame(container, video)
        has_video = video is not None and frame is not None
        has_audio = audio is not None and audio.codec_context.sample_rate > 0
        if not has_video and not has_audio:
            raise InputError(f"nothing can be measured in {name}: {_why_nothing(name, container)}")
        kind = container.format.name
        image = has_video and not has_audio and _is_image(kind, video)
        duration = None if image or not container.duration else container.duration / av.time_base
        info: dict[str, Any] = {} if video is None or frame is None else _picture_facts(name, kind, video, frame, image)
        if audio is not None and has_audio:
            context = audio.codec_context
            tracks = audio_streams(container)
            info |= {"audio_codec": context.name, "audio_rate": context.sample_rate, "audio_channels": context.channels}
            info |= {"audio_tracks": len(tracks), "audio_track": [s.index for s in tracks].index(audio.index)}
        used = [*([video] if has_video else []), *(audio_streams(container) if has_audio else [])]
        known = [start for start in map(stream_start_ns, used) if start is not None]
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


def _picture_facts(name: str, kind: str, video: Any, frame: Any, image: bool) -> dict[str, Any]:
    if image:  # viewers take the density of a photograph for its size on paper
        shape, turn = Shape(), EXIF_TURNS.get(pictures.orientation(name)) or turn_of(frame)
    else:
        shape, turn = Shape(aspect_of(video), crop_of(name, kind, frame.width, frame.height)), None
    size = shape.size(frame.width, frame.height)
    size = size[::-1] if (turn or turn_of(frame))[0] % 2 else size
    raw = kind in RAW and not image
    raw_fps = _stated_fps(video) if raw else None
    rate = raw_fps or RAW_FPS if raw else None if image else video.average_rate or video.guessed_rate
    return {
        "width": size[0], "height": size[1], "fps": float(rate) if rate else None, "raw": raw, "raw_fps": raw_fps,
        "video_codec": video.codec_context.name, "shape": shape, "turn": turn,
    }  # fmt: skip


def _stated_fps(video: Any) -> float | None:
    """Frames a second by the header of a bare stream; FFmpeg gives 25 where there is nothing."""
    guessed, stated = float(video.guessed_rate or RAW_FPS), video.codec_context.framerate
    return guessed if guessed != RAW_FPS or (stated and float(stated) >= RAW_FPS) else None


def _why_nothing(name: str, container: InputContainer) -> str:
    known = [s for s in container.streams if s.type in ("video", "audio")]
    if closed := [s for s in known if not can_decode(s)]:
        kind = container.format.name
        codecs = codec_names(name, kind) or [kind.removesuffix("_pipe")]
        what = " and ".join(dict.fromkeys(s.type for s in closed))
        return (
            f"there is no decoder here for its {what} ({', '.join(codecs)}): convert it, for instance to H.264 and AAC"
        )
    what = "what is in it cannot be decoded" if known else "it has neither picture nor sound"
    return f"{what}; give a video, a sound or an image file"


def looks_like_file(source: str) -> bool:
    """True where a setting names a file (there or not) rather than a device, whose name may hold dots and slashes."""
    path = Path(source)
    return path.exists() or FILE_ENDING.search(source) is not None or ("/" in source and path.parent.is_dir())


def stream_start_ns(stream: Any) -> int | None:
    """Container time of a stream's first sample, or None where the container does not say."""
    return None if stream.start_time is None else pts_ns(stream.start_time, stream.time_base)


def _is_image(kind: str, video: Any) -> bool:
    return kind == "image2" or kind.endswith("_pipe") or video.frames == 1
