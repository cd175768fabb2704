"""The valence-arousal plane of a report, and pictures of one colour that suit any background."""

import base64
import struct
import zlib

import numpy as np

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS
from liveaffect.offline.reporting.data import Floats

_GRID, _BLUR = 81, 0.055
_BESIDE = {"fear": (-8, -4, "end"), "anger": (8, -4, "start"), "disgust": (-8, 12, "end"), "contempt": (8, 12, "start")}
"""Where a word goes beside its point, so that no two lie on each other; above it elsewhere."""


def circumplex(valence: Floats, arousal: Floats) -> str:
    """Density of time over the valence-arousal plane, with the categories where raters put them."""
    size, centre, radius = 380.0, 190.0, 150.0
    parts = [f'<circle class="disc" cx="{centre}" cy="{centre}" r="{radius}"/>']
    if len(valence):
        image = _density(valence, arousal)
        edge, side = centre - 1.1 * radius, 2.2 * radius
        parts.append(f'<image x="{edge:.1f}" y="{edge:.1f}" width="{side:.1f}" height="{side:.1f}" href="{image}"/>')
    parts.append(f'<line class="cross" x1="{centre - radius}" x2="{centre + radius}" y1="{centre}" y2="{centre}"/>')
    parts.append(f'<line class="cross" x1="{centre}" x2="{centre}" y1="{centre - radius}" y2="{centre + radius}"/>')
    parts.append(f'<circle class="ring" cx="{centre}" cy="{centre}" r="{radius}"/>')
    for name, (v, a) in zip(EMOTIONS, CIRCUMPLEX, strict=True):
        x, y = centre + radius * v, centre - radius * a
        if name != "neutral":
            parts.append(f'<circle class="term e-{name}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
            dx, dy, anchor = _BESIDE.get(name, (0, -8, "middle"))
            place = f'x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}"'
            parts.append(f'<text class="term-text" {place}>{name}</text>')
    if len(valence):
        x, y = centre + radius * float(valence.mean()), centre - radius * float(arousal.mean())
        parts.append(f'<path class="mean" d="M{x - 7:.1f} {y:.1f}h14M{x:.1f} {y - 7:.1f}v14"/>')
    for text, x, y, anchor in (
        ("excited", centre, 26, "middle"), ("calm", centre, size - 16, "middle"),
        ("unpleasant", 4, centre - 6, "start"), ("pleasant", size - 4, centre - 6, "end"),
    ):  # fmt: skip
        parts.append(f'<text class="end" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>')
    label = "Where the time was spent on the plane of valence and arousal"
    return f'<svg viewBox="0 0 {size:.0f} {size:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _density(valence: Floats, arousal: Floats) -> str:
    edges = np.linspace(-1.1, 1.1, _GRID + 1)
    counts = np.histogram2d(-np.asarray(arousal), valence, bins=(edges, edges))[0]
    offsets = (edges[:-1, None] - edges[None, :-1]) / _BLUR
    kernel = np.exp(-0.5 * offsets**2)
    blurred = kernel @ counts @ kernel.T
    return picture(0.95 * (blurred / blurred.max()) ** 0.55, (0, 114, 178))


def picture(alpha: Floats, colour: tuple[int, int, int]) -> str:
    """A PNG of one colour whose opacity is `alpha` (h, w) in [0, 1], so that it suits any background; as a data URI."""
    height, width = alpha.shape
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = colour, np.round(255 * alpha)
    lines = b"".join(b"\x00" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()
