"""A score table as XDF streams, which other programs resample: evenly spaced, no holes, no NaN.

Per file and person there are the numbers, where a missing one lies on a straight line between its neighbours (a NaN
would spread over a whole channel when it is resampled); 1 where a number is missing; every change of state as text.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.offline.tables.score import AFFECT_COLUMNS
from liveaffect.offline.tables.xdf import Channel, Stream
from liveaffect.stream.messages import State

STATES = ("state", "face_state", "voice_state")
VOICE = "voice"
CODES: dict[str, int] = {name: code for code, name in enumerate(get_args(State))}
"""State -> number in the channels `state_code`, `face_state_code` and `voice_state_code`: 0 is ok."""
REGULAR = 0.25
"""Steps of a stream may differ from the usual one by this share; a longer one has samples put into it."""
FUSED = {*AFFECT_COLUMNS, "speaking_prob", "discord", "compound", "likely"}
"""Columns, also smoothed or against the own rest, of whoever gave the estimate of a row."""
_CLOCK = {"t_s", "t_ns", "utc", "file", "face_id"}
Floats = npt.NDArray[np.float64]


def streams(
    table: pl.DataFrame, markers: pl.DataFrame, name: str, words: Mapping[str, tuple[str, str, str]]
) -> list[Stream]:
    """The streams of a table and its markers. Time stamps are `t_ns` in seconds, where the table has it, else `t_s`."""
    found: list[Stream] = []
    numbers = [c for c, kind in table.schema.items() if kind.is_numeric() and c not in _CLOCK]
    states = [c for c in STATES if c in table.columns]
    for label, rows in people_of(table, name):
        found += list(_of_person(label, rows, numbers, states, words))
    if markers.height:
        labels = [[label] for label in markers["label"]]
        found.append(Stream("markers", "Markers", [Channel("label")], _stamps(markers), labels))
    return found


def zero_utc(table: pl.DataFrame) -> datetime | None:
    """When the first row was, in UTC; None where nobody knows."""
    first = table["utc"].drop_nulls().min() if "utc" in table.columns else None
    return first if isinstance(first, datetime) else None


def _of_person(
    label: str, rows: pl.DataFrame, numbers: list[str], states: list[str], words: Mapping[str, tuple[str, str, str]]
) -> Iterator[Stream]:
    times = _stamps(rows)
    known = np.column_stack([rows[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in numbers] or [times * 0])
    codes = np.column_stack(
        [rows[f"{c}"].replace_strict(CODES, default=len(CODES)).to_numpy() for c in states] or [times * 0]
    )
    grid, rate = _even(times)
    at = np.searchsorted(times, grid, side="right") - 1
    held = grid != times[at]  # put in: what stands there is not known
    missing = np.isnan(known[at]) | held[:, None]
    filled = np.column_stack([_filled(times, column, grid) for column in known.T])
    stand = np.where(held[:, None], CODES["stale"], codes[at])
    t_s = rows["t_s"].cast(pl.Float64).fill_null(0.0).to_numpy() if "t_s" in rows.columns else times
    channels = [Channel("t_s", *_said("t_s", words))]
    channels += [Channel(c, *_said(c, words)) for c in numbers]
    coded = ", ".join(f"{code} {state}" for state, code in CODES.items())
    channels += [Channel(f"{c}_code", "", coded) for c in states]
    values = np.column_stack([np.where(held, t_s[at] + grid - times[at], t_s[at]), filled, stand])
    facts = {
        "missing": "a missing number lies on a straight line between its neighbours; see the stream of the missing"
    }
    yield Stream(f"{label} numbers", "Affect", channels, grid, values, rate_hz=rate, facts=facts)
    flags = [Channel(f"{c}_missing", "", f"1 where {c} is missing") for c in numbers]
    yield Stream(f"{label} missing", "Missing", flags, grid, missing.astype(np.int8), rate_hz=rate)
    if states:
        texts = list(_changes(times, rows.select(states)))
        stamps = np.array([at for at, _ in texts])
        yield Stream(f"{label} states", "State", [Channel("state")], stamps, [[text] for _, text in texts])


def people_of(table: pl.DataFrame, name: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows of each person of each file, one at every instant of the file: also where only others are in view.

    A voice that is heard while no face is in view is nobody's: it has rows of its own, named VOICE.
    """
    files = table.partition_by("file", maintain_order=True) if "file" in table.columns else [table]
    for rows in files:
        of = str(rows["file"][0]) if "file" in rows.columns and rows.height else name
        rows = rows.sort(_time(rows), maintain_order=True)
        people = rows["face_id"].drop_nulls().unique().sort().to_list() if "face_id" in rows.columns else []
        for person in people:
            yield f"{of} person {person}{_named(rows, person)}", _at_every_instant(rows, person)
        voice = rows.filter(pl.col("face_id").is_null()) if people else rows.clear()
        if "state" in voice.columns and (voice["state"] == "ok").any():
            yield f"{of} {VOICE}", voice.unique(_time(rows), keep="first", maintain_order=True)
        if not people and rows.height:
            yield of, rows.unique(_time(rows), keep="first", maintain_order=True)


