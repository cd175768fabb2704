"""Busy or hung? How long a process may show no progress, on this machine, now.

A process that makes no turn of its loop may be stuck, or may only wait for a core among others. Three things tell:
time in which the supervisor itself did not get to run does not count; patience grows with the pressure on the CPUs; and
a process that has mostly waited for a core, as the system's own account says, has not had its chance yet.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TURN_S = 0.8
"""More than this between two looks is time in which the watcher itself was not there."""
LAG_S = 0.25
"""From here on the watcher's own lateness tells of pressure."""
STRETCH = 1.6
"""Patience under full pressure, in times of that without: a hang of 5 s is then found after 8 s, and the rest to ten
is for a watcher that is late itself."""
SUSPECT = 0.4
"""From this share of its patience on, a silent process's account with the system is looked at."""
LOOK_S = 0.5
TURN_CPU_S, LEAST_CPU_S, TURNS = 2.0, 0.5, 4.0
"""Whoever had so much of the CPU without one turn is not kept from working: four times what its turns have taken at
most, between half a second and two. So a loop that spins is found soon where it gets a tenth of a core, too."""
STARVED = 6.0
"""And whoever mostly waits for a core is not waited for longer than this many times the patience."""
PRESSURE = Path("/proc/pressure/cpu")

HELPERS = (b"pulse", b"ZMQbg")
"""Threads that say nothing of the work: the heart that beats, and those that carry messages."""

Account = dict[int, tuple[int, int]]
"""Thread -> nanoseconds it has run, and waited for a core while it could have run."""


def read_pressure() -> int | None:
    """Microseconds since boot in which at least one task waited for a core; None where the system does not tell."""
    try:
        first = PRESSURE.read_text("ascii").splitlines()[0]
        return int(first.rpartition("total=")[2])
    except (OSError, ValueError, IndexError):
        return None


@dataclass
class Machine:
    """How hard it is to get a core: read once a second.

    Parameters
    ----------
    pressure: total time in which somebody waited for a core, in microseconds; None where the system does not tell.
    """

    pressure: Callable[[], int | None] = read_pressure
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.lived = 0.0
        """Seconds the watcher was there to see: what the silence of others is measured by."""
        self.stretch = 1.0
        """Patience, 1 to `STRETCH`."""
        self._seen = self.clock()
        self._read_at, self._total = self._seen, self.pressure()
        self._lag = 0.0

    def look(self) -> None:
        """Call at every turn of the watching loop."""
        now = self.clock()
        span = now - self._seen
        self._seen = now
        self.lived += min(span, TURN_S)
        self._lag = max(self._lag * 0.98, min(1.0, max(0.0, span - LAG_S)))
        if now - self._read_at < 1.0:
            return
        total = self.pressure()
        waited = 0.0
        if total is not None and self._total is not None:
            waited = (total - self._total) / 1e6 / (now - self._read_at)
        self._read_at, self._total = now, total
        self.stretch = 1.0 + (STRETCH - 1.0) * min(1.0, max(waited, self._lag))


class Watch:
    """Watches one process.

    Parameters
    ----------
    machine: its time and its patience.
    account: reads what the process's threads have run and waited; empty where the system does not tell.
    """

    def __init__(self, machine: Machine, account: Callable[[], Account]) -> None:
        self._machine, self._account = machine, account
        self.begin()

    def begin(self) -> None:
        """It was started, or everyone goes: what was before does not count."""
        self._progress: int | None = None
        self._news = self._machine.lived
        self._suspected: tuple[float, Account] | None = None
        self._looked, self._starved = 0.0, False
        self._enough_s = TURN_CPU_S
        self.patient = True
        """True while it opens its nodes or handles its first messages."""

    def hear(self, progress: int, patient: bool, turn_cpu_s: float = TURN_CPU_S) -> None:
        """A beat: how far its loop is, whether that is at work on something first, and the most CPU that one of its
        turns has taken."""
        self._enough_s = min(TURN_CPU_S, max(LEAST_CPU_S, TURNS * turn_cpu_s))
        if progress != self._progress or patient != self.patient:
            self._news = self._machine.lived
            self._suspected = None
        self._progress, self.patient = progress, patient

    @property
    def silence(self) -> float:
        """Seconds without progress, as far as the watcher was there to see."""
        return self._machine.lived - self._news

    def hung(self, hang_s: float) -> bool:
        """True where no more progress is to be expected: asked at every turn."""
        silence, limit = self.silence, hang_s * self._machine.stretch
        if silence < SUSPECT * hang_s:
            return False
        lived = self._machine.lived
        if self._suspected is None:
            self._suspected, self._looked, self._starved = (lived, self._account()), lived, False
        if silence <= limit:
            return False
        if lived - self._looked >= LOOK_S or not self._starved:
            self._looked = lived
            self._starved = starved(self._suspected[1], self._account(), lived - self._suspected[0], self._enough_s)
        return not (self._starved and silence < STARVED * hang_s)


def starved(before: Account, now: Account, span_s: float, enough_s: float = TURN_CPU_S) -> bool:
    """True where a process was kept from working for most of `span_s`, and had less of the CPU than `enough_s`."""
    both = before.keys() & now.keys()
    ran = sum(now[thread][0] - before[thread][0] for thread in both) / 1e9
    waited = max((now[thread][1] - before[thread][1] for thread in both), default=0) / 1e9
    return ran < enough_s and waited > span_s / 2


def read_account(pid: int) -> Account:
    """The system's account of the threads of a process (Linux); empty elsewhere."""
    found: Account = {}
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            if (task / "comm").read_bytes().startswith(HELPERS):
                continue
            ran, waited, _ = (task / "schedstat").read_bytes().split()
            found[int(task.name)] = (int(ran), int(waited))
    except (OSError, ValueError):
        pass
    return found
