"""What other programs said of a session, kept beside what was recorded: labelled stretches, and series of numbers.

It lies in the folder `imported` of the session, a Parquet file each; nothing that was recorded is touched. Times are
`t_s` of the session.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from liveaffect.offline.tables.files import new_file
from liveaffect.stream.errors import InputError, RecordError, UsageError
from liveaffect.stream.session.files import read_plain

FOLDER = "imported"
MOST_BYTES = 1 << 28
NEAREST_S = 0.1
"""A row of ours takes the row of a series that is so near."""
MARKS = {"t_s": pl.Float64, "end_s": pl.Float64, "tier": pl.String, "label": pl.String}
"""Columns of labelled stretches; of a point both times are one."""
Kind = Literal["marks", "series"]


@dataclass(frozen=True)
class Imported:
    """One import."""

    name: str
    kind: Kind
    table: pl.DataFrame
    """`MARKS`, or `t_s` and numbers."""
    source: str
    """Name of the file it came from."""
    form: str
    offset_s: float
    """t_s at which the file's own zero lies."""


def keep(folder: Path, what: Imported) -> Path:
    """Writes an import beside a session and says where. One of the same name is replaced.

    Raises UsageError for a name that is none, or where it cannot be written.
    """
    if not re.fullmatch(r"\w[\w .+-]{0,80}", what.name):
        raise UsageError(f"--as {what.name!r}: a name of letters, digits, spaces, and . + -")
    place = folder / FOLDER
    if place.is_symlink():
        raise UsageError(f"{place} is a link: a session holds its files itself; remove the link")
    target = place / f"{what.name}.{what.kind}.parquet"
    said = {"source": what.source, "form": what.form, "offset_s": repr(what.offset_s)}
    try:
        place.mkdir(exist_ok=True)
        with new_file(target) as temporary:
            what.table.write_parquet(temporary, metadata={f"imported_{key}": text for key, text in said.items()})
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    return target


def imported(folder: Path) -> list[Imported]:
    """The imports of a session, by name. Raises RecordError for a file that is none, naming it."""
    place = folder / FOLDER
    if not place.is_dir() or place.is_symlink():
        return []
    found: list[Imported] = []
    for path in sorted(place.glob("*.parquet")):
        name, _, kind = path.name.removesuffix(".parquet").rpartition(".")
        if kind == "marks" or kind == "series":
            found.append(_read(path, name, kind))
    return found


def with_series(rows: pl.DataFrame, what: list[Imported]) -> pl.DataFrame:
    """Rows with the columns of each series, as NAME_COLUMN: the row nearest in time, at most 0.1 s away."""
    for one in what:
        if one.kind != "series" or not one.table.height or not rows.height:
            continue
        theirs = one.table.sort("t_s")
        at, of = theirs["t_s"].to_numpy(), rows["t_s"].cast(pl.Float64).to_numpy()
        right = np.clip(np.searchsorted(at, of), 0, len(at) - 1)
        left = np.maximum(right - 1, 0)
        nearest = np.where(np.abs(at[left] - of) <= np.abs(at[right] - of), left, right)
        near = pl.Series(np.abs(at[nearest] - of) <= NEAREST_S)
        place = pl.select(pl.when(near).then(pl.Series(nearest.astype(np.int64)))).to_series()
        added = [theirs[c].gather(place).alias(f"{one.name}_{c}") for c in theirs.columns if c != "t_s"]
        rows = rows.with_columns(added)
    return rows


def _read(path: Path, name: str, kind: Kind) -> Imported:
    try:
        data = read_plain(path, MOST_BYTES)
        table = pl.read_parquet(io.BytesIO(data))
        said = pl.read_parquet_metadata(io.BytesIO(data))
        offset_s = float(said.get("imported_offset_s", "0"))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        why = (str(error).splitlines() or [""])[0]
        raise RecordError(f"{path} cannot be read ({why}): import it again, or remove it") from None
    if kind == "marks" and dict(table.schema) != MARKS:
        raise RecordError(f"{path} holds no labelled stretches: import it again, or remove it")
    numeric = all(kind_.is_numeric() for kind_ in table.schema.values())
    if kind == "series" and not ("t_s" in table.columns and numeric):
        raise RecordError(f"{path} holds no series of numbers: import it again, or remove it")
    return Imported(name, kind, table, said.get("imported_source", ""), said.get("imported_form", ""), offset_s)


def require_times(table: pl.DataFrame, path: Path) -> None:
    """Raises InputError where no row has a time."""
    if not table.height:
        raise InputError(f"{path} holds nothing that could be imported")
