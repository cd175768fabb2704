"""The timelines of a report as inline SVG; colours are CSS variables, so that they follow light, dark and print."""

import math
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from liveaffect.cli.report_data import AWAY, FileResults, Floats, Span, Track
from liveaffect.cli.report_plane import picture
from liveaffect.cli.table import AU_COLUMNS, PROBABILITIES
from liveaffect.cli.timeline import STATE_WORDS, Z90
from liveaffect.models.action_units import ACTION_UNITS, MAX_INTENSITY
from liveaffect.models.circumplex import EMOTIONS

WIDTH, LEFT, RIGHT = 1000.0, 172.0, 12.0
PLOT = WIDTH - LEFT - RIGHT
GAP, AXIS, UNIT_ROW = 22.0, 26.0, 12.0
WORDS = {**STATE_WORDS, AWAY: "not in view"}
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)
_ACCENT = (204, 121, 167)


def timeline(track: Track, markers: Sequence[tuple[float, str]] = ()) -> str:
    """Valence, arousal, emotions, action units and speech over one common time axis."""
    x = _Scale(track.from_s, track.to_s)
    parts: list[str] = []
    top = 30.0 if markers else 8.0
    first = top
    for name, colour, ends in (
        ("valence", "valence", ("unpleasant", "pleasant")),
        ("arousal", "arousal", ("calm", "excited")),
    ):
        parts.append(_dimension(track, x, name, colour, ends, top))
        top += 118 + GAP
    parts.append(_emotions(track, x, top))
    top += 96 + GAP
    if track.has_face and any(np.isfinite(track.lines[name]).any() for name in AU_COLUMNS):
        parts.append(_units(track, top))
        top += UNIT_ROW * len(AU_COLUMNS) + GAP
    shaded = _missing(track.spans, x, first, top - GAP)
    if track.has_sound:
        parts.append(_speech(track, x, top))
        top += 52 + GAP
    bottom = top - GAP
    grid = [f'<line class="grid" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{first}" y2="{bottom}"/>' for t in x.ticks]
    parts = [*shaded, *grid, *parts]
    for t in track.changes:
        parts.append(f'<line class="change" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{first}" y2="{bottom}"/>')
    for t, label in markers:
        parts.append(f'<line class="marker" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{first - 6}" y2="{bottom}"/>')
        anchor = "end" if x(t) > WIDTH - 160 else "start"
        parts.append(
            f'<text class="marker-text" x="{x(t):.1f}" y="{first - 12}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    parts += _clocks(x, bottom + 17)
    return _svg(bottom + AXIS, parts, f"Timeline of {track.title}")


def lanes(found: FileResults) -> str:
    """Who was in view when."""
    x = _Scale(found.from_s, found.to_s)
    parts: list[str] = []
    for row, (name, spans) in enumerate(found.lanes[:24]):
        y = 6 + 20.0 * row
        parts.append(f'<text class="label" x="{LEFT - 12}" y="{y + 11}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="lane" x="{LEFT}" y="{y}" width="{PLOT}" height="14" rx="3"/>')
        for start, end in spans:
            width = max(x(end) - x(start), 1.0)
            parts.append(f'<rect class="present" x="{x(start):.1f}" y="{y}" width="{width:.1f}" height="14" rx="2"/>')
    bottom = 6 + 20.0 * min(len(found.lanes), 24)
    parts += _clocks(x, bottom + 14)
    return _svg(bottom + AXIS, parts, "Who was in view when")


def clock(t_s: float, step: float = 1.0) -> str:
    """A time as people write it: 12.5 s, 1:05, 2:03:00."""
    if t_s < 60 and step < 60:
        return f"{t_s:.1f} s" if step < 1 else f"{t_s:.0f} s"
    hours, rest = divmod(round(t_s), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class _Scale:
    """Time to horizontal place, and round ticks."""

    def __init__(self, from_s: float, to_s: float) -> None:
        self.from_s, self.length = from_s, max(to_s - from_s, 1e-6)
        self.step = next((step for step in _STEPS if self.length / step <= 10), _STEPS[-1])
        first = math.ceil(from_s / self.step - 1e-9)
        self.ticks = [k * self.step for k in range(first, math.floor(to_s / self.step + 1e-9) + 1)]

    def __call__(self, t_s: float) -> float:
        return LEFT + PLOT * min(max((t_s - self.from_s) / self.length, 0.0), 1.0)

    def middles(self, count: int) -> Floats:
        return LEFT + PLOT * (np.arange(count) + 0.5) / count


def _dimension(track: Track, x: _Scale, name: str, colour: str, ends: tuple[str, str], top: float) -> str:
    height = 118.0
    value, half = track.lines[name], Z90 * track.lines[f"{name}_sd"]
    xs = x.middles(len(value))

    def y(v: Floats) -> Floats:
        return top + height / 2 * (1 - np.clip(v, -1, 1))

    parts = [_panel(top, height), _title(name.capitalize(), top), *_ends(ends, top, height)]
    parts.append(f'<line class="zero" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{top + height / 2}" y2="{top + height / 2}"/>')
    for run in _runs(np.isfinite(value) & np.isfinite(half)):
        upper, lower = y(value + half)[run], y(value - half)[run]
        parts.append(f'<path class="band {colour}" d="{_area(xs[run], upper, lower)}"/>')
    for run in _runs(np.isfinite(value)):
        parts.append(f'<path class="line {colour}" d="{_line(xs[run], y(value)[run])}"/>')
    return "".join(parts)


def _emotions(track: Track, x: _Scale, top: float) -> str:
    height = 96.0
    shares = np.array([track.lines[name] for name in PROBABILITIES])
    xs = x.middles(shares.shape[1])
    half = PLOT / shares.shape[1] / 2
    parts = [_panel(top, height), _title("Emotions", top), *_ends(("0", "probability 1"), top, height)]
    for run in _runs(np.isfinite(shares).all(axis=0)):
        below = np.zeros(run.stop - run.start)
        at = xs[run]
        if len(at) == 1:
            at, tile = np.array([at[0] - half, at[0] + half]), 2
        else:
            tile = 1
        for name, share in zip(EMOTIONS, shares[:, run], strict=True):
            above = below + share
            upper, lower = (top + height * (1 - np.clip(np.tile(v, tile), 0, 1)) for v in (above, below))
            parts.append(f'<path class="e-{name}" d="{_area(at, upper, lower)}"/>')
            below = above
    return "".join(parts)


def _units(track: Track, top: float) -> str:
    strength = np.array([track.lines[name] for name in AU_COLUMNS]) / MAX_INTENSITY
    height = UNIT_ROW * len(AU_COLUMNS)
    opacity = np.repeat(np.nan_to_num(np.clip(strength, 0, 1)) ** 0.8, 8, axis=0)
    opacity[7::8] = 0.0  # a gap between units
    image = picture(opacity, _ACCENT)
    parts = [_panel(top, height)]
    parts.append(
        f'<image class="heat" x="{LEFT}" y="{top}" width="{PLOT}" height="{height}" preserveAspectRatio="none" '
        f'href="{image}"/>'
    )
    for row, (unit, name) in enumerate(ACTION_UNITS.items()):
        y = top + UNIT_ROW * row
        parts.append(
            f'<text class="unit" x="{LEFT - 10}" y="{y + 9.2}" text-anchor="end">{name} <tspan>{unit}</tspan></text>'
        )
    return "".join(parts)


def _speech(track: Track, x: _Scale, top: float) -> str:
    height = 52.0
    speech, mine = track.lines["speech_prob"], track.lines["speaking_prob"]
    xs = x.middles(len(speech))
    base = np.full(len(xs), top + height)
    parts = [_panel(top, height), _title("Speech", top), *_ends(("0", "probability 1"), top, height)]
    for run in _runs(np.isfinite(speech)):
        upper = top + height * (1 - np.clip(speech, 0, 1))
        parts.append(f'<path class="band voice" d="{_area(xs[run], upper[run], base[run])}"/>')
    for run in _runs(np.isfinite(mine)):
        parts.append(
            f'<path class="line voice" d="{_line(xs[run], (top + height * (1 - np.clip(mine, 0, 1)))[run])}"/>'
        )
    return "".join(parts)


def _missing(spans: Sequence[Span], x: _Scale, top: float, bottom: float) -> list[str]:
    """Shaded spans with the reason. What is thinner than a pixel adds up per pixel, as shade of that share."""
    parts: list[str] = []
    thin = np.zeros(int(PLOT))
    for span in spans:
        left, width = x(span.from_s), x(span.to_s) - x(span.from_s)
        if width < 1.0:
            thin[min(int(left - LEFT), len(thin) - 1)] += width
            continue
        word = WORDS.get(span.state, span.state)
        told = f"{word}, {span.from_s:.1f} to {span.to_s:.1f} s"
        shade = f'<rect class="missing" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{bottom - top}">'
        parts.append(f"{shade}<title>{escape(told)}</title></rect>")
        if width > 7.0 * len(word):
            place = f'x="{left + width / 2:.1f}" y="{top + 14}" text-anchor="middle"'
        elif width > 11.0:
            place = f'transform="translate({left + width / 2 + 3.5:.1f} {top + 8:.1f}) rotate(-90)" text-anchor="end"'
        else:
            continue
        parts.append(f'<text class="why" {place}>{escape(word)}</text>')
    for pixel in np.flatnonzero(thin > 0.01):
        place = f'x="{LEFT + pixel}" y="{top}" width="1" height="{bottom - top}"'
        parts.append(f'<rect class="missing" {place} fill-opacity="{min(thin[pixel], 1.0):.2f}"/>')
    return parts


def _clocks(x: "_Scale", y: float) -> Iterator[str]:
    """Times below the ticks; the last stays inside the picture."""
    for t in x.ticks:
        at, anchor = (x(t), "middle") if x(t) < WIDTH - 28 else (WIDTH, "end")
        yield f'<text class="tick" x="{at:.1f}" y="{y}" text-anchor="{anchor}">{clock(t, x.step)}</text>'


def _panel(top: float, height: float) -> str:
    return f'<rect class="panel" x="{LEFT}" y="{top}" width="{PLOT}" height="{height}"/>'


def _title(text: str, top: float) -> str:
    return f'<text class="title" x="0" y="{top + 12}">{text}</text>'


def _ends(ends: tuple[str, str], top: float, height: float) -> Iterator[str]:
    for text, y in ((ends[1], top + 10), (ends[0], top + height)):
        yield f'<text class="end" x="{LEFT - 10}" y="{y}" text-anchor="end">{text}</text>'


def _runs(known: npt.ArrayLike) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(known, bool), [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _line(xs: Floats, ys: Floats) -> str:
    if len(xs) == 1:
        return f"M{xs[0] - 0.8:.1f} {ys[0]:.1f}h1.6"
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def _area(xs: Floats, upper: Floats, lower: Floats) -> str:
    if len(xs) == 1:
        return f"M{xs[0] - 0.8:.1f} {upper[0]:.1f}h1.6V{lower[0]:.1f}h-1.6Z"
    there = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, upper, strict=True))
    back = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs[::-1], lower[::-1], strict=True))
    return f"M{there}L{back}Z"


def _svg(height: float, parts: Sequence[str], label: str) -> str:
    box = f'viewBox="0 0 {WIDTH:.0f} {height:.0f}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
