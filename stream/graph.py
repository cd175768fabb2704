"""The launch graph: makes the nodes of a launch file, checks their wiring, and names what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from liveaffect.stream.errors import LaunchError
from liveaffect.stream.launch import (
    Typed,
    Words,
    as_named_today,
    convert,
    hint,
    home,
    laid_over,
    node_class,
    place,
    read_launch,
    written,
)  # fmt: skip
from liveaffect.stream.node import Node, NodeSpec, NotNegative, Positive, spec_of
from liveaffect.stream.plain import is_mapping, is_table
from liveaffect.stream.topics import REGISTRY

HOST_KEYS = ("type", "process", "enabled")


class GraphSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The `[graph]` table of launch.toml."""

    transport: Literal["auto", "ipc", "tcp"] = "auto"
    """How processes of one machine talk: ipc sockets in a 0700 folder, or loopback tcp (auto: ipc if there is ipc)."""
    gateway: str = ""
    """Address for programs outside the graph, such as "tcp://127.0.0.1:7890"; "" makes an ipc address of its own."""
    keys: str = ""
    """Folder with CURVE keys; needed to listen beyond loopback."""
    announce: bool = True
    """False keeps it from being what `connect()` and `liveaffect mark` find without an address."""
    web: str = ""
    """ADDRESS:PORT where `run` and `live` serve the page (`--web`); "" serves none."""
    web_picture: bool = False
    """Paired devices see the camera's picture on the page too."""
    assistant: bool = False
    """An assistant (`liveaffect mcp`) may be told what is seen, from the start."""
    wait_s: NotNegative = 5.0
    """How long a publisher waits for its subscribers at first start."""
    hang_s: Positive = 5.0
    """A process that gives no sign of life for so long is killed and started again."""
    start_s: Positive = 180.0
    """How long a process may take to open its nodes."""
    restarts: Annotated[int, msgspec.Meta(ge=0)] = 5
    """Restarts within a minute before a process is given up."""


@dataclass
class Entry:
    """One node of the graph, not yet opened."""

    name: str
    type: str
    process: str
    node: Node
    spec: NodeSpec


@dataclass
class Graph:
    """A checked graph: nodes in launch order, the depth of every topic, and who writes it."""

    entries: dict[str, Entry]
    settings: GraphSettings = field(default_factory=GraphSettings)
    origin: str = "launch"
    partial: bool = False
    """True allows inputs that no node of this graph writes: they are handed in (tests, replays)."""
    whole: "Graph | None" = None
    """The graph that this is a part of: nodes are told of that one, so that they behave as they did in it."""

    def __post_init__(self) -> None:
        self.writers = _writers(self.entries, self.origin, self.partial)
        self.depth = _depths(self.entries, self.writers, self.origin)

    @classmethod
    def of(cls, *nodes: Node) -> "Graph":
        """A partial graph of nodes in one process, named after their classes in lower case, "face" for a
        `FaceNode`; of several of one class, those after the first are numbered: "adder", "adder2"."""
        names: list[str] = []
        for node in nodes:
            name = type(node).__name__.removesuffix("Node").lower()
            taken = [n for n in names if n == name or (n.removeprefix(name).isdigit() and n.startswith(name))]
            names.append(f"{name}{len(taken) + 1}" if taken else name)
        return cls(
            {n: Entry(n, "", "lockstep", node, spec_of(node)) for n, node in zip(names, nodes, strict=True)},
            origin="nodes",
            partial=True,
        )

    def only(self, names: Iterable[str]) -> "Graph":
        """The named nodes alone, with topic depths as in the whole graph: what a replay recomputes."""
        graph = Graph({n: self.entries[n] for n in names}, self.settings, self.origin, partial=True)
        graph.depth, graph.whole = self.depth, self.whole or self
        return graph

    @property
    def processes(self) -> dict[str, list[Entry]]:
        """Process name -> its nodes, in graph order (writers before readers)."""
        grouped: dict[str, list[Entry]] = {}
        for entry in sorted(self.entries.values(), key=self.level):
            grouped.setdefault(entry.process, []).append(entry)
        return grouped

    def level(self, entry: Entry) -> int:
        """Graph depth of a node: sources are 0."""
        return max((self.depth[t.name] + 1 for t in entry.spec.inputs if t.name in self.depth), default=0)

    def topic_modules(self) -> list[str]:
        """Modules outside this package whose import declares topics of this graph."""
        return sorted(
            {
                entry.type.partition(":")[0]
                for entry in self.entries.values()
                if any(not topic.message.__module__.startswith("liveaffect.stream.") for topic in entry.spec.outputs)
            }
        )

    def wiring(self) -> dict[str, dict[str, list[str]]]:
        """Node name -> names of the topics it reads and writes, those of the hosts left out."""
        return {
            entry.name: {
                "reads": [topic.name for topic in entry.spec.inputs if not topic.host],
                "writes": [topic.name for topic in entry.spec.outputs if not topic.host],
            }
            for entry in (self.whole or self).entries.values()
        }

    def table(self) -> dict[str, Any]:
        """The graph as plain data, every setting resolved: what children and sessions get."""
        nodes = {
            e.name: {"type": e.type, "process": e.process, **msgspec.to_builtins(e.node)}
            for e in (self.whole or self).entries.values()
        }
        return {"graph": msgspec.to_builtins(self.settings), **nodes}


