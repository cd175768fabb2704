"""Tables of dynamics, made of score tables: people by minute, pairs, and shifts; see `docs/dynamics.md`."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.dynamics.evidence import DIMENSIONS, Evidence, block_of, estimate_row
from liveaffect.models.dynamics.inertia import BLOCK_S, Interval, Motion
from liveaffect.models.dynamics.person import Measures, ShiftWatch, measures
from liveaffect.models.dynamics.shifts import ShiftFound, ShiftSettings
from liveaffect.models.dynamics.together import Pair
from liveaffect.stream.errors import InputError

MINUTE = round(60.0 / BLOCK_S)
HIDDEN = -1
SPEAKS = 0.5
MOST_PAIRS = 28
_NUMBERS = ("valence", "arousal", "valence_sd", "arousal_sd")
_P = [f"p_{name}" for name in EMOTIONS]
READ = [
    "file", "t_ns", "face_id", "state", "face_state", "voice_state", *(f"face_{name}" for name in (*_NUMBERS, *_P)),
    *(f"voice_{name}" for name in (*_NUMBERS, *_P)), "au12", "au04", "speaking_prob", "speech_prob",
]  # fmt: skip
"""Columns of a score table that dynamics rest on."""

_MEASURES = {
    "level_{}": ("where {} stays on average (mean of the process)", "1", "-1 to 1"),
    "variability_{}": ("standard deviation of {} about its level, without the estimate's error", "1", "0 and up"),
    "inertia_{}_s": ("time in which what is left of a displacement of {} falls to 37 %", "s", "0 and up"),
    "instability_{}": ("root mean square of differences of {} over 1 s, without the error", "1", "0 and up"),
}


def _with_interval(name: str, words: tuple[str, str, str]) -> dict[str, tuple[str, str, str]]:
    said, unit, span = words
    ends = {f"{name}_{end}": (f"{k} % quantile of {name}", unit, span) for end, k in (("low", 5), ("high", 95))}
    return {name: (f"{said}; median of what it may be", unit, span), **ends}


PEOPLE_DICTIONARY: dict[str, tuple[str, str, str]] = {
    "file": ("name of the input", "", ""),
    "minute": ("minute of the file, from 0; null for the whole file", "", "0 and up"),
    "face_id": ("person; null for a voice without a face", "", "0 and up"),
    "by": ("whose word the row rests on: face or voice", "", "face voice"),
    "seconds": ("time with estimates", "s", "0 and up"),
    **{
        column: words
        for dimension in DIMENSIONS
        for pattern, (said, unit, span) in _MEASURES.items()
        for column, words in _with_interval(pattern.format(dimension), (said.format(dimension), unit, span)).items()
    },
    "shifts": ("changes of level that were found (both dimensions)", "", "0 and up"),
    **{f"share_{name}": (f"share of the seconds whose category is {name}", "1", "0 to 1") for name in EMOTIONS},
    **{
        f"seconds_{name}_{other}": (f"seconds of {name} that a second of {other} followed", "", "0 and up")
        for name in EMOTIONS
        for other in EMOTIONS
    },
}
"""Columns of the table of people: meaning, unit, range."""

SHIFT_DICTIONARY: dict[str, tuple[str, str, str]] = {
    "file": ("name of the input", "", ""),
    "face_id": ("person; null for a voice without a face", "", "0 and up"),
    "dimension": ("what changed", "", "valence arousal"),
    "at_s": ("when it changed, to 0.2 s", "s", "0 and up"),
    "found_s": ("when that was known", "s", "0 and up"),
    "before": ("where the person was", "1", "-1 to 1"),
    "after": ("where the person is", "1", "-1 to 1"),
    "size": ("after minus before", "1", "-2 to 2"),
    "certainty": ("probability of a change of at least 0.2", "1", "0 to 1"),
}
_TEXT = ("file", "by", "dimension")
_WHOLE = ("minute", "face_id", "shifts", "first", "second")


@dataclass(frozen=True)
class PairFound:
    """Two people of one file."""

    first: int
    second: int
    pair: Pair
    begin: int
    end: int


@dataclass(frozen=True)
class FileDynamics:
    """Everything about one file."""

    file: str
    begin: int
    end: int
    evidence: dict[int, Evidence]
    whole: dict[int, Measures]
    shifts: list[tuple[int, str, ShiftFound]]
    pairs: list[PairFound]
    zero_s: float
    """Time of the grid at which the file begins."""


def dynamics_of(table: pl.DataFrame, *, pairs: bool = True) -> FileDynamics:
    """Dynamics of the rows of one file of a score table. Raises InputError where it lacks columns."""
    evidence, first_ns, last_ns = evidence_of(table)
    begin, end = block_of(first_ns), block_of(last_ns) + 1
    whole = {who: measures(one, begin, end) for who, one in evidence.items()}
    shifts: list[tuple[int, str, ShiftFound]] = []
    for who, one in evidence.items():
        shifts += [(who, name, shift) for name, shift in ShiftWatch(ShiftSettings()).step(one, end)]
    found: list[PairFound] = []
    faces = [who for who, one in evidence.items() if one.face.span is not None or one.voice.span is not None]
    if pairs:
        for first, second in list(combinations([who for who in faces if who >= 0], 2))[:MOST_PAIRS]:
            pair = Pair(evidence[first], evidence[second], begin)
            pair.step(end)
            pair.settle()
            found.append(PairFound(first, second, pair, begin, end))
    shifts.sort(key=lambda item: item[2].at_s)
    return FileDynamics(str(table["file"][0]), begin, end, evidence, whole, shifts, found, first_ns / 1e9)


def evidence_of(table: pl.DataFrame) -> tuple[dict[int, Evidence], int, int]:
    """Everyone's evidence before fusion, by face id (-1 for a voice without a face), and first and last t_ns."""
    absent = [name for name in ("file", "t_ns", "face_valence") if name not in table.columns]
    if absent:
        raise InputError(f"dynamics need a score table with the column '{absent[0]}': score the film again")
    if not table.height:
        raise InputError("dynamics need a score table with rows")
    table = with_t_ns(table)
    missing = [pl.lit(None, pl.Float32).alias(name) for name in READ if name not in table.columns]
    rows = table.with_columns(missing).select(READ).sort("t_ns", maintain_order=True)
    people: dict[int, Evidence] = {}
    for row in rows.iter_rows(named=True):
        _take(people, row)
    last = int(rows["t_ns"][-1])
    for one in people.values():
        one.close(block_of(last) + 1)
    return dict(sorted(people.items())), int(rows["t_ns"][0]), last


