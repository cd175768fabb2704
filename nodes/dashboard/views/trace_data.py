"""From the rows of a track to what a trace draws: points per pixel, runs without a gap, missing spans. No Qt here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveaffect.nodes.dashboard.scene.shown import AFFECT_COLUMNS, STATES

GAP_S = 1.0
"""Nothing for so long is a span without news."""
SHORT_S = 0.25
"""Shorter spans without a number are left white: a blink of the detector is no event."""
STATE, ID = AFFECT_COLUMNS.index("state"), AFFECT_COLUMNS.index("id")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """A stretch without a number, in s, and why: a state of `STATES`, or "before" anybody was there."""

    from_s: float
    to_s: float
    state: str


def missing_spans(t: Floats, values: NDArray[np.float32], from_s: float, to_s: float) -> list[Span]:
    """Stretches of [from_s, to_s] without a valence, with their reasons, in order, those of one reason joined."""
    if not len(t):
        return [Span(from_s, to_s, "before")]
    spans: list[Span] = []
    if t[0] > from_s + SHORT_S:
        spans.append(Span(from_s, float(t[0]), "before"))
    gone = np.isnan(values[:, 0])
    code = np.where(gone, values[:, STATE].astype(np.int64), -1)
    edges = np.flatnonzero(np.diff(code)) + 1
    starts, ends = np.concatenate(([0], edges)), np.concatenate((edges, [len(t)]))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if code[start] >= 0:
            until = float(t[end]) if end < len(t) else min(to_s, float(t[-1]) + GAP_S)
            spans.append(Span(float(t[start]), until, STATES[code[start]]))
    times = np.append(t, to_s)
    spans += [Span(float(times[i]), float(times[i + 1]), "stale") for i in np.flatnonzero(np.diff(times) > GAP_S)]
    return _joined(spans, from_s, to_s)


def _joined(spans: list[Span], from_s: float, to_s: float) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: s.from_s):
        cut = Span(max(from_s, span.from_s), min(to_s, span.to_s), span.state)
        if cut.to_s <= cut.from_s:
            continue
        if joined and joined[-1].state == cut.state and cut.from_s <= joined[-1].to_s + 0.05:
            joined[-1] = Span(joined[-1].from_s, max(joined[-1].to_s, cut.to_s), cut.state)
        elif joined and cut.from_s < joined[-1].to_s:
            if cut.to_s > joined[-1].to_s:
                joined.append(Span(joined[-1].to_s, cut.to_s, cut.state))
        else:
            joined.append(cut)
    return [span for span in joined if span.to_s - span.from_s >= SHORT_S]


def thinned(t: Floats, columns: NDArray[np.float32], from_s: float, step_s: float) -> tuple[Floats, Floats]:
    """Means over steps of `step_s`; a step without any number is NaN, and gaps get a NaN row of their own."""
    if not len(t):
        return t, columns.astype(np.float64)
    holes = np.flatnonzero(np.diff(t) > GAP_S)
    if len(holes):
        t = np.insert(t, holes + 1, (t[holes] + t[holes + 1]) / 2)
        columns = np.insert(columns, holes + 1, np.nan, axis=0)
    cell = np.floor((t - from_s) / step_s).astype(np.int64)
    starts = np.flatnonzero(np.diff(cell, prepend=cell[0] - 1))
    good = np.isfinite(columns)
    count = np.add.reduceat(good, starts, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(good, columns, 0.0), starts, axis=0, dtype=np.float64)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    rows = np.diff(np.append(starts, len(t)))
    times = np.add.reduceat(t, starts) / rows
    return times, mean


def runs(values: Floats) -> list[slice]:
    """Where finite values follow one another."""
    good = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(np.diff(good))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def switches(t: Floats, values: NDArray[np.float32]) -> list[tuple[float, int]]:
    """(time, id) wherever another person is looked at."""
    ids = values[:, ID].astype(np.int64)
    return [(float(t[i + 1]), int(ids[i + 1])) for i in np.flatnonzero(np.diff(ids)) if ids[i + 1] >= -1]
