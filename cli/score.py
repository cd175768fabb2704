"""`liveaffect score`: video, sound and image files to tables, every frame, nothing dropped."""

import glob
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from liveaffect.models.face.baseline import Baseline, differs, load_baseline
from liveaffect.offline.scoring.output import ENDINGS, Output
from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH, ScoreSettings, Written, model_hashes, require_models
from liveaffect.offline.scoring.smoothed import LAG_S
from liveaffect.offline.scoring.workers import Outcome, Progress, Task, in_words, score_files
from liveaffect.offline.tables.summary import write_summary
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.errors import InputError, LiveAffectError, UsageError
from liveaffect.stream.graph import load_graph

MEDIA = {
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".3gp", ".gif",
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma",
    ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp",
}  # fmt: skip
LOOKED_AT = 20
"""So many files tell what the others will need."""

console = Console(stderr=True)


def score(
    inputs: Annotated[list[str], typer.Argument(help="Video, sound and image files, folders of them, or patterns.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="One table for all inputs (.parquet or .csv), or a folder that gets one Parquet table per input; "
            "finished inputs are then skipped when run again.",
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
    launch: Annotated[Path, typer.Option("--launch", help="Launch file whose node settings count.")] = DEFAULT_GRAPH,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="node.key=value, as in a live run; may be repeated.")
    ] = None,
) -> None:
    """Score files: one row per face and frame (per 100 ms where there is only sound, one row per image).

    A frame without a face still has its row: `state` says why, and the numbers are null.
    """
    files = find_inputs(inputs)
    if summary is not None and summary.suffix.lower() not in ENDINGS:
        raise UsageError(f"--summary {summary}: end it in .csv or .parquet")
    at_rest = None if baseline is None else load_baseline(baseline)
    chosen = ScoreSettings(launch, tuple(settings or ()), lag if smooth else None, at_rest)
    prepare(files, chosen)
    output = Output(out, files, chosen)
    todo = [file for file in files if not output.is_done(file)]
    if len(todo) < len(files):
        by = f"in {out}" if output.folder else "by the run that was interrupted"
        console.print(f"{len(files) - len(todo)} of {len(files)} files are already done {by}", highlight=False)
    run = Run(files, output)
    run.score(todo, jobs, chosen, cluster)
    output.join(run.finished())
    if summary is not None:
        write_summary((output.path_of(file) for file in run.finished()), summary)
    output.close()
    run.say()
    if run.failures:
        raise typer.Exit(1)


class Run:
    """What has become of every file."""

    def __init__(self, files: list[Path], output: Output) -> None:
        self.files, self.output = files, output
        self.failures: dict[Path, str] = {}
        self._written: dict[Path, Written] = {}
        self._begun, self._todo = time.monotonic(), 0

    def score(self, todo: list[Path], jobs: int, settings: ScoreSettings, cluster: str | None = None) -> None:
        """Scores in worker processes, here or on a cluster; one that fails, or kills its worker, stops nothing."""
        self._todo = len(todo)
        tasks = [Task(file, self.output.label(file), self.output.path_of(file)) for file in todo]
        counted = TextColumn("{task.fields[files]} of " + f"{len(todo)} files")
        left = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        reached: dict[Path, float] = {}
        with (
            Bar(BarColumn(), counted, *left, console=console, disable=not console.is_terminal) as bar,
            self.output.writing(todo),
            closing(_events(tasks, jobs, settings, cluster)) as events,
        ):
            shown = bar.add_task("", total=max(len(todo), 1), files=0)
            for event in events:
                file = event.task.file
                if isinstance(event, Progress):
                    reached[file] = min(event.done_s / event.of_s, 0.99) if event.of_s > 0 else 0.0
                else:
                    reached[file] = 1.0
                    self._take(file, event)
                files = len(self._written) + len(self.failures)
                bar.update(shown, completed=sum(reached.values()), files=files)

    def finished(self) -> list[Path]:
        """The files that have a table of their own, in the order of the inputs."""
        return [file for file in self.files if file not in self.failures]

    def say(self) -> None:
        """What was done, and every failure by name."""
        if self._written:
            rows, seen = (sum(getattr(table, name) for table in self._written.values()) for name in ("rows", "seen"))
            took = time.monotonic() - self._begun
            done = f"{rows} rows from {len(self._written)} of {self._todo} files in {took:.1f} s"
            console.print(f"{done}, {seen} with a face: {self.output.out}", highlight=False, markup=False)
        for file, text in self.failures.items():
            console.print(f"failed: {_named(file, text)}", style="red", highlight=False, markup=False, soft_wrap=True)

    def _take(self, file: Path, outcome: Outcome) -> None:
        if outcome.written is None:
            self.failures[file] = outcome.failure
            return
        try:
            self.output.finish(file)
        except OSError as error:
            self.failures[file] = f"its table cannot be written: {error.strerror or in_words(error)}"
            return
        self._written[file] = outcome.written
        for text in outcome.warnings:
            console.print(_named(file, text), style="yellow", highlight=False, markup=False, soft_wrap=True)


def _named(file: Path, text: str) -> str:
    return text if str(file) in text else f"{file}: {text}"


def _events(
    tasks: list[Task], jobs: int, settings: ScoreSettings, cluster: str | None
) -> Generator[Progress | Outcome]:
    if cluster is None:
        return score_files(tasks, jobs, settings)
    from liveaffect.offline.scoring.cluster import score_on_cluster

    return score_on_cluster(tasks, cluster, jobs, settings)


def find_inputs(words: list[str]) -> list[Path]:
    """Files named by paths, folders and patterns, each once, sorted. Raises InputError for what is not there."""
    found: dict[Path, None] = {}
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in MEDIA and p.is_file())
            if not inside:
                raise InputError(f"the folder {path} holds no video, sound or image file")
            found.update(dict.fromkeys(inside))
        elif path.exists() or not glob.has_magic(word):
            if not path.exists():
                raise InputError(f"{path} does not exist: check the name")
            found[path] = None
        else:
            matches = sorted(Path(p) for p in glob.glob(word, recursive=True))  # noqa: PTH207 (patterns may be absolute)
            if not matches:
                raise InputError(f"nothing matches {word}")
            found.update(dict.fromkeys(matches))
    return list(found)


def prepare(files: list[Path], settings: ScoreSettings) -> None:
    """Fails early where settings or models are wrong, and says where a baseline belongs to other models."""
    nodes = load_graph(settings.launch, list(settings.overrides)).entries
    seen = heard = False
    for file in files[:LOOKED_AT]:
        try:
            info = probe(file)
        except LiveAffectError:
            if len(files) == 1:
                raise
            continue
        seen, heard = seen or info.has_video, heard or info.has_audio
    require_models(MediaInfo("", "", has_video=seen and "face" in nodes, has_audio=heard and "voice" in nodes))
    _check_baseline(settings.baseline)


def _check_baseline(baseline: Baseline | None) -> None:
    other = [] if baseline is None else differs(baseline, model_hashes())
    if other:
        console.print(f"[yellow]--baseline was made with another {', '.join(other)}: make it again[/]", highlight=False)
