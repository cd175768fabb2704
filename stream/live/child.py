"""Entry of a node process: `python -m liveaffect.stream.live.child`, started by the supervisor only.

The first line of standard input is its ChildSpec; then one line "go EPOCH_NS" starts it and "stop" ends it. The end of
standard input means that the supervisor is gone: the nodes are closed and the process ends, whatever it is doing.
"""

import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, Literal

import msgspec
import zmq

from liveaffect.stream.graph import Entry, build_graph
from liveaffect.stream.live.bus import Publisher, Subscriber
from liveaffect.stream.live.host import LiveHost, host_topics
from liveaffect.stream.topics import COMMAND, MARKER

CLOSE_LIMIT_S = 2.0
REJOIN_S = 1.0
"""After a restart the readers reconnect by themselves, most within 0.2 s; one that is down is not waited for longer."""


class ChildSpec(msgspec.Struct, kw_only=True):
    """All that a node process must know."""

    process: str
    incarnation: int
    clock: str
    nodes: dict[str, Any]
    """Launch tables of this process's nodes."""
    table: dict[str, Any]
    """The whole graph, as resolved."""
    wiring: dict[str, dict[str, list[str]]]
    """Node name -> the topics it reads and writes."""
    depth: dict[str, int]
    modules: list[str]
    """Modules that declare topics."""
    paths: list[str]
    """sys.path of the supervisor."""
    addresses: dict[str, str]
    """Process name -> its publisher; "supervisor" too."""
    writers: dict[str, str]
    """Topic name -> process that writes it."""
    expected: dict[str, int]
    """Seat (see bus.py) -> 1: who must have subscribed to what before the first message."""
    wait_s: float
    control: str
    """Where this process reports to the supervisor."""
    standing: dict[str, dict[str, Any]] = {}
    """As in HostInfo."""


class Report(msgspec.Struct, kw_only=True):
    """What a node process tells the supervisor."""

    process: str
    incarnation: int
    kind: Literal["beat", "ready", "ended", "failed"]
    text: str = ""
    exit_code: int = 1


def main() -> None:
    """Reads the spec, runs the nodes, reports."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=ChildSpec)
    stop = threading.Event()
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(orders, stop), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    context = zmq.Context()
    control = context.socket(zmq.PUSH)
    control.setsockopt(zmq.LINGER, 500)
    control.connect(spec.control)

    def report(kind: Any, text: str = "", exit_code: int = 1) -> None:
        line = Report(process=spec.process, incarnation=spec.incarnation, kind=kind, text=text, exit_code=exit_code)
        control.send(msgspec.msgpack.encode(line))

    code = 0
    try:
        _run(spec, context, orders, stop, report)
    except Exception as error:  # every end is reported; errors made for users carry their own exit code
        expected = hasattr(error, "exit_code")
        code = getattr(error, "exit_code", 1)
        if not expected:
            traceback.print_exc()
        report("failed", str(error) if expected else f"{type(error).__name__}: {error}", code)
    context.destroy(linger=500)
    sys.stderr.flush()
    os._exit(code)  # libraries with threads of their own must not hold up the end


def _run(spec: ChildSpec, context: Any, orders: "queue.Queue[str]", stop: threading.Event, report: Any) -> None:
    sys.path.extend(path for path in spec.paths if path not in sys.path)
    for module in spec.modules:
        importlib.import_module(module)
    graph = build_graph(spec.nodes, origin=spec.process, partial=True)
    entries = graph.processes[spec.process]
    publisher = Publisher(context, spec.addresses[spec.process], host_topics(entries), f"process '{spec.process}'")
    host = LiveHost(
        entries,
        spec.depth,
        process=spec.process,
        incarnation=spec.incarnation,
        clock=spec.clock,
        graph=spec.table,
        wiring=spec.wiring,
        standing=spec.standing,
        publisher=publisher,
        subscriber=_subscribe(spec, context, entries),
        beat=lambda: report("beat"),
        stop=stop.is_set,
    )
    try:
        host.open()
        report("ready")
        epoch_ns = _wait_for_go(orders, stop)
        if epoch_ns is not None:
            limit_s = spec.wait_s if spec.incarnation == 0 else min(spec.wait_s, REJOIN_S)
            publisher.wait(spec.expected, limit_s, stop.is_set)
            host.run(epoch_ns, lambda: report("ended"))
    finally:
        host.close()


def _subscribe(spec: ChildSpec, context: Any, entries: list[Entry]) -> Subscriber:
    subscriber = Subscriber(context, spec.process, complete=any(entry.node.complete for entry in entries))
    topics = {topic.name: topic for entry in entries for topic in entry.spec.inputs}
    for topic in topics.values():
        if not topic.host:
            writer = spec.writers.get(topic.name)
            bare = not any(entry.node.sees(topic) for entry in entries if topic in entry.spec.inputs)
            if writer and writer != spec.process:
                subscriber.connect(spec.addresses[writer], [topic], bare=bare)
            continue
        only_supervisor = topic.name in (MARKER.name, COMMAND.name)
        everyone = [n for n in spec.addresses if n != spec.process and (n == "supervisor" or not only_supervisor)]
        for name in everyone:
            subscriber.connect(spec.addresses[name], [topic])
    return subscriber


def _wait_for_go(orders: "queue.Queue[str]", stop: threading.Event) -> int | None:
    while not stop.is_set():
        try:
            word, _, value = orders.get(timeout=0.1).partition(" ")
        except queue.Empty:
            continue
        if word == "go":
            return int(value)
    return None


def _listen(orders: "queue.Queue[str]", stop: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        orders.put(line.strip())
    stop.set()
    if sys.stdin.readline() == "":  # after "stop" the pipe stays open until the supervisor goes
        time.sleep(CLOSE_LIMIT_S)
        os._exit(1)


if __name__ == "__main__":
    main()
