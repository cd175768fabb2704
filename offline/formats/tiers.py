"""A score table as labelled stretches: turns of speech, emotion segments, states, and markers as points."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.dynamics.turns import speech_runs
from liveaffect.models.fusion.told import told
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.score import PROBABILITIES
from liveaffect.offline.tables.streams import VOICE, people_of
from liveaffect.offline.tables.summary import HOLD_S, held_s
from liveaffect.stream.session.facts import SHORT_S


@dataclass
class Tier:
    """Stretches (start, end, label), s, one after the other; of points both times are one."""

    name: str
    kind: str
    """`turns`, `emotions`, `states`, `markers`."""
    person: str = ""
    stretches: list[tuple[float, float, str]] = field(default_factory=list)


def tiers_of(table: pl.DataFrame, markers: pl.DataFrame) -> list[Tier]:
    """Tiers of the rows of one file: three of every person, then the markers.

    A category is named where the estimate is sure enough to (`liveaffect.models.fusion.told`). State and category last
    from their first row to the first row of another, a row at most a second. A turn is speech with pauses of at most
    half a second (`liveaffect.models.dynamics.turns`).
    """
    found: list[Tier] = []
    for label, rows in persons(table)[0]:
        name = person_of(label, str(table["file"][0]) if "file" in table.columns and table.height else "")
        times = rows["t_s"].cast(pl.Float64).to_numpy()
        ends = times + held_s(times)
        found.append(Tier(f"{name} turns", "turns", name, list(_turns(rows, times))))
        found.append(Tier(f"{name} emotions", "emotions", name, list(_runs(_categories(rows), times, ends))))
        states = [str(state) for state in rows["state"].to_list()]
        found.append(Tier(f"{name} states", "states", name, list(_runs(states, times, ends))))
    marks = [(float(t), float(t), str(label)) for t, label in zip(markers["t_s"], markers["label"], strict=True)]
    if marks:
        found.append(Tier("markers", "markers", "", marks))
    return found


def persons(table: pl.DataFrame) -> tuple[list[tuple[str, pl.DataFrame]], int]:
    """Label and rows of everyone who matters, one row at every instant; and how many others there were.

    Whoever gave numbers for less than a second and was not named is nobody who was recorded, unless nobody else was. A
    voice out of view is one of them (`people_of`).
    """
    found = list(people_of(table, ""))
    long = [(label, rows) for label, rows in found if label.endswith(")") or _known_s(rows) >= SHORT_S]
    return (long, len(found) - len(long)) if long else (found, 0)


def passers_by(count: int) -> list[str]:
    """What there is to say of those who are left out."""
    return [f"faces with numbers for less than a second are left out: {count}"] if count else []


def length_of(table: pl.DataFrame, tiers: list[Tier]) -> float:
    """Until when anything lasts, s."""
    ends = [end for tier in tiers for _, end, _ in tier.stretches]
    return max([number(table["t_s"].max(), 0.0), *ends, 0.001])


def person_of(label: str, file: str) -> str:
    """`clip.mp4 person 0 (Anna)` is Anna, without a name `person 0`; a voice alone is `voice`."""
    bare = label.removeprefix(file).strip()
    if bare.endswith(")") and "(" in bare:
        return bare[bare.index("(") + 1 : -1]
    return bare or VOICE


def _known_s(rows: pl.DataFrame) -> float:
    times = rows["t_s"].cast(pl.Float64).to_numpy()
    step = float(np.median(np.diff(times))) if len(times) > 1 else HOLD_S
    return float((rows["state"] == "ok").sum()) * min(step, HOLD_S)


def _categories(rows: pl.DataFrame) -> list[str | None]:
    p = np.stack([rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in PROBABILITIES], axis=1)
    sure = [told(v, a).emotions for v, a in rows.select("valence_sd", "arousal_sd").rows()]
    known = np.isfinite(p.sum(axis=1)) & (rows["state"] == "ok").to_numpy() & np.array(sure, bool)
    top = np.where(known[:, None], p, 0.0).argmax(axis=1)
    return [EMOTIONS[k] if there else None for k, there in zip(top, known, strict=True)]


def _runs(
    labels: list[str] | list[str | None], times: np.ndarray, ends: np.ndarray
) -> Iterator[tuple[float, float, str]]:
    """Stretches of one label; a hole between rows ends one."""
    begin = 0
    for k in range(1, len(labels) + 1):
        if k < len(labels) and labels[k] == labels[begin] and times[k] <= ends[k - 1] + 1e-9:
            continue
        label = labels[begin]
        if label is not None and ends[k - 1] > times[begin]:
            yield float(times[begin]), float(ends[k - 1]), label
        begin = k


def _turns(rows: pl.DataFrame, times: np.ndarray) -> Iterator[tuple[float, float, str]]:
    """Turns of this person, or of whoever speaks where only sound was measured."""
    by = next(
        (c for c in ("speaking_prob", "speech_prob") if c in rows.columns and rows[c].null_count() < rows.height), ""
    )
    if not by or not len(times):
        return
    values = rows[by].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = np.isfinite(values)
    first = int(np.floor(times[0] / BLOCK_S))
    blocks = np.floor(times[known] / BLOCK_S).astype(np.int64) - first
    if not len(blocks):
        return
    count = np.bincount(blocks)
    mean = np.bincount(blocks, values[known]) / np.maximum(count, 1)
    for begin, end in speech_runs(np.where(count > 0, mean, np.nan)):
        yield max((begin + first) * BLOCK_S, 0.0), (end + first) * BLOCK_S, "speech"
