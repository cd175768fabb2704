"""Reads tables back: Parquet or CSV, one file or a folder of them, with errors that name file and column."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from liveaffect.stream.errors import InputError

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


def read_table(path: Path) -> pl.DataFrame:
    """One Parquet or CSV file; a column `file` is text even where every name is a number. Raises InputError."""
    if not path.is_file():
        raise InputError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give a Parquet or CSV table")
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path} is no table: its name must end in {', '.join(ENDINGS)}")
    try:
        if path.suffix.lower() == ".parquet":
            table = pl.read_parquet(path)
        else:
            table = pl.read_csv(
                path,
                separator="\t" if path.suffix.lower() == ".tsv" else ",",
                infer_schema_length=None,
                schema_overrides={"file": pl.String},
            )
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {_first_line(error)}") from None
    empty = [
        name for name, kind in table.schema.items() if kind == pl.String and table[name].null_count() == len(table)
    ]
    table = table.with_columns(pl.col(empty).cast(pl.Float64))  # a CSV does not say what an empty column is
    return table.with_columns(pl.col("file").cast(pl.String)) if "file" in table.columns else table


def require_columns(table: pl.DataFrame, path: Path, names: Iterable[str], why: str) -> None:
    """Raises InputError naming the file and the first column that is not there."""
    for name in names:
        if name not in table.columns:
            known = ", ".join(table.columns[:12]) + (", ..." if len(table.columns) > 12 else "")
            raise InputError(f"{path} has no column '{name}', {why}; it has: {known}")


def require_numbers(table: pl.DataFrame, path: Path, names: Iterable[str]) -> None:
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
