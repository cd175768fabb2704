"""Scoring in the process of the test, for graphs of toy nodes: what is around the workers is tested, not they.

A face net never runs so: MediaPipe asks for a process whose way out is closed.
"""

from collections import deque
from multiprocessing import Pipe

from liveaffect.offline.scoring.guard import Limits
from liveaffect.offline.scoring.pipeline import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Progress, Task, score_file


class HereWorker:
    """Takes the place of a worker process: a file is scored when it is given, and what it says is heard afterwards."""

    def __init__(self, settings: ScoreSettings) -> None:
        self.connection, self._bell = Pipe()
        self._settings, self._said = settings, deque[Progress | Outcome]()
        self.given = 0

    def alive(self) -> bool:
        """It is this process."""
        return True

    def give(self, task: Task, _most: Limits) -> None:
        """Scores one file."""

        def say(said: Progress | Outcome) -> None:
            if len(self._said) < 100:  # a pipe takes no end of bells while nobody listens
                self._said.append(said)
                self._bell.send(None)

        self.given += 1
        outcome = score_file(task, self._settings, lambda *at: say(Progress(task, *at)))
        self._said.append(outcome)
        self._bell.send(None)

    def hear(self) -> Progress | Outcome:
        """The next thing it said."""
        self.connection.recv()
        return self._said.popleft()

    def excess(self) -> None:
        """Nobody watches it."""

    def end(self) -> None:
        """Closes the bell."""
        self.connection.close()
        self._bell.close()
