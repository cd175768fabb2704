"""What `baseline` and `report` look at: the table of a session or of a file, and where it came from."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.tables.read import read_tables, require_columns, require_numbers
from liveaffect.offline.tables.score import SCHEMA, session_table
from liveaffect.stream.errors import InputError
from liveaffect.stream.session.info import MANIFEST, RECORDING, SessionInfo
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import MARKER

NEEDED = ("file", "t_s", "state", "valence", "arousal")


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
    state: str = ""
    """COMPLETE, INCOMPLETE or RECORDING, of a session."""
    markers: list[tuple[float, str]] = field(default_factory=list)
    """Time (s) and label, of a session."""


def read_results(path: Path) -> Results:
    """A session's folder, a score table, or a folder of score tables.

    Raises InputError or RecordError, naming the file and the column that is missing.
    """
    if (path / MANIFEST).exists() or (path / RECORDING).exists():
        return _of_session(path)
    if not path.exists():
        raise InputError(f"{path} does not exist: give the folder of a session, or a score table")
    table = read_tables(path)
    require_columns(table, path, NEEDED, "so it is no score table")
    numbers = [name for name in table.columns if name not in ("file", "state", "face_state", "voice_state")]
    require_numbers(table, path, numbers)
    if not table.height:
        raise InputError(f"{path} has no rows")
    table = table.with_columns(pl.col(name).cast(kind) for name, kind in SCHEMA.items() if name in table.columns)
    version, models, settings = _footer(path)
    return Results(path, table, version, models, settings)


def one_file(results: Results, name: str | None) -> pl.DataFrame:
    """The rows of one input. Raises InputError where `name` is not there, or is needed and not given."""
    files = results.table["file"].unique(maintain_order=True).to_list()
    if name is None and len(files) == 1:
        return results.table
    if name not in files:
        given = "holds several files: choose one with --file" if name is None else f"holds no file '{name}'"
        raise InputError(f"{results.path} {given}; it has: {', '.join(files[:8])}{', ...' if len(files) > 8 else ''}")
    return results.table.filter(pl.col("file") == name)


def _of_session(folder: Path) -> Results:
    reader = SessionReader(folder)
    info = reader.info
    table = session_table(reader, folder.resolve().name)
    if not table.height:
        raise InputError(f"{folder} holds no estimates: there is no message of `affect` in it")
    start_ns = info.first_t_ns or 0
    markers = [((m.t_ns - start_ns) / 1e9, getattr(m, "label", "")) for _, m in reader.messages([MARKER.name])]
    return Results(
        folder, table, info.versions.get("liveaffect", ""), _named(info.models), info.graph, info, reader.state, markers
    )


def _footer(path: Path) -> tuple[str, dict[str, dict[str, str]], dict[str, Any]]:
    """What a Parquet file's metadata say; of a folder, the first file's."""
    first = path
    if path.is_dir():
        first = next(iter(sorted(p for p in path.glob("*.parquet") if not p.name.startswith("."))), path)
    if first.suffix.lower() != ".parquet":
        return "", {}, {}
    try:
        said = pl.read_parquet_metadata(first)
        models, settings = (json.loads(said.get(f"liveaffect_{key}", "{}")) for key in ("models", "settings"))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return "", {}, {}
    return said.get("liveaffect_version", ""), _named(models), settings if isinstance(settings, dict) else {}


def _named(models: Any) -> dict[str, dict[str, str]]:
    """Name, version and hash; a session tells by node what the node called its model."""
    named: dict[str, dict[str, str]] = {}
    for key, said in models.items() if isinstance(models, dict) else ():
        if isinstance(said, dict):
            name, _, version = str(said.get("model", key)).partition(" ")
            named[name] = {"version": version} if version else {}
            named[name] |= {k: str(said[k]) for k in ("version", "sha256") if said.get(k)}
    return named
