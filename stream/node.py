"""The Node: a typed settings struct with handlers. It opens no socket, reads no clock and starts no thread.

    class BlinkRate(Node):
        window_s: float = 30.0                      # a key in launch.toml

        def open(self) -> None:
            self._blinks: deque[int] = deque()

        @on(FACE, emits=BLINK)
        def step(self, face: FaceObservation) -> Blink | None: ...

Capture nodes have a source instead: a generator that yields messages stamped with their capture time, and None at
least every 50 ms while there is nothing, so that the host stays in control.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec

from liveaffect.stream.errors import LiveAffectError, UsageError
from liveaffect.stream.marks import MARKS, HandlerResult, Marks, Verb
from liveaffect.stream.marks import Emits as Emits
from liveaffect.stream.marks import Feed as Feed
from liveaffect.stream.marks import Handler as Handler
from liveaffect.stream.marks import SourceContext as SourceContext
from liveaffect.stream.marks import ahead_of as ahead_of
from liveaffect.stream.marks import command as command
from liveaffect.stream.marks import on as on
from liveaffect.stream.marks import on_recorded as on_recorded
from liveaffect.stream.marks import source as source
from liveaffect.stream.messages import Ack, Command, Message, Status
from liveaffect.stream.topics import REGISTRY, TICK, Topic

NODE_LOGGER = "liveaffect.node."
Positive = Annotated[float, msgspec.Meta(gt=0)]
"""A setting above 0: others are refused before any process starts, and a form shows the limit."""
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


@dataclass(frozen=True)
class HostInfo:
    """Where a node finds itself running."""

    name: str = ""
    process: str = ""
    live: bool = False
    clock: str = "media"
    incarnation: int = 0
    graph: dict[str, Any] = field(default_factory=dict[str, Any])
    """The whole launch graph as resolved: node name -> settings."""
    wiring: dict[str, dict[str, list[str]]] = field(default_factory=dict[str, dict[str, list[str]]])
    """Node name -> the topics it "reads" and "writes": what a loss ledger needs to know."""
    held_commands: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Commands that held when this process was started (again), such as privacy: verb -> arguments."""
    run: str = ""
    """Names this run of the graph, and no other one ever; "" offline."""


class Node(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, dict=True, eq=False):
    """Base of every node: the fields of a subclass are its settings in launch.toml.

    `ordered` nodes get their inputs in stream order (see `stream/order.py`); displays and recorders set it to False
    and take messages as they arrive. `optional` inputs may have no writer in the graph.
    """

    ordered: ClassVar[bool] = True
    complete: ClassVar[bool] = False
    """True gives the node's process every message of "latest" topics too, for recorders."""
    replays: ClassVar[bool] = False
    """True keeps `seq` and the number of the start of what the node publishes: they are those of a recording."""
    terminal: ClassVar[bool] = False
    """True gives the node's process the terminal of the program; the others write to a log."""
    idles: ClassVar[bool] = False
    """True lets the node be in a graph in which nothing writes what it reads, such as one whose camera is left out."""
    gathers_ms: ClassVar[int] = 0
    """Live, a process whose nodes all answer a few times a second need not wake for each message: it takes what has
    come in so many milliseconds at once. What the nodes are given, and in which order, stays the same."""

    @property
    def host(self) -> HostInfo:
        """Name, process and graph; set by the host before `open`."""
        return vars(self).get("_host_info", HostInfo())

    @property
    def log(self) -> logging.Logger:
        """Where a node says what happens to it: kept with the run, see `liveaffect doctor --last`. Never names,
        pixels or sound."""
        return logging.getLogger(NODE_LOGGER + (self.host.name or type(self).__name__))

    @classmethod
    def load_early(cls) -> None:
        """Imports what `open` will need and the module does not, in a process that is to run this node and does not
        know its settings yet. Not called on every way: `open` must do without."""

    def open(self) -> None:
        """Loads models and makes state. Called once, before the first message, after settings are set."""

    def emitted(self) -> tuple[Topic[Any], ...]:
        """Topics a source publishes that only its settings tell; asked before `open`."""
        return ()

    def close(self) -> None:
        """Frees what `open` took; called once, also after a failure."""

    def sees(self, topic: Topic[Any]) -> bool:  # noqa: ARG002
        """False while the headers of a topic are enough: its arrays then need not travel. May change at any time, and
        is also asked before `open`."""
        return True

    def info(self) -> dict[str, Any]:
        """Facts for the node's health, such as model ids and execution providers: for people, nothing reads them."""
        return {}

    def status(self) -> Status | None:
        """What the node is at, of one that obeys commands; part of its health."""
        return None

    def trouble(self) -> str:
        """What is wrong with the node now, in words; "" where nothing is. Becomes its health's `error`."""
        return ""

    def notice(self) -> str:
        """What differs from what was asked for, in words, such as where a net runs; "" where nothing does."""
        return ""

    def burst(self) -> int:
        """How many messages at once suit its `@ahead_of` method; asked after `open`."""
        return 1


