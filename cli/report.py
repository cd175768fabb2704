"""`liveaffect report`: a session or a score table as one HTML file that needs nothing but a browser."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from liveaffect.offline.reporting.data import FileResults, file_results
from liveaffect.offline.reporting.page import page
from liveaffect.offline.tables.files import new_file
from liveaffect.offline.tables.results import Results, read_results
from liveaffect.stream.errors import InputError, UsageError

MOST_FILES = 24
"""A page with more sections than this is no longer read; a table of all files stands in `score --summary`."""

console = Console()


def report(
    source: Annotated[
        Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder, a score table, or a folder of tables.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file; without it, beside what it reports on.")
    ] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", help="Only this input of the table; may be repeated.")
    ] = None,
) -> None:
    """Draw what was measured: timeline with intervals and gaps, circumplex, emotions, action units, speech, losses.

    The file stands alone: nothing is loaded from anywhere, it prints well, and it follows the reader's light or dark.
    """
    target = out or source.resolve().with_name(f"{source.resolve().name}.report.html")
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {target}: end it in .html")
    results = read_results(source)
    text = make_report(results, file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with new_file(target) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"--out {target} cannot be written: {error.strerror}") from None
    console.print(f"{target} ({len(text.encode()) / 1000:.0f} kB)", highlight=False, soft_wrap=True)


def make_report(results: Results, only: list[str] | None = None, now: datetime | None = None) -> str:
    """The HTML text. Raises InputError where a file that is asked for is not in the table."""
    names = results.table["file"].unique(maintain_order=True).to_list()
    unknown = [name for name in only or [] if name not in names]
    if unknown:
        raise InputError(f"{results.path} holds no file '{unknown[0]}'; it has: {', '.join(names[:8])}")
    chosen = [name for name in names if not only or name in only]
    files = [_of_file(results, name) for name in chosen[:MOST_FILES]]
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    return page(results, files, len(chosen) - len(files), f"Written {when} by liveaffect {version('liveaffect')}.")


def _of_file(results: Results, name: str) -> FileResults:
    return file_results(name, results.table.filter(pl.col("file") == name))
