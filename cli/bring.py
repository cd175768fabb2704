"""`liveaffect import`: what another program said of a recording, kept beside a session."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console()


def import_(
    file: Annotated[Path, typer.Argument(help="A document of ELAN or Praat, a table of OpenFace or py-feat.")],
    session: Annotated[Path, typer.Option("--session", "-s", help="The session it is about.")],
    name: Annotated[str, typer.Option("--as", help="What it is called; without it the file's name.")] = "",
    form: Annotated[str, typer.Option("--form", help="elan, textgrid, openface or py-feat; else as it looks.")] = "",
    offset: Annotated[
        float, typer.Option("--offset", help="Where the file's own zero lies, in seconds of the session (t_s).")
    ] = 0.0,
    fps: Annotated[float, typer.Option("--fps", min=0.0, help="Frames a second of a py-feat table.")] = 0.0,
) -> None:
    """Import labels or series of another program beside a session; nothing that was recorded is touched.

    It lies in the session's folder under `imported`; `report` shows it, `export --imported` adds the columns of series.
    """
    from liveaffect.offline import open_session
    from liveaffect.offline.formats.taken import import_beside

    found, place = import_beside(open_session(session), file, name=name, form=form, offset_s=offset, fps=fps)
    what = f"{found.table.height} labels in {found.table['tier'].n_unique()} tiers" if found.kind == "marks" else (
        f"{found.table.height} rows of {found.table.width - 1} columns"
    )  # fmt: skip
    first, last = found.table["t_s"][0], found.table["t_s"][-1]
    console.print(f"{found.form}: {what}, {first:.2f} to {last:.2f} s", highlight=False, markup=False, soft_wrap=True)
    console.print(str(place), highlight=False, markup=False, soft_wrap=True)
