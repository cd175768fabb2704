"""A table on disk while it grows: memory holds a batch of rows, however long the film."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import polars as pl

from liveaffect.stream.errors import LiveAffectError, UsageError

NOTICES = "liveaffect_notices"
"""Metadata of a Parquet table: JSON, name of the input -> what was done to it, or wrong with it, in words."""
ROW_GROUP = 8192
"""Rows that a writer holds at once: four and a half minutes of one face."""

ISO_8601 = "%Y-%m-%dT%H:%M:%S%.6fZ"
FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet takes for a formula."""


class Parts:
    """Batches of rows in a folder of their own, which is emptied first and gone at the end.

    folder: on the disk of the table that will be made of them; a system's temporary folder may be memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._paths = folder, list[Path]()

    def __enter__(self) -> "Parts":
        shutil.rmtree(self._folder, ignore_errors=True)  # of a run that was killed
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, batch: pl.DataFrame) -> None:
        """Puts rows after those that are there. Raises LiveAffectError where the disk is full."""
        path = self._folder / f"{len(self._paths)}.arrow"
        with told_where(self._folder.parent):
            batch.write_ipc(path)
        self._paths.append(path)

    def scan(self) -> pl.LazyFrame:
        """All rows so far, in order; at least one batch must be there."""
        return pl.scan_ipc(self._paths, glob=False)


def parts_of(target: Path) -> Path:
    """Where the parts of a table lie while it is made."""
    return target.with_name(f".{target.name}.rows")


def segments_of(target: Path) -> Path:
    """Where the tables of a film's segments lie until they are one."""
    return target.with_name(f".{target.name}.segments")


def write_table(table: pl.LazyFrame, target: Path, footer: dict[str, str]) -> None:
    """Writes CSV or Parquet (by the ending; only Parquet has a footer), a few rows at a time.

    It is there whole or not at all. Raises LiveAffectError where it cannot be written.
    """
    with told_where(target.parent), new_file(target) as temporary, temporary.open("wb") as file:
        # an open file: by its name, a thread of polars could make it again after a failure
        if target.suffix.lower() == ".csv":
            guarded(table).sink_csv(file, datetime_format=ISO_8601)
        else:
            table.sink_parquet(file, metadata=footer, row_group_size=ROW_GROUP)


def write_csv(table: pl.DataFrame, path: Path, *, bom: bool = False) -> None:
    """Writes CSV, with a byte order mark first where `bom` says so. Raises OSError."""
    with new_file(path) as temporary, temporary.open("wb") as file:
        guarded(table.lazy()).collect().write_csv(file, include_bom=bom, datetime_format=ISO_8601)


def guarded(table: pl.LazyFrame) -> pl.LazyFrame:
    """Texts that a spreadsheet would run as a formula get an apostrophe before them, as its own cells have it."""
    texts = [name for name, kind in table.collect_schema().items() if kind == pl.String]
    return table.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def notices(said: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What there is to say of each input, as metadata of a table; nothing where nothing was said."""
    known = {name: list(texts) for name, texts in said.items() if texts}
    return {NOTICES: json.dumps(known, ensure_ascii=False)} if known else {}


def notices_of(paths: Iterable[Path]) -> dict[str, str]:
    """The same of several Parquet tables together."""
    said: dict[str, list[str]] = {}
    for path in paths:
        said |= json.loads(pl.read_parquet_metadata(path).get(NOTICES, "{}"))
    return notices(said)


def require_folder(target: Path) -> None:
    """Raises UsageError where the folder of a file to be written is not there: a wrong name makes no folders."""
    if not target.absolute().parent.is_dir():
        folder = target.absolute().parent
        raise UsageError(f"--out {target}: there is no folder {folder}: make it, or correct the name")
    require_no_device(target)


def require_no_device(target: Path) -> None:
    """Raises UsageError where a new file would take the place of a device, a pipe, or what a program writes to."""
    stream = target.is_symlink() and str(target.readlink()).startswith("/proc/")  # /dev/stdout
    if stream or (target.exists() and not (target.is_file() or target.is_dir())):
        raise UsageError(f"--out {target} is a pipe or a device, and tables and pages are files: name one")


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A name to write to; the file gets its own once it is whole, and where that fails nothing is left of it.

    It is a file of its own, never what a link of that name leads to. Raises UsageError where the place is a device's.
    """
    require_no_device(target)
    temporary = target.with_name(f".{target.name}.part")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def told_where(folder: Path) -> Iterator[None]:
    """Says of an OSError which folder could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise LiveAffectError(f"{folder} cannot be written ({why}): make room, or choose another place") from None
