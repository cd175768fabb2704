"""Scoring on a Dask cluster: each file is one task; a worker that dies costs its file another try, elsewhere.

Every worker needs liveaffect, the models, and the files under the same paths as here.
"""

import logging
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from liveaffect.offline.scoring.pipeline import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Task, in_words, score_file
from liveaffect.offline.tables.files import new_file, told_where
from liveaffect.stream.errors import LiveAffectError, TransportError, UsageError
from liveaffect.stream.extras import remedy

LOCAL = "local"
CONNECT_S = 10

_one_at_a_time = threading.Lock()


def score_on_cluster(tasks: Sequence[Task], address: str, jobs: int, settings: ScoreSettings) -> Generator[Outcome]:
    """Scores every task once and yields each outcome as it comes; the tables are those of `score_files`.

    address: of a Dask scheduler, such as tcp://host:8786, or "local" for `jobs` worker processes on this machine.
    Raises UsageError without the extra `cluster`, TransportError where no scheduler answers.
    """
    dask = _distributed()
    shared = replace(settings, launch=settings.launch.resolve())
    with ExitStack() as stack:
        client = stack.enter_context(_client(dask, address, jobs, stack))
        sent: dict[Any, Task] = {}
        heard: dict[Path, Any] = {}
        for task in sorted(tasks, key=lambda task: task.listens_from_s is None):
            here = replace(task, file=task.file.resolve())
            given = () if task.heard is None else (heard[task.heard],)  # the cluster waits for it, and brings it
            future = client.submit(_score_here, here, shared, *given, pure=False)
            sent[future] = task
            if task.listens_from_s is not None:
                heard[task.target] = future
        for future in dask.as_completed(list(sent)):
            task = sent.pop(future)
            error = future.exception()
            yield Outcome(task, failure=_why(error)) if error is not None else _brought(task, *future.result())
            future.release()  # or the cluster would keep every table until the end


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError(f"--cluster needs Dask: install it with {remedy('cluster')}") from None


def _client(dask: Any, address: str, jobs: int, stack: ExitStack) -> Any:
    if address == LOCAL:
        cluster = dask.LocalCluster(
            n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL
        )
        return dask.Client(stack.enter_context(cluster))
    try:
        return dask.Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise TransportError(
            f"no Dask scheduler answers at {address} ({in_words(error)}): start one with `dask scheduler`, "
            "workers with `dask worker ADDRESS --nthreads 1`, or write --cluster local"
        ) from None


def _score_here(
    task: Task, settings: ScoreSettings, heard: tuple[Outcome, bytes] | None = None
) -> tuple[Outcome, bytes]:
    """Runs in a worker, where a model library must not report to its maker either; the result travels as its bytes."""
    from liveaffect.nodes.face.privacy import close_door

    with _one_at_a_time:  # a worker with several threads would share file descriptors and memory among files
        close_door()
        with tempfile.TemporaryDirectory(prefix="liveaffect-") as folder:
            here = replace(task, target=Path(folder) / task.target.name)
            if heard is not None:
                if heard[0].written is None:
                    return Outcome(task, failure=heard[0].failure), b""
                here = replace(here, heard=Path(folder) / "heard")
                (Path(folder) / "heard").write_bytes(heard[1])
            outcome = score_file(here, settings)
            return outcome, here.target.read_bytes() if outcome.written is not None else b""


def _brought(task: Task, outcome: Outcome, table: bytes) -> Outcome:
    """Writes what a worker made, here."""
    if outcome.written is not None:
        try:
            with told_where(task.target.parent), new_file(task.target) as temporary:
                temporary.write_bytes(table)
        except LiveAffectError as error:
            return Outcome(task, failure=str(error))
    return replace(outcome, task=task)


def _why(error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return "every worker that tried it ended unasked, most likely for want of memory or in a crash of a decoder"
    return in_words(error)
