"""One photograph in many files that look the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Way = Callable[[Path, np.ndarray], Path]

_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""How pixels are stored so that the EXIF orientation brings them back."""


def plain(folder: Path, image: np.ndarray) -> Path:
    """The copy that all others are held against."""
    return _saved(folder / "plain.png", Image.fromarray(image))


def _saved(path: Path, image: Image.Image, **more: Any) -> Path:
    image.save(path, **more)
    return path


def _turned(ending: str, orientation: int, **more: Any) -> Way:
    def make(folder: Path, image: np.ndarray) -> Path:
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = Image.fromarray(image).transpose(_UNDO[orientation])
        return _saved(folder / f"turned{orientation}.{ending}", stored, exif=exif, **more)

    return make


def _as(ending: str, mode: str = "RGB", **more: Any) -> Way:
    return lambda folder, image: _saved(folder / f"as.{ending}", Image.fromarray(image).convert(mode), **more)


def _heif(orientation: int = 1, **more: Any) -> Way:
    def make(folder: Path, image: np.ndarray) -> Path:
        import pillow_heif

        path = folder / "as.heic"
        pillow_heif.register_heif_opener()
        stored, exif = Image.fromarray(image), Image.Exif()
        exif[0x0112] = orientation
        stored = stored.transpose(_UNDO[orientation]) if orientation > 1 else stored
        stored.info["exif"] = exif.tobytes()  # written as the rotation and the mirror that HEIF has
        stored.save(path, format="HEIF", quality=90, **more)
        return path

    return make


def _deep(folder: Path, image: np.ndarray) -> Path:
    """16 bits a channel, as FFmpeg writes it."""
    import av

    path = folder / "deep.png"
    with av.open(str(path), "w", format="image2") as output:
        stream: Any = output.add_stream("png", rate=1)
        stream.height, stream.width, stream.pix_fmt = *image.shape[:2], "rgb48be"
        frame = av.VideoFrame.from_ndarray(image.astype(np.uint16) * 257, format="rgb48le").reformat(format="rgb48be")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _clear(folder: Path, image: np.ndarray) -> Path:
    """An alpha channel that hides nothing."""
    return _saved(folder / "clear.png", Image.fromarray(np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])))


def _hidden(folder: Path, image: np.ndarray) -> Path:
    """Noise under full transparency beside the picture, which viewers do not show."""
    border = np.random.default_rng(1).integers(0, 255, (image.shape[0], 40, 3), dtype=np.uint8)
    opaque = np.full(image.shape[:2], 255, np.uint8)
    rgba = np.hstack([np.dstack([image, opaque]), np.dstack([border, np.zeros(border.shape[:2], np.uint8)])])
    return _saved(folder / "hidden.webp", Image.fromarray(rgba), lossless=True, exact=True)


WAYS: dict[str, Way] = {
    **{f"JPEG, EXIF orientation {n}": _turned("jpg", n, quality=95) for n in range(2, 9)},
    "JPEG 4:4:4": _as("jpg", quality=97, subsampling=0),
    "JPEG, progressive": _as("jpeg", quality=95, progressive=True),
    "PNG, EXIF orientation 6": _turned("png", 6),
    "PNG, 16 bit": _deep,
    "PNG, opaque alpha": _clear,
    "WebP": _as("webp", quality=95),
    "WebP, EXIF orientation 5": _turned("webp", 5, quality=95),
    "WebP, noise under alpha": _hidden,
    "TIFF, orientation 3": _turned("tif", 3),
    "TIFF, LZW": _as("tiff", compression="tiff_lzw"),
    "HEIC": _heif(),
    "HEIC, turned by its own rotation": _heif(6),
    "HEIC, mirrored by its own mirror": _heif(2),
    "AVIF": _as("avif", quality=90),
    "AVIF, EXIF orientation 8": _turned("avif", 8, quality=90),
    "BMP": _as("bmp"),
    "PPM": _as("ppm"),
    "JPEG 2000": _as("jp2", quality_mode="dB", quality_layers=[45]),
    "TGA": _as("tga"),
}
