"""Processes and a clock that need no system: what a test says happens, happens."""

from typing import Any

import msgspec

from liveaffect.stream.graph import Graph, build_graph
from liveaffect.stream.live.addresses import Addresses
from liveaffect.stream.live.processes import Processes
from liveaffect.stream.live.pulse import ProcessReport
from liveaffect.stream.live.watchdog import Machine
from liveaffect.stream.messages import Health, Message


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.each: list[Any] = []
        """Called at every step of a pause."""

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        """Waits, for a caller that has nothing else to do."""
        self.now += seconds
        for call in self.each:
            call()


class FakeChild:
    """A process that lives and dies as the test says.

    `ends_after_s` is how long it takes to end once it is told to stop; None is for ever.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self.starts = 0
        self.lines: list[bytes] = []
        self.killed = 0
        self.stopped_at: float | None = None
        self.ends_after_s: float | None = 0.05
        self.unkillable = False
        self.words = f"process '{name}' ended with exit code 1"
        self._alive = False
        self.ended_by = ""

    @property
    def alive(self) -> bool:
        late = self.stopped_at is not None and self.ends_after_s is not None
        if self._alive and late and self._clock.now - self.stopped_at >= self.ends_after_s:  # type: ignore[operator]
            self._alive, self.ended_by = False, "itself"
        return self._alive

    @property
    def pid(self) -> int:
        return 0

    def start(self, spec: bytes) -> None:
        assert not self.alive, "two processes at once"
        self._alive, self.stopped_at = True, None
        self.starts += 1
        self.spec = msgspec.json.decode(spec)

    def tell(self, line: bytes) -> None:
        self.lines.append(line)
        if line == b"stop" and self.stopped_at is None:
            self.stopped_at = self._clock.now

    def kill(self) -> None:
        if self.alive and not self.unkillable:
            self._alive, self.ended_by = False, "a kill"
        self.killed += 1

    def die(self) -> None:
        """A fault of its own."""
        self._alive, self.ended_by = False, "a fault"

    def collect(self, limit_s: float) -> bool:
        self.kill() if self.alive else None
        return not self.alive

    def last_words(self) -> str:
        return self.words

    def printed(self, lines: int) -> list[str]:
        return []


class FakeRun:
    """The processes of a graph, watched by the real thing."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.graph: Graph = build_graph(table)
        self.clock = Clock()
        self.pressure_us = 0
        self.said: list[Health] = []
        self.lines: list[str] = []
        self.children: dict[str, FakeChild] = {}
        self._addresses = Addresses(self.graph.processes, self.graph.settings.transport)
        machine = Machine(pressure=lambda: self.pressure_us, clock=self.clock)
        self.processes = Processes(
            self.graph, self._addresses, "run-1", "clock", self._publish, self.lines.append,
            make=self._make, machine=machine, now=self.clock, pause=self.clock.pause,
        )  # fmt: skip
        self._addresses.remove()
        self.progress = 0

    def _make(self, name: str, terminal: bool) -> FakeChild:
        self.children[name] = FakeChild(name, self.clock)
        return self.children[name]

    def _publish(self, message: Message) -> None:
        assert isinstance(message, Health)
        self.said.append(message)

    def states(self, process: str) -> list[str]:
        """What was said of a process, repetitions left out."""
        found = [health.state for health in self.said if health.process == process]
        return [state for i, state in enumerate(found) if i == 0 or state != found[i - 1]]

    def phase(self, process: str) -> str:
        return self.processes.members[process].life.phase

    def report(self, process: str, kind: str, **more: Any) -> None:
        """As the process itself would."""
        life = self.processes.members[process].life
        known = {"run": "run-1", "incarnation": life.starts - 1, "progress": self.progress, **more}
        self.processes.hear(ProcessReport(process=process, kind=kind, **known))  # type: ignore[arg-type]

    def go(self, *processes: str) -> None:
        """Starts everything and lets it come to run."""
        self.processes.check()
        for name in processes or self.children:
            self.report(name, "ready")
        self.processes.check()

    def spend(self, seconds: float, *, silent: tuple[str, ...] = (), step_s: float = 0.02) -> None:
        """Lets time pass; every process but the `silent` ones shows progress."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += step_s
            self.progress += 1
            for name, child in self.children.items():
                if name not in silent and child.alive and self.phase(name) in ("running", "starting"):
                    self.report(name, "beat")
            self.processes.check()
