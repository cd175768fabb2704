"""The decorators of a node's methods: which topics a method handles, what comes out, which commands it answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic

N = TypeVar("N")
M = TypeVar("M", bound=Message)
HandlerResult = Message | Iterable[Message] | None
Handler = Callable[[Any, Any], HandlerResult]
Feed = Iterator[Message | None]
Emits = Topic[Any] | Iterable[Topic[Any]]


class SourceContext(Protocol):
    """What the host gives a source: the time base, and the way out."""

    live: bool
    """False offline: media time, no pacing, no retry, errors are raised."""
    epoch_ns: int
    """Start of the run: a file's media time 0 is played at this instant (0 offline)."""

    def now_ns(self) -> int:
        """The monotonic clock of this machine (live only)."""
        ...

    def stopping(self) -> bool:
        """True when the source should return."""
        ...

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        """Counts messages that were captured but never published."""
        ...

    def report(self, **info: Any) -> None:
        """Adds facts to the node's health, such as the negotiated size and rate; `error="..."` names a fault."""
        ...


@dataclass(frozen=True)
class Verb:
    """A command that a node answers."""

    arguments: type[msgspec.Struct]
    held: bool = False
    """True for one that holds until it is taken back, such as privacy: it is never refused because somebody is down,
    and a process that comes (back) later is told."""


@dataclass
class Marks:
    """What the decorators say of a method."""

    topics: tuple[Topic[Any], ...] = ()
    emits: tuple[Topic[Any], ...] = ()
    commands: dict[str, Verb] = field(default_factory=dict[str, Verb])
    ahead: Topic[Any] | None = None
    recorded: bool = False
    source: bool = False


MARKS = "__marks__"
"""Where a method keeps them."""


def marks_of(method: Callable[..., Any]) -> Marks:
    """What the decorators said of a method so far."""
    return method.__dict__.setdefault(MARKS, Marks())


def on(
    *topics: Topic[M], emits: Emits = ()
) -> Callable[[Callable[[N, M], HandlerResult]], Callable[[N, M], HandlerResult]]:
    """Marks a method as the handler of `topics`; what it returns (one message, several or None) goes out on `emits`."""

    def mark(method: Callable[[N, M], HandlerResult]) -> Callable[[N, M], HandlerResult]:
        marks = marks_of(method)
        marks.topics, marks.emits = topics, _tuple(emits)
        return method

    return mark


def ahead_of(
    topic: Topic[M],
) -> Callable[[Callable[[N, Sequence[M]], None]], Callable[[N, Sequence[M]], None]]:
    """Marks a method `(self, messages)` that is shown messages of `topic` before their handler gets them one by one.

    For nodes that work faster on many at once, such as a net on a GPU. Only a host that has a whole file before it
    calls it (with `burst()` messages, in their order); live nobody does. The handler's answers must be the same.
    """

    def mark(method: Callable[[N, Sequence[M]], None]) -> Callable[[N, Sequence[M]], None]:
        marks_of(method).ahead = topic
        return method

    return mark


def command(
    verb: str, arguments: type[msgspec.Struct], *, held: bool = False
) -> Callable[[Callable[[N, Any], HandlerResult]], Callable[[N, Any], HandlerResult]]:
    """Declares, under `@on(COMMAND, ...)`, that the method answers `verb`: only its owners are asked, and arguments
    that do not fit the struct are refused before. See `answered`."""

    def mark(method: Callable[[N, Any], HandlerResult]) -> Callable[[N, Any], HandlerResult]:
        marks_of(method).commands[verb] = Verb(arguments, held)
        return method

    return mark


def on_recorded(method: Callable[[N, Message], HandlerResult]) -> Callable[[N, Message], HandlerResult]:
    """Marks a method as the handler of every topic that may be recorded, those of other packages included."""
    marks_of(method).recorded = True
    return method


def source(*, emits: Emits = ()) -> Callable[[Callable[[N, SourceContext], Feed]], Callable[[N, SourceContext], Feed]]:
    """Marks a generator method `(self, context)` as a source of `emits`, and of what `emitted()` of the node names."""

    def mark(method: Callable[[N, SourceContext], Feed]) -> Callable[[N, SourceContext], Feed]:
        marks = marks_of(method)
        marks.source, marks.emits = True, _tuple(emits)
        return method

    return mark


def _tuple(emits: Emits) -> tuple[Topic[Any], ...]:
    return (emits,) if isinstance(emits, Topic) else tuple(emits)
