"""`liveaffect why`: which measured cues carried an estimate, at an instant of a session or a film."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liveaffect.offline.scoring.why import why as find
from liveaffect.stream.errors import RecordError

console = Console(highlight=False, markup=False, soft_wrap=True)


def why(
    source: Annotated[Path, typer.Argument(metavar="SESSION|FILM", help="A session's folder, or a film.")],
    at: Annotated[float, typer.Option("--at", help="Seconds from the start.")] = 0.0,
    person: Annotated[int | None, typer.Option("--person", help="Only this face.")] = None,
) -> None:
    """Say which measured cues of a face carried valence, arousal and the likeliest emotion.

    Each cue was put to rest before the model that gave the estimate; a number says by how much that moved it.
    A session recorded with --reasons tells what was measured then. Without, it is measured again on the film that the
    session was made from; of a camera no pixels are kept, so that then nothing can be said.
    """
    found = [one for one in find(source, at) if person in (None, one.reason.id)]
    if not found:
        who = "nobody" if person is None else f"no face {person}"
        raise RecordError(f"{source}: {who} was taken apart in the two seconds up to {at:g} s")
    for one in found:
        console.print(f"face {one.reason.id} at {one.t_s:.2f} s ({one.source})")
        for sentence in one.sentences:
            console.print(f"  {sentence}")
