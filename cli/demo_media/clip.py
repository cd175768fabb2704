"""The demo's clip as a file: made once, kept in the user's cache, the same bytes on every run."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
import platformdirs

from liveaffect.cli.demo_media import schedule
from liveaffect.cli.demo_media.face import HEIGHT, WIDTH, Image, Portrait
from liveaffect.cli.demo_media.voice import RATE, STEP_S, controls, synthesise

_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT: no encoder version in the file

FRAMES = round(schedule.DURATION_S * schedule.FPS)


def clip(progress: Callable[[float], None] | None = None) -> Path:
    """The clip's file, made where it is not in the cache yet. `progress` is called with 0 to 1."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for library in ("av", "numpy", "opencv-contrib-python", "matplotlib"):
        digest.update(version(library).encode())
    path = platformdirs.user_cache_path("liveaffect") / "demo" / f"hopper-{digest.hexdigest()[:16]}.mp4"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".mp4")
        os.close(handle)
        part = Path(name)
        try:
            write(part, progress)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path


def write(path: Path, progress: Callable[[float], None] | None = None, frames: int = FRAMES) -> None:
    """Writes the first `frames` frames and their sound: H.264 640x480 at 30 per second, FLAC mono at 48 kHz."""
    import av

    track = controls()
    sound = (synthesise(track) * 32767).round().astype(np.int16)[: round(frames / schedule.FPS * RATE)]
    portrait = Portrait()
    with av.open(str(path), "w", options={"fflags": "+bitexact", "movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=schedule.FPS, options={"crf": "17", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.thread_count = 1  # more threads give other bytes
        audio = container.add_stream("flac", rate=RATE, layout="mono")
        audio.codec_context.format = "s16"
        for stream in (video, audio):
            stream.codec_context.flags |= _BITEXACT
        samples = RATE // schedule.FPS
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(frame(portrait, index, track.mouth), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, schedule.FPS)
            container.mux(video.encode(picture))
            piece = av.AudioFrame.from_ndarray(sound[None, index * samples : (index + 1) * samples], "s16", "mono")
            piece.sample_rate, piece.pts, piece.time_base = RATE, index * samples, Fraction(1, RATE)
            container.mux(audio.encode(piece))
            if progress is not None:
                progress((index + 1) / frames)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def frame(portrait: Portrait, index: int, mouth: np.ndarray) -> Image:
    """Frame `index` of the clip; `mouth` is the jaw track of the voice."""
    t_s = index / schedule.FPS
    pose = schedule.pose(t_s)
    spoken = float(np.interp(t_s, np.arange(len(mouth)) * STEP_S, mouth))
    gape = schedule.gape(t_s)
    return portrait.frame(schedule.moves(t_s), gape + (1.0 - gape) * min(spoken, 1.0), pose, seed=index)
