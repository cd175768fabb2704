"""Photographs by Pillow: what FFmpeg shows wrongly or not at all, and the orientation of every other image.

FFmpeg takes one tile of a HEIC photograph for the whole, turns no AVIF, and reads no animated WebP.
"""

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import Array

PHOTOGRAPH_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif"}
"""Major brands (ISO/IEC 23008-12, AV1 image format) of one picture; sequences are films, and FFmpeg's."""
MAX_PIXELS = 1 << 28
"""268 megapixels; a small file can claim any size."""
LEAST_MS = 10
"""Browsers show a frame that claims less than this for 100 ms; so do they here."""
BACKGROUND = 255
"""What lies behind transparent pixels: paper."""


@dataclass(frozen=True)
class Pictures:
    """What a picture file holds."""

    format: str
    width: int
    height: int
    count: int
    duration_s: float | None


def look(path: str) -> Pictures | None:
    """Describes a file whose pictures are read here; None for one that is FFmpeg's.

    Raises InputError where it is damaged or its reader is not installed.
    """
    with Path(path).open("rb") as file:
        head = file.read(32)
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    animated = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & 2)
    if brand not in PHOTOGRAPH_BRANDS and not animated:
        return None
    with _opened(path) as image:
        if not animated:
            from PIL import ImageOps

            shown = ImageOps.exif_transpose(image)
            return Pictures(image.format.lower(), shown.width, shown.height, 1, None)
        times = [t_ns for t_ns, _ in _frames(image)]
        return Pictures("webp", image.width, image.height, len(times) - 1, times[-1] / 1e9)


def read(path: str) -> Iterator[tuple[int, Array]]:
    """Time in ns from the start, and uint8 RGB (height, width, 3) as shown, of every picture of such a file."""
    from PIL import ImageOps

    with _opened(path) as image:
        if getattr(image, "n_frames", 1) == 1 or image.format != "WEBP":
            yield 0, flat(ImageOps.exif_transpose(image))
            return
        for t_ns, shown in _frames(image):
            if shown is not None:
                yield t_ns, flat(shown)


def orientation(path: str) -> int:
    """EXIF orientation (1 to 8) of an image file, whatever its format; 1 where it states none, or cannot be read."""
    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            return int(image.getexif().get(0x0112, 1))
    except (OSError, SyntaxError, ValueError, TypeError, Image.DecompressionBombError):
        return 1


def flat(image: Any) -> Array:
    """A Pillow image as uint8 RGB (height, width, 3), laid on paper where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return laid(np.asarray(image.convert("RGBA")))
    if image.mode.startswith("I;16"):
        image = np.asarray(image) >> 8
        return np.repeat(image.astype(np.uint8)[:, :, None], 3, axis=2)
    return np.ascontiguousarray(image.convert("RGB"))


def laid(rgba: Array) -> Array:
    """uint8 RGBA (height, width, 4) over the background, as uint8 RGB; what is opaque stays as it is, to the bit."""
    if rgba[..., 3].min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    alpha = rgba[..., 3:].astype(np.uint16)
    over = rgba[..., :3].astype(np.uint16) * alpha + BACKGROUND * (255 - alpha)
    return ((over + 127) // 255).astype(np.uint8)


def _frames(image: Any) -> Iterator[tuple[int, Any]]:
    """Start and picture of each frame, and at last the end without one."""
    t_ns = 0
    for number in range(image.n_frames):
        image.seek(number)
        image.load()
        yield t_ns, image
        length = image.info.get("duration", 0)
        t_ns += round((length if length >= LEAST_MS else 100) * 1e6)
    yield t_ns, None


@contextmanager
def _opened(path: str) -> Generator[Any]:
    from PIL import Image

    _register(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                require_size(path, *image.size)
                yield image
    except InputError:
        raise
    except Exception as error:  # whatever a decoder makes of a damaged file
        why = " ".join(str(error).split())  # libheif ends its lines
        raise InputError(
            f"{path} is not a picture that can be read, or is damaged: {why}; open it in a viewer, or copy it again"
        ) from None


def require_size(path: str, width: int, height: int) -> None:
    """Raises InputError for a picture that would take more memory than any camera's."""
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{path} claims to be {width} x {height} pixels, more than {MAX_PIXELS >> 20} million: shrink it first"
        )


def _register(path: str) -> None:
    from PIL import Image

    if "HEIF" in Image.OPEN or Path(path).suffix.lower() in (".webp", ".avif"):
        return
    try:
        import pillow_heif
    except ImportError:
        raise InputError(f"{path} needs pillow-heif, which is not installed: pip install pillow-heif") from None
    library: Any = pillow_heif
    library.register_heif_opener()
