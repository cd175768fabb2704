"""The supervisor: starts the processes of a graph, watches them, starts them again, and ends them together.

A dead process is known at once, a hung one by its missing heartbeat. Children end when the supervisor's pipe closes.
"""

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import zmq

from liveaffect.stream.bus import Addresses, Publisher, Subscriber, seat
from liveaffect.stream.child import ChildSpec, Report
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.gateway import Gateway, check_address
from liveaffect.stream.graph import Graph
from liveaffect.stream.livehost import host_topics
from liveaffect.stream.messages import Ack, Health, Message
from liveaffect.stream.process import Child
from liveaffect.stream.topics import ACK, COMMAND, HEALTH, MARKER, topic_of

STOP_LIMIT_S = 2.6
"""All processes are gone so long after a stop: the last ones are killed."""
STAGE_S = 1.5
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)
EPOCH_LEAD_S = 0.3
DRAIN_S = 1.2
"""After the last source has ended, results get so long to arrive."""


class Supervisor:
    """Runs one graph until its sources end, a limit is reached, or `stop` is called.

    Parameters
    ----------
    graph: the checked graph.
    log: called with one plain line per event worth telling (a restart, a failure).
    """

    def __init__(self, graph: Graph, log: Callable[[str], None] = print) -> None:
        self.graph, self._log = graph, log
        check_address(graph.settings.gateway or "ipc://", graph.settings.keys)
        self._stopping = False
        self._reason = ""
        self.addresses = Addresses([*graph.processes, "supervisor"], graph.settings.transport)
        self._context = zmq.Context()
        self._children = {
            name: Child(
                name,
                max(map(graph.level, entries)),
                any(entry.spec.sources for entry in entries),
                None if any(entry.node.terminal for entry in entries) else self.addresses.folder / f"{name}.log",
            )
            for name, entries in graph.processes.items()
        }
        self._seqs: dict[str, int] = {}
        self._faults: dict[str, str] = {}
        self._clock = _clock_id()
        self.epoch_ns = 0

    @property
    def gateway_address(self) -> str:
        """Where programs outside the graph connect."""
        return self.graph.settings.gateway or self.addresses.by_name["supervisor"] + ".gateway"

    def pids(self) -> dict[str, int]:
        """Process name -> process id of those alive."""
        return {c.name: c.popen.pid for c in self._children.values() if c.popen and c.alive}

    def stop(self, reason: str = "") -> None:
        """Asks the run to end; safe from signal handlers."""
        self._stopping, self._reason = True, self._reason or reason

    def run(self, seconds: float | None = None, *, handle_signals: bool = True) -> int:
        """Blocks until the end; returns the exit code. A node that cannot start raises its own error's text."""
        if handle_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._on_signal)
        gateway: Gateway | None = None
        try:
            control = self._context.socket(zmq.PULL)
            control_address = self.addresses.make("control")
            control.bind(control_address)
            self._publisher = Publisher(
                self._context, self.addresses.by_name["supervisor"], [HEALTH, MARKER, COMMAND], "the supervisor"
            )
            gateway = self._gateway()
            subscriber = Subscriber(self._context)
            for name in self._children:
                subscriber.connect(self.addresses.by_name[name], [ACK, HEALTH])
            for child in self._children.values():
                self._start(child, control_address)
            return self._watch(control, control_address, gateway, subscriber, seconds)
        finally:
            self._end()
            if gateway is not None:
                gateway.close()
            self._context.destroy(linger=200)
            self.addresses.remove()

    def _watch(
        self, control: Any, control_address: str, gateway: Gateway, subscriber: Subscriber, seconds: float | None
    ) -> int:
        end: float | None = None
        drained: float | None = None
        while not self._stopping:
            control.poll(20, zmq.POLLIN)
            self._publisher.update()
            while control.poll(0, zmq.POLLIN):
                self._hear(msgspec.msgpack.decode(control.recv(), type=Report))
            for _, message in subscriber.drain(self._log):
                if isinstance(message, Ack):
                    gateway.acknowledge(message)
                elif isinstance(message, Health):
                    self._tell_fault(message)
            gateway.step()
            now = time.monotonic()
            for child in self._children.values():
                self._check(child, control_address, now)
            if not self.epoch_ns and all(child.phase == "ready" for child in self._children.values()):
                self._go()
                end = None if seconds is None else now + seconds + EPOCH_LEAD_S
            if end is not None and now > end:
                self.stop("time is up")
            sources = [child for child in self._children.values() if child.has_source]
            if sources and all(child.ended for child in sources):
                drained = drained or now + DRAIN_S
                if now > drained:
                    self.stop("the input has ended")
        return 0

    def _go(self) -> None:
        self.epoch_ns = time.monotonic_ns() + int(EPOCH_LEAD_S * 1e9)
        for child in self._children.values():
            child.tell(b"go %d" % self.epoch_ns)
            child.phase, child.beat = "running", time.monotonic()  # those that waited long gave no sign of life

    def _start(self, child: Child, control_address: str) -> None:
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
            addresses=self.addresses.by_name,
            writers={topic: self.graph.entries[node].process for topic, node in self.graph.writers.items()},
            expected=self._expected(child.name),
            wait_s=self.graph.settings.wait_s,
            control=control_address,
        )
        child.start(msgspec.json.encode(spec))
        self._publish_health(child, "starting")

    def _expected(self, process: str) -> dict[str, int]:
        return {
            seat(topic.name, other.process): 1
            for topic in host_topics(self.graph.processes[process])
            for other in self.graph.entries.values()
            if other.process != process and any(t.name == topic.name for t in other.spec.inputs)
        }

    def _hear(self, report: Report) -> None:
        child = self._children[report.process]
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

    def _check(self, child: Child, control_address: str, now: float) -> None:
        if child.phase == "failed" or self._stopping:
            return
        if child.phase == "down":
            if now >= child.restart_at:
                self._start(child, control_address)
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

    def _tell_fault(self, health: Health) -> None:
        """A node's own words about what is wrong, once."""
        if health.error and self._faults.get(health.node) != health.error:
            self._log(f"{health.node}: {health.error}")
        self._faults[health.node] = health.error

    def _publish_health(self, child: Child, state: Any, error: str = "") -> None:
        for entry in self.graph.processes[child.name]:
            self._publish(
                Health(
                    t_ns=time.monotonic_ns(),
                    node=entry.name,
                    process=child.name,
                    state=state,
                    restarts=child.incarnation,
                    error=error or child.error,
                )
            )

    def _publish(self, message: Message) -> None:
        topic = topic_of(message)
        message.seq = self._seqs[topic.name] = self._seqs.get(topic.name, -1) + 1
        message.clock, message.pub_ns = self._clock, time.monotonic_ns()
        self._publisher.send(topic, message)

    def _gateway(self) -> Gateway:
        handlers = [e.name for e in self.graph.entries.values() if COMMAND.name in e.spec.handlers]
        facts = {"nodes": list(self.graph.entries), "topics": sorted(self.graph.depth), "clock": self._clock}
        return Gateway(
            self._context,
            self.gateway_address,
            list(self.addresses.by_name.values()),
            keys=self.graph.settings.keys,
            facts=facts,
            handlers=handlers,
            publish=self._publish,
            on_stop=lambda: self.stop("stopped by a command"),
        )

    def _end(self) -> None:
        """Stops writers before readers, so that recorders get everything; kills what is left at the limit."""
        end = time.monotonic() + STOP_LIMIT_S
        for level in sorted({child.level for child in self._children.values()}):
            stage = [child for child in self._children.values() if child.level == level]
            for child in stage:
                if child.alive:
                    child.tell(b"stop")
            stage_end = min(end, time.monotonic() + STAGE_S)
            while any(child.alive for child in stage) and time.monotonic() < stage_end:
                time.sleep(0.01)
        while any(child.alive for child in self._children.values()) and time.monotonic() < end:
            time.sleep(0.01)
        for child in self._children.values():
            child.reap()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop(signal.Signals(number).name)


class StartError(LiveAffectError):
    """A node could not start; carries the exit code of its own error."""

    def __init__(self, exit_code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def _clock_id() -> str:
    """Names this machine's monotonic clock: it starts anew at every boot."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    with contextlib.suppress(OSError):
        return f"boot-{boot.read_text('ascii')[:8]}"
    return f"run-{uuid.uuid4().hex[:8]}-{os.getpid()}"
