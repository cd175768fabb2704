"""The processes of one run: started, told, watched, started again after a fault or with other settings, and ended.

A dead process is known at once, a hung one by its missing heartbeat.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import zmq

from liveaffect.stream.errors import StartError
from liveaffect.stream.graph import Graph
from liveaffect.stream.live.bus import Addresses, seat
from liveaffect.stream.live.child import ChildSpec, Report
from liveaffect.stream.live.host import host_topics
from liveaffect.stream.live.process import Child
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.topics import HEALTH

WATCHER = "supervisor"
"""Its name among the readers."""
STOP_LIMIT_S = 2.6
"""All processes are gone so long after a stop: the last ones are killed."""
STAGE_S = 1.5
RETELL_S = 1.0
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)
EPOCH_LEAD_S = 0.3


class Crew:
    """Watches the processes of a graph for the supervisor.

    Parameters
    ----------
    graph: the checked graph; replaced by `change`.
    clock: names the clock of `t_ns`.
    publish: sends a Health of a process that cannot speak for itself.
    log: called with one plain line per event worth telling.
    """

    def __init__(
        self,
        graph: Graph,
        addresses: Addresses,
        clock: str,
        publish: Callable[[Message], None],
        log: Callable[[str], None],
    ) -> None:
        self.graph, self._addresses, self._clock, self._publish, self._log = graph, addresses, clock, publish, log
        self.epoch_ns = 0
        self.standing: dict[str, dict[str, Any]] = {}
        """As in HostInfo, for processes that are started from now on."""
        self.children = {
            name: Child(
                name,
                max(map(graph.level, entries)),
                any(entry.spec.sources for entry in entries),
                None if any(entry.node.terminal for entry in entries) else addresses.folder / f"{name}.log",
            )
            for name, entries in graph.processes.items()
        }

    def pids(self) -> dict[str, int]:
        """Process name -> process id of those alive."""
        return {c.name: c.popen.pid for c in self.children.values() if c.popen and c.alive}

    def start(self, context: zmq.Context[Any]) -> None:
        """Starts every process; they wait for each other."""
        self._control = context.socket(zmq.PULL)
        self._control_address = self._addresses.make("control")
        self._control.bind(self._control_address)
        for child in self.children.values():
            self._start(child)

    def watch(self, timeout_ms: int) -> None:
        """Hears what the processes report, for at most so long, and does what is due."""
        self._control.poll(timeout_ms, zmq.POLLIN)
        while self._control.poll(0, zmq.POLLIN):
            self._hear(msgspec.msgpack.decode(self._control.recv(), type=Report))

    def check(self) -> None:
        """Finds the dead and the hung, starts again what is due. Raises StartError where one never came to run."""
        now = time.monotonic()
        for child in self.children.values():
            self._check(child, now)
        if not self.epoch_ns and all(child.phase == "ready" for child in self.children.values()):
            self._go()

    @property
    def ended(self) -> bool:
        """True when every source has returned."""
        sources = [child for child in self.children.values() if child.has_source]
        return bool(sources) and all(child.ended for child in sources)

    def change(self, graph: Graph, process: str) -> None:
        """Goes on with another graph of the same wiring; the one process that it concerns is started again."""
        self.graph = graph
        self.children[process].restart(STAGE_S)

    def end(self) -> None:
        """Stops writers before readers, so that recorders get everything; kills what is left at the limit."""
        end = time.monotonic() + STOP_LIMIT_S
        for level in sorted({child.level for child in self.children.values()}):
            stage = [child for child in self.children.values() if child.level == level]
            for child in stage:
                if child.alive:
                    child.tell(b"stop")
            stage_end = min(end, time.monotonic() + STAGE_S)
            while any(child.alive for child in stage) and time.monotonic() < stage_end:
                time.sleep(0.01)
        while any(child.alive for child in self.children.values()) and time.monotonic() < end:
            time.sleep(0.01)
        for child in self.children.values():
            child.reap()

    def _go(self) -> None:
        self.epoch_ns = time.monotonic_ns() + int(EPOCH_LEAD_S * 1e9)
        for child in self.children.values():
            child.tell(b"go %d" % self.epoch_ns)
            child.phase, child.beat = "running", time.monotonic()  # those that waited long gave no sign of life

    def _start(self, child: Child) -> None:
        child.incarnation += 1
        entries = self.graph.processes[child.name]
        table = self.graph.table()
        spec = ChildSpec(
            process=child.name,
            incarnation=child.incarnation,
            clock=self._clock,
            nodes={entry.name: table[entry.name] for entry in entries},
            table=table,
            wiring=self.graph.wiring(),
            depth=self.graph.depth,
            modules=self.graph.topic_modules(),
            paths=sys.path,
            addresses=self._addresses.by_name,
            writers={topic: self.graph.entries[node].process for topic, node in self.graph.writers.items()},
            expected=self._expected(child.name),
            wait_s=self.graph.settings.wait_s,
            control=self._control_address,
            standing=self.standing,
        )
        child.start(msgspec.json.encode(spec))
        self._publish_health(child, "starting")

    def _expected(self, process: str) -> dict[str, int]:
        readers = {
            seat(topic.name, other.process): 1
            for topic in host_topics(self.graph.processes[process])
            for other in self.graph.entries.values()
            if other.process != process and any(t.name == topic.name for t in other.spec.inputs)
        }
        return {**readers, seat(HEALTH.name, WATCHER): 1}

    def _hear(self, report: Report) -> None:
        child = self.children[report.process]
        if report.incarnation != child.incarnation:
            return
        child.beat = time.monotonic()
        if report.kind == "ready":
            child.phase = "ready"
            if self.epoch_ns:  # a restart: the others are running
                child.tell(b"go %d" % self.epoch_ns)
                child.phase = "running"
                self._log(f"process '{child.name}' is back")
        elif report.kind == "ended":
            child.ended = True
        elif report.kind == "failed":
            child.error, child.exit_code = report.text, report.exit_code

    def _check(self, child: Child, now: float) -> None:
        if child.phase in ("failed", "down") and now - child.told_at > RETELL_S:
            self._publish_health(child, *child.told)  # for those who connected since
        if child.phase == "failed":
            return
        if child.phase == "restarting":
            if not child.alive or now >= child.restart_at:
                self._start(child)
            return
        if child.phase == "down":
            if now >= child.restart_at:
                self._start(child)
            return
        if child.alive:
            limit = self.graph.settings.start_s if child.phase == "starting" else self.graph.settings.hang_s
            if child.phase != "ready" and now - child.beat > limit:
                child.error = f"process '{child.name}' gave no sign of life for {limit:.0f} s"
                self._publish_health(child, "hung")
                child.kill()
            return
        self._died(child, now)

    def _died(self, child: Child, now: float) -> None:
        error = child.last_words()
        if not self.epoch_ns:  # it never ran: that is for the user to mend, not to retry
            raise StartError(child.exit_code, error)
        child.deaths = [*(t for t in child.deaths if now - t < 60), now]
        child.ended = False
        if len(child.deaths) > self.graph.settings.restarts:
            child.phase = "failed"
            self._publish_health(
                child, "failed", f"{error}; given up after {len(child.deaths) - 1} restarts in a minute"
            )
            self._log(f"process '{child.name}' is given up: {error}")
        else:
            child.phase = "down"
            child.restart_at = now + BACKOFF_S[min(len(child.deaths), len(BACKOFF_S)) - 1]
            self._publish_health(child, "node_down", error)
            self._log(f"process '{child.name}' is down ({error}); starting it again")
        child.error = ""

    def _publish_health(self, child: Child, state: Any, error: str = "") -> None:
        child.told, child.told_at = (state, error or child.error), time.monotonic()
        for entry in self.graph.processes[child.name]:
            self._publish(
                Health(
                    t_ns=time.monotonic_ns(),
                    node=entry.name,
                    process=child.name,
                    state=state,
                    restarts=child.incarnation,
                    error=child.told[1],
                )
            )
