"""Results as CSV, Parquet or XDF, with a data dictionary beside them."""

from pathlib import Path
from typing import Literal

import polars as pl

from liveaffect.models.categories.level import Shown
from liveaffect.offline.tables.files import new_file, require_folder, write_csv
from liveaffect.offline.tables.level import LEVEL_WORDS, with_levels
from liveaffect.offline.tables.read import of_frame, read_table
from liveaffect.offline.tables.score import DICTIONARY, EXTRAS
from liveaffect.offline.tables.session import MARKERS_SCHEMA, Session
from liveaffect.offline.tables.streams import streams, zero_utc
from liveaffect.offline.tables.summary import SUMMARY_DICTIONARY
from liveaffect.offline.tables.xdf import write_xdf
from liveaffect.stream.errors import InputError, UsageError

Form = Literal["csv", "parquet", "xdf"]
Words = tuple[str, str, str]
"""Meaning, unit, range."""
COLUMN_WORDS: dict[str, Words] = {**SUMMARY_DICTIONARY, **DICTIONARY, **EXTRAS, **LEVEL_WORDS}
MARKER_WORDS: dict[str, Words] = {
    "label": ("what was marked", "", ""),
    "source": ("who marked it", "", ""),
}
_NO_MARKERS = pl.DataFrame(schema=MARKERS_SCHEMA)


def export(
    source: str | Path | Session | pl.DataFrame,
    out: str | Path,
    *,
    form: Form | None = None,
    markers: bool = False,
    excel: bool = False,
    imported: bool = False,
    shown: Shown | None = None,
    within: str = "",
    notes: list[str] | None = None,
) -> list[Path]:
    """Writes rows, markers (of a session) and a data dictionary; returns the files, the rows' first.

    Every time counts from one zero, the first frame or sample. In XDF the time stamps are the sensor's clock, which on
    Linux is the clock of the Lab Streaming Layer too.

    Parameters
    ----------
    source: folder of a session, a table's file, what `open_session` or `score` gave.
    out: the file to write.
    form: "csv", "parquet" or "xdf"; without it, what the ending of `out` says.
    markers: adds the columns `marker` and `marker_t_s` to the rows of a session.
    imported: adds the columns of imported series of a session.
    excel: begins CSV files with a byte order mark, without which Excel takes them for another encoding.
    shown, within: add the columns `level_p_...`, see `liveaffect.offline.tables.level`.
    notes: takes what is to be said of them.

    Raises InputError, RecordError, UsageError.
    """
    target = Path(out)
    form = form or _form_of(target)
    if not isinstance(source, Session | pl.DataFrame) and target.resolve() == Path(source).resolve():
        raise UsageError(f"--out {target} is the input itself: name another file")
    table, marks = load(source, markers=markers, imported=imported)
    if shown is not None:
        table, done = with_levels(
            table, "the table" if isinstance(source, pl.DataFrame) else str(source), shown, within
        )
        if notes is not None:
            notes.append(done)
    require_folder(target)
    dictionary = target.with_name(f"{target.stem}.dictionary.csv")
    written = [target, dictionary]
    try:
        if form == "csv":
            write_csv(table, target, bom=excel)
        elif form == "parquet":
            words = {f"column:{name}": " | ".join(COLUMN_WORDS.get(name, ("", "", ""))) for name in table.columns}
            with new_file(target) as temporary:
                table.write_parquet(temporary, metadata=words)
        else:
            with new_file(target) as temporary:
                write_xdf(temporary, streams(table, marks, target.stem, COLUMN_WORDS), zero_utc(table))
        if form != "xdf" and marks.height:
            beside = target.with_name(f"{target.stem}.markers.{form}")
            written.insert(1, beside)
            if form == "csv":
                write_csv(marks, beside, bom=excel)
            else:
                with new_file(beside) as temporary:
                    marks.write_parquet(temporary)
        write_csv(describe([*table.columns, *(marks.columns if marks.height else ())]), dictionary, bom=excel)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; choose another place with --out") from None
    return written


def load(
    source: str | Path | Session | pl.DataFrame, *, markers: bool = False, imported: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and the markers of a session, of a table's file or of a data frame (these two have no markers)."""
    if isinstance(source, pl.DataFrame):
        return of_frame(source).table, _NO_MARKERS
    if not isinstance(source, Session):
        path = Path(source)
        if not path.exists():
            raise InputError(f"{path} does not exist: give the folder of a session, or a table from `liveaffect score`")
        if not path.is_dir():
            return read_table(path), _NO_MARKERS
        source = Session(path)
    return source.table(markers=markers, imported=imported), source.markers()


def describe(columns: list[str]) -> pl.DataFrame:
    """The data dictionary: each column's meaning, unit and range."""
    known = {**MARKER_WORDS, **COLUMN_WORDS}
    rows = [(name, *known.get(name, ("not a column of liveaffect", "", ""))) for name in dict.fromkeys(columns)]
    return pl.DataFrame(rows, schema=["column", "meaning", "unit", "range"], orient="row")


def _form_of(target: Path) -> Form:
    for form in ("csv", "parquet", "xdf"):
        if target.suffix.lower() == f".{form}":
            return form
    raise UsageError(f"--out {target}: end it in .csv, .parquet or .xdf, or say which with --to")
