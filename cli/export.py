"""`liveaffect export`: results in the formats of other programs, or as a film."""

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console

from liveaffect.cli.faults import tell_faults
from liveaffect.cli.shell.design import Shown, Within
from liveaffect.stream.errors import UsageError

console = Console(stderr=True)


def export(
    what: Annotated[Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder, or a table from `score`.")],
    to: Annotated[str, typer.Option("--to", help="csv, parquet, xdf, openface, elan, textgrid, edf, bids or mp4.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; without it, beside the input.")
    ] = None,
    markers: Annotated[
        bool, typer.Option("--markers", help="A column with the label that was set last, and one with its time.")
    ] = False,
    excel: Annotated[
        bool, typer.Option("--excel", help="CSV with a byte order mark: Excel needs it, R does not want it.")
    ] = False,
    imported: Annotated[
        bool, typer.Option("--imported", help="Columns of series that were imported beside the session.")
    ] = False,
    shown: Shown = None,
    within: Within = "",
    overlay: Annotated[bool, typer.Option("--overlay", help="Of mp4: draw in what was measured.")] = False,
) -> None:
    """Export results: rows with a data dictionary (csv, parquet, xdf), or in the formats of other programs.

    All times count from one zero, the first frame or sample; `t_ns` and `utc` say when that was. XDF gets streams of
    numbers, of what is missing and of states per person, and the markers, on the sensor's clock (on Linux that of LSL).
    `openface` has its columns and units, `elan` and `textgrid` turns, emotion segments, states and markers, `edf` and
    `bids` evenly spaced signals and events, `mp4` pictures and sound. What a format cannot hold is said.
    --shown adds `level_p_...`: the probabilities, brought to the levels that a study's design says.
    """
    from liveaffect.offline import export as write
    from liveaffect.offline import open_session
    from liveaffect.offline.formats.write import ENDINGS

    if to not in ENDINGS:
        raise UsageError(f"--to {to}: write one of {', '.join(ENDINGS)}")
    if overlay and to != "mp4":
        raise UsageError("--overlay draws into pictures: use it with --to mp4")
    form: Any = to
    source = open_session(what) if what.is_dir() else what
    made = write(
        source, out or _beside(what, to),
        form=form, markers=markers, excel=excel, overlay=overlay, imported=imported, shown=shown, within=within,
    )  # fmt: skip
    for path in made[: 1 if to == "bids" else None]:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    for note in made.notes:
        console.print(note, style="yellow", markup=False, highlight=False, soft_wrap=True)
    foreign = source.foreign_markers if not isinstance(source, Path) else []
    if isinstance(foreign, pl.DataFrame) and len(foreign):
        console.print(
            f"{len(foreign)} markers were set on another clock and are left out; the first is {foreign['label'][0]!r}",
            style="yellow", markup=False, highlight=False,
        )  # fmt: skip
    if not isinstance(source, Path) and tell_faults(source.reader, console):
        raise typer.Exit(1)


def _beside(what: Path, form: str) -> Path:
    from liveaffect.offline.formats.write import ENDINGS

    name = what.resolve()
    return name / f"{name.name}{ENDINGS[form]}" if name.is_dir() else name.with_suffix(ENDINGS[form])
