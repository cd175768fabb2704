"""LockstepHost: the same nodes without sockets, without a wall clock, with nothing dropped.

Events are delivered in the one stream order (`stream/order.py`). Used by `score`, by verified replay and by tests.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, overload

from liveaffect.stream.graph import Entry, Graph
from liveaffect.stream.messages import Message, Tick
from liveaffect.stream.node import HostInfo, Node, SourceContext, bind, messages_of
from liveaffect.stream.order import Key, order_key
from liveaffect.stream.topics import TICK, TICK_NS, Topic, topic_of

M = TypeVar("M", bound=Message)

Event = tuple[Key, int, Topic[Any], Message, Iterator[Message] | None]
"""Place in stream order, number of its making, topic, message, and of a source's message the feed it came from."""


class OfflineContext:
    """SourceContext of a run on media time."""

    live = False
    epoch_ns = 0

    def __init__(self) -> None:
        self.info: dict[str, Any] = {}
        self.drops: dict[tuple[str, str], int] = {}

    def now_ns(self) -> int:
        """Raises RuntimeError: offline there is no clock."""
        raise RuntimeError("offline there is no clock: time comes from the media")

    def stopping(self) -> bool:
        """False: what is offline runs to its end."""
        return False

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        """Counts what a source could not deliver, by topic and cause."""
        self.drops[topic.name, cause] = self.drops.get((topic.name, cause), 0) + count

    def report(self, **info: Any) -> None:
        """Keeps what a source says of itself in `info`."""
        self.info.update(info)


