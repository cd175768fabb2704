"""One node as its live process holds it: what its source is given, its waiting line, and what is counted of it: rate,
latency, drops by cause, and the ranges of dropped messages."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import psutil

from liveaffect.stream.graph import Entry
from liveaffect.stream.messages import OPEN, Drop, Health, Message
from liveaffect.stream.order import StreamOrder
from liveaffect.stream.topics import Topic, writer_of

Cause = str


class NodeStats:
    """Counters of one node."""

    def __init__(self) -> None:
        self.received = self.processed = self.published = 0
        self.dropped: dict[Cause, int] = {}
        self.info: dict[str, Any] = {}
        self.error = ""
        self.over = False
        """A source that has given everything, such as a film at its end."""
        self._latencies: deque[float] = deque(maxlen=600)
        self._since = (time.monotonic_ns(), 0)
        self._ranges: dict[tuple[str, Cause, int, str], list[int]] = {}
        self._closed: list[tuple[tuple[str, Cause, int, str], int, int]] = []

    def handled(self, latency_ms: float, *, timed: bool = True) -> None:
        """One message was processed, so long after its capture; `timed`: its latency counts."""
        self.processed += 1
        if timed:
            self._latencies.append(latency_ms)

    def drop(self, topic: Topic[Any], message: Message, cause: Cause) -> None:
        """One message was not processed."""
        self.drop_range(topic, (writer_of(topic, message), message.incarnation), message.seq, message.seq, cause)

    def drop_range(self, topic: Topic[Any], line: tuple[str, int], first: int, last: int, cause: Cause) -> None:
        """Messages `first` to `last` of one writer's one start (`line`) were not processed; `OPEN`: nor any after."""
        if not topic.host and last != OPEN:
            self.dropped[cause] = self.dropped.get(cause, 0) + last - first + 1
        key = (topic.name, cause, line[1], line[0])
        known = self._ranges.get(key)
        if known is not None and known[1] + 1 == first:
            known[1] = last
            return
        if known is not None:
            self._closed.append((key, known[0], known[1]))
        self._ranges[key] = [first, last]

    def take_drops(self, node: str, now_ns: int) -> list[Drop]:
        """The ranges since the last call."""
        ranges = self._closed + [(key, first, last) for key, (first, last) in self._ranges.items()]
        self._closed, self._ranges = [], {}
        return [
            Drop(
                t_ns=now_ns,
                node=node,
                topic=topic,
                cause=cast(Any, cause),
                source_incarnation=incarnation,
                source=source,
                first_seq=first,
                last_seq=last,
            )
            for (topic, cause, incarnation, source), first, last in ranges
        ]

    def health(self, node: str, process: str, now_ns: int) -> Health:
        """The node's figures since the last call."""
        done = self.processed or self.published  # a source handles nothing
        since_ns, before = self._since
        self._since = (now_ns, done)
        span_s = max(1e-9, (now_ns - since_ns) / 1e9)
        ranked = sorted(self._latencies)
        return Health(
            t_ns=now_ns,
            node=node,
            process=process,
            state="stopped" if self.over else "ok",
            rate_hz=round((done - before) / span_s, 2),
            latency_p50_ms=round(ranked[len(ranked) // 2], 3) if ranked else None,
            latency_p99_ms=round(ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))], 3) if ranked else None,
            received=self.received,
            processed=self.processed,
            published=self.published,
            dropped=dict(self.dropped),
            error=self.error,
            info=dict(self.info),
        )


class ProcessMeter:
    """CPU and memory of this process."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent(None)

    def read(self) -> tuple[float, float]:
        """Percent of one core since the last call, and resident memory in MB."""
        return self._process.cpu_percent(None), self._process.memory_info().rss / 1e6


class LiveContext:
    """SourceContext of one live node."""

    live = True

    def __init__(self, epoch_ns: int, stats: NodeStats, stop: Callable[[], bool]) -> None:
        self.epoch_ns, self._stats, self._stop = epoch_ns, stats, stop

    def now_ns(self) -> int:
        """The machine's monotonic clock (ns)."""
        return time.monotonic_ns()

    def stopping(self) -> bool:
        """Whether the host is ending."""
        return self._stop()

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        """Counts what a source could not deliver, by topic and cause."""
        key = f"{topic.name} {cause}"
        self._stats.dropped[key] = self._stats.dropped.get(key, 0) + count

    def report(self, **info: Any) -> None:
        """Keeps what a source says of itself for `health`."""
        self._stats.error = info.pop("error", self._stats.error)
        self._stats.info.update(info)


class HostedNode:
    """One node in its process: the node, its waiting line, its counters."""

    def __init__(self, entry: Entry, depth: dict[str, int]) -> None:
        self.entry = entry
        self.name, self.node, self.spec = entry.name, entry.node, entry.spec
        self.order = StreamOrder(entry.spec.inputs, depth, ordered=entry.node.ordered)
        self.stats = NodeStats()
        self.calls = 0
        self.handlers = {topic: getattr(entry.node, method) for topic, method in entry.spec.handlers.items()}
        inputs = [topic for topic in entry.spec.inputs if not topic.host]
        self.timed = {t.name for t in inputs if not t.delay_ns} or {t.name for t in inputs}
        """Topics whose latency counts: what is held back on purpose says nothing of a node that is asked at once."""
        self._trouble = ""

    def tell_trouble(self, words: str) -> None:
        """Logs what is wrong with the node, once, and that it is over."""
        if words != self._trouble:
            self._trouble = words
            self.node.log.warning("%s", words or "that is over")
