"""What one file may take of the machine: a file that is a bomb, or a decoder that hangs, costs itself alone."""

import time
from dataclasses import dataclass, field

import psutil

LEAST_BYTES = 3 << 30
"""A worker with all its models holds about 1 GB, with a film of 8K another."""
SHARE = 0.7
"""Of the machine's memory, for all workers together."""
STALL_S = 600.0
"""A worker says how far it is every quarter second of film; loading models takes a busy machine a minute."""
LOOK_S = 0.5


@dataclass(frozen=True)
class Limits:
    """For one worker."""

    memory: int
    """Bytes of memory."""
    stall_s: float = STALL_S
    """Seconds without a word."""


def limits(jobs: int) -> Limits:
    """What each of `jobs` workers may take of this machine."""
    return Limits(max(LEAST_BYTES, int(SHARE * psutil.virtual_memory().total / jobs)))


@dataclass
class Watched:
    """One worker process, from the moment it is given a file."""

    pid: int
    limits: Limits
    _heard_s: float = field(default_factory=time.monotonic)

    def heard(self) -> None:
        """It has said something."""
        self._heard_s = time.monotonic()

    def excess(self) -> str:
        """In words why its file must be given up, "" where nothing is wrong."""
        try:
            taken = psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return ""
        if taken > self.limits.memory:
            most = self.limits.memory / (1 << 30)
            return f"it takes more than {most:.1f} GB of memory: score it alone with --jobs 1, or make it smaller first"
        silent_s = time.monotonic() - self._heard_s
        if silent_s > self.limits.stall_s:
            return f"nothing came of it in {silent_s:.0f} s: its decoder hangs, or it is a bomb; play it in a player"
        return ""
