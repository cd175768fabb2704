"""The timelines of a report as inline SVG; colours are CSS variables, so that they follow light, dark and print."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.models.face.action_units import ACTION_UNITS, MAX_INTENSITY
from liveaffect.offline.reporting.data import AWAY, FileResults, Floats, Span, Track
from liveaffect.offline.reporting.shapes import (
    LEFT,
    LETTER,
    PLOT,
    WIDTH,
    Scale,
    area,
    clocks,
    ends_of,
    heading,
    line,
    panel,
    picture,
    runs,
    shortened,
    svg,
)
from liveaffect.offline.tables.score import AU_COLUMNS, PROBABILITIES
from liveaffect.stream.messages import SHORT_STATE_WORDS

GAP, AXIS, UNIT_ROW = 22.0, 26.0, 12.0
WORDS = {**SHORT_STATE_WORDS, AWAY: "not in view"}
_ACCENT = (204, 121, 167)


def timeline(track: Track, markers: Sequence[tuple[float, str]] = ()) -> str:
    """Valence, arousal, emotions, action units, speech and discord over one common time axis."""
    x = Scale(track.from_s, track.to_s)
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
    if track.has_discord:
        parts.append(_discord(track, x, top))
        top += 40 + GAP
    bottom = top - GAP
    grid = [f'<line class="grid" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{first}" y2="{bottom}"/>' for t in x.ticks]
    parts = [*shaded, *grid, *parts]
    for t in track.changes:
        parts.append(f'<line class="change" x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{first}" y2="{bottom}"/>')
    parts += _markers(markers, x, first, bottom)
    parts += clocks(x, bottom + 17)
    return svg(bottom + AXIS, parts, f"Timeline of {track.title}")


def lanes(found: FileResults) -> str:
    """Who was in view when."""
    x = Scale(found.from_s, found.to_s)
    parts: list[str] = []
    for row, (name, spans) in enumerate(found.lanes[:24]):
        y, label = 6 + 20.0 * row, escape(shortened(name, LEFT - 12))
        parts.append(f'<text class="label" x="{LEFT - 12}" y="{y + 11}" text-anchor="end">{label}</text>')
        parts.append(f'<rect class="lane" x="{LEFT}" y="{y}" width="{PLOT}" height="14" rx="3"/>')
        for start, end in spans:
            width = max(x(end) - x(start), 1.0)
            parts.append(f'<rect class="present" x="{x(start):.1f}" y="{y}" width="{width:.1f}" height="14" rx="2"/>')
    bottom = 6 + 20.0 * min(len(found.lanes), 24)
    parts += clocks(x, bottom + 14)
    return svg(bottom + AXIS, parts, "Who was in view when")


def _dimension(track: Track, x: Scale, name: str, colour: str, ends: tuple[str, str], top: float) -> str:
    height = 118.0
    value, half = track.lines[name], Z90 * track.lines[f"{name}_sd"]
    xs = x.middles(len(value))

    def y(v: Floats) -> Floats:
        return top + height / 2 * (1 - np.clip(v, -1, 1))

    parts = [panel(top, height), heading(name.capitalize(), top), *ends_of(ends, top, height)]
    parts.append(f'<line class="zero" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{top + height / 2}" y2="{top + height / 2}"/>')
    for run in runs(np.isfinite(value) & np.isfinite(half)):
        upper, lower = y(value + half)[run], y(value - half)[run]
        parts.append(f'<path class="band {colour}" d="{area(xs[run], upper, lower)}"/>')
    for run in runs(np.isfinite(value)):
        parts.append(f'<path class="line {colour}" d="{line(xs[run], y(value)[run])}"/>')
    return "".join(parts)


def _emotions(track: Track, x: Scale, top: float) -> str:
    height = 96.0
    shares = np.array([track.lines[name] for name in PROBABILITIES])
    xs = x.middles(shares.shape[1])
    half = PLOT / shares.shape[1] / 2
    parts = [panel(top, height), heading("Emotions", top), *ends_of(("0", "probability 1"), top, height)]
    for run in runs(np.isfinite(shares).all(axis=0)):
        below = np.zeros(run.stop - run.start)
        at = xs[run]
        if len(at) == 1:
            at, tile = np.array([at[0] - half, at[0] + half]), 2
        else:
            tile = 1
        for name, share in zip(EMOTIONS, shares[:, run], strict=True):
            above = below + share
            upper, lower = (top + height * (1 - np.clip(np.tile(v, tile), 0, 1)) for v in (above, below))
            parts.append(f'<path class="e-{name}" d="{area(at, upper, lower)}"/>')
            below = above
    return "".join(parts)


def _units(track: Track, top: float) -> str:
    strength = np.array([track.lines[name] for name in AU_COLUMNS]) / MAX_INTENSITY
    height = UNIT_ROW * len(AU_COLUMNS)
    opacity = np.repeat(np.nan_to_num(np.clip(strength, 0, 1)) ** 0.8, 8, axis=0)
    opacity[7::8] = 0.0  # a gap between units
    image = picture(opacity, _ACCENT)
    parts = [panel(top, height)]
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


def _speech(track: Track, x: Scale, top: float) -> str:
    height = 52.0
    speech, mine = track.lines["speech_prob"], track.lines["speaking_prob"]
    xs = x.middles(len(speech))
    base = np.full(len(xs), top + height)
    parts = [panel(top, height), heading("Speech", top), *ends_of(("0", "probability 1"), top, height)]
    for run in runs(np.isfinite(speech)):
        upper = top + height * (1 - np.clip(speech, 0, 1))
        parts.append(f'<path class="band voice" d="{area(xs[run], upper[run], base[run])}"/>')
    for run in runs(np.isfinite(mine)):
        parts.append(f'<path class="line voice" d="{line(xs[run], (top + height * (1 - np.clip(mine, 0, 1)))[run])}"/>')
    return "".join(parts)


def _discord(track: Track, x: Scale, top: float) -> str:
    height = 40.0
    value = np.clip(track.lines["discord"], 0, 1)
    xs = x.middles(len(value))
    parts = [panel(top, height), heading("Discord", top), *ends_of(("alike", "1 bit"), top, height)]
    base = np.full(len(xs), top + height)
    for run in runs(np.isfinite(value)):
        ys = top + height * (1 - value[run])
        parts.append(f'<path class="band discord" d="{area(xs[run], ys, base[run])}"/>')
        parts.append(f'<path class="line discord" d="{line(xs[run], ys)}"/>')
    return "".join(parts)


def _markers(markers: Sequence[tuple[float, str]], x: Scale, top: float, bottom: float) -> Iterator[str]:
    """A line each, with as much of its label as there is room for before the next; all of it under the pointer."""
    shown = sorted((t, label) for t, label in markers if x.from_s <= t <= x.from_s + x.length)
    places = [x(t) for t, _ in shown]
    written = LEFT
    for (t, label), place, following in zip(shown, places, [*places, WIDTH][1:], strict=True):
        told = f"<title>{escape(label)}, {t:.1f} s</title>"
        yield f'<line class="marker" x1="{place:.1f}" x2="{place:.1f}" y1="{top - 6}" y2="{bottom}">{told}</line>'
        right, left = following - place - 4, place - written - 8
        anchor, text = ("start", shortened(label, right)) if left <= right or LETTER * len(label) <= right else (
            "end", shortened(label, left)
        )  # fmt: skip
        written = place + LETTER * len(text) if anchor == "start" else place
        at = f'x="{place:.1f}" y="{top - 12}" text-anchor="{anchor}"'
        if text:
            yield f'<text class="marker-text" {at}>{escape(text)}{told}</text>'


def _missing(spans: Sequence[Span], x: Scale, top: float, bottom: float) -> list[str]:
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
