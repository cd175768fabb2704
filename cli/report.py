"""`liveaffect report`: a session or a score table as one HTML file that needs nothing but a browser."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liveaffect.cli.faults import tell_faults
from liveaffect.stream.session.info import is_session

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
    from liveaffect import offline

    session = offline.open_session(source) if is_session(source) else None
    target = offline.report(session or source, out, files=file or [])
    console.print(f"{target} ({target.stat().st_size / 1000:.0f} kB)", highlight=False, soft_wrap=True)
    if session is not None and tell_faults(session.reader, console):
        raise typer.Exit(1)
