"""The supervisor: runs one graph from its start to its end, with the gateway beside it.

Children end when the supervisor's pipe closes.
"""

import logging
import signal
import time
import uuid
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import Any, Literal

import zmq

from liveaffect.stream.capture.clock import clock_id
from liveaffect.stream.client.access import check_address
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import Graph
from liveaffect.stream.live import settings
from liveaffect.stream.live.addresses import Addresses
from liveaffect.stream.live.bus import Publisher, Subscriber, reader_mark
from liveaffect.stream.live.early import EarlyProcesses
from liveaffect.stream.live.outside import consent
from liveaffect.stream.live.outside.gateway import Gateway, Listening
from liveaffect.stream.live.outside.verbs import Sensor
from liveaffect.stream.live.process import ENDS
from liveaffect.stream.live.processes import EPOCH_LEAD_S, Processes
from liveaffect.stream.live.runlog import RunLog, claim, sweep
from liveaffect.stream.live.spec import WATCHER
from liveaffect.stream.messages import Ack, Command, Health, Message, Noted, RecordStatus, Status
from liveaffect.stream.node import Verb
from liveaffect.stream.topics import ACK, COMMAND, HEALTH, LOG, MARKER, NOTED, topic_of

WATCH_MS = 20
INPUT_ENDED = "the input has ended"
DRAIN_S = 1.2
"""After the last source has ended, results get so long to arrive."""


