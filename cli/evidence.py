"""What a session says about what each node heard: its starts, and the messages it did not process."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator

import msgspec

from liveaffect.stream.messages import Drop, MediaSpan, Message
from liveaffect.stream.session_reader import SessionReader
from liveaffect.stream.topics import DROP, MEDIA, REGISTRY

Line = tuple[str, int]
"""Topic and incarnation of its publisher."""


class Head(msgspec.Struct):
    """The header fields that are counted."""

    t_ns: int
    seq: int
    incarnation: int = 0


class Run(msgspec.Struct):
    """One incarnation of one topic as recorded."""

    first_seq: int
    count: int
    last_ns: int


class Evidence:
    """One pass over a session.

    `runs`: topic -> incarnation -> what was recorded; `spans`: where pixels and sound lie.
    """

    def __init__(self, reader: SessionReader) -> None:
        self.runs: dict[str, dict[int, Run]] = defaultdict(dict)
        self.spans: list[MediaSpan] = []
        self._drops: dict[tuple[str, int], dict[Line, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        self._heard_from: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        decoder = msgspec.json.Decoder(Head)
        for name, record in reader.raw():
            if name == DROP.name:
                self._note(msgspec.json.decode(record.data, type=Drop))
            elif name == MEDIA.name:
                self.spans.append(msgspec.json.decode(record.data, type=MediaSpan))
            head = decoder.decode(record.data)
            run = self.runs[name].get(head.incarnation)
            if run is None:
                self.runs[name][head.incarnation] = Run(head.seq, 1, head.t_ns)
            else:
                run.count, run.last_ns = run.count + 1, max(run.last_ns, head.t_ns)
        for lines in self._drops.values():
            for ranges in lines.values():
                ranges.sort()

    def _note(self, drop: Drop) -> None:
        node = (drop.node, drop.incarnation)
        self._drops[node][drop.topic, drop.source_incarnation].append((drop.first_seq, drop.last_seq))
        if drop.cause == "down":
            first = self._heard_from[node].get(drop.topic, drop.source_incarnation)
            self._heard_from[node][drop.topic] = min(first, drop.source_incarnation)

    def dropped(self, node: str, start: int, topic: str, incarnation: int, seq: int) -> bool:
        """True when this start of the node did not process that message."""
        ranges = self._drops[node, start].get((topic, incarnation))
        if not ranges:
            return False
        at = bisect_right(ranges, (seq, 1 << 62))
        return any(first <= seq <= last for first, last in ranges[max(0, at - 4) : at])

    def heard_from(self, node: str, start: int, topic: str) -> int | None:
        """The first incarnation of the topic's publisher that this start of the node heard, where it is known."""
        return self._heard_from[node, start].get(topic)

    def starts(self, outputs: list[str]) -> list[int]:
        """Incarnations of a node whose outputs were recorded."""
        return sorted({start for topic in outputs for start in self.runs.get(topic, {})})

    def first_seq(self, outputs: list[str], start: int) -> int:
        """Smallest first `seq` over a node's outputs in one of its starts; 0 where all was recorded."""
        firsts = [self.runs[topic][start].first_seq for topic in outputs if start in self.runs.get(topic, {})]
        return max(firsts, default=0)

    def last_ns(self, outputs: list[str], start: int) -> int:
        """Time of the last output of one start of a node."""
        times = [self.runs[topic][start].last_ns for topic in outputs if start in self.runs.get(topic, {})]
        return max(times, default=0)

    def span(self, topic: str, incarnation: int, seq: int) -> MediaSpan | None:
        """Where the pixels or the sound of one message lie."""
        if not hasattr(self, "_sorted"):
            self._sorted: dict[Line, list[MediaSpan]] = defaultdict(list)
            for span in self.spans:
                self._sorted[span.topic, span.source_incarnation].append(span)
            for spans in self._sorted.values():
                spans.sort(key=lambda span: span.first_seq)
        spans = self._sorted.get((topic, incarnation), [])
        at = bisect_right(spans, seq, key=lambda span: span.first_seq) - 1
        return spans[at] if at >= 0 and spans[at].last_seq >= seq else None


class Expected:
    """Recorded outputs of one start of a node, taken topic by topic in order of `seq`."""

    def __init__(self, reader: SessionReader, topics: list[str], start: int) -> None:
        self._feed = ((t.name, m) for t, m in reader.messages(topics) if m.incarnation == start)
        self._queues: dict[str, deque[Message]] = {topic: deque() for topic in topics if topic in REGISTRY}
        self._ended = False

    def pending(self) -> bool:
        """True while anything recorded has not been taken."""
        while not self._ended and not any(self._queues.values()):
            self._pull()
        return any(self._queues.values())

    def take(self, topic: str, seq: int) -> Message | None:
        """The recorded message with that number, or None where the recording lacks it."""
        queue = self._queues[topic]
        while not queue and not self._ended:
            self._pull()
        if queue and queue[0].seq == seq:
            return queue.popleft()
        return None

    def left(self) -> Iterator[tuple[str, Message]]:
        """The first message of each topic that was never taken."""
        self.pending()
        for topic, queue in self._queues.items():
            if queue:
                yield topic, queue[0]

    def _pull(self) -> None:
        found = next(self._feed, None)
        if found is None:
            self._ended = True
        else:
            self._queues[found[0]].append(found[1])
