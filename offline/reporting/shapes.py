"""Shapes that a report is drawn with: a time axis, panels, lines, areas; the valence-arousal plane; SVG text."""

import base64
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS

Floats = npt.NDArray[np.float64]

WIDTH, LEFT, RIGHT = 1000.0, 172.0, 12.0
PLOT = WIDTH - LEFT - RIGHT
LETTER = 6.0
"""Width of a letter of the labels, a little more than most have."""
_GRID, _BLUR = 81, 0.055
_BESIDE = {"fear": (-8, -4, "end"), "anger": (8, -4, "start"), "disgust": (-8, 12, "end"), "contempt": (8, 12, "start")}
"""Where a word goes beside its point, so that no two lie on each other; above it elsewhere."""
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)


def clock(t_s: float, step: float = 1.0) -> str:
    """A time as people write it: 12.5 s, 1:05, 2:03:00."""
    if t_s < 60 and step < 60:
        return f"{t_s:.1f} s" if step < 1 else f"{t_s:.0f} s"
    hours, rest = divmod(round(t_s), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class Scale:
    """Time to horizontal place, and round ticks."""

    def __init__(self, from_s: float, to_s: float) -> None:
        self.from_s, self.length = from_s, max(to_s - from_s, 1e-6)
        self.step = next((step for step in _STEPS if self.length / step <= 10), _STEPS[-1])
        first = math.ceil(from_s / self.step - 1e-9)
        self.ticks = [k * self.step for k in range(first, math.floor(to_s / self.step + 1e-9) + 1)]

    def __call__(self, t_s: float) -> float:
        """Where an instant lies in the drawing."""
        return LEFT + PLOT * min(max((t_s - self.from_s) / self.length, 0.0), 1.0)

    def middles(self, count: int) -> Floats:
        """Places of so many bins."""
        return LEFT + PLOT * (np.arange(count) + 0.5) / count


def clocks(x: Scale, y: float) -> Iterator[str]:
    """Times below the ticks; the last stays inside the picture."""
    for t in x.ticks:
        at, anchor = (x(t), "middle") if x(t) < WIDTH - 28 else (WIDTH, "end")
        yield f'<text class="tick" x="{at:.1f}" y="{y}" text-anchor="{anchor}">{clock(t, x.step)}</text>'


def panel(top: float, height: float) -> str:
    """The frame of one row."""
    return f'<rect class="panel" x="{LEFT}" y="{top}" width="{PLOT}" height="{height}"/>'


def heading(text: str, top: float) -> str:
    """The name of one row."""
    return f'<text class="title" x="0" y="{top + 12}">{text}</text>'


def ends_of(ends: tuple[str, str], top: float, height: float) -> Iterator[str]:
    """What the lower and the upper end of a row mean."""
    for text, y in ((ends[1], top + 10), (ends[0], top + height)):
        yield f'<text class="end" x="{LEFT - 10}" y="{y}" text-anchor="end">{text}</text>'


def runs(known: npt.ArrayLike) -> list[slice]:
    """Stretches in which all is known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(known, bool), [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def line(xs: Floats, ys: Floats) -> str:
    """Path through points; a single one is a short stroke."""
    if len(xs) == 1:
        return f"M{xs[0] - 0.8:.1f} {ys[0]:.1f}h1.6"
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def area(xs: Floats, upper: Floats, lower: Floats) -> str:
    """Path around what lies between two lines."""
    if len(xs) == 1:
        return f"M{xs[0] - 0.8:.1f} {upper[0]:.1f}h1.6V{lower[0]:.1f}h-1.6Z"
    there = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, upper, strict=True))
    back = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs[::-1], lower[::-1], strict=True))
    return f"M{there}L{back}Z"


def svg(height: float, parts: Sequence[str], label: str) -> str:
    """The picture; `label` is for those who hear it."""
    box = f'viewBox="0 0 {WIDTH:.0f} {height:.0f}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def shortened(text: str, room: float) -> str:
    """A label cut to its room, with three dots where something is missing; "" where nothing would be left of it."""
    letters = int(room / LETTER)
    if len(text) <= letters:
        return text
    return f"{text[: letters - 1].rstrip()}\u2026" if letters >= 4 else ""


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
