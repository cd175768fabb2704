"""`liveaffect score`: video, sound and image files to tables, every frame, nothing dropped."""

import re
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from liveaffect.models.face.baseline import load_baseline
from liveaffect.offline.scoring.batch import Batch, Listener, named, score_batch
from liveaffect.offline.scoring.settings import DEFAULT_GRAPH, ScoreSettings
from liveaffect.offline.scoring.smoothed import LAG_S
from liveaffect.stream.errors import UsageError

console = Console(stderr=True)
LEAST_S = 2.0
"""Measured for less nobody can tell how long it will take."""


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
        typer.Option(
            "--baseline",
            help="A file of `liveaffect baseline`: adds *_rel columns, a person minus rest; of a person whose gaze was "
            "calibrated *_cal_deg columns too.",
        ),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", help="Also a table (.csv or .parquet) per file, minute and person.")
    ] = None,
    dynamics: Annotated[
        Path | None,
        typer.Option(
            "--dynamics", help="Also tables (.parquet) of how affect moves: people by minute, pairs, and shifts."
        ),
    ] = None,
    pair: Annotated[
        bool, typer.Option("--pair", help="The two inputs are films of one conversation: --dynamics joins them.")
    ] = False,
    offset: Annotated[
        float | None,
        typer.Option("--offset", help="With --pair: seconds into the first film at which the second begins."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Frames a second that are measured, such as 10; else all of them.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="Long films in segments of so long, such as 5min, that all --jobs share; ids are joined at the seams.",
        ),
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
        launch,
        tuple(settings or ()),
        lag if smooth else None,
        at_rest,
        rate_hz=rate,
        split_s=seconds(split),
        sequence_hz=sequence,
    )
    with Shown() as shown:
        batch = score_batch(
            inputs, out, settings=chosen, jobs=jobs, cluster=cluster, summary=summary, dynamics=dynamics, pair=pair,
            offset_s=offset, listener=shown,
        )  # fmt: skip
    say(batch)
    if batch.failures:
        raise typer.Exit(1)


class Left(TimeRemainingColumn):
    """The time left, measured from the first progress on: models' loading and compiling precede it. A word until then,
    and for the first moments after it."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[TaskID, float] = {}

    def render(self, task: Task) -> Text:
        """One cell of the bar."""
        now = task.get_time()
        begun = self._first.setdefault(task.id, now) if task.completed else now
        if task.finished or (now - begun >= LEAST_S and task.time_remaining is not None):
            return super().render(task)
        return Text("estimating", style="progress.remaining")


class Shown(Listener):
    """A bar in the terminal, and what there is to say above it."""

    def __enter__(self) -> "Shown":
        left = (TextColumn("left"), Left())
        self._bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"),
                             TimeElapsedColumn(), *left, console=console, disable=not console.is_terminal)  # fmt: skip
        self._all = self._bar.add_task("", total=1, said="")
        self._todo = 0
        self._files: dict[Path, tuple[TaskID, float]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, todo: int, done: int, where: str) -> None:
        """Notes how much there is to do."""
        if done:
            console.print(f"{done} of {todo + done} files are already done {where}", highlight=False, markup=False)
        self._todo = todo
        self._bar.start()
        self._bar.update(self._all, total=max(todo, 1))

    def progress(self, shares: dict[Path, float], frames: dict[Path, int], ended: int) -> None:
        """Moves the bars."""
        self._bar.update(self._all, completed=sum(shares.values()), said=f"{ended} of {self._todo} files")
        for file, share in shares.items():
            if file not in self._files and share < 1.0:
                self._files[file] = self._bar.add_task(escape(file.name[-30:]), total=1.0, said=""), time.monotonic()
            if file in self._files:
                task, begun = self._files[file]
                rate = frames[file] / max(time.monotonic() - begun, 1e-3)
                self._bar.update(task, completed=share, said=f"{rate:.0f} frames/s", visible=share < 1.0)

    def warn(self, text: str) -> None:
        """Says what went otherwise than asked."""
        console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)

    def left_out(self, lines: list[str]) -> None:
        """Says which files are not scored, and why."""
        for line in lines:
            console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def seconds(text: str | None) -> float | None:
    """A length such as 90, 90s, 5min or 1h in seconds. Raises UsageError."""
    if text is None:
        return None
    found = re.fullmatch(r"([\d.]+)\s*(s|sec|m|min|h)?", text.strip().lower())
    try:
        return float(found.group(1)) * {"m": 60, "h": 3600}.get((found.group(2) or "s")[0], 1) if found else float(text)
    except ValueError:
        raise UsageError(f"--split {text}: write a length, such as 5min, 300s or 1h") from None


def say(batch: Batch) -> None:
    """What was done, and every failure by name."""
    if batch.written:
        rows, seen = (sum(getattr(table, name) for table in batch.written.values()) for name in ("rows", "seen"))
        done = f"{rows} rows from {len(batch.written)} of {batch.todo} files in {batch.seconds:.1f} s"
        console.print(f"{done}, {seen} with a face: {batch.output.out}", highlight=False, markup=False)
    for file, text in batch.failures.items():
        console.print(f"failed: {named(file, text)}", style="red", highlight=False, markup=False, soft_wrap=True)
