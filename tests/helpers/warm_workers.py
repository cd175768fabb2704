"""Scoring's worker processes, kept from one test to the next: each takes seconds of imports and models to be there.

A worker scores file after file anyway; that the next file does not see the one before is what `test_workers.py` tests.
"""

import os
from pathlib import Path

from liveaffect.offline.scoring import workers
from liveaffect.offline.scoring.guard import Limits
from liveaffect.offline.scoring.pipeline import ScoreSettings

Key = tuple[str, str, frozenset[tuple[str, str]]]


class KeptWorker(workers._Worker):
    """One that is free when it is let go waits for the next call with the same settings, folder and environment."""

    waiting: "list[KeptWorker]" = []
    """One at most: half a gigabyte each."""

    def __init__(self, settings: ScoreSettings, key: Key) -> None:
        super().__init__(settings)
        self.key, self.free = key, True

    def give(self, task: workers.Task, most: Limits) -> None:
        self.free = False
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
    counted = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    key = (repr(settings), str(Path.cwd()), frozenset(counted.items()))
    if KeptWorker.waiting:
        kept = KeptWorker.waiting.pop()
        if kept.key == key and kept.alive():
            return kept
        kept.free = False
        kept.end()
    return KeptWorker(settings, key)