class LockstepHost:
    """Runs the nodes of a graph over their sources, or over messages handed in.

    Parameters
    ----------
    graph: checked nodes.
    inputs: messages in order of time that stand in for writers the graph lacks (recorded topics).
    feeds: more of such inputs, each in an order of its own.
    ticks: "grid" makes one every 100 ms of stream time; "inputs" uses only Tick messages among `inputs`.
    ticks_from_ns: stream time of the first of them; None for that of the first message.
    ahead: messages that an `@ahead_of` method gets at once of what a source of this graph sends; 0 leaves it to its
        node, None gives it none.
    skip: called with (node name, topic name, message); True repeats a recorded drop.
    before: called with (entry, topic, message) just before a delivery, for replays that must reset a node.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        inputs: Iterable[Message] = (),
        feeds: Sequence[Iterable[Message]] = (),
        ticks: str = "grid",
        ticks_from_ns: int | None = None,
        ahead: int | None = None,
        skip: Callable[[str, str, Message], bool] | None = None,
        before: Callable[[Entry, Topic[Any], Message], None] | None = None,
    ) -> None:
        self.graph = graph
        self.contexts: dict[str, OfflineContext] = {}
        self._inputs, self._grid, self._skip, self._before = (inputs, *feeds), ticks == "grid", skip, before
        self._ticks_from_ns, self._ahead = ticks_from_ns, ahead
        self._heap: list[Event] = []
        self._count = 0
        self._seqs: dict[str, int] = {}
        self._entries = sorted(graph.entries.values(), key=graph.level)
        self._readers: dict[str, list[Entry]] = {}
        for entry in self._entries:
            for topic in entry.spec.inputs:
                self._readers.setdefault(topic.name, []).append(entry)

    def run(self) -> Iterator[tuple[Topic[Any], Message]]:
        """Yields every message in stream order, after all its readers have handled it. Opens and closes the nodes."""
        opened: list[Entry] = []
        try:
            for entry in self._entries:
                table, wiring = self.graph.table(), self.graph.wiring()
                bind(entry.node, HostInfo(name=entry.name, process=entry.process, graph=table, wiring=wiring))
                opened.append(entry)
                entry.node.open()
            yield from self._loop()
        finally:
            self._heap.clear()  # and with it the feeds: a source closes its file when its generator goes
            for entry in reversed(opened):
                entry.node.close()

    def _loop(self) -> Iterator[tuple[Topic[Any], Message]]:
        for feed in self._feeds():
            self._draw(self._stamped(feed) if self._ahead is None else self._prepared(self._stamped(feed), self._ahead))
        next_tick = self._ticks_from_ns
        while self._heap:
            key, _, topic, message, origin = self._heap[0]
            if self._grid:
                if next_tick is None:
                    next_tick = key[0]
                if key[0] > next_tick:  # everything up to the tick has been delivered
                    yield from self._deliver(TICK, self._stamp(TICK, Tick(t_ns=next_tick)))
                    next_tick += TICK_NS
                    continue
            heapq.heappop(self._heap)
            if origin is not None:
                self._draw(origin)
            yield from self._deliver(topic, message)

    def _draw(self, feed: Iterator[Message]) -> None:
        """Lets the next message of a feed wait for its turn."""
        message = next(feed, None)
        if message is not None:
            self._wait(topic_of(message), message, feed)

    def _wait(self, topic: Topic[Any], message: Message, origin: Iterator[Message] | None) -> None:
        self._count += 1
        heapq.heappush(self._heap, (order_key(topic, message, self.graph.depth), self._count, topic, message, origin))

    def _feeds(self) -> Iterator[Iterator[Message | None]]:
        yield from map(iter, self._inputs)
        for entry in self._entries:
            for name in entry.spec.sources:
                context: SourceContext = self.contexts.setdefault(entry.name, OfflineContext())
                yield getattr(entry.node, name)(context)

    def _stamped(self, feed: Iterator[Message | None]) -> Iterator[Message]:
        for message in feed:
            if message is not None:
                yield message if message.seq >= 0 else self._stamp(topic_of(message), message)

    def _prepared(self, feed: Iterator[Message], most: int) -> Iterator[Message]:
        """The same messages, after the nodes that look ahead have seen them."""
        takers = {topic: (e.node, method) for e in self._entries for topic, method in e.spec.ahead.items()}
        most = most or min((node.burst() for node, _ in takers.values()), default=1)
        while batch := list(islice(feed, most)):
            for topic, (node, method) in takers.items():
                if mine := [message for message in batch if topic_of(message).name == topic]:
                    getattr(node, method)(mine)
            yield from batch

    def _stamp(self, topic: Topic[Any], message: Message) -> Message:
        message.seq = self._seqs[topic.name] = self._seqs.get(topic.name, -1) + 1
        message.clock = "media"
        return message

    def _deliver(self, topic: Topic[Any], message: Message) -> Iterator[tuple[Topic[Any], Message]]:
        for entry in self._readers.get(topic.name, ()):
            if isinstance(message, Tick) and message.node not in ("", entry.name):
                continue
            if self._skip is not None and self._skip(entry.name, topic.name, message):
                continue
            if self._before is not None:
                self._before(entry, topic, message)
            handler = getattr(entry.node, entry.spec.handlers[topic.name])
            for output in messages_of(handler(message)):
                out_topic = topic_of(output)
                self._wait(out_topic, self._stamp(out_topic, output), None)
        yield topic, message


@overload
def run_nodes(*nodes: Node, inputs: Iterable[Message], ticks: str = "inputs") -> list[Message]: ...
@overload
def run_nodes(*nodes: Node, inputs: Iterable[Message], ticks: str = "inputs", of: type[M]) -> list[M]: ...
def run_nodes(
    *nodes: Node, inputs: Iterable[Message], ticks: str = "inputs", of: type[Message] | None = None
) -> list[Any]:
    """Drives nodes by a plain list of messages and returns what they publish, in stream order.

    Parameters
    ----------
    nodes: one or several; what one publishes, the others read.
    inputs: messages in any order, stamped with their `t_ns`.
    ticks: "grid" adds a Tick every 100 ms of stream time, for nodes that must notice silence.
    of: a message class; only such messages are returned, and a type checker knows it.
    """
    graph = Graph.of(*nodes)
    given = sorted(inputs, key=lambda message: order_key(topic_of(message), message, graph.depth))
    mine = {id(message) for message in given}
    host = LockstepHost(graph, inputs=given, ticks=ticks)
    wanted = of or Message
    return [message for _, message in host.run() if id(message) not in mine and isinstance(message, wanted)]
