"""`liveaffect export`: a session or a table as CSV, Parquet or XDF, with a data dictionary beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, cast

import numpy as np
import polars as pl
import typer
from rich.console import Console

from liveaffect.offline.tables.read import read_table
from liveaffect.offline.tables.score import DICTIONARY, EXTRAS, session_table
from liveaffect.offline.tables.summary import SUMMARY_DICTIONARY
from liveaffect.offline.tables.xdf import Channel, Stream, write_xdf
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.messages import Marker
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import MARKER

Form = Literal["csv", "parquet", "xdf"]
Words = tuple[str, str, str]
"""Meaning, unit, range."""
COLUMN_WORDS: dict[str, Words] = {**SUMMARY_DICTIONARY, **DICTIONARY, **EXTRAS}
STATES = ("state", "face_state", "voice_state")
MARKER_WORDS: dict[str, Words] = {
    "t_s": ("time since the start of the file", "s", "0 and up"),
    "label": ("what was marked", "", ""),
    "source": ("who marked it", "", ""),
}
BOM = "\ufeff"
"""Excel takes a CSV file for UTF-8 only with it."""

console = Console(stderr=True)


def export(
    what: Annotated[Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder, or a table from `score`.")],
    to: Annotated[str, typer.Option("--to", help="csv (Excel opens it), parquet or xdf.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; without it, beside the input.")
    ] = None,
) -> None:
    """Export results: one row per face and frame, and a data dictionary that explains every column.

    XDF gets a stream of numbers and one of states per person, and the markers; times are seconds from the start.
    """
    if to not in ("csv", "parquet", "xdf"):
        raise UsageError(f"--to {to}: write csv, parquet or xdf")
    target = out or _beside(what, to)
    if target.resolve() == what.resolve():
        raise UsageError(f"--out {target} is the input itself: name another file")
    written = export_to(what, target, cast(Form, to))
    for path in written:
        console.print(str(path), markup=False, highlight=False)


def export_to(what: Path, target: Path, form: Form) -> list[Path]:
    """Writes the export and its dictionary; returns the files. Raises InputError, RecordError, UsageError."""
    table, markers = load(what)
    dictionary = target.with_name(f"{target.stem}.dictionary.csv")
    written = [target, dictionary]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            _write_csv(table, target)
        elif form == "parquet":
            words = {f"column:{name}": " | ".join(COLUMN_WORDS.get(name, ("", "", ""))) for name in table.columns}
            table.write_parquet(target, metadata=words)
        else:
            write_xdf(target, streams(table, markers, target.stem))
        if form != "xdf" and markers.height:
            beside = target.with_name(f"{target.stem}.markers.{form}")
            written.insert(1, beside)
            _write_csv(markers, beside) if form == "csv" else markers.write_parquet(beside)
        _write_csv(describe([*table.columns, *(markers.columns if markers.height else ())]), dictionary)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; choose another place with --out") from None
    return written


def load(what: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The score table and the markers of a session or of a table's file (which has none)."""
    empty = pl.DataFrame(schema={"t_s": pl.Float64, "label": pl.String, "source": pl.String})
    if what.is_dir():
        reader = SessionReader(what)
        start_ns = reader.info.first_t_ns or 0
        marks = [cast(Marker, message) for _, message in reader.messages([MARKER.name])]
        rows = {
            "t_s": [(mark.t_ns - start_ns) / 1e9 for mark in marks],
            "label": [mark.label for mark in marks],
            "source": [mark.source for mark in marks],
        }
        return session_table(reader, what.name), pl.DataFrame(rows, schema=empty.schema).sort("t_s")
    if not what.exists():
        raise InputError(f"{what} does not exist: give the folder of a session, or a table from `liveaffect score`")
    return read_table(what), empty


def describe(columns: list[str]) -> pl.DataFrame:
    """The data dictionary: each column's meaning, unit and range."""
    known = {**MARKER_WORDS, **COLUMN_WORDS}
    rows = [(name, *known.get(name, ("not a column of liveaffect", "", ""))) for name in dict.fromkeys(columns)]
    return pl.DataFrame(rows, schema=["column", "meaning", "unit", "range"], orient="row")


def streams(table: pl.DataFrame, markers: pl.DataFrame, name: str) -> list[Stream]:
    """XDF streams: per file and person the numbers (null becomes NaN) and the states; then the markers.

    Frames without any face belong to everyone, so that nobody's stream has holes.
    """
    found: list[Stream] = []
    keys = [key for key in ("file", "face_id") if key in table.columns]
    numbers = [c for c, kind in table.schema.items() if kind.is_numeric() and c not in ("t_s", *keys)]
    states = [c for c in table.columns if c in STATES]
    for label, rows in _people(table, name):
        times = rows["t_s"].cast(pl.Float64).fill_null(0.0).to_numpy()
        if numbers:
            values = np.column_stack([rows[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in numbers])
            channels = [
                Channel(c, COLUMN_WORDS.get(c, ("", "", ""))[1], COLUMN_WORDS.get(c, ("",))[0]) for c in numbers
            ]
            found.append(Stream(f"{label} numbers", "Affect", channels, times, values))
        if states:
            words = [[word or "" for word in row] for row in rows.select(states).iter_rows()]
            found.append(Stream(f"{label} states", "State", [Channel(c) for c in states], times, words))
    if markers.height:
        labels = [[label] for label in markers["label"]]
        found.append(Stream("markers", "Markers", [Channel("label")], markers["t_s"].to_numpy(), labels))
    return found


def _people(table: pl.DataFrame, name: str) -> Iterator[tuple[str, pl.DataFrame]]:
    files = table.partition_by("file", maintain_order=True) if "file" in table.columns else [table]
    for rows in files:
        of = str(rows["file"][0]) if "file" in rows.columns and rows.height else name
        people = rows["face_id"].drop_nulls().unique().sort().to_list() if "face_id" in rows.columns else []
        for person in people:
            yield f"{of} person {person}", rows.filter(pl.col("face_id").is_null() | (pl.col("face_id") == person))
        if not people and rows.height:
            yield of, rows


def _write_csv(table: pl.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM)
        file.write(table.write_csv())


def _beside(what: Path, form: str) -> Path:
    name = what.resolve()
    return name / f"{name.name}.{form}" if name.is_dir() else name.with_suffix(f".{form}")