def load_graph(path: str | Path, overrides: Iterable[str] = (), *, more: Sequence[str | Path] = ()) -> Graph:
    """Reads a launch file, lays those of `more` over it, and applies `node.key=value` overrides. Raises LaunchError,
    naming file and key, or what was typed."""
    tables, words = launch_tables(path, more)
    return build_graph(tables, overrides, origin=", ".join(map(str, (path, *more))), words=words)


def launch_tables(path: str | Path, more: Iterable[str | Path] = ()) -> tuple[dict[str, Any], dict[str, Words]]:
    """A launch file with others laid over it, as plain data, and what those said. Raises LaunchError."""
    tables, words = read_launch(Path(path)), dict[str, Words]()
    for other in more:
        layer = read_launch(Path(other))
        for name, keys in written(Path(other), layer).items():
            words[name] = {**words.get(name, {}), **keys}
        tables = laid_over(tables, layer)
    return tables, words


def build_graph(
    table: Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    origin: str = "launch",
    partial: bool = False,
    words: Mapping[str, Words] | None = None,
) -> Graph:
    """A checked Graph from plain data in the form of launch.toml. Raises LaunchError, naming `origin`, or whichever
    file `words` says has the mistake (see `launch_tables`)."""
    tables: dict[str, Any] = {name: dict(value) if is_mapping(value) else value for name, value in table.items()}
    typed = {name: dict(keys) for name, keys in (words or {}).items()}
    for override in map(Typed, overrides):
        if override.name != "graph" and override.name not in tables:
            raise LaunchError(f"{override.where}: there is no node '{override.name}'{hint(override.name, tables)}")
        tables.setdefault(override.name, {})[override.key] = override.value
        typed.setdefault(override.name, {})[override.key] = override
    for name, value in tables.items():
        if not is_table(value):
            where = typed[name][""].where if "" in typed.get(name, {}) else origin
            raise LaunchError(f"{where}: '{name}' stands outside a table: put it under [graph] or under a node")
        if not isinstance(value.get("enabled", True), bool):
            where = place(f"{origin}: [{name}]", "enabled", typed.get(name, {}))
            raise LaunchError(f"{where} enabled = {value['enabled']!r}: use true or false")
    settings = convert(tables.pop("graph", {}), GraphSettings, f"{origin}: [graph]", typed.get("graph"))
    active = {name: value for name, value in tables.items() if value.get("enabled", True)}
    homes = {name: home(origin, name, value, typed.get(name, {})) for name, value in active.items()}
    classes = {name: node_class(value.get("type"), homes[name]) for name, value in active.items()}
    entries = {name: _entry(name, value, classes[name], homes[name], typed.get(name)) for name, value in active.items()}
    if not entries:
        raise LaunchError(f'{origin} names no node: add a table such as [camera] with type = "package.module:Class"')
    return Graph(entries, settings, origin, partial)


def _entry(name: str, table: dict[str, Any], cls: type[Node], where: str, typed: Words | None) -> Entry:
    process = table.get("process", name)
    if not isinstance(process, str) or not process.replace("_", "").replace("-", "").isalnum():
        raise LaunchError(
            f"{place(where, 'process', typed or {})} process = {process!r}: use a name of letters, digits, - and _"
        )
    node = convert({k: v for k, v in table.items() if k not in HOST_KEYS}, cls, where, typed)
    return Entry(name, as_named_today(table["type"], cls), process, node, spec_of(node))


def _writers(entries: dict[str, Entry], origin: str, partial: bool) -> dict[str, str]:
    writers: dict[str, str] = {}
    for entry in entries.values():
        for topic in entry.spec.outputs:
            if topic.host:
                continue
            if topic.name in writers:
                raise LaunchError(
                    f"{origin}: topic '{topic.name}' has two writers, [{writers[topic.name]}] and [{entry.name}]: "
                    "set enabled = false on one of them"
                )
            writers[topic.name] = entry.name
    for entry in entries.values():
        data = [t for t in entry.spec.inputs if not t.host]
        if data and not partial and not entry.node.idles and not any(t.name in writers for t in data):
            wanted = ", ".join(f"'{t.name}'" for t in data[:4])
            raise LaunchError(
                f"{origin}: nothing writes {wanted}, which [{entry.name}] reads: add or enable its writer"
            )
    return writers


def _depths(entries: dict[str, Entry], writers: dict[str, str], origin: str) -> dict[str, int]:
    levels: dict[str, int] = {}
    path: list[str] = []

    def level(name: str) -> int:
        if name in levels:
            return levels[name]
        if name in path:
            loop = " -> ".join([*path[path.index(name) :], name])
            raise LaunchError(f"{origin}: the nodes form a cycle: {loop}; break it by disabling one of them")
        path.append(name)
        inputs = [t.name for t in entries[name].spec.inputs if t.name in writers]
        found = max((level(writers[topic]) + 1 for topic in inputs), default=0)
        path.pop()
        levels[name] = found
        return found

    for name in entries:
        level(name)
    return {topic: levels[writer] for topic, writer in writers.items() if topic in REGISTRY}
