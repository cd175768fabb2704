"""One node as its live process holds it: what its source is given, its waiting line, its counters."""

import time
from collections.abc import Callable
from typing import Any

from liveaffect.stream.graph import Entry
from liveaffect.stream.live.stats import NodeStats
from liveaffect.stream.order import StreamOrder
from liveaffect.stream.topics import Topic


class LiveContext:
    """SourceContext of one live node."""

    live = True

    def __init__(self, epoch_ns: int, stats: NodeStats, stop: Callable[[], bool]) -> None:
        self.epoch_ns, self._stats, self._stop = epoch_ns, stats, stop

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def stopping(self) -> bool:
        return self._stop()

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        key = f"{topic.name} {cause}"
        self._stats.dropped[key] = self._stats.dropped.get(key, 0) + count

    def report(self, **info: Any) -> None:
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
