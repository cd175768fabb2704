"""The heart of a node process: a thread that tells the supervisor how far the loop is, whatever the loop does."""

import contextlib
import threading
import time
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import zmq

from liveaffect.stream.live.addresses import open_inside

BEAT_S = 0.25
MOST_TEXT = 4000
"""Characters of an error that are told: a report that is too large would cut the way to the supervisor."""
FIRST = 10
"""The first calls of a node take longer than all later ones: models warm up, memory is taken."""


Kind = Literal["beat", "bound", "ready", "ended", "failed"]
"""What a report says; "bound" has the address at which the process listens as its text."""


class ProcessReport(msgspec.Struct, kw_only=True):
    """What a node process tells the supervisor."""

    run: str
    process: str
    incarnation: int
    kind: Kind
    progress: int = 0
    """Counts opened nodes, turns of the loop and handled messages."""
    patient: bool = False
    """True while it is busy with something that may take long: opening, a node's first messages."""
    turn_cpu_s: float = 0.0
    """The most CPU that one of its turns has taken, first ones apart."""
    doing: str = ""
    """What it is at: the node that opens, or that was called last."""
    text: str = ""
    exit_code: int = 1


class Called(Protocol):
    """A node that is called now and then, and counts it."""

    name: str
    calls: int


class Call:
    """One call of a node; calls may stand inside each other."""

    __slots__ = ("_before", "_node", "_pulse")

    def __init__(self, pulse: "Pulse", node: Called) -> None:
        self._pulse, self._node = pulse, node

    def __enter__(self) -> None:
        self._node.calls += 1
        self._pulse.doing = self._node.name
        self._before = self._pulse.patient
        self._pulse.patient = self._node.calls <= FIRST

    def __exit__(self, *_: object) -> None:
        self._pulse.turn()
        self._pulse.patient = self._before


class Pulse:
    """Reports for one process; the loop itself only counts.

    Parameters
    ----------
    address: where the supervisor listens; `key`: of the run.
    run, process, incarnation: who reports.
    """

    def __init__(
        self, context: zmq.Context[Any], address: str, key: str, run: str, process: str, incarnation: int
    ) -> None:
        self.progress = 0
        self.patient = True
        self.doing = ""
        self.turn_cpu_s = 0.0
        self._used_s = time.process_time()
        self._who = (run, process, incarnation)
        self._socket = context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, 500)
        self._socket.setsockopt(zmq.SNDTIMEO, 1000)
        open_inside(self._socket, key)
        self._socket.connect(address)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """The loop has come round, or a message was handled."""
        self.progress += 1
        before, self._used_s = self._used_s, time.process_time()
        if not self.patient:
            self.turn_cpu_s = max(self.turn_cpu_s, self._used_s - before)

    def call(self, node: "Called") -> "Call":
        """Around every call of a node's handler or source: the first ones of each are waited for longer."""
        return Call(self, node)

    def report(self, kind: Kind, text: str = "", exit_code: int = 1) -> None:
        """Tells the supervisor; never waits for it longer than a second."""
        run, process, incarnation = self._who
        line = ProcessReport(
            run=run,
            process=process,
            incarnation=incarnation,
            kind=kind,
            progress=self.progress,
            patient=self.patient,
            turn_cpu_s=self.turn_cpu_s,
            doing=self.doing,
            text=text[:MOST_TEXT],
            exit_code=exit_code,
        )
        with self._lock, contextlib.suppress(zmq.Again, zmq.ContextTerminated):
            self._socket.send(msgspec.msgpack.encode(line), zmq.NOBLOCK if kind == "beat" else 0)

    def end(self) -> None:
        """Stops beating; call before the context ends."""
        self._over.set()
        self._thread.join(1.0)
        with self._lock:
            self._socket.close()

    def _beat(self) -> None:
        with contextlib.suppress(OSError):  # a name for the system's account of threads, see watchdog.py
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_bytes(b"pulse")
        while not self._over.wait(BEAT_S):
            self.report("beat")
