"""`liveaffect demo`: the live graph on a face and a voice that the project makes itself, recorded, tabled, drawn."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn

from liveaffect.cli.demo_media.clip import clip
from liveaffect.cli.run import assemble, start
from liveaffect.offline.scoring.pipeline import footer
from liveaffect.offline.tables.session import open_session
from liveaffect.offline.tables.timeline import draw
from liveaffect.stream.errors import UsageError
from liveaffect.stream.session.info import MANIFEST

console = Console()


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the session, the table and the picture.")] = Path(
        "out/demo"
    ),
    plain: Annotated[bool, typer.Option("--plain", help="A line a second instead of the live view.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=1.0, help="End before the 20 s are over.")] = None,
) -> None:
    """Show the sensor without a camera, a microphone, a screen or a GPU.

    A public-domain portrait is made to smile, frown, raise its brows, speak and leave; its face and voice go through
    the same processes, sockets and models as a camera's and a microphone's would.
    """
    media = make_clip()
    folder = fresh_folder(out)
    session = folder / "session"
    view_plain = plain or not sys.stdout.isatty()
    graph = assemble(None, [], source=media, plain=view_plain, record=session, title="liveaffect demo")
    parts = f"{len(graph.entries)} nodes in {len(graph.processes)} processes"
    console.print(f"Starting the live graph on [bold]{media.name}[/]: {parts}.", highlight=False)
    code = start(graph, seconds, whole=True)
    if not (session / MANIFEST).is_file():
        raise typer.Exit(code or 1)
    recorded = open_session(session)
    table = recorded.table().with_columns(pl.lit(media.name).alias("file"))
    table.write_parquet(folder / "table.parquet", metadata=footer(recorded.info.graph))
    draw(table, folder / "timeline.png", "liveaffect demo")
    show(folder, session, table, whole=not code)
    if code:
        raise typer.Exit(code)


def make_clip() -> Path:
    """The demo's clip, with progress while it is made for the first time."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("making the demo's face and voice (once)", total=1.0)
        return clip(lambda share: progress.update(bar, completed=share))


def fresh_folder(out: Path) -> Path:
    """A folder of its own for this run. Raises UsageError where it cannot be made."""
    folder = out / datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {folder} cannot be made: {error.strerror}") from None
    return folder


def show(folder: Path, session: Path, table: pl.DataFrame, *, whole: bool = True) -> None:
    """What came of it, and where it lies; `whole` is False where a process failed on the way."""
    faces = table.filter(pl.col("state") == "ok")
    missing = table.height - faces.height
    words = "A process failed on the way, so rows are missing: `liveaffect doctor --last` says why."
    lines = [] if whole else [words, ""]
    lines += [
        f"{table.height} rows, {faces.height} with numbers, {missing} without (their state says why)",
        "",
        f"session   {session}",
        f"table     {folder / 'table.parquet'}",
        f"picture   {folder / 'timeline.png'}",
        "",
        f"Next: liveaffect view {session}   (the window, on what was just recorded)",
        "      liveaffect live   (your camera and microphone)",
        "      liveaffect score CLIP --out table.csv   (your recordings)",
    ]
    title = "The demo is over" if whole else "The demo is not whole"
    console.print(Panel("\n".join(lines), title=title, title_align="left", padding=(1, 2)), highlight=False)
