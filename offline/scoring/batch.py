"""Many files to tables: what is done already is left alone, one failure stops nothing, everything is accounted for."""

import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from liveaffect.offline.scoring.conversation import find_offset, one_conversation
from liveaffect.offline.scoring.inputs import STDIN, find_inputs, prepare, read_stdin
from liveaffect.offline.scoring.output import ENDINGS, ScoreOutput
from liveaffect.offline.scoring.pipeline import Written, look_at
from liveaffect.offline.scoring.segments import join_parts, parts_of_film
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Progress, Task, in_words, score_files
from liveaffect.offline.tables.dynamics.moves import check_target, write_dynamics
from liveaffect.offline.tables.files import segments_of
from liveaffect.offline.tables.summary import write_summary
from liveaffect.stream.errors import LiveAffectError, UsageError


class Listener:
    """Told what happens while files are scored; the base does nothing with it."""

    def begin(self, todo: int, done: int, where: str) -> None:
        """So many files will be scored; so many were found done, `where` says by whom."""

    def progress(self, shares: dict[Path, float], frames: dict[Path, int], ended: int) -> None:
        """How far each file has come, 0 to 1; pictures measured of each; how many files have come to an end."""

    def warn(self, text: str) -> None:
        """Something to say of a file that was scored, or of the settings."""

    def left_out(self, lines: list[str]) -> None:
        """What lies in the folders and is not scored: a line for each reason."""


class Batch:
    """A run over many files, and what has become of each.

    Parameters
    ----------
    files: all inputs, those that are done already among them.
    output: where their tables go.
    """

    def __init__(self, files: list[Path], output: ScoreOutput, listener: Listener | None = None) -> None:
        self.files, self.output = files, output
        self.failures: dict[Path, str] = {}
        """Why a file has no table, in words."""
        self.written: dict[Path, Written] = {}
        """What the tables hold that this run made."""
        self.todo = 0
        """Files that this run had to score."""
        self.seconds = 0.0
        """How long it took."""
        self.listener = listener or Listener()

    @property
    def finished(self) -> list[Path]:
        """The files that have a table of their own, in the order of the inputs."""
        return [file for file in self.files if file not in self.failures]

    def score(self, todo: list[Path], jobs: int, settings: ScoreSettings, cluster: str | None = None) -> None:
        """Scores in worker processes, here or on a cluster; one that fails, or kills its worker, stops nothing."""
        begun, self.todo = time.monotonic(), len(todo)
        reached: dict[Task, tuple[float, int]] = {}
        with self.output.writing(todo):
            tasks = {file: self._tasks(file, settings) for file in todo}
            outcomes: dict[Path, list[Outcome]] = {file: [] for file in todo}
            every = [task for mine in tasks.values() for task in mine]
            with closing(_events(every, jobs, settings, cluster)) as events:
                for event in events:
                    file = event.task.file
                    if isinstance(event, Progress):
                        share = min(event.done_s / event.of_s, 0.99) if event.of_s > 0 else 0.0
                        reached[event.task] = share, event.frames
                    else:
                        reached[event.task] = 1.0, reached.get(event.task, (0.0, 0))[1]
                        outcomes[file].append(event)
                        if len(outcomes[file]) == len(tasks[file]):
                            self._take(file, self._whole(file, outcomes.pop(file), settings))
                    self._tell(reached, tasks)
        self.seconds = time.monotonic() - begun

    def _tasks(self, file: Path, settings: ScoreSettings) -> list[Task]:
        """What is to be done for a file: one thing, or one for each of its segments."""
        whole = Task(file, self.output.label(file), self.output.path_of(file))
        if settings.split_s is None:
            return [whole]
        try:
            info = look_at(file, settings)
        except (LiveAffectError, OSError):
            return [whole]  # it will say what is wrong with it
        parts = parts_of_film(info.duration_s if info.has_video else None, settings)  # sound alone stays whole
        folder = segments_of(whole.target)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        sound = folder / "sound" if info.has_audio and len(parts) > 1 else None
        tasks = [
            replace(whole, target=folder / f"{part.number:05}.parquet", part=part, heard=sound if part.number else None)
            for part in parts
        ]
        listens = [] if sound is None else [replace(whole, target=sound, listens_from_s=parts[1].begin_s)]
        return [*listens, *tasks]

    def _whole(self, file: Path, outcomes: list[Outcome], settings: ScoreSettings) -> Outcome:
        """One outcome for a file, whose segments become one table."""
        if len(outcomes) == 1 and outcomes[0].task.part is None:
            return outcomes[0]
        outcomes = sorted(outcomes, key=lambda outcome: outcome.task.target)
        failed = next((outcome for outcome in outcomes if outcome.written is None), None)
        if failed is not None:
            return failed
        said = list(dict.fromkeys(text for outcome in outcomes for text in outcome.warnings))
        tables = [o.task.target for o in outcomes if o.task.listens_from_s is None]
        target, name = self.output.path_of(file), self.output.label(file)
        try:
            said += join_parts(tables, target, name, settings, self.output.footer, said)
        except (LiveAffectError, OSError) as error:
            return Outcome(outcomes[0].task, failure=in_words(error))
        shutil.rmtree(segments_of(target), ignore_errors=True)
        written = [outcome.written for outcome in outcomes if outcome.written is not None]
        whole = Written(sum(table.rows for table in written), sum(table.seen for table in written))
        return Outcome(outcomes[0].task, whole, tuple(said))

    def _tell(self, reached: dict[Task, tuple[float, int]], tasks: dict[Path, list[Task]]) -> None:
        shares: dict[Path, float] = {}
        frames: dict[Path, int] = {}
        for task, (share, count) in reached.items():
            shares[task.file] = shares.get(task.file, 0.0) + share / len(tasks[task.file])
            frames[task.file] = frames.get(task.file, 0) + count
        self.listener.progress(shares, frames, len(self.written) + len(self.failures))

    def _take(self, file: Path, outcome: Outcome) -> None:
        if outcome.written is None:
            self.failures[file] = outcome.failure
            return
        try:
            self.output.finish(file)
        except OSError as error:
            self.failures[file] = f"its table cannot be written: {error.strerror or in_words(error)}"
            return
        self.written[file] = outcome.written
        for text in outcome.warnings:
            self.listener.warn(named(file, text))


