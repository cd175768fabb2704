"""Reads results back: tables (Parquet or CSV, a file or a folder) and sessions; errors name file and column."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.tables.beside import Imported
from liveaffect.offline.tables.foreign import read_text_table
from liveaffect.offline.tables.score import SCHEMA, TEXT
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import Reasons
from liveaffect.stream.session.info import SessionInfo, is_session
from liveaffect.stream.topics import REASONS

NEEDED = ("file", "t_s", "state", "valence", "arousal")

ENDINGS = (".parquet", ".csv", ".tsv")


def read_tables(path: Path) -> pl.DataFrame:
    """A table, or all the tables of a folder as one (columns that some lack are null there).

    Raises InputError where there is none, or where it cannot be read.
    """
    if not path.is_dir():
        return read_table(path)
    inside = sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS and not p.name.startswith("."))
    if not inside:
        raise InputError(f"the folder {path} holds no table ({', '.join(ENDINGS)})")
    try:
        return pl.concat([read_table(p) for p in inside], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise InputError(f"the tables in {path} do not fit together: {_first_line(error)}") from None


def no_file(path: Path) -> str:
    """What a path is that is no file, in words."""
    if path.is_dir():
        return "is a folder"
    return "is a pipe or a device, which can be read only once" if path.exists() else "does not exist"


def read_table(path: Path) -> pl.DataFrame:
    """One Parquet or text file, see `read_text_table`. Raises InputError."""
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}: give a Parquet or CSV table")
    if path.suffix.lower() not in (*ENDINGS, ".txt"):
        hint = "save it as CSV" if path.suffix.lower() in (".xlsx", ".xls", ".ods") else "its name must end in "
        raise InputError(f"{path} is no table: {hint}{'' if hint[0] == 's' else ', '.join(ENDINGS)}")
    try:
        if path.suffix.lower() == ".parquet":
            table = pl.read_parquet(path, glob=False)
        else:
            table = read_text_table(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {_first_line(error)}") from None
    empty = [
        name for name, kind in table.schema.items() if kind == pl.String and table[name].null_count() == len(table)
    ]
    table = table.with_columns(pl.col(empty).cast(pl.Float64))  # a CSV does not say what an empty column is
    if path.suffix.lower() != ".parquet":  # the apostrophe that keeps spreadsheets from running a text
        texts = [name for name, kind in table.schema.items() if kind == pl.String]
        table = table.with_columns(pl.col(texts).str.replace(r"^'([=+\-@\t\r])", "$1"))
    return table.with_columns(pl.col("file").cast(pl.String)) if "file" in table.columns else table


def require_columns(table: pl.DataFrame, path: Path | str, names: Iterable[str], why: str) -> None:
    """Raises InputError naming the file and the first column that is not there."""
    for name in names:
        if name not in table.columns:
            known = ", ".join(table.columns[:12]) + (", ..." if len(table.columns) > 12 else "")
            raise InputError(f"{path} has no column '{name}', {why}; it has: {known}")


def require_numbers(table: pl.DataFrame, path: Path | str, names: Iterable[str]) -> None:
    """Raises InputError naming the file, the column and a value of it, where one of `names` holds no numbers."""
    for name in names:
        if name not in table.columns or table[name].dtype.is_numeric() or table[name].dtype == pl.Null:
            continue
        values = table[name].cast(pl.String).drop_nulls()
        odd = next((v for v in values if not _is_number(v)), None)
        holds = f"such as {odd!r}" if odd is not None else f"({table[name].dtype})"
        raise InputError(
            f"{path}: column '{name}' holds something other than numbers, {holds}; leave missing ones empty"
        )


def require_filled(table: pl.DataFrame, path: Path | str, remedies: Mapping[str, str]) -> None:
    """Raises InputError naming the file, the column and its remedy, where one of these columns has an empty row."""
    for name, remedy in remedies.items():
        kept = table[name].drop_nulls()
        empty = len(table) - (int(kept.cast(pl.Float64).is_finite().sum()) if kept.dtype.is_numeric() else len(kept))
        if empty:
            raise InputError(f"{path}: column '{name}' is empty in {empty} of {len(table)} rows: {remedy}")


@dataclass
class Results:
    """A score table and what is known of its making."""

    path: Path
    table: pl.DataFrame
    version: str = ""
    """Of liveaffect, when the table was made; "" where nobody wrote it down."""
    models: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name -> version and sha256."""
    settings: dict[str, Any] = field(default_factory=dict)
    session: SessionInfo | None = None
    zero_ns: int | None = None
    """`t_ns` of t_s 0, of a session."""
    state: str = ""
    """COMPLETE, INCOMPLETE or RECORDING, of a session."""
    markers: list[tuple[float, str]] = field(default_factory=list)
    """Time (s) and label, of a session."""
    faults: list[str] = field(default_factory=list)
    """In words, what of a session is not as it was recorded."""
    reasons: list[Reasons] = field(default_factory=list)
    """What carried estimates, of a session that recorded it."""
    imported: list[Imported] = field(default_factory=list)
    """What other programs said of a session."""