def with_t_ns(table: pl.DataFrame) -> pl.DataFrame:
    """`t_ns` filled where it is empty, by `t_s`, as in a table that another program wrote."""
    if not table["t_ns"].null_count() or "t_s" not in table.columns:
        return table
    by_t_s = (pl.col("t_s") * 1e9).round().cast(pl.Int64)
    zero = (pl.col("t_ns") - by_t_s).drop_nulls().first().fill_null(0)
    return table.with_columns(pl.col("t_ns").fill_null(by_t_s + zero))


def _take(people: dict[int, Evidence], row: dict[str, Any]) -> None:
    block, face_id = block_of(row["t_ns"]), row["face_id"]
    who = HIDDEN if face_id is None else int(face_id)
    face = _numbers(row, "face_") if row["face_state"] == "ok" and face_id is not None else None
    speaking = row["speaking_prob"]
    heard = speaking is not None and speaking >= SPEAKS
    voice = _numbers(row, "voice_") if row["voice_state"] == "ok" and heard else None
    units = None if row["au12"] is None or row["au04"] is None else (row["au12"], row["au04"])
    if who not in people and (face is not None or voice is not None or units is not None):
        people[who] = Evidence.empty()
    if who not in people:
        return
    one = people[who]
    if face is not None:
        one.face.add(block, face)
    if voice is not None:
        one.voice.add(block, voice)
    if units is not None and face_id is not None:
        one.units.add(block, units)
    if speaking is not None:
        one.speech.add(block, (speaking,))


def _numbers(row: dict[str, Any], prefix: str) -> list[float] | None:
    values = [row[f"{prefix}{name}"] for name in _NUMBERS]
    p = [row[f"{prefix}{name}"] for name in _P]
    if None in values or None in p:
        return None
    valence, arousal, valence_sd, arousal_sd = values
    return estimate_row(valence, arousal, valence_sd, arousal_sd, p)


def people_rows(found: FileDynamics) -> list[dict[str, Any]]:
    """Rows of `PEOPLE_DICTIONARY`: for every person the whole, then each minute."""
    rows: list[dict[str, Any]] = []
    for who, whole in found.whole.items():
        mine = [shift for person, _, shift in found.shifts if person == who]
        rows.append(_person_row(found.file, who, None, whole, len(mine)))
        for minute, begin in enumerate(range(found.begin, found.end, MINUTE)):
            end = min(begin + MINUTE, found.end)
            inside = sum(begin * BLOCK_S <= shift.at_s < end * BLOCK_S for shift in mine)
            rows.append(_person_row(found.file, who, minute, measures(found.evidence[who], begin, end), inside))
    return rows


def _person_row(file: str, who: int, minute: int | None, said: Measures, shifts: int) -> dict[str, Any]:
    row: dict[str, Any] = {"file": file, "minute": minute, "face_id": who if who >= 0 else None, "by": said.by}
    row |= {"seconds": max(said.valence.seconds, said.arousal.seconds), "shifts": shifts}
    for dimension in DIMENSIONS:
        moved: Motion = getattr(said, dimension)
        for name, interval in (("level_{}", moved.level), ("variability_{}", moved.variability),
                               ("inertia_{}_s", moved.inertia_s), ("instability_{}", moved.instability)):  # fmt: skip
            row |= interval_columns(name.format(dimension), interval)
    if said.stays.shares is not None:
        row |= {f"share_{name}": float(x) for name, x in zip(EMOTIONS, said.stays.shares, strict=True)}
        for name, follows in zip(EMOTIONS, said.stays.transitions, strict=True):
            row |= {f"seconds_{name}_{other}": int(n) for other, n in zip(EMOTIONS, follows, strict=True)}
    return row


def interval_columns(name: str, interval: Interval | None) -> dict[str, float | None]:
    """An interval as three columns."""
    value, low, high = interval or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def shift_rows(found: FileDynamics) -> list[dict[str, Any]]:
    """Rows of `SHIFT_DICTIONARY`, by time."""
    return [
        {
            "file": found.file, "face_id": who if who >= 0 else None, "dimension": dimension,
            "at_s": shift.at_s - found.zero_s, "found_s": shift.found_s - found.zero_s, "before": shift.before,
            "after": shift.after, "size": shift.size, "certainty": shift.certainty,
        }
        for who, dimension, shift in found.shifts
    ]  # fmt: skip


def as_frame(rows: list[dict[str, Any]], dictionary: dict[str, tuple[str, str, str]]) -> pl.DataFrame:
    """Rows as a data frame with the columns of a dictionary, in its order."""
    whole = (*_WHOLE, *(name for name in dictionary if name.startswith("seconds_")))
    kinds: dict[str, Any] = {**dict.fromkeys(_TEXT, pl.String), **dict.fromkeys(whole, pl.Int64)}
    schema = {name: kinds.get(name, pl.Float64) for name in dictionary}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
