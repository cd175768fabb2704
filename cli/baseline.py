"""`liveaffect baseline`: how a person looks at rest, as a file that `score --baseline` subtracts."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.face.baseline import save_baseline
from liveaffect.offline.tables.read import read_results
from liveaffect.offline.tables.relative import make_baseline
from liveaffect.stream.errors import UsageError

console = Console()


def baseline(
    source: Annotated[Path, typer.Argument(metavar="SESSION|TABLE", help="A session's folder or a score table.")],
    start: Annotated[float, typer.Option("--from", min=0.0, help="First second of the neutral face.")],
    end: Annotated[float, typer.Option("--to", min=0.0, help="Last second of the neutral face.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The baseline file (.json).")],
    file: Annotated[str | None, typer.Option("--file", help="Which input, where the table has several.")] = None,
    face: Annotated[int | None, typer.Option("--face", help="Whose: the face_id, where several faces show.")] = None,
) -> None:
    """Make a person's baseline from seconds in which the face is at rest.

    It is used only where it is asked for: `liveaffect score CLIP --baseline FILE` adds columns, and changes none.
    """
    results = read_results(source)
    found = make_baseline(results, start, end, file=file, face=face)
    try:
        save_baseline(found, out)
    except OSError as error:
        raise UsageError(f"--out {out} cannot be written: {error.strerror}") from None
    raised = sorted(found.au.items(), key=lambda pair: -pair[1])[:3]
    units = ", ".join(f"{name.upper()} {ACTION_UNITS[name.upper()]} {value:.1f}" for name, value in raised)
    console.print(
        f"face {found.face_id}, {found.rows} frames from {start:g} to {end:g} s: "
        f"valence {found.valence:+.2f} ± {found.valence_spread:.2f}, "
        f"arousal {found.arousal:+.2f} ± {found.arousal_spread:.2f}\nstrongest at rest: {units}\n{out}",
        highlight=False,
    )
    if found.restless:
        console.print("[yellow]The face was not at rest: choose seconds in which nothing moves.[/]", highlight=False)
