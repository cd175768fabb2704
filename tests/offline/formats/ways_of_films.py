"""One film in many files that look the same."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from made.pictures import add_clap
from PIL import Image

FPS = 25
Images = Sequence[np.ndarray]
Way = Callable[[Path, Images], Path]


def plain(folder: Path, images: Images) -> Path:
    """The copy that all others are held against."""
    return _film("plain.mkv", "ffv1", "bgr0")(folder, images)


def _film(
    name: str, codec: str, form: str = "yuv420p", *, turn: tuple[int, bool, bool] | None = None, start: int = 0,
    stored: Callable[[np.ndarray], np.ndarray] = lambda image: image, tags: dict[str, Any] | None = None,
    options: dict[str, str] | None = None, container: str | None = None, aspect: Fraction | None = None,
    colours: dict[str, Any] | None = None, bits: int = 8_000_000,
) -> Way:  # fmt: skip
    """turn: degrees counter-clockwise and flips by which a player shows what is stored; tags: of every frame."""

    def make(folder: Path, images: Images) -> Path:
        path = folder / name
        with av.open(str(path), "w", format=container) as output:
            stream: Any = output.add_stream(codec, rate=FPS, options=options or {})
            first = stored(images[0])
            stream.height, stream.width, stream.pix_fmt, stream.bit_rate = *first.shape[:2], form, bits
            if turn is not None:
                stream.set_display_rotation(turn[0], hflip=turn[1], vflip=turn[2])
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            for key, value in (tags or {}).items():
                setattr(stream.codec_context, key, value)
            for number, image in enumerate(images):
                shown = np.ascontiguousarray(stored(image))
                source = av.VideoFrame.from_ndarray(shown, format="rgb48le" if shown.dtype == np.uint16 else "rgb24")
                frame: Any = source.reformat(format=form, **(colours or {}))
                for key, value in (tags or {}).items():
                    setattr(frame, key, value)
                frame.pts, frame.time_base = number + start, Fraction(1, FPS)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return path

    return make


def _resized(width: float, height: float) -> Callable[[np.ndarray], np.ndarray]:
    def stored(image: np.ndarray) -> np.ndarray:
        size = (round(image.shape[1] * width / 2) * 2, round(image.shape[0] * height / 2) * 2)
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))

    return stored


def _bordered(image: np.ndarray) -> np.ndarray:
    """Noise around the picture, to be cut away."""
    noise = np.random.default_rng(2).integers(0, 255, (image.shape[0] + 32, image.shape[1] + 64, 3), dtype=np.uint8)
    noise[16:-16, 32:-32] = image
    return noise


def _clap(folder: Path, images: Images) -> Path:
    path = _film("clap.mov", "png", "rgb24", stored=_bordered)(folder, images)
    height, width = images[0].shape[:2]
    return add_clap(path, (width + 64, height + 32), width, height, 0, 0)


def _pq(image: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 with white at 203 cd/m2 (ITU-R BT.2408)."""
    light = ((image / 255.0) ** 2.4 * 203 / 10000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375
    return (code * 65535).round().astype(np.uint16)


def _gif(folder: Path, images: Images) -> Path:
    frames = [Image.fromarray(image).quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:], duration=1000 // FPS, loop=0)
    return folder / "a.gif"


def _webp(folder: Path, images: Images) -> Path:
    first, *rest = [Image.fromarray(image) for image in images]
    first.save(
        folder / "a.webp", save_all=True, append_images=rest, duration=1000 // FPS, quality=95, minimize_size=False
    )
    return folder / "a.webp"


def _left(image: np.ndarray) -> np.ndarray:
    return np.rot90(image, 1)


def _right(image: np.ndarray) -> np.ndarray:
    return np.rot90(image, 3)


def _half(image: np.ndarray) -> np.ndarray:
    return image[::-1, ::-1]


X265 = {"x265-params": "log-level=none"}
WAYS: dict[str, Way] = {
    "MP4 H.264": _film("a.mp4", "libx264"),
    "MP4, mirrored by its matrix": _film("a.mp4", "libx264", turn=(0, True, False), stored=lambda i: i[:, ::-1]),
    "MP4, flipped by its matrix": _film("a.mp4", "libx264", turn=(0, False, True), stored=lambda i: i[::-1]),
    "MP4, turned left by its matrix": _film("a.mp4", "libx264", turn=(90, False, False), stored=_right),
    "MOV, turned right by its matrix": _film("a.mov", "libx264", turn=(270, False, False), stored=_left),
    "MP4, turned by half by its matrix": _film("a.mp4", "libx264", turn=(180, False, False), stored=_half),
    "MP4, transposed by its matrix": _film(
        "a.mp4", "libx264", turn=(90, True, False), stored=lambda i: np.rot90(i[:, ::-1], 3)
    ),
    "MKV, turned right": _film("a.mkv", "libx264", turn=(270, False, False), stored=_left),
    "stands on its head, unsaid": _film("a.mp4", "libx264", stored=_half),
    "pixel aspect 64:45": _film("a.mp4", "libx264", aspect=Fraction(64, 45), stored=_resized(45 / 64, 1)),
    "pixel aspect 1:2": _film("a.mkv", "libx264", aspect=Fraction(1, 2), stored=_resized(1, 1 / 2)),
    "clean aperture": _clap,
    "HEVC, 10 bit": _film("a.mp4", "libx265", "yuv420p10le", options=X265),
    "HEVC, 10 bit, PQ, BT.2020": _film(
        "hdr.mp4", "libx265", "yuv420p10le", stored=_pq, colours={"dst_colorspace": 9},
        options={"x265-params": "log-level=none:colorprim=1:transfer=16:colormatrix=9"},
        tags={"color_primaries": 1, "color_trc": 16, "colorspace": 9},
    ),
    "ProRes 422": _film("a.mov", "prores_ks", "yuv422p10le"),
    "DNxHR": _film("dnx.mov", "dnxhd", "yuv422p", options={"profile": "dnxhr_hq"}),
    "MJPEG in AVI, full range": _film("a.avi", "mjpeg", "yuvj420p", options={"qmin": "2", "qmax": "4"}),
    "H.264 in AVI": _film("b.avi", "libx264"),
    "WebM VP9": _film("a.webm", "libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"}),
    "MKV AV1": _film("av1.mkv", "libsvtav1", options={"preset": "10"}),
    "MTS, interlaced": _film("a.mts", "libx264", options={"x264-params": "interlaced=1:tff=1"}, container="mpegts"),
    "MPG, MPEG-2": _film("a.mpg", "mpeg2video"),
    "FLV": _film("a.flv", "flv"),
    "MP4, full range": _film(
        "full.mp4", "libx264", colours={"dst_color_range": 2}, tags={"color_range": 2}
    ),
    "MP4, BT.709": _film("709.mp4", "libx264", colours={"dst_colorspace": 1}, tags={"colorspace": 1}),
    "MKV, begins at 5 s": _film("late.mkv", "libx264", start=5 * FPS),
    "bare H.264 stream": _film("a.h264", "libx264"),
    "bare MJPEG stream": _film("a.mjpeg", "mjpeg", "yuvj420p", options={"qmin": "2", "qmax": "4"}),
    "GIF": _gif,
    "animated WebP": _webp,
}  # fmt: skip