def _named(rows: pl.DataFrame, person: int) -> str:
    """The last name the person was given, in brackets; "" where nobody was named."""
    if "name" not in rows.columns:
        return ""
    names = rows.filter(pl.col("face_id") == person)["name"].drop_nulls()
    return f" ({names[-1]})" if len(names) and names[-1] else ""


def _at_every_instant(rows: pl.DataFrame, person: int) -> pl.DataFrame:
    """The person's rows; at other instants a row without numbers of anyone, whose state is the face's, or no_face."""
    mine = rows.filter(pl.col("face_id").is_null() | (pl.col("face_id") == person))
    mine = _without_the_voice(mine)
    others = rows.filter(pl.col("face_id").is_not_null() & (pl.col("face_id") != person))
    keep = [
        c
        for c in ("file", "t_s", "t_ns", "utc", "voice_state", "speech_prob", "f0_hz", "loudness_sone")
        if c in rows.columns
    ]
    away = others.select(keep).unique(_time(rows), keep="first").join(mine, on=_time(rows), how="anti")
    gone = [pl.lit("no_face").alias(c) for c in ("state", "face_state") if c in rows.columns]
    whole = pl.concat([mine, away.with_columns(gone)], how="diagonal")
    return whole.sort([_time(rows), "face_id"], nulls_last=True).unique(_time(rows), keep="first", maintain_order=True)


def _without_the_voice(rows: pl.DataFrame) -> pl.DataFrame:
    """Without what a voice out of view gave at instants of nobody's face."""
    nobody = pl.col("face_id").is_null()
    blank = [name for name in rows.columns if name.removeprefix("smooth_").removesuffix("_rel") in FUSED]
    if "state" in rows.columns:
        gone = pl.col("face_state") if "face_state" in rows.columns else pl.lit("no_face")
        rows = rows.with_columns(pl.when(nobody).then(gone).otherwise(pl.col("state")).alias("state"))
    return rows.with_columns(pl.when(nobody).then(None).otherwise(pl.col(name)).alias(name) for name in blank)


def _even(times: Floats) -> tuple[Floats, float]:
    """The time stamps with samples put into every hole, and their rate (Hz); 0 where they have none."""
    steps = np.diff(times)
    if len(steps) < 2:
        return times, 0.0
    usual = float(np.median(steps))
    holes = np.flatnonzero(steps > (1 + REGULAR) * usual)
    counts = np.maximum(np.round(steps[holes] / usual).astype(int) - 1, 0)
    more = [times[k] + steps[k] * np.arange(1, n + 1) / (n + 1) for k, n in zip(holes, counts, strict=True)]
    return np.sort(np.concatenate([times, *more])), round(1.0 / usual, 6)


def _filled(times: Floats, column: Floats, grid: Floats) -> Floats:
    known = np.isfinite(column)
    return np.interp(grid, times[known], column[known]) if known.any() else np.zeros(len(grid))


def _changes(times: Floats, states: pl.DataFrame) -> Iterator[tuple[float, str]]:
    before: dict[str, Any] = {}
    for at, row in zip(times, states.iter_rows(named=True), strict=True):
        for column, state in row.items():
            if state != before.get(column):
                before[column] = state
                yield float(at), f"{column} {state}"


def _time(table: pl.DataFrame) -> str:
    return "t_ns" if "t_ns" in table.columns and not table["t_ns"].null_count() else "t_s"


def _stamps(table: pl.DataFrame) -> Floats:
    if _time(table) == "t_ns":
        return table["t_ns"].to_numpy() / 1e9
    return (
        table["t_s"].cast(pl.Float64).fill_null(0.0).to_numpy()
        if "t_s" in table.columns
        else np.arange(float(table.height))
    )


def _said(name: str, words: Mapping[str, tuple[str, str, str]]) -> tuple[str, str]:
    meaning, unit, _ = words.get(name, ("", "", ""))
    return unit, meaning
