"""Entry of a node process: `python -m liveaffect.stream.live.child`, started by the supervisor only.

The first line of standard input is its ChildSpec; where ports are bound a line "peers ADDRESSES" tells those of the
others; then one line "go EPOCH_NS" starts it and "stop" ends it. The end of
standard input means that the supervisor is gone: the nodes are closed and the process ends, whatever it is doing.
With `--early MODULE:NODE...` it imports those first, and a line before the spec names the file for what it prints.
"""

import contextlib
import importlib
import logging
import os
import queue
import signal
import sys
import sysconfig
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec
import zmq

from liveaffect.stream.graph import Entry, build_graph
from liveaffect.stream.live.addresses import unknown
from liveaffect.stream.live.bus import Publisher, Subscriber
from liveaffect.stream.live.early import EARLY
from liveaffect.stream.live.host import LiveHost, host_topics
from liveaffect.stream.live.process import ENDS
from liveaffect.stream.live.pulse import Pulse
from liveaffect.stream.live.runlog import RunHandler, hidden_words, listen
from liveaffect.stream.live.spec import ChildSpec
from liveaffect.stream.node import HostInfo
from liveaffect.stream.topics import COMMAND, MARKER

LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
REJOIN_S = 1.0
"""After a restart the readers reconnect by themselves, most within 0.2 s; one that is down is not waited for longer."""


def main() -> None:
    """Reads the spec, runs the nodes, reports."""
    stop = threading.Event()
    _answer_signals(stop)
    if sys.argv[1:2] == [EARLY] and not _early(sys.argv[2:]):
        return
    line = sys.stdin.buffer.readline()
    if not line:  # the supervisor ended before it could say anything
        return
    spec = msgspec.json.decode(line, type=ChildSpec)
    log = listen(spec.log, spec.process, hidden_words(spec.table))
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(orders, stop, spec.close_s), daemon=True).start()
    context = zmq.Context()
    pulse = Pulse(context, spec.control, spec.key, spec.run, spec.process, spec.incarnation)
    code = 0
    try:
        _run(spec, context, orders, stop, pulse, log)
    except Exception as error:  # every end is reported; errors made for users carry their own exit code
        expected = hasattr(error, "exit_code")
        code = getattr(error, "exit_code", 1)
        if not expected:
            traceback.print_exc()
        logging.getLogger("liveaffect").error("ended by %s: %s", type(error).__name__, error)
        pulse.report(
            "failed", str(error) if expected else f"{type(error).__name__}: {error}{_where(error, pulse)}", code
        )
    pulse.end()
    context.destroy(linger=2000)
    sys.stderr.flush()
    os._exit(code)  # libraries with threads of their own must not hold up the end


def _where(error: Exception, pulse: Pulse) -> str:
    """The node, and the line of its author's code where there is one: not of this package, nor of a library."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        ours = frame.f_globals.get("__name__", "").startswith("liveaffect.") or file == __file__
        if not ours and not file.startswith(LIBRARIES):
            found = f", {Path(file).name} line {line}"
    return f" ({pulse.doing or 'its process'}{found})"


def _early(kinds: list[str]) -> bool:
    """Imports nodes, says so, and waits for its place; False where none came."""
    for kind in kinds:
        module, _, name = kind.partition(":")
        with contextlib.suppress(Exception):  # it comes again, and is told then
            getattr(importlib.import_module(module), name).load_early()
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(1, b".")
    path = os.fsdecode(sys.stdin.buffer.readline().rstrip(b"\n"))
    if not path:
        return False
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return True


def _answer_signals(stop: threading.Event) -> None:
    """Ctrl-C and the end of the terminal are the supervisor's to handle; it started this process deaf to them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def _run(
    spec: ChildSpec,
    context: Any,
    orders: "queue.Queue[str]",
    stop: threading.Event,
    pulse: Pulse,
    log: RunHandler,
) -> None:
    sys.path.extend(path for path in spec.paths if path not in sys.path)
    for module in spec.modules:
        importlib.import_module(module)
    graph = build_graph(spec.nodes, origin=spec.process, partial=True)
    entries = graph.processes[spec.process]
    own = spec.addresses[spec.process]
    publisher = Publisher(context, own, host_topics(entries), f"process '{spec.process}'", spec.key)
    if unknown(own):
        pulse.report("bound", publisher.address)
        told = _wait_for("peers", orders, stop)
        if told is None:
            return
        spec.addresses = msgspec.json.decode(told, type=dict[str, str])
    host = LiveHost(
        entries,
        spec.depth,
        HostInfo(
            process=spec.process,
            live=True,
            clock=spec.clock,
            incarnation=spec.incarnation,
            graph=spec.table,
            wiring=spec.wiring,
            held_commands=spec.held_commands,
            run=spec.run,
        ),
        publisher=publisher,
        subscriber=_subscribe(spec, context, entries),
        pulse=pulse,
        logged=log.take,
        stop=stop.is_set,
    )
    try:
        host.open()
        pulse.report("ready")
        go = _wait_for("go", orders, stop)
        if go is not None:
            limit_s = spec.wait_s if spec.incarnation == 0 else min(spec.wait_s, REJOIN_S)
            publisher.wait(spec.expected, limit_s, stop.is_set)
            host.run(int(go), lambda: pulse.report("ended"))
    finally:
        host.close()


def _subscribe(spec: ChildSpec, context: Any, entries: list[Entry]) -> Subscriber:
    complete = any(entry.node.complete for entry in entries)
    subscriber = Subscriber(context, spec.process, complete=complete, key=spec.key)
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


def _wait_for(awaited: str, orders: "queue.Queue[str]", stop: threading.Event) -> str | None:
    while not stop.is_set():
        try:
            word, _, value = orders.get(timeout=0.1).partition(" ")
        except queue.Empty:
            continue
        if word == awaited:
            return value
    return None


def _listen(orders: "queue.Queue[str]", stop: threading.Event, close_s: float) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        orders.put(line.strip())
    stop.set()
    if sys.stdin.readline() == "":  # after "stop" the pipe stays open until the supervisor goes
        time.sleep(close_s)
        os._exit(1)


if __name__ == "__main__":
    main()
