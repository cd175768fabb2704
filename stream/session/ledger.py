"""The loss ledger of a recording: per topic what was captured, processed, dropped and recorded, from `seq` and drops.

It needs nothing but the recorded messages, so it can be rebuilt for a session whose writer was killed. For every topic
captured = lost at the source + published, published = recorded + not recorded, and for each reader
published = processed + dropped (by cause) + pending.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from liveaffect.stream.messages import OPEN, Drop, Health, Message
from liveaffect.stream.topics import DROP, HEALTH, REGISTRY, VIDEO, Topic

GAPS_LISTED = 200
SUPERVISOR = "supervisor"


class Gap(msgspec.Struct, kw_only=True):
    """Messages `first_seq` to `last_seq` (both included) of one publisher that are not in the recording."""

    incarnation: int
    first_seq: int
    last_seq: int
    publisher: str = ""
    """Process, where a topic has several writers."""


class ReaderAccount(msgspec.Struct, kw_only=True):
    """What one node did with a topic: published = processed + dropped by cause + pending."""

    processed: int
    dropped: dict[str, int]
    pending: int = 0
    """Neither answered nor reported as dropped: in flight when the node or the recording ended."""
    proof: str = "seq"
    """"answers" where the reader's own messages name what it processed; "seq": what it did not report as dropped was
    processed, but for what came after the last word of a start that was killed (nodes report once a second)."""


class TopicAccount(msgspec.Struct, kw_only=True):
    """One topic of the ledger."""

    captured: int
    published: int
    recorded: int
    not_recorded: int
    dropped: dict[str, int] = {}
    """By cause, over all readers."""
    late: int = 0
    lost_at_source: dict[str, int] = {}
    """Captured but never published, by cause."""
    readers: dict[str, ReaderAccount] = {}
    starts: int = 1
    """How many starts of the publishing processes were seen."""
    gaps: list[Gap] = []
    gaps_left_out: int = 0
    duplicates: int = 0


class _Line:
    """Sequence numbers of one start of one publisher."""

    __slots__ = ("duplicates", "first", "gaps", "last", "recorded")

    def __init__(self, first: int) -> None:
        self.first, self.last, self.recorded, self.duplicates = first, first - 1, 0, 0
        self.gaps: list[tuple[int, int]] = []

    def add(self, seq: int) -> None:
        if seq > self.last:
            self.reach(seq - 1)
            self.last = seq
            self.recorded += 1
        elif self._fill(seq):
            self.recorded += 1
        else:
            self.duplicates += 1

    def reach(self, seq: int) -> None:
        """Everything up to `seq` was published."""
        if seq > self.last:
            self.gaps.append((self.last + 1, seq))
            self.last = seq

    def _fill(self, seq: int) -> bool:
        for index, (first, last) in enumerate(self.gaps):
            if first <= seq <= last:
                parts = [(first, seq - 1), (seq + 1, last)]
                self.gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Loss:
    """A range of one start of a publisher (`line`) that one start of a node did not process."""

    topic: str
    node: str
    start: int
    cause: str
    line: tuple[str, int]
    first: int
    last: int

    def within(self, line: _Line, since: int) -> int:
        """How many of them were published from `since` on; 0 or less: none."""
        return min(self.last, line.last) - max(self.first, since) + 1


class Ledger:
    """Takes recorded messages one by one.

    Parameters
    ----------
    readers: topic name -> names of the nodes that read it.
    writers: topic name -> name of the node that writes it.
    processes: node name -> process, to tell apart the many writers of host topics.
    from_start: the recorder ran before anything was published, so that a first `seq` above 0 is a gap.
    """

    def __init__(
        self,
        *,
        readers: Mapping[str, Iterable[str]] | None = None,
        writers: Mapping[str, str] | None = None,
        processes: Mapping[str, str] | None = None,
        from_start: bool = False,
    ) -> None:
        self._readers = {topic: list(names) for topic, names in (readers or {}).items()}
        self._writers, self._processes, self._from_start = dict(writers or {}), dict(processes or {}), from_start
        self._lines: dict[str, dict[tuple[str, int], _Line]] = {}
        self._drops: list[_Loss] = []
        self._reads: dict[str, list[str]] = {}
        for topic, names in self._readers.items():
            for name in names:
                self._reads.setdefault(name, []).append(topic)
        self._reach: dict[tuple[str, int], dict[str, tuple[int, int]]] = {}
        """Node and start -> topic -> incarnation and seq that had been recorded when it last spoke."""
        self._newest: dict[str, tuple[int, int]] = {}
        self._health: dict[str, dict[int, dict[str, int]]] = {}
        self._answers: dict[str, dict[int, int]] = {}
        """Topic -> start of its writer -> how many frames it answered."""

    def add(self, topic: Topic[Any], message: Message) -> None:
        """Counts one recorded message."""
        publisher = self._publisher(message) if topic.host else ""
        lines = self._lines.setdefault(topic.name, {})
        line = lines.get((publisher, message.incarnation))
        if line is None:
            said_before = publisher == SUPERVISOR and topic.name == HEALTH.name  # "starting", to nobody yet
            began = (self._from_start and not said_before) or any(name == publisher for name, _ in lines)
            line = lines[publisher, message.incarnation] = _Line(0 if began else message.seq)
        line.add(message.seq)
        if not topic.host:
            self._newest[topic.name] = (message.incarnation, message.seq)
            self._spoke(self._writers.get(topic.name, ""), message)
        if topic.name == DROP.name:
            drop = cast(Drop, message)
            first = drop.first_seq
            if drop.cause == "down":  # what an earlier start had processed was not lost
                incarnation, seq = self._reached(drop)
                first = max(first, seq + 1) if incarnation == drop.source_incarnation else first
            line_of = (drop.source, drop.source_incarnation)
            self._drops.append(
                _Loss(drop.topic, drop.node, drop.incarnation, drop.cause, line_of, first, drop.last_seq)
            )
        elif topic.name == HEALTH.name:
            health = cast(Health, message)
            counts = self._health.setdefault(health.node, {})
            if not counts and not self._from_start:  # what was counted before the recording began
                counts[-1] = {key: -n for key, n in health.dropped.items()}
            counts[health.incarnation] = health.dropped
            if health.state == "ok":
                self._spoke(health.node, health)
        elif not topic.host and getattr(message, "frame_seq", -1) >= 0:
            answers = self._answers.setdefault(topic.name, {})
            answers[message.incarnation] = answers.get(message.incarnation, 0) + 1

    def _spoke(self, node: str, message: Message) -> None:
        if node in self._reads:
            known = {name: self._newest[name] for name in self._reads[node] if name in self._newest}
            self._reach[node, message.incarnation] = known

    def _reached(self, drop: Drop) -> tuple[int, int]:
        """Incarnation and seq of a topic that the last start of a node to speak had reached before this one."""
        for start in range(drop.incarnation - 1, -1, -1):
            if (drop.node, start) in self._reach:
                return self._reach[drop.node, start].get(drop.topic, (-1, -1))
        return -1, -1

    def _publisher(self, message: Message) -> str:
        if isinstance(message, Health) and message.state != "ok":
            return SUPERVISOR  # a node that is not well does not speak for itself
        return getattr(message, "process", "") or self._processes.get(getattr(message, "node", ""), "")

    def accounts(self) -> dict[str, TopicAccount]:
        """The ledger so far: topic name -> account."""
        for loss in self._drops:  # what was dropped had been published
            line = self._lines.get(loss.topic, {}).get(loss.line)
            if line is not None and loss.topic in self._writers and loss.last != OPEN:
                line.reach(loss.last)
        return {topic: self._account(topic) for topic in sorted(self._lines)}

    def _account(self, topic: str) -> TopicAccount:
        lines = self._lines[topic]
        published = sum(line.last - line.first + 1 for line in lines.values())
        recorded = sum(line.recorded for line in lines.values())
        gaps = [
            Gap(publisher=publisher, incarnation=incarnation, first_seq=first, last_seq=last)
            for (publisher, incarnation), line in sorted(lines.items())
            for first, last in line.gaps
        ]
        host = topic in REGISTRY and REGISTRY[topic].host
        readers = {} if host else {name: self._reader(topic, name, published) for name in self._readers.get(topic, ())}
        dropped: dict[str, int] = {}
        for node, cause, count in self._dropped(topic):
            if node not in self._readers.get(topic, ()):
                continue  # the recorder's own: see not_recorded
            dropped[cause] = dropped.get(cause, 0) + count
        lost = self._lost_at_source(topic)
        return TopicAccount(
            captured=published + sum(lost.values()),
            published=published,
            recorded=recorded,
            not_recorded=published - recorded,
            dropped=dropped,
            late=dropped.get("late", 0),
            lost_at_source=lost,
            readers=readers,
            starts=len(lines),
            gaps=gaps[:GAPS_LISTED],
            gaps_left_out=max(0, len(gaps) - GAPS_LISTED),
            duplicates=sum(line.duplicates for line in lines.values()),
        )

    def _dropped(self, topic: str) -> Iterable[tuple[str, str, int]]:
        """Node, cause and number of the dropped messages that belong to this recording."""
        for loss in self._drops:
            if loss.topic != topic:
                continue
            line = self._lines[topic].get(loss.line)
            if line is None:
                count = loss.last - loss.first + 1 if loss.last != OPEN else 0
            else:
                count = loss.within(line, line.first)
            if count > 0:
                yield loss.node, loss.cause, count

    def _reader(self, topic: str, name: str, published: int) -> ReaderAccount:
        dropped: dict[str, int] = {}
        for node, cause, count in self._dropped(topic):
            if node == name:
                dropped[cause] = dropped.get(cause, 0) + count
        left = published - sum(dropped.values())
        counts = [
            self._answers[out] for out, writer in self._writers.items() if writer == name and out in self._answers
        ]
        if topic != VIDEO.name or not counts:
            return ReaderAccount(processed=left, dropped=dropped)
        answers = max(counts, key=lambda starts: sum(starts.values()))
        pending = left - sum(answers.values())
        killed_with = pending - self._in_flight(topic, name, answers, pending)
        if killed_with > 0:
            dropped["down"] = dropped.get("down", 0) + killed_with
        pending -= max(0, killed_with)
        return ReaderAccount(processed=sum(answers.values()), dropped=dropped, pending=pending, proof="answers")

    def _in_flight(self, topic: str, name: str, answers: Mapping[int, int], pending: int) -> int:
        """What the last start of a reader neither answered nor reported; an earlier one took its own with it."""
        losses = [loss for loss in self._drops if (loss.topic, loss.node) == (topic, name)]
        start = max([*answers, *(loss.start for loss in losses)])
        began = {loss.line: loss.last + 1 for loss in losses if (loss.start, loss.cause) == (start, "down")}
        if not began:
            return pending
        first_line = min(began, key=lambda line: line[1])
        heard = {of: line for of, line in self._lines[topic].items() if of[1] >= first_line[1]}
        since = {of: max(line.first, began[of] if of == first_line else 0) for of, line in heard.items()}
        total = sum(line.last - since[of] + 1 for of, line in heard.items())
        mine = [loss for loss in losses if loss.start == start and loss.line in heard]
        return (
            total
            - answers.get(start, 0)
            - sum(max(0, loss.within(heard[loss.line], since[loss.line])) for loss in mine)
        )

    def _lost_at_source(self, topic: str) -> dict[str, int]:
        writer = self._writers.get(topic, "")
        if not writer or any(writer in names for names in self._readers.values()):
            return {}  # a node with inputs: its drops are theirs
        lost: dict[str, int] = {}
        for counts in self._health.get(writer, {}).values():
            for key, count in counts.items():
                name, _, cause = key.rpartition(" ")
                if name in ("", topic):
                    lost[cause] = lost.get(cause, 0) + count
        return {cause: count for cause, count in lost.items() if count}
