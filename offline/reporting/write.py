"""Report pages of sessions, tables and data frames."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from liveaffect.offline.reporting.data import FileResults, file_results
from liveaffect.offline.reporting.page import page
from liveaffect.offline.tables.files import new_file
from liveaffect.offline.tables.read import Results, of_frame, of_session, read_results
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, UsageError

MOST_FILES = 24
"""A page with more sections than this is no longer read; a table of all files stands in `score --summary`."""


def report(
    source: str | Path | Session | pl.DataFrame, out: str | Path | None = None, *, files: Sequence[str] = ()
) -> Path:
    """Writes what was measured as one HTML file that needs nothing but a browser, and returns where it lies.

    Parameters
    ----------
    source: folder of a session, score table, folder of tables, what `open_session` or `score` gave.
    out: the HTML file; without it, beside what it reports on (a data frame needs one).
    files: only these inputs of the table, by the column `file`.

    Raises UsageError for a place that cannot be written, InputError for what is no score table.
    """
    if out is None and isinstance(source, pl.DataFrame):
        raise UsageError("report: a data frame lies nowhere: say with `out` which HTML file to write")
    path = source.path if isinstance(source, Session) else source
    target = Path(out) if out is not None else _beside(Path(str(path)))
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {target}: end it in .html")
    text = make_report(results_of(source), files)
    try:
        with new_file(target) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"--out {target} cannot be written: {error.strerror}; its folder must be there") from None
    return target


def results_of(source: str | Path | Session | pl.DataFrame) -> Results:
    """What a report, or a baseline, is made of. Raises InputError, RecordError."""
    if isinstance(source, Session):
        return of_session(source)
    return of_frame(source) if isinstance(source, pl.DataFrame) else read_results(Path(source))


def make_report(results: Results, only: Sequence[str] = (), now: datetime | None = None) -> str:
    """The HTML text. Raises InputError where a file that is asked for is not in the table."""
    names = results.table["file"].unique(maintain_order=True).to_list()
    unknown = [name for name in only if name not in names]
    if unknown:
        raise InputError(f"{results.path} holds no file '{unknown[0]}'; it has: {', '.join(names[:8])}")
    chosen = [name for name in names if not only or name in only]
    files = [_of_file(results, name) for name in chosen[:MOST_FILES]]
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    return page(results, files, len(chosen) - len(files), f"Written {when} by liveaffect {version('liveaffect')}.")


def _of_file(results: Results, name: str) -> FileResults:
    return file_results(name, results.table.filter(pl.col("file") == name))


def _beside(source: Path) -> Path:
    return source.resolve().with_name(f"{source.resolve().name}.report.html")
