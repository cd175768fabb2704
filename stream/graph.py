"""The launch graph: reads launch.toml, makes the nodes, checks settings and wiring, and names the key that is wrong."""

import difflib
import importlib
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from liveaffect.stream.errors import LaunchError
from liveaffect.stream.node import Node, NodeSpec, spec_of
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
    wait_s: float = 5.0
    """How long a publisher waits for its subscribers at first start."""
    hang_s: float = 5.0
    """A process that gives no sign of life for so long is killed and started again."""
    start_s: float = 180.0
    """How long a process may take to open its nodes."""
    restarts: int = 5
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
        """A partial graph of nodes in one process, named after their classes in lower case; of several of one class,
        those after the first are numbered: "adder", "adder2"."""
        names: list[str] = []
        for node in nodes:
            name = type(node).__name__.lower()
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
        graph.depth, graph.whole = self.depth, self
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


def load_graph(path: str | Path, overrides: Iterable[str] = ()) -> Graph:
    """Reads launch.toml and applies `node.key=value` overrides. Raises LaunchError, naming file and key."""
    path = Path(path)
    if str(path.resolve().parent) not in sys.path:  # node classes may lie beside their launch file
        sys.path.append(str(path.resolve().parent))
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise LaunchError(
            f"{path} does not exist: give the path of a launch file, or none for the default graph"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise LaunchError(f"{path} is not valid TOML: {error}") from None
    return build_graph(table, overrides, origin=str(path))


def build_graph(
    table: Mapping[str, Any], overrides: Iterable[str] = (), *, origin: str = "launch", partial: bool = False
) -> Graph:
    """A checked Graph from plain data in the form of launch.toml. Raises LaunchError."""
    tables = {name: dict(value) if isinstance(value, Mapping) else value for name, value in table.items()}
    for override in overrides:
        _apply(tables, override)
    for name, value in tables.items():
        if not isinstance(value, dict):
            raise LaunchError(f"{origin}: '{name}' stands outside a table: put it under [graph] or under a node")
        if not isinstance(value.get("enabled", True), bool):
            raise LaunchError(f"{origin}: [{name}] enabled = {value['enabled']!r}: use true or false")
    settings = _convert(tables.pop("graph", {}), GraphSettings, f"{origin}: [graph]")
    active = {name: value for name, value in tables.items() if value.get("enabled", True)}
    classes = {name: _import(value.get("type"), f"{origin}: [{name}]") for name, value in active.items()}
    entries = {name: _entry(name, value, classes[name], origin) for name, value in active.items()}
    if not entries:
        raise LaunchError(f'{origin} names no node: add a table such as [camera] with type = "package.module:Class"')
    return Graph(entries, settings, origin, partial)


def _apply(tables: dict[str, Any], override: str) -> None:
    left, equals, right = override.partition("=")
    name, dot, key = left.strip().partition(".")
    if not (equals and dot and key):
        raise LaunchError(f"--set {override}: write node.key=value, for instance camera.source=clip.mp4")
    if name != "graph" and name not in tables:
        raise LaunchError(f"--set {override}: there is no node '{name}'{_hint(name, tables)}")
    try:
        value = tomllib.loads(f"v = {right}")["v"]
    except tomllib.TOMLDecodeError:
        value = right
    tables.setdefault(name, {})[key] = value


def _entry(name: str, table: dict[str, Any], cls: type[Node], origin: str) -> Entry:
    where = f"{origin}: [{name}]"
    process = table.get("process", name)
    if not isinstance(process, str) or not process.replace("_", "").replace("-", "").isalnum():
        raise LaunchError(f"{where} process = {process!r}: use a name of letters, digits, - and _")
    node = _convert({k: v for k, v in table.items() if k not in HOST_KEYS}, cls, where)
    return Entry(name, table["type"], process, node, spec_of(node))


def _import(kind: Any, where: str) -> type[Node]:
    if not isinstance(kind, str):
        raise LaunchError(f'{where} has no type: add type = "package.module:Class"')
    module_name, _, class_name = kind.partition(":")
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        raise LaunchError(f"{where} type = \"{kind}\": no module named '{error.name}' can be imported") from None
    except (AttributeError, ValueError):
        raise LaunchError(
            f"{where} type = \"{kind}\": write package.module:Class; '{class_name}' is not in {module_name}"
        ) from None
    if not (isinstance(cls, type) and issubclass(cls, Node)):
        raise LaunchError(f'{where} type = "{kind}" is not a Node: derive the class from liveaffect.stream.node.Node')
    return cls


def _convert(table: dict[str, Any], cls: type[Any], where: str) -> Any:
    known = [f.name for f in msgspec.structs.fields(cls)]
    for key in table:
        if key not in known:
            raise LaunchError(f"{where} has no key '{key}'{_hint(key, known)}")
    try:
        return msgspec.convert(table, cls)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$.")
        key = at.rstrip("`")
        shown = f"{key} = {table.get(key.split('.')[0].split('[')[0])!r}: " if key else ""
        raise LaunchError(f"{where} {shown}{message[:1].lower()}{message[1:]}") from None


def _hint(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; it has {', '.join(sorted(known))}"


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
        if data and not partial and not any(t.name in writers for t in data):
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