@dataclass(frozen=True)
class NodeSpec:
    """What a Node class takes and gives, read from its decorators."""

    handlers: dict[str, str]
    """Topic name -> method name."""
    sources: tuple[str, ...]
    inputs: tuple[Topic[Any], ...]
    outputs: tuple[Topic[Any], ...]
    ticked: bool
    """True when the host must make ticks for it."""
    commands: dict[str, Verb] = field(default_factory=dict[str, Verb])
    """What its handler of `command` answers."""
    ahead: dict[str, str] = field(default_factory=dict[str, str])
    """Topic name -> method that takes messages of it before they are handled."""


def spec_of(node: type[Node] | Node) -> NodeSpec:
    """Reads the decorators of a Node class; raises UsageError where two methods handle one topic."""
    cls = node if isinstance(node, type) else type(node)
    handlers: dict[str, str] = {}
    commands: dict[str, Verb] = {}
    ahead: dict[str, str] = {}
    taker = ""
    sources: list[str] = []
    inputs: list[Topic[Any]] = []
    outputs: list[Topic[Any]] = []
    ticked = False
    names = [name for base in reversed(cls.__mro__) for name in vars(base)]
    for name in dict.fromkeys(names):
        marks: Marks | None = getattr(getattr(cls, name, None), MARKS, None)
        if marks is None:
            continue
        ticked |= TICK in marks.topics
        for topic in marks.topics:
            if topic.name in handlers:
                raise UsageError(
                    f"{cls.__name__} handles topic '{topic.name}' twice: {handlers[topic.name]} and {name}"
                )
            handlers[topic.name] = name
            inputs.append(topic)
        outputs.extend(marks.emits)
        commands.update(marks.commands)
        if marks.ahead is not None:
            ahead[marks.ahead.name] = name
        if marks.recorded:
            taker = name
        if marks.source:
            sources.append(name)
    if isinstance(node, Node):
        outputs.extend(node.emitted())
    if taker:
        recorded = [topic for topic in REGISTRY.values() if topic.record != "no" and topic.name not in handlers]
        handlers.update({topic.name: taker for topic in recorded})
        inputs.extend(recorded)
    return NodeSpec(handlers, tuple(sources), tuple(inputs), tuple(dict.fromkeys(outputs)), ticked, commands, ahead)


def messages_of(output: HandlerResult) -> Iterable[Message]:
    """A handler's return value as messages."""
    if output is None:
        return ()
    if isinstance(output, Message):
        return (output,)
    if not isinstance(output, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] (of whoever writes a node)
        raise TypeError(f"a handler gave {type(output).__name__}: it returns a message, several of them, or None")
    return output


def answered(node: Node, command: Command, act: Callable[[Command], str]) -> Ack | None:
    """What `act` says to a command, as the node's answer; a refusal is one too, and so is what the system says to a
    name that cannot be a file's. None for what is another node's to answer."""
    if command.verb not in spec_of(node).commands or command.target not in ("", node.host.name):
        return None
    try:
        text, ok = act(command), True
    except (LiveAffectError, msgspec.MsgspecError, OSError, ValueError, OverflowError) as error:
        text, ok = str(error), False
    return Ack(t_ns=command.t_ns, request_id=command.request_id, node=node.host.name, ok=ok, text=text)


def bind(node: Node, info: HostInfo) -> None:
    """Tells a node where it runs; hosts call this before `open`."""
    vars(node)["_host_info"] = info
