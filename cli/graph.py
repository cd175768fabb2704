"""`liveaffect graph`: the launch graph as a table: nodes, topics, processes; or as Graphviz text."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from liveaffect.offline.scoring.default import DEFAULT_GRAPH
from liveaffect.stream.graph import Entry, Graph, load_graph


def graph(
    launch: Annotated[Path | None, typer.Argument(help="A launch file; without one, the default graph.")] = None,
    more: Annotated[list[Path] | None, typer.Option("--with", help="A launch file laid over the graph.")] = None,
    dot: Annotated[bool, typer.Option("--dot", help="Print Graphviz text instead.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", help="node.key=value; may be repeated.")] = None,
) -> None:
    """Check a launch graph and draw it: who reads and writes what, in which process."""
    found = load_graph(launch or DEFAULT_GRAPH, settings or [], more=more or [])
    if dot:
        print(as_dot(found))
        return
    table = Table(title=found.origin, title_justify="left", header_style="bold")
    for column in ("process", "node", "reads", "writes", "delay"):
        table.add_column(column, overflow="fold")
    for process, entries in found.processes.items():
        for index, entry in enumerate(entries):
            delays = [f"{t.delay_ms} ms" for t in entry.spec.outputs if t.delay_ms]
            shown = process if index == 0 else ""
            table.add_row(shown, entry.name, reads(entry), writes(entry), ", ".join(delays))
    Console().print(table)


def reads(entry: Entry) -> str:
    """Its inputs from other nodes, or all."""
    topics = [t.name for t in entry.spec.inputs if not t.host]
    return "everything that is recorded" if len(topics) > 8 else ", ".join(topics)


def writes(entry: Entry) -> str:
    """Its outputs."""
    return ", ".join(t.name for t in entry.spec.outputs if not t.host)


def as_dot(graph: Graph) -> str:
    """Graphviz text: a cluster per process, an edge per topic and reader."""
    lines = ["digraph liveaffect {", "  rankdir=LR; node [shape=box, style=rounded];"]
    for process, entries in graph.processes.items():
        names = "; ".join(f'"{entry.name}"' for entry in entries)
        lines.append(f'  subgraph "cluster_{process}" {{ label="{process}"; {names} }}')
    for entry in graph.entries.values():
        for topic in entry.spec.inputs:
            writer = graph.writers.get(topic.name)
            if writer:
                lines.append(f'  "{writer}" -> "{entry.name}" [label="{topic.name}"];')
    return "\n".join([*lines, "}"])
