"""`liveaffect score`: video, sound and image files to tables, every frame, nothing dropped."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from liveaffect.models.face.baseline import load_baseline
from liveaffect.offline.scoring.batch import Batch, Listener, named, score_batch
from liveaffect.offline.scoring.settings import DEFAULT_GRAPH, ScoreSettings
from liveaffect.offline.scoring.smoothed import LAG_S

console = Console(stderr=True)


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Video, sound and image files, folders of them, or patterns; - is standard input."),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            help="One table for all inputs (.parquet or .csv), or a folder (end it in / where its name has dots) that "
            "gets one Parquet table per input; finished inputs are then skipped when run again.",
        ),
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many files at once.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", help="Score on a Dask scheduler (tcp://host:8786), or local: --jobs Dask workers here."
        ),
    ] = None,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="Add smooth_* columns, which also know what came up to --lag later.")
    ] = False,
    lag: Annotated[float, typer.Option("--lag", min=0.0, max=30.0, help="Seconds that --smooth looks ahead.")] = LAG_S,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="A file of `liveaffect baseline`: adds *_rel columns, a person minus rest."),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", help="Also a table (.csv or .parquet) per file, minute and person.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Frames a second that are measured, such as 10; else all of them.")
    ] = None,
    sequence: Annotated[
        float | None, typer.Option("--sequence", help="A folder of images is a film of so many images a second.")
    ] = None,
    launch: Annotated[Path, typer.Option("--launch", help="Launch file whose node settings count.")] = DEFAULT_GRAPH,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="node.key=value, as in a live run; may be repeated.")
    ] = None,
) -> None:
    """Score files: one row per face and frame (per 100 ms where there is only sound, one row per image).

    A frame without a face still has its row: `state` says why, and the numbers are null.
    """
    at_rest = None if baseline is None else load_baseline(baseline)
    chosen = ScoreSettings(
        launch, tuple(settings or ()), lag if smooth else None, at_rest, rate_hz=rate, sequence_hz=sequence
    )
    with Shown() as shown:
        batch = score_batch(inputs, out, settings=chosen, jobs=jobs, cluster=cluster, summary=summary, listener=shown)
    say(batch)
    if batch.failures:
        raise typer.Exit(1)


class Shown(Listener):
    """A bar in the terminal, and what there is to say above it."""

    def __enter__(self) -> "Shown":
        columns = (BarColumn(), TextColumn("{task.fields[files]} of {task.fields[todo]} files"), TimeElapsedColumn())
        left = (TextColumn("left"), TimeRemainingColumn())
        self._bar = Progress(*columns, *left, console=console, disable=not console.is_terminal)
        self._shown = self._bar.add_task("", total=1, files=0, todo=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, todo: int, done: int, where: str) -> None:
        if done:
            console.print(f"{done} of {todo + done} files are already done {where}", highlight=False, markup=False)
        self._bar.start()
        self._bar.update(self._shown, total=max(todo, 1), todo=todo)

    def progress(self, shares: dict[Path, float], ended: int) -> None:
        self._bar.update(self._shown, completed=sum(shares.values()), files=ended)

    def warn(self, text: str) -> None:
        console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)

    def left_out(self, lines: list[str]) -> None:
        for line in lines:
            console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def say(batch: Batch) -> None:
    """What was done, and every failure by name."""
    if batch.written:
        rows, seen = (sum(getattr(table, name) for table in batch.written.values()) for name in ("rows", "seen"))
        done = f"{rows} rows from {len(batch.written)} of {batch.todo} files in {batch.seconds:.1f} s"
        console.print(f"{done}, {seen} with a face: {batch.output.out}", highlight=False, markup=False)
    for file, text in batch.failures.items():
        console.print(f"failed: {named(file, text)}", style="red", highlight=False, markup=False, soft_wrap=True)
