"""Worker processes for a batch of files: a file that kills its worker costs itself alone."""

import contextlib
import gc
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from liveaffect.models.errors import ModelError
from liveaffect.offline.apart import start
from liveaffect.offline.scoring.guard import LOOK_S, Limits, Watched, limits
from liveaffect.offline.scoring.pipeline import FileRun, ScoreSettings, Written
from liveaffect.offline.scoring.segments import Part
from liveaffect.stream.errors import LiveAffectError

JOIN_S = 5.0
MOST_FILES = 50
"""A worker is replaced after so many files: decoders and nets keep about a megabyte of every file they have opened."""


@dataclass(frozen=True)
class Task:
    """One file, what the column `file` says, and where its table (Parquet) goes."""

    file: Path
    name: str
    target: Path
    part: Part | None = None
    """The segment that is scored; None for the whole."""
    listens_from_s: float | None = None
    """What is made is no table, but what the voice says from this media time on, for the segments of the film."""
    heard: Path | None = None
    """The target of such a task, which must be done before this one, and whose voice it takes."""


@dataclass(frozen=True)
class Progress:
    """How far a file has come, in seconds of its own time."""

    task: Task
    done_s: float
    of_s: float
    frames: int = 0
    """Pictures measured so far."""


@dataclass(frozen=True)
class Outcome:
    """A finished file: what its table holds and warnings, or why there is none."""

    task: Task
    written: Written | None = None
    warnings: tuple[str, ...] = ()
    failure: str = ""


def score_files(
    tasks: Sequence[Task], jobs: int, settings: ScoreSettings, most: Limits | None = None
) -> Generator[Progress | Outcome]:
    """Scores every task once, at most `jobs` at a time, and yields what happens as it happens.

    Tasks come to their turn in their order, except that one that waits for another lets those behind it go first.
    A worker scores file after file; where one dies (killed for want of memory, crashed in a codec), or takes more than
    `most`, its file is a failure, the others go on and a new worker takes its place.
    """
    waiting, idle, most = Waiting(tasks), list[_Worker](), most or limits(jobs)
    busy: dict[Connection, _Worker] = {}
    try:
        while waiting or busy:
            yield from waiting.hopeless()
            while len(busy) < jobs and (task := waiting.next()) is not None:
                worker = idle.pop() if idle else _Worker(settings)
                if not worker.alive():
                    worker.end()
                    worker = _Worker(settings)
                worker.give(task, most)
                busy[worker.connection] = worker
            ready = {c for c in wait(list(busy), LOOK_S) if isinstance(c, Connection)}
            for connection, worker in list(busy.items()):
                said = worker.hear() if connection in ready else worker.excess()
                if said is None:
                    continue
                if isinstance(said, Outcome):
                    waiting.ended(said)
                    del busy[connection]
                    if worker.given < MOST_FILES and worker.alive():
                        idle.append(worker)
                    else:
                        worker.end()
                yield said
    finally:
        for worker in [*busy.values(), *idle]:
            worker.end()


class Waiting:
    """Tasks that nobody does yet."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = deque(tasks)
        self._heard: dict[Path, str] = {}
        """Targets of tasks that listened -> why nothing came of them; "" where it did."""

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def next(self) -> Task | None:
        """Takes out the first that can be done now."""
        for task in self._tasks:
            if task.heard is None or self._heard.get(task.heard) == "":
                self._tasks.remove(task)
                return task
        return None

    def ended(self, outcome: Outcome) -> None:
        """Takes note of the end of a task."""
        if outcome.task.listens_from_s is not None:
            self._heard[outcome.task.target] = outcome.failure

    def hopeless(self) -> list[Outcome]:
        """Takes out those that can never be done, and says why."""
        found = [Outcome(t, failure=why) for t in self._tasks if t.heard and (why := self._heard.get(t.heard, ""))]
        for outcome in found:
            self._tasks.remove(outcome.task)
        return found


class _Worker:
    """One process and the way to it."""

    def __init__(self, settings: ScoreSettings) -> None:
        self._process, self.connection = start(_serve, settings)
        self._task: Task | None = None
        self.given = 0
        """How many files it has had."""

    def alive(self) -> bool:
        """False where the process has ended."""
        return self._process.is_alive()

    def give(self, task: Task, most: Limits) -> None:
        self._task, self._watched, self.given = task, Watched(self._process.pid or 0, most), self.given + 1
        with contextlib.suppress(OSError):  # it has died just now: `hear` says so
            self.connection.send(task)

    def hear(self) -> Progress | Outcome:
        assert self._task is not None
        self._watched.heard()
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join(JOIN_S)
            return Outcome(self._task, failure=_death(self._process.exitcode))

    def excess(self) -> Outcome | None:
        """Ends a process that takes too much; None where it does not."""
        why = self._watched.excess()
        if not why:
            return None
        assert self._task is not None
        self._process.kill()
        self._process.join(JOIN_S)
        return Outcome(self._task, failure=why)

    def end(self) -> None:
        self.connection.close()
        self._process.terminate()
        self._process.join(JOIN_S)


def _serve(connection: Connection, settings: ScoreSettings) -> None:
    """The life of a worker: what a model library would report never leaves this process."""
    from liveaffect.nodes.face.privacy import close_door

    close_door()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        while True:
            task: Task = connection.recv()
            connection.send(score_file(task, settings, lambda *at, task=task: connection.send(Progress(task, *at))))
            gc.collect()  # nets and decoders hang in circles: a hundred megabytes would wait for their turn
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)  # the parent has gone


def score_file(
    task: Task, settings: ScoreSettings, progress: Callable[[float, float, int], None] = lambda *_: None
) -> Outcome:
    """Scores one file in this process, whose doors must be closed (`close_door`); a failure is an outcome too.

    progress: called with the media time reached, that of the whole (s), and the pictures measured.
    """
    run: FileRun | None = None

    def told(done_s: float, of_s: float) -> None:
        progress(done_s, of_s, run.frames if run is not None else 0)

    try:
        run = FileRun(task.file, task.name, settings, progress=told, part=task.part, heard=task.heard)
        listens = task.listens_from_s
        written = run.write(task.target) if listens is None else run.listen(task.target, listens)
        return Outcome(task, written, tuple(run.warnings()))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # one file's failure, whatever it is, is reported with the others
        return Outcome(task, failure=in_words(error))


def in_words(error: BaseException) -> str:
    """One line: ours as it stands; of any other error its type and first line."""
    if isinstance(error, LiveAffectError | ModelError):
        return str(error)
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _death(code: Any) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        why = (
            "most likely for want of memory: score it with --jobs 1" if -code == 9 else "its decoder or a model crashed"
        )
        return f"the process that scored it ended by {name}, {why}"
    return f"the process that scored it ended unasked (exit code {code})"