def score_batch(
    inputs: Sequence[str],
    out: str | Path,
    *,
    settings: ScoreSettings | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    summary: Path | None = None,
    dynamics: Path | None = None,
    pair: bool = False,
    offset_s: float | None = None,
    listener: Listener | None = None,
) -> Batch:
    """Scores files, folders of them and patterns, into one table or into a folder with one table per input.

    Parameters
    ----------
    inputs: "-" is standard input.
    out: a .parquet or .csv file, or a folder; inputs that it holds finished tables of are left alone.
    jobs: files at once.
    cluster: address of a Dask scheduler, or "local".
    summary: also a table per file, minute and person.
    dynamics: also tables of how affect moves (`write_dynamics`).
    pair: the two inputs are films of one conversation, whose people are measured together in `dynamics`.
    offset_s: seconds into the first at which the second begins; without it their sound tells.

    Failures of single files are in the result; raises UsageError, InputError, LaunchError, ModelMissing where nothing
    can be begun.
    """
    settings, listener = settings or ScoreSettings(), listener or Listener()
    if summary is not None and summary.suffix.lower() not in ENDINGS:
        raise UsageError(f"--summary {summary}: end it in .csv or .parquet")
    if summary is not None and not summary.absolute().parent.is_dir():
        raise UsageError(f"--summary {summary}: there is no folder {summary.absolute().parent}: make it first")
    if dynamics is not None:
        check_target(dynamics)
    if pair and (dynamics is None or len(inputs) != 2):
        raise UsageError("--pair takes two films of one conversation, and --dynamics FILE.parquet for what it finds")
    if offset_s is not None and not pair:
        raise UsageError("--offset belongs to --pair: it says when the second film begins within the first")
    found = find_inputs(inputs, sequences=settings.sequence_hz is not None)
    with TemporaryDirectory(prefix="liveaffect-") as spool:
        labels: dict[Path, str] = {}
        if Path(STDIN) in found.files:
            piped = read_stdin(Path(spool))
            found.files[found.files.index(Path(STDIN))], labels[piped] = piped, "stdin"
        own = Path(out).absolute()  # tables among the films they are of are no news
        found.left_out = {
            p: why for p, why in found.left_out.items() if own not in (p.absolute(), *p.absolute().parents)
        }
        listener.left_out(found.summary())
        if text := prepare(found.files, settings):
            listener.warn(text)
        output = ScoreOutput(out, found.files, settings, labels)
        batch = Batch(found.files, output, listener)
        batch.failures.update(found.failures)
        todo = [file for file in found.files if not output.is_done(file)]
        by = f"in {out}" if output.folder else "by the run that was interrupted"
        listener.begin(len(todo), len(found.files) - len(todo), by)
        batch.score(todo, jobs, settings, cluster)
        output.join(batch.finished)
        if summary is not None:
            write_summary((output.path_of(file) for file in batch.finished), summary)
        if dynamics is not None:
            _write_dynamics(batch, dynamics, pair, offset_s)
        output.close()
        return batch


def _write_dynamics(batch: Batch, path: Path, pair: bool, offset_s: float | None) -> None:
    tables: list[Path | pl.DataFrame] = [batch.output.path_of(file) for file in batch.finished]
    if pair and len(tables) == 2:
        first, second = batch.finished
        if offset_s is None:
            found = find_offset(first, second)
            offset_s = found.seconds
            batch.listener.warn(
                f"{second.name} begins {offset_s:.2f} s into {first.name}, by their sound (correlation "
                f"{found.correlation:.2f}, {found.ratio:.1f} times the next)"
            )
        films = [pl.read_parquet(table, glob=False) for table in tables if isinstance(table, Path)]
        tables.append(one_conversation(films[0], films[1], offset_s))
    write_dynamics(tables, path)


def named(file: Path, text: str) -> str:
    """What is said of a file, with its name."""
    return text if str(file) in text else f"{file}: {text}"


def _events(
    tasks: list[Task], jobs: int, settings: ScoreSettings, cluster: str | None
) -> Generator[Progress | Outcome]:
    if cluster is None:
        return score_files(tasks, jobs, settings)
    from liveaffect.offline.scoring.cluster import score_on_cluster

    return score_on_cluster(tasks, cluster, jobs, settings)
