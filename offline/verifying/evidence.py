"""What a session says about what each node heard: its starts, and the messages it did not process."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping

import msgspec

from liveaffect.stream.messages import Drop, MediaSpan, Message
from liveaffect.stream.session.losses import Line, Losses, Reader
from liveaffect.stream.session.manifest import UNREADABLE
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import DROP, HEALTH, MEDIA, REGISTRY

Place = tuple[str, int, str]
"""Topic, incarnation of its publisher, and which publisher that is where a topic has many."""


class Head(msgspec.Struct):
    """The header fields that are counted."""

    t_ns: int
    seq: int
    incarnation: int = 0
    pub_ns: int = 0


class HealthHead(msgspec.Struct):
    """What of a Health message is needed here."""

    node: str
    state: str
    incarnation: int = 0
    restarts: int = 0


class Evidence:
    """One pass over a session.

    `runs`: topic -> incarnation -> what was recorded; `unknown`: messages of topics that no imported module declares;
    `spans`: where pixels and sound lie. `writers` names the node that writes each topic.
    """

    def __init__(self, reader: SessionReader, writers: Mapping[str, str]) -> None:
        self._process = {
            name: str(table.get("process", name))
            for name, table in reader.info.graph.items()
            if name != "graph" and isinstance(table, dict)
        }
        self._offline = reader.info.clock == "media"
        outputs: dict[str, list[str]] = defaultdict(list)
        for topic, node in writers.items():
            outputs[node].append(topic)
        self._sure: dict[tuple[str, int], dict[str, int]] = {}
        self._sure_ns: dict[tuple[str, int], int] = {}
        self._began_ns: dict[tuple[str, int], int] = {}
        self._drop_reports: dict[tuple[str, int], int] = {}
        self._lost_reports: set[tuple[str, int]] = set()
        self.runs: dict[str, dict[int, Line]] = defaultdict(dict)
        self.unknown: Counter[str] = Counter()
        self.spans: list[MediaSpan] = []
        self._losses = Losses()
        self._heard_from: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        decoder, health = msgspec.json.Decoder(Head), msgspec.json.Decoder(HealthHead)
        for name, record in reader.raw():
            if name not in REGISTRY:
                self.unknown[name] += 1  # H.264 for viewers, or topics of a package that is not here
                continue
            try:
                head = decoder.decode(record.data)
                drop = msgspec.json.decode(record.data, type=Drop) if name == DROP.name else None
                report = health.decode(record.data) if name == HEALTH.name else None
                span = msgspec.json.decode(record.data, type=MediaSpan) if name == MEDIA.name else None
            except UNREADABLE:
                continue  # the reader counts it as malformed
            if drop is not None:
                self._note(drop)
            elif report is not None:
                if report.state == "starting":
                    self._began_ns[report.node, report.restarts] = head.pub_ns
                if report.state == "ok":  # with it came every drop so far
                    said = ((t, self.runs[t].get(report.incarnation)) for t in outputs[report.node])
                    self._sure[report.node, report.incarnation] = {t: run.last for t, run in said if run}
                    self._sure_ns[report.node, report.incarnation] = head.pub_ns
            elif span is not None:
                self.spans.append(span)
            run = self.runs[name].setdefault(head.incarnation, Line(head.seq))
            run.add(head.seq)
            run.last_ns = max(run.last_ns, head.pub_ns)

    def _note(self, drop: Drop) -> None:
        node = (drop.node, drop.incarnation)
        reporter = (self._process.get(drop.node, drop.node), drop.incarnation)
        if drop.seq != self._drop_reports.get(reporter, -1) + 1:
            self._lost_reports.add(reporter)
        self._drop_reports[reporter] = drop.seq
        self._losses.add(drop)
        if drop.cause == "down" and not drop.source:
            first = self._heard_from[node].get(drop.topic, drop.source_incarnation)
            self._heard_from[node][drop.topic] = min(first, drop.source_incarnation)

    def dropped(self, node: str, start: int, place: Place, seq: int) -> bool:
        """True when this start of the node did not process that message."""
        topic, incarnation, source = place
        return self._losses.lost(Reader(node, start, topic), (source, incarnation), seq)

    def unexplained(self, node: str, start: int, place: Place, first: int, last: int) -> tuple[int, int]:
        """How many of the messages `first` to `last` this start of a node did not report as dropped, and the first."""
        topic, incarnation, source = place
        return self._losses.unexplained(Reader(node, start, topic), (source, incarnation), first, last)

    def heard_from(self, node: str, start: int, topic: str) -> int | None:
        """The first incarnation of the topic's publisher that this start of the node heard, where it is known."""
        return self._heard_from[node, start].get(topic)

    def reports_lost(self, node: str, start: int) -> bool:
        """True when not every report of drops of this start of the node's process was recorded."""
        return (self._process.get(node, node), start) in self._lost_reports

    def sure_until(self, node: str, start: int) -> dict[str, int] | None:
        """Topic -> last `seq` up to which every drop was reported; None offline, where nothing is dropped."""
        return None if self._offline else self._sure.get((node, start), {})

    def starts(self, outputs: list[str]) -> list[int]:
        """Incarnations of a node whose outputs were recorded."""
        return sorted({start for topic in outputs for start in self.runs.get(topic, {})})

    def first_seq(self, outputs: list[str], start: int) -> int:
        """Smallest first `seq` over a node's outputs in one of its starts; 0 where all was recorded."""
        firsts = [self.runs[topic][start].first for topic in outputs if start in self.runs.get(topic, {})]
        return max(firsts, default=0)

    def lived(self, node: str, start: int, outputs: list[str]) -> tuple[int, int]:
        """Publication times between which one start of a node certainly heard what it processed; 0 is open."""
        starts = self.starts(outputs)
        at = starts.index(start)
        earlier = [self.runs.get(topic, {}).get(starts[at - 1]) for topic in outputs] if at else []
        before_ns = max((run.last_ns for run in earlier if run is not None), default=0)
        began_ns = self._began_ns.get((node, start), 0) if start else 0
        return max(before_ns, began_ns), self._sure_ns.get((node, start), 0)


class Expected:
    """Recorded outputs of one start of a node, taken topic by topic in order of `seq`, up to `sure` (topic -> seq)."""

    def __init__(self, reader: SessionReader, topics: list[str], start: int, sure: dict[str, int] | None) -> None:
        self._feed = (
            (t.name, m)
            for t, m in reader.messages(topics)
            if m.incarnation == start and (sure is None or m.seq <= sure.get(t.name, -1))
        )
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
