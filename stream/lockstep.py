"""LockstepHost: the same nodes without sockets, without a wall clock, with nothing dropped.

Events are delivered in the one stream order (`stream/order.py`). Used by `score`, by verified replay and by tests.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from liveaffect.stream.graph import Entry, Graph
from liveaffect.stream.messages import Message, Tick
from liveaffect.stream.node import HostInfo, Node, SourceContext, bind, messages_of
from liveaffect.stream.order import Key, order_key
from liveaffect.stream.topics import TICK, Topic, topic_of

TICK_NS = 100_000_000

Event = tuple[Key, int, Topic[Any], Message]


class OfflineContext:
    """SourceContext of a run on media time."""

    live = False
    epoch_ns = 0

    def __init__(self) -> None:
        self.info: dict[str, Any] = {}
        self.drops: dict[tuple[str, str], int] = {}

    def now_ns(self) -> int:
        raise RuntimeError("offline there is no clock: time comes from the media")

    def stopping(self) -> bool:
        return False

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        self.drops[topic.name, cause] = self.drops.get((topic.name, cause), 0) + count

    def report(self, **info: Any) -> None:
        self.info.update(info)


class LockstepHost:
    """Runs the nodes of a graph over their sources, or over messages handed in.

    Parameters
    ----------
    graph: checked nodes.
    inputs: messages in order of time that stand in for writers the graph lacks (recorded topics).
    ticks: "grid" makes one every 100 ms of stream time; "inputs" uses only Tick messages among `inputs`.
    skip: called with (node name, topic name, message); True repeats a recorded drop.
    before: called with (entry, topic, message) just before a delivery, for replays that must reset a node.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        inputs: Iterable[Message] = (),
        ticks: str = "grid",
        skip: Callable[[str, str, Message], bool] | None = None,
        before: Callable[[Entry, Topic[Any], Message], None] | None = None,
    ) -> None:
        self.graph = graph
        self.contexts: dict[str, OfflineContext] = {}
        self._inputs, self._grid, self._skip, self._before = inputs, ticks == "grid", skip, before
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
            for entry in reversed(opened):
                entry.node.close()

    def _loop(self) -> Iterator[tuple[Topic[Any], Message]]:
        feeds = [self._stamped(feed) for feed in self._feeds()]
        heads: list[Event | None] = [next(feed, None) for feed in feeds]
        next_tick: int | None = None
        while True:
            alive = [(head, index) for index, head in enumerate(heads) if head is not None]
            feed_head = min(alive, default=None, key=lambda pair: pair[0][:2])
            if feed_head is None and not self._heap:
                return
            event = min(e for e in (feed_head and feed_head[0], self._heap[0] if self._heap else None) if e)
            if self._grid:
                if next_tick is None:
                    next_tick = event[0][0]
                if event[0][0] > next_tick:  # everything up to the tick has been delivered
                    yield from self._deliver(TICK, self._stamp(TICK, Tick(t_ns=next_tick)))
                    next_tick += TICK_NS
                    continue
            if self._heap and event is self._heap[0]:
                heapq.heappop(self._heap)
            else:
                assert feed_head is not None
                heads[feed_head[1]] = next(feeds[feed_head[1]], None)
            yield from self._deliver(event[2], event[3])

    def _feeds(self) -> Iterator[Iterator[Message | None]]:
        yield iter(self._inputs)
        for entry in self._entries:
            for name in entry.spec.sources:
                context: SourceContext = self.contexts.setdefault(entry.name, OfflineContext())
                yield getattr(entry.node, name)(context)

    def _stamped(self, feed: Iterator[Message | None]) -> Iterator[Event]:
        for message in feed:
            if message is None:
                continue
            topic = topic_of(message)
            yield self._event(topic, message if message.seq >= 0 else self._stamp(topic, message))

    def _event(self, topic: Topic[Any], message: Message) -> Event:
        self._count += 1
        return (order_key(topic, message, self.graph.depth), self._count, topic, message)

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
                heapq.heappush(self._heap, self._event(out_topic, self._stamp(out_topic, output)))
        yield topic, message


def run_nodes(*nodes: Node, inputs: Iterable[Message], ticks: str = "inputs") -> list[Message]:
    """Drives nodes by a plain list of messages and returns what they publish, in stream order."""
    graph = Graph.of(*nodes)
    given = sorted(inputs, key=lambda message: order_key(topic_of(message), message, graph.depth))
    mine = {id(message) for message in given}
    host = LockstepHost(graph, inputs=given, ticks=ticks)
    return [message for _, message in host.run() if id(message) not in mine]
