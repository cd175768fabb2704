"""`liveaffect export`: a session or a table as CSV, Parquet or XDF, with a data dictionary beside it."""

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console

from liveaffect.cli.faults import tell_faults
from liveaffect.stream.errors import UsageError

console = Console(stderr=True)


def export(
    what: Annotated[Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder, or a table from `score`.")],
    to: Annotated[str, typer.Option("--to", help="csv, parquet or xdf.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; without it, beside the input.")
    ] = None,
    markers: Annotated[
        bool, typer.Option("--markers", help="A column with the label that was set last, and one with its time.")
    ] = False,
    excel: Annotated[
        bool, typer.Option("--excel", help="CSV with a byte order mark: Excel needs it, R does not want it.")
    ] = False,
) -> None:
    """Export results: one row per face and frame, and a data dictionary that explains every column.

    All times count from one zero, the first frame or sample; `t_ns` and `utc` say when that was. XDF gets streams of
    numbers, of what is missing and of states per person, and the markers, on the sensor's clock (on Linux that of LSL).
    """
    from liveaffect.offline import export as write
    from liveaffect.offline import open_session

    if to not in ("csv", "parquet", "xdf"):
        raise UsageError(f"--to {to}: write csv, parquet or xdf")
    form: Any = to
    source = open_session(what) if what.is_dir() else what
    for path in write(source, out or _beside(what, to), form=form, markers=markers, excel=excel):
        console.print(str(path), markup=False, highlight=False)
    foreign = source.foreign_markers if not isinstance(source, Path) else []
    if isinstance(foreign, pl.DataFrame) and len(foreign):
        console.print(
            f"{len(foreign)} markers were set on another clock and are left out; the first is {foreign['label'][0]!r}",
            style="yellow", markup=False, highlight=False,
        )  # fmt: skip
    if not isinstance(source, Path) and tell_faults(source.reader, console):
        raise typer.Exit(1)


def _beside(what: Path, form: str) -> Path:
    name = what.resolve()
    return name / f"{name.name}.{form}" if name.is_dir() else name.with_suffix(f".{form}")
