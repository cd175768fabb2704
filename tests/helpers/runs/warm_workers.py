"""Scoring's worker processes, kept from one test to the next: each takes seconds of imports and models to be there.

A worker scores file after file anyway; that the next file does not see the one before is what `test_workers.py` tests.
Here it is told its settings with each file, for they are read anew for each, and so one serves all tests.
"""

import contextlib
import gc
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from liveaffect.offline.apart import start
from liveaffect.offline.scoring import workers
from liveaffect.offline.scoring.guard import Limits
from liveaffect.offline.scoring.pipeline import ScoreSettings

Key = tuple[str, frozenset[tuple[str, str]]]


class KeptWorker(workers._Worker):
    """One that is free when it is let go waits for the next call in the same folder and environment."""

    waiting: "list[KeptWorker]" = []
    """One at most: half a gigabyte each."""

    def __init__(self, key: Key) -> None:
        self._process, self.connection = start(serve)
        self._task = None
        self.given, self.key, self.free = 0, key, True

    def take(self, settings: ScoreSettings) -> "KeptWorker":
        """Itself, to score with these."""
        self._settings = settings
        return self

    def give(self, task: workers.Task, most: Limits) -> None:
        self.free = False
        with contextlib.suppress(OSError):  # it has died just now
            self.connection.send(self._settings)
        super().give(task, most)

    def hear(self) -> workers.Progress | workers.Outcome:
        said = super().hear()
        self.free = isinstance(said, workers.Outcome)
        return said

    def end(self) -> None:
        if self.free and self.alive() and self.given < workers.MOST_FILES and not self.waiting:
            self.waiting.append(self)
        else:
            super().end()


def worker(settings: ScoreSettings) -> KeptWorker:
    """The one that waits, or a new one."""
    counted = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COLUMNS"))}
    key = (str(Path.cwd()), frozenset(counted.items()))
    if KeptWorker.waiting:
        kept = KeptWorker.waiting.pop()
        if kept.key == key and kept.alive():
            return kept.take(settings)
        kept.free = False
        kept.end()
    return KeptWorker(key).take(settings)


def serve(connection: Connection) -> None:
    """The life of a worker, which hears settings before each file."""
    from liveaffect.nodes.face.privacy import close_door

    close_door()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            settings, task = connection.recv(), connection.recv()
            told = lambda *at, task=task: connection.send(workers.Progress(task, *at))  # noqa: E731
            connection.send(workers.score_file(task, settings, told))
            gc.collect()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)