class Supervisor:
    """Runs one graph until its sources end, a limit is reached, or `stop` is called.

    Parameters
    ----------
    graph: the checked graph.
    log: called with one plain line per event worth telling (a restart, a failure).
    early: processes that were started before this graph was known.
    """

    def __init__(self, graph: Graph, log: Callable[[str], None] = print, early: EarlyProcesses | None = None) -> None:
        self._told = log
        self._run_log: RunLog | None = None
        if graph.settings.gateway:
            check_address(graph.settings.gateway, graph.settings.keys)
        self._stopping = False
        self._reason = ""
        self.addresses = Addresses([*graph.processes, "supervisor"], graph.settings.transport)
        self._context = zmq.Context()
        self._clock = clock_id()
        self.id = uuid.uuid4().hex
        """Names this run, and no other one ever."""
        make = None if early is None else early.maker(self.addresses.folder, graph)
        self._processes = Processes(graph, self.addresses, self.id, self._clock, self._publish, self._log, make=make)
        self._gateway: Gateway | None = None
        self.consent = consent.Consent(on=graph.settings.assistant)
        self._seqs: dict[str, int] = {}
        self._faults: dict[str, str] = {}
        self._refused: set[tuple[str, str]] = set()
        self._status: dict[str, Status | None] = {}
        self.recorded: dict[str, None] = {}
        """Folders of the sessions that this run has recorded or is recording, as its recorder said, in their order."""

    @property
    def graph(self) -> Graph:
        """As it runs now, changed settings included."""
        return self._processes.graph

    @property
    def epoch_ns(self) -> int:
        """The instant at which the sources began; 0 before every process is ready."""
        return self._processes.epoch_ns

    @property
    def gateway_address(self) -> str:
        """Where programs outside the graph connect."""
        asked = self.graph.settings.gateway or self.addresses.gateway
        return asked if self._gateway is None else self._gateway.address

    @property
    def deaths(self) -> list[str]:
        """Why processes died on the way, one sentence each; they were started again, or given up."""
        return self._processes.deaths

    @property
    def reason(self) -> str:
        """Why the run was asked to end; "" before."""
        return self._reason

    def pids(self) -> dict[str, int]:
        """Process name -> process id of those alive."""
        return self._processes.pids()

    def stop(self, reason: str = "") -> None:
        """Asks the run to end; safe from signal handlers."""
        self._stopping, self._reason = True, self._reason or reason

    def run(
        self,
        seconds: float | None = None,
        *,
        handle_signals: bool = True,
        beside: Callable[[], None] = lambda: None,
    ) -> int:
        """Blocks until the end; returns the exit code: 1 where a process was given up on the way. A node that cannot
        start raises its own error's text.

        `beside` is called many times a second, from when the gateway listens.
        """
        ends = ENDS if handle_signals else ()  # the terminal's end (SIGHUP) is one too
        before = {number: signal.signal(number, self._on_signal) for number in ends}
        gateway: Gateway | None = None
        fault = ""
        self._run_log = RunLog(self.id, self.graph.table())
        sweep()
        claim(self.addresses.folder, self._run_log.path)
        self._processes.log_path = str(self._run_log.path or "")
        try:
            addresses, own = self.addresses, self.addresses.by_name["supervisor"]
            topics = [HEALTH, MARKER, COMMAND, LOG]
            self._publisher = Publisher(self._context, own, topics, "the supervisor", addresses.key)
            addresses.by_name["supervisor"] = self._publisher.address
            gateway = self._gateway = self._make_gateway()
            gateway.connect(self._publisher.address)
            subscriber = Subscriber(self._context, WATCHER, key=addresses.key)

            def connect(address: str) -> None:
                subscriber.connect(address, [ACK, HEALTH, NOTED])
                gateway.connect(address)

            addresses.on_bound = connect
            for name in self._processes.members if addresses.known else ():
                connect(addresses.by_name[name])
            self._processes.listen(self._context)
            self._watch(gateway, subscriber, seconds, beside)
            self._hear(subscriber, gateway)  # a run of a moment has still told where it records
            return 1 if self._processes.given_up else 0
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._log(f"stopping: {fault or self._reason or 'no reason given'}", quiet=True)
            self._processes.end()
            if gateway is not None and gateway.waiting_marks:
                self._log(f"the recorder never ran: not recorded: markers {', '.join(gateway.waiting_marks)}")
            if gateway is not None:
                gateway.close()
            self._context.destroy(linger=200)
            self.addresses.remove()
            self._run_log.end(fault or "; ".join(self.deaths))
            for number, handler in before.items():  # whatever follows can be interrupted again
                signal.signal(number, handler or signal.SIG_DFL)

    def _watch(
        self, gateway: Gateway, subscriber: Subscriber, seconds: float | None, beside: Callable[[], None]
    ) -> None:
        end: float | None = None
        drained: float | None = None
        while not self._stopping:
            self._processes.watch(WATCH_MS)
            self._publisher.update()
            self._hear(subscriber, gateway)
            gateway.step()
            for log in self._run_log.handler.take() if self._run_log else ():
                self._publish(log)
            beside()
            now = time.monotonic()
            if self.epoch_ns and end is None and seconds is not None:
                end = now + seconds + EPOCH_LEAD_S
            if end is not None and now > end:
                self.stop("time is up")
            if self._processes.ended:
                drained = drained or now + DRAIN_S
                if now > drained:
                    self.stop(INPUT_ENDED)

    def _hear(self, subscriber: Subscriber, gateway: Gateway) -> None:
        for _, message in subscriber.drain(self._log):
            if isinstance(message, Ack):
                gateway.acknowledge(message)
            elif isinstance(message, Noted):
                self._note(message, gateway)
            elif isinstance(message, Health) and message.process in self._processes.members:  # not a recorded one
                self._tell_fault(message)
                self._status[message.node] = message.status
                if isinstance(message.status, RecordStatus) and message.status.session:
                    self.recorded[message.status.session] = None

    def _note(self, noted: Noted, gateway: Gateway) -> None:
        """A marker that a node brings; of those that are none, the first of each source is told."""
        try:
            gateway.note(noted)
        except UsageError as error:
            if (noted.node, noted.source) not in self._refused:
                self._refused.add((noted.node, noted.source))
                self._log(f"{noted.node}: {noted.source}: {error}")

    def facts(self) -> dict[str, Any]:
        """What `hello` answers: nodes, processes, topics, clock, live or replay, recording or not."""
        graph = self.graph
        return {
            "version": version("liveaffect"),
            "run": self.id,
            "kind": "replay" if any(entry.node.replays for entry in graph.entries.values()) else "live",
            "nodes": list(graph.entries),
            "processes": {name: [entry.name for entry in entries] for name, entries in graph.processes.items()},
            "pids": self.pids(),
            "topics": sorted(graph.depth),
            "verbs": {verb: sorted(nodes) for verb, nodes in owners_of(graph).items()},
            "clock": self._clock,
            "web": graph.settings.web,
            "recording": any(isinstance(said, RecordStatus) and said.recording for said in self._status.values()),
        }

    def _tell_fault(self, health: Health) -> None:
        """A node's own words about what is wrong, once."""
        if health.error and self._faults.get(health.node) != health.error:
            self._log(f"{health.node}: {health.error}")
        self._faults[health.node] = health.error

    def _log(self, line: str, *, quiet: bool = False) -> None:
        """One line for the user and for the run's file; `quiet`: for the file alone."""
        logging.getLogger("liveaffect.run").info("%s", line)
        if not quiet:
            self._told(line)

    def _publish(self, message: Message) -> None:
        topic = topic_of(message)
        message.seq = self._seqs[topic.name] = self._seqs.get(topic.name, -1) + 1
        message.clock, message.pub_ns = self._clock, time.monotonic_ns()
        self._publisher.send(topic, message)

    def _make_gateway(self) -> Gateway:
        asked = self.graph.settings
        listening = Listening(
            self.gateway_address, self.addresses.folder, self.addresses.key, asked.keys, asked.announce
        )
        sensor = Sensor(
            verbs={
                settings.VERB: settings.settings_verb(lambda: self.graph, self._change),
                consent.VERB: self.consent.answer,
            },
            owners=owners_of(self.graph),
            reach=self._reach,
            publish=self._publish,
            facts=self.facts,
            hold=self._processes.held_commands.__setitem__,
            stop=lambda: self.stop("stopped by a command"),
            status=self.consent.status,
            marks_wait=self._marks_wait,
        )
        return Gateway(listening, sensor)

    def _reach(self, node: str) -> Literal["hears", "starting", "gone"]:
        process = self.graph.entries[node].process
        if process in self._processes.given_up:
            return "gone"
        return "hears" if self._publisher.count(reader_mark(COMMAND.name, process)) else "starting"

    def _marks_wait(self) -> bool:
        """A process with a recorder has not subscribed to markers, and may yet."""
        nodes = owners_of(self.graph).get("record", ())
        processes = {self.graph.entries[node].process for node in nodes} - set(self._processes.given_up)
        return not all(self._publisher.count(reader_mark(MARKER.name, process)) for process in processes)

    def _change(self, graph: Graph, node: str, values: dict[str, Any]) -> None:
        """Other settings for one node: its process is started again with them."""
        said = {"action": "applied", "node": node, "values": values}
        self._publish(Command(t_ns=time.monotonic_ns(), verb=settings.VERB, arguments=said))
        process = graph.entries[node].process
        self._processes.change(graph, process)
        self._log(f"process '{process}' is started again: new settings for {node}")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop(signal.Signals(number).name)


def owners_of(graph: Graph) -> dict[str, dict[str, Verb]]:
    """Verb -> the nodes that declare it, and how."""
    owners: dict[str, dict[str, Verb]] = {}
    for entry in graph.entries.values():
        for verb, declared in entry.spec.commands.items():
            owners.setdefault(verb, {})[entry.name] = declared
    return owners
