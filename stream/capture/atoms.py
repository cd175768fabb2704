"""The few facts that FFmpeg keeps to itself, read from MP4, MOV and Matroska files: crops, and names of codecs."""

import mmap
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Crop = tuple[int, int, int, int]
"""Stored pixels to cut away: left, top, right, bottom."""


def crop_of(path: str, kind: str, width: int, height: int) -> Crop:
    """What the container cuts away from a stored picture of this size: `clap` of MOV and MP4, `PixelCrop` of Matroska.

    FFmpeg knows both, and hands neither to its callers. A crop that leaves nothing, or grows the picture, is none.
    """

    def look(data: mmap.mmap) -> Crop | None:
        return _clap(data, width, height) if "mov" in kind else _pixel_crop(data) if "matroska" in kind else None

    found = _read(path, look, None)
    if found is None or min(found) < 0 or found[0] + found[2] >= width or found[1] + found[3] >= height:
        return 0, 0, 0, 0
    return found


def codec_names(path: str, kind: str) -> list[str]:
    """Codecs of all tracks as the container names them: four letters in MP4 and MOV, a word in Matroska."""

    def look(data: mmap.mmap) -> list[str]:
        if "mov" in kind:
            return [bytes(name).decode("latin-1").strip() for name, _, _ in _entries(data, 0, len(data))]
        if "matroska" in kind:
            found = [data[at : at + size] for name, at, size in _elements(data) if name == _CODEC_ID]
            return [name.decode("latin-1").strip("\0") for name in found]
        return []

    return _read(path, look, [])


def _read(path: str, look: Callable[[mmap.mmap], T], otherwise: T) -> T:
    """What `look` finds in the bytes of a file; `otherwise` where they are damaged."""
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return look(data)
    except (OSError, ValueError, IndexError, struct.error, RecursionError):
        return otherwise


_BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def _clap(data: mmap.mmap, width: int, height: int) -> Crop | None:
    """ISO/IEC 14496-12, 12.1.4: size of the clean aperture and offset of its centre, as fractions."""
    for _, at, end in _entries(data, 0, len(data)):
        for name, start, _ in _boxes(data, at + 78, end):  # the fields of a visual sample entry
            if name == b"clap":
                n = struct.unpack_from(">8i", data, start)
                wide, high, right, down = (n[i] / n[i + 1] if n[i + 1] else 0.0 for i in (0, 2, 4, 6))
                left, top = (width - wide) / 2 + right, (height - high) / 2 + down
                return round(left), round(top), round(width - wide - left), round(height - high - top)
    return None


def _entries(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Sample entries of all tracks: name, first byte and end."""
    for name, start, stop in _boxes(data, at, end):
        if name in _BOXES:
            yield from _entries(data, start, stop)
        elif name == b"stsd":
            yield from _boxes(data, start + 8, stop)


def _boxes(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and end of each box."""
    while at + 8 <= end:
        size, head = struct.unpack_from(">I", data, at)[0], 8
        name = data[at + 4 : at + 8]
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield name, at + head, at + size
        at += size


_MASTERS = {0x18538067: "Segment", 0x1654AE6B: "Tracks", 0xAE: "TrackEntry", 0xE0: "Video"}
_CROPS = {0x54CC: 0, 0x54BB: 1, 0x54DD: 2, 0x54AA: 3}
"""RFC 9559: PixelCropLeft, -Top, -Right, -Bottom."""
_CODEC_ID = 0x86
_CLUSTER = 0x1F43B675


def _pixel_crop(data: mmap.mmap) -> Crop | None:
    found = [0, 0, 0, 0]
    for name, at, size in _elements(data):
        if name in _CROPS:
            found[_CROPS[name]] = int.from_bytes(data[at : at + size], "big")
    return (found[0], found[1], found[2], found[3]) if any(found) else None


def _elements(data: mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Small elements before the first cluster, those of its tracks among them: name, first byte and size."""
    at = 0
    while at < len(data):
        name, at = _number(data, at, keep=True)
        size, at = _number(data, at, keep=False)
        if name == _CLUSTER:
            return
        if name not in _MASTERS:
            if size <= 256:
                yield name, at, size
            at += size


def _number(data: mmap.mmap, at: int, *, keep: bool) -> tuple[int, int]:
    """An EBML number of variable length (RFC 8794), its length marker kept or not, and where it ends."""
    length = 9 - data[at].bit_length()
    if length > 8:
        raise ValueError("not an EBML number")
    value = int.from_bytes(data[at : at + length], "big")
    unknown = not keep and value == (1 << (7 * length + 1)) - 1
    return (len(data) if unknown else value if keep else value & ((1 << (7 * length)) - 1)), at + length