def read_results(path: Path) -> Results:
    """A session's folder, a score table, or a folder of score tables.

    Raises InputError or RecordError, naming the file and the column that is missing.
    """
    if is_session(path):
        return of_session(Session(path))
    if not path.exists():
        raise InputError(f"{path} does not exist: give the folder of a session, or a score table")
    return _results(path, read_tables(path), _footer(path))


def of_frame(table: pl.DataFrame) -> Results:
    """A score table in memory; one that `score` gave knows what made it. Raises InputError."""
    return _results(Path("table"), pl.DataFrame(table), getattr(table, "metadata", {}))


def _results(path: Path, table: pl.DataFrame, said: Mapping[str, str]) -> Results:
    """The table with its columns in their types, and what its metadata say."""
    require_columns(table, path, NEEDED, "so it is no score table")
    require_numbers(table, path, [name for name in SCHEMA if name not in (*TEXT, "utc")])
    if not table.height:
        raise InputError(f"{path} has no rows")
    require_filled(
        table, path, {"file": "write the name of the film into each", "t_s": "give each its time in seconds"}
    )
    if "utc" in table.columns and table["utc"].dtype == pl.String:
        table = table.with_columns(pl.col("utc").str.to_datetime(time_unit="us", time_zone="UTC", strict=False))
    table = table.with_columns(pl.col(name).cast(kind) for name, kind in SCHEMA.items() if name in table.columns)
    floats = [name for name in SCHEMA if name in table.columns and table[name].dtype.is_float()]
    table = table.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)
    try:
        models, settings = (json.loads(said.get(f"liveaffect_{key}", "{}")) for key in ("models", "settings"))
    except ValueError:
        models, settings = {}, {}
    settings = settings if isinstance(settings, dict) else {}
    return Results(path, table, said.get("liveaffect_version", ""), _named(models), settings)


def one_file(results: Results, name: str | None) -> pl.DataFrame:
    """The rows of one input. Raises InputError where `name` is not there, or is needed and not given."""
    files = results.table["file"].unique(maintain_order=True).to_list()
    if name is None and len(files) == 1:
        return results.table
    if name not in files:
        given = "holds several files: choose one with --file" if name is None else f"holds no file '{name}'"
        raise InputError(f"{results.path} {given}; it has: {', '.join(files[:8])}{', ...' if len(files) > 8 else ''}")
    return results.table.filter(pl.col("file") == name)


def of_session(session: Session) -> Results:
    """Table, markers and making of a session. Raises InputError where it holds no estimates."""
    info, table = session.info, session.table()
    if not table.height:
        told = "".join(f"; {fault}" for fault in session.reader.faults)
        raise InputError(f"{session.path} holds no estimates: there is no message of `affect` in it{told}")
    marks = session.markers()
    markers = list(zip(marks["t_s"], marks["label"], strict=True))
    version, models = info.versions.get("liveaffect", ""), _named(info.models)
    reasons: list[Reasons] = []
    if REASONS.name in session.reader.topics():
        reasons = [said for _, said in session.reader.messages([REASONS.name]) if isinstance(said, Reasons)]
    state, faults = session.state, session.reader.faults
    return Results(
        session.path, table, version, models, info.graph, info, session.zero_ns, state, markers, faults, reasons,
        session.imported(),
    )  # fmt: skip


def _footer(path: Path) -> Mapping[str, str]:
    """The metadata of a Parquet file; of a folder, the first file's."""
    first = path
    if path.is_dir():
        first = next(iter(sorted(p for p in path.glob("*.parquet") if not p.name.startswith("."))), path)
    if first.suffix.lower() != ".parquet":
        return {}
    try:
        return pl.read_parquet_metadata(first)
    except (pl.exceptions.PolarsError, OSError):
        return {}


def _named(models: Any) -> dict[str, dict[str, str]]:
    """Name, version and hash; a session tells by node what the node called its model."""
    named: dict[str, dict[str, str]] = {}
    for key, said in models.items() if isinstance(models, dict) else ():
        if isinstance(said, dict):
            name, _, version = str(said.get("model", key)).partition(" ")
            named[name] = {"version": version} if version else {}
            named[name] |= {k: str(said[k]) for k in ("version", "sha256") if said.get(k)}
    return named


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
