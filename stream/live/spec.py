"""What a node process is told at its start."""

import sys
from typing import Any

import msgspec

from liveaffect.stream.graph import Graph
from liveaffect.stream.live.addresses import Addresses
from liveaffect.stream.live.bus import reader_mark
from liveaffect.stream.live.host import host_topics
from liveaffect.stream.topics import HEALTH

WATCHER = "supervisor"
"""The supervisor's name among the readers."""


class ChildSpec(msgspec.Struct, kw_only=True):
    """All that a node process must know."""

    run: str
    """Names the run."""
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
    """Process name -> its publisher; "supervisor" too. Those that are not bound yet are told later, in one line."""
    key: str
    """The run's own, for its sockets on tcp."""
    writers: dict[str, str]
    """Topic name -> process that writes it."""
    expected: dict[str, int]
    """reader_mark -> 1: who must have subscribed to what before the first message."""
    wait_s: float
    close_s: float
    """How long its nodes may take to close when the supervisor is gone."""
    control: str
    """Where this process reports to the supervisor."""
    log: str = ""
    """The run's file; "" where none can be written."""
    held_commands: dict[str, dict[str, Any]] = {}
    """As in HostInfo."""


def child_spec(
    graph: Graph,
    process: str,
    addresses: Addresses,
    *,
    run: str,
    incarnation: int,
    clock: str,
    close_s: float,
    control: str,
    log: str,
    held_commands: dict[str, dict[str, Any]],
) -> ChildSpec:
    """The spec of one process of a graph."""
    table = graph.table()
    return ChildSpec(
        run=run,
        process=process,
        incarnation=incarnation,
        clock=clock,
        nodes={entry.name: table[entry.name] for entry in graph.processes[process]},
        table=table,
        wiring=graph.wiring(),
        depth=graph.depth,
        modules=graph.topic_modules(),
        paths=sys.path,
        addresses=addresses.by_name,
        key=addresses.key,
        writers={topic: graph.entries[node].process for topic, node in graph.writers.items()},
        expected=_expected(graph, process),
        wait_s=graph.settings.wait_s,
        close_s=close_s,
        control=control,
        log=log,
        held_commands=held_commands,
    )


def _expected(graph: Graph, process: str) -> dict[str, int]:
    readers = {
        reader_mark(topic.name, other.process): 1
        for topic in host_topics(graph.processes[process])
        for other in graph.entries.values()
        if other.process != process and any(t.name == topic.name for t in other.spec.inputs)
    }
    return {**readers, reader_mark(HEALTH.name, WATCHER): 1}
