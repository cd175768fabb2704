"""What other programs said of a session, in its report: lanes of their labels, and their series beside ours."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline.reporting.data import FileResults, Track
from liveaffect.offline.reporting.shapes import LEFT, PLOT, Floats, Scale, clocks, line, runs, shortened, svg
from liveaffect.offline.reporting.svg import AXIS
from liveaffect.offline.tables.beside import Imported
from liveaffect.offline.tables.summary import HOLD_S

MOST_TIERS, MOST_SERIES = 24, 8
ROW, STRIP = 22.0, 56.0
LEAST = 20
"""Instants that both must have to be held against each other."""


def beside(found: FileResults, what: Sequence[Imported]) -> Iterator[str]:
    """The section; nothing where nothing was imported."""
    if not what or found.is_still:
        return
    yield '<div class="person"><h2>Beside it, by others</h2>'
    for one in what:
        moved = f", moved by {one.offset_s:+.3f} s" if one.offset_s else ""
        yield f"<h3>{escape(one.name)}</h3>"
        yield f'<p class="note">{escape(one.source)} ({escape(one.form)}{moved}), imported; not what was recorded.</p>'
        if one.kind == "marks":
            yield f"<figure>{lanes_of(one.table, found)}</figure>"
        elif found.tracks:
            yield from _series(one.table, found.tracks[0])
    yield "</div>"


def lanes_of(marks: pl.DataFrame, found: FileResults) -> str:
    """A row per tier; labels where there is room, all under the pointer."""
    x = Scale(found.from_s, found.to_s)
    parts: list[str] = []
    tiers = marks["tier"].unique(maintain_order=True).to_list()[:MOST_TIERS]
    for row, tier in enumerate(tiers):
        y = 4 + ROW * row
        parts.append(f'<text class="label" x="{LEFT - 12}" y="{y + 12}" text-anchor="end">')
        parts.append(f"{escape(shortened(str(tier), LEFT - 12))}</text>")
        parts.append(f'<rect class="lane" x="{LEFT}" y="{y}" width="{PLOT}" height="16" rx="3"/>')
        for start, end, label in marks.filter(pl.col("tier") == tier).select("t_s", "end_s", "label").rows():
            if end < x.from_s or start > x.from_s + x.length:
                continue
            left, width = x(start), max(x(end) - x(start), 1.6)
            told = f"<title>{escape(label)}, {start:.2f} to {end:.2f} s</title>"
            parts.append(
                f'<rect class="said-by" x="{left:.1f}" y="{y}" width="{width:.1f}" height="16" rx="2">{told}</rect>'
            )
            if text := shortened(label, width - 6):
                parts.append(f'<text class="by" x="{left + 4:.1f}" y="{y + 12}">{escape(text)}</text>')
    bottom = 4 + ROW * len(tiers)
    parts += clocks(x, bottom + 14)
    return svg(bottom + AXIS, parts, "Labels by others over time")


def counterpart(name: str) -> tuple[str, float, float] | None:
    """Our column for one of theirs, and the upper ends of both scales; None where we measure nothing like it."""
    if name.startswith("AU") and name[2:4].isdigit():
        if name.endswith("_c"):
            return None
        return f"au{name[2:4]}", 5.0 if name.endswith("_r") else 1.0, 5.0
    return (f"p_{name}", 1.0, 1.0) if name in EMOTIONS else None


def _series(theirs: pl.DataFrame, track: Track) -> Iterator[str]:
    """Columns that we measure too, those that move most here first, as lines over each other; the others are named."""
    bins = len(next(iter(track.lines.values())))
    known: list[tuple[float, str, Floats, Floats]] = []
    other: list[str] = []
    for name in theirs.columns:
        if name == "t_s":
            continue
        pair = counterpart(name)
        if pair is None or pair[0] not in track.lines:
            other.append(name)
            continue
        a = _binned(theirs["t_s"], theirs[name], track, bins) / pair[1]
        b = track.lines[pair[0]] / pair[2]
        both = np.isfinite(a) & np.isfinite(b)
        moves = both.sum() >= LEAST and np.ptp(a[both]) > 1e-9 and np.ptp(b[both]) > 1e-9
        known.append((float(np.corrcoef(a[both], b[both])[0, 1]) if moves else float("nan"), name, a, b))
    known.sort(key=lambda one: (np.isnan(one[0]), -_reach(one[3])))
    if known:
        yield f"<figure>{_strips(known[:MOST_SERIES], track)}"
        yield (
            "<figcaption>Solid: theirs. Dashed: ours. r: correlation over the bins of this picture; each on its own "
            "scale."
        )
        yield "</figcaption></figure>"
        rest = [f"{name} {'–' if np.isnan(r) else f'r {r:.2f}'}" for r, name, _, _ in known[MOST_SERIES:]]
        if rest:
            yield f'<p class="note">Not drawn: {escape(", ".join(rest))}.</p>'
    if other:
        more = f", and {len(other) - 12} more" if len(other) > 12 else ""
        yield f'<p class="note">Without a counterpart here: {escape(", ".join(other[:12]))}{more}.</p>'


def _strips(known: Sequence[tuple[float, str, Floats, Floats]], track: Track) -> str:
    x = Scale(track.from_s, track.to_s)
    parts: list[str] = []
    for k, (r, name, a, b) in enumerate(known):
        top = 4 + (STRIP + 8) * k
        parts.append(f'<rect class="panel" x="{LEFT}" y="{top}" width="{PLOT}" height="{STRIP}"/>')
        parts.append(f'<text class="title" x="0" y="{top + 14}">{escape(shortened(name, LEFT - 12))}</text>')
        told = "too little in common" if np.isnan(r) else f"r {r:.2f}"
        parts.append(f'<text class="end" x="0" y="{top + 30}">{told}</text>')
        xs = x.middles(len(a))
        for values, kind in ((b, "ours"), (a, "theirs")):
            ys = top + STRIP * (1 - np.clip(values, 0, 1))
            parts += [f'<path class="line {kind}" d="{line(xs[run], ys[run])}"/>' for run in runs(np.isfinite(values))]
    bottom = 4 + (STRIP + 8) * len(known)
    parts += clocks(x, bottom + 8)
    return svg(bottom + AXIS, parts, "Series by others over time, beside ours")


def _binned(times: pl.Series, values: pl.Series, track: Track, bins: int) -> Floats:
    """Means over the bins of a track; a row stands until the next, at most a second. NaN where nothing was seen."""
    at = times.cast(pl.Float64).to_numpy()
    v = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    place = np.floor((at - track.from_s) / max(track.to_s - track.from_s, 1e-9) * bins).astype(np.int64)
    inside = (place >= 0) & (place < bins)
    used = inside & np.isfinite(v)
    count = np.bincount(place[used], minlength=bins)[:bins]
    total = np.bincount(place[used], v[used], minlength=bins)[:bins]
    found = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    rows = np.bincount(place[inside], minlength=bins)[:bins] > 0
    last = np.maximum.accumulate(np.where(rows, np.arange(bins), -1))
    held = (last >= 0) & ((np.arange(bins) - last) * (track.to_s - track.from_s) / bins < HOLD_S)
    return np.where(held, found[np.maximum(last, 0)], np.nan)


def _reach(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if len(known) else 0.0
