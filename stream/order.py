"""One order for live and lockstep: by (t_ns + delay, graph depth, topic, seq).

A node's inputs wait here until stream time has reached them. Stream time is pushed on by the node's *pushers*: its
deepest inputs without a delay that come at a pace (one a second or more; what comes rarely would hold up the rest),
and the tick. What comes after its slot has passed is late, and is not delivered.
"""

import heapq
from collections.abc import Iterator
from typing import Any

from liveaffect.stream.messages import Message
from liveaffect.stream.topics import TICK, Topic

Key = tuple[int, int, str, int]
TICK_DEPTH = 1_000_000
PACE_HZ = 1.0
"""Topics with fewer messages than this do not push stream time on."""


class StreamOrder:
    """The waiting line in front of one node.

    Parameters
    ----------
    inputs: the node's input topics.
    depth: topic name -> graph depth of its writer (host topics need no entry: they come first, ticks last).
    ordered: False gives arrival order: everything is delivered at once and nothing is late.
    """

    def __init__(self, inputs: tuple[Topic[Any], ...], depth: dict[str, int], *, ordered: bool = True) -> None:
        self._depth = depth
        self._ordered = ordered
        prompt = [topic for topic in inputs if topic.delay_ms == 0 and not topic.host]
        paced = [topic for topic in prompt if topic.rate_hz >= PACE_HZ] or prompt
        deepest = max((depth.get(topic.name, 0) for topic in paced), default=0)
        self.pushers = {topic.name for topic in paced if depth.get(topic.name, 0) == deepest} | {TICK.name}
        """Names of the topics whose messages push stream time on."""
        if not prompt and TICK not in inputs:  # nobody else would ever push
            self.pushers |= {topic.name for topic in inputs}
        self._waiting: list[tuple[Key, int, Topic[Any], Message]] = []
        self._arrivals = 0
        """Decides between equal keys: messages themselves have no order."""
        self._slot: Key | None = None

    def key(self, topic: Topic[Any], message: Message) -> Key:
        """Where a message stands in stream order."""
        return order_key(topic, message, self._depth)

    def push(self, topic: Topic[Any], message: Message) -> "Iterator[tuple[Topic[Any], Message]] | None":
        """Adds one arrival; yields what is due, in order, or gives None where the arrival is late.

        The iterator must be exhausted before the next call.
        """
        if not self._ordered:
            return iter(((topic, message),))
        key = self.key(topic, message)
        if self._slot is not None and key <= self._slot:
            return None
        self._arrivals += 1
        heapq.heappush(self._waiting, (key, self._arrivals, topic, message))
        return self._due(key) if topic.name in self.pushers else iter(())

    def _due(self, limit: Key) -> Iterator[tuple[Topic[Any], Message]]:
        while self._waiting and self._waiting[0][0] <= limit:
            key, _, topic, message = heapq.heappop(self._waiting)
            self._slot = key
            yield topic, message

    @property
    def slot_ns(self) -> int:
        """Stream time that the node has reached."""
        return 0 if self._slot is None else self._slot[0]

    def shed(self, limit: int) -> list[tuple[Topic[Any], Message]]:
        """Takes out the oldest waiting messages beyond `limit`: nobody pushed stream time on."""
        shed: list[tuple[Topic[Any], Message]] = []
        while len(self._waiting) > limit:
            key, _, topic, message = heapq.heappop(self._waiting)
            self._slot = key
            shed.append((topic, message))
        return shed

    @property
    def waiting(self) -> int:
        """How many messages wait for their slot."""
        return len(self._waiting)


def order_key(topic: Topic[Any], message: Message, depth: dict[str, int]) -> Key:
    """The key by which both hosts order messages."""
    level = TICK_DEPTH if topic.name == TICK.name else (-1 if topic.host else depth.get(topic.name, 0))
    return (message.t_ns + topic.delay_ns, level, topic.name, message.seq)
