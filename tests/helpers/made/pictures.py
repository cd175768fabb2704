"""Pictures and films whose orientation, crop and shape can be told from the pixels, and what containers say of them."""

import struct
from pathlib import Path

import numpy as np

CORNERS = ((220, 30, 30), (30, 200, 40), (40, 50, 220), (225, 220, 40))
"""Top left, top right, bottom left, bottom right."""


def four_corners(height: int = 48, width: int = 64) -> np.ndarray:
    """Four quarters of different colours, uint8 RGB."""
    image = np.zeros((height, width, 3), np.uint8)
    half, middle = height // 2, width // 2
    image[:half, :middle], image[:half, middle:], image[half:, :middle], image[half:, middle:] = CORNERS
    return image


def corners_of(image: np.ndarray) -> tuple[int, ...]:
    """Which of `CORNERS` lies in each quarter, in the same order."""
    height, width = image.shape[:2]
    points = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    points += [(3 * height // 4, width // 4), (3 * height // 4, 3 * width // 4)]
    known = np.array(CORNERS, int)
    return tuple(int(np.abs(known - image[y, x].astype(int)).sum(1).argmin()) for y, x in points)


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Writes a display matrix of the first track into an MP4 or MOV file (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    assert data[at] == 0, "version 0 alone"
    entries = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    struct.pack_into(">9i", data, at + 40, *entries)
    path.write_bytes(data)
    return path


def add_clap(path: Path, size: tuple[int, int], wide: int, high: int, right: int, down: int) -> Path:
    """Gives the picture of an MP4 or MOV file, whose index is at its end, a clean aperture."""
    box = struct.pack(">I4s8i", 40, b"clap", wide, 1, high, 1, right, 1, down, 1)
    data = bytearray(path.read_bytes())
    assert data.index(b"mdat") < data.index(b"moov"), "offsets of samples would change"
    entry = data.index(struct.pack(">HH", *size), data.index(b"stsd")) - 32
    length = struct.unpack_from(">I", data, entry)[0]
    data[entry + length : entry + length] = box
    for at in [entry, *(data.index(name) - 4 for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))]:
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(box))
    path.write_bytes(data)
    return path
