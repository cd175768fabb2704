"""The loss ledger of a recording: per topic what was captured, processed, dropped and recorded, from `seq` and drops.

It needs nothing but the recorded messages, so it can be rebuilt for a session whose writer was killed. For every topic
captured = lost at the source + published, published = recorded + not recorded, and for each reader
published = processed + dropped (by cause) + pending.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from liveaffect.stream.messages import OPEN, Drop, Health, Message
from liveaffect.stream.session.losses import Line, Losses, Origin, Ranges
from liveaffect.stream.topics import DROP, HEALTH, REGISTRY, VIDEO, Topic, writer_of

GAPS_LISTED = 200
RANGES_KEPT = 4096
"""Gaps, and ranges of drops, that are kept one by one: hours of a busy machine; older ones are sums."""
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
        self._lines: dict[str, dict[Origin, Line]] = {}
        self._losses = Losses(RANGES_KEPT)
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
        publisher = self._publisher(topic, message) if topic.host else ""
        lines = self._lines.setdefault(topic.name, {})
        line = lines.get((publisher, message.incarnation))
        if line is None:
            said_before = publisher == SUPERVISOR and topic.name == HEALTH.name  # "starting", to nobody yet
            began = (self._from_start and not said_before) or any(name == publisher for name, _ in lines)
            first = 0 if began else message.seq
            line = lines[publisher, message.incarnation] = Line(first, gaps=Ranges(RANGES_KEPT))
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
            self._losses.add(drop, first)
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

    def _publisher(self, topic: Topic[Any], message: Message) -> str:
        of = writer_of(topic, message) if isinstance(message, Health) else getattr(message, "process", "")
        return of or self._processes.get(getattr(message, "node", ""), "")

    def accounts(self) -> dict[str, TopicAccount]:
        """The ledger so far: topic name -> account."""
        for topic in self._losses.topics():  # what was dropped had been published
            for _, _, origin, ranges in self._losses.of(topic) if topic in self._writers else ():
                line = self._lines.get(topic, {}).get(origin)
                if line is not None and ranges.last != OPEN:
                    line.reach(ranges.last)
        return {topic: self._account(topic) for topic in sorted(self._lines)}

    def _account(self, topic: str) -> TopicAccount:
        lines = self._lines[topic]
        published = sum(line.published for line in lines.values())
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
            gaps_left_out=max(0, len(gaps) - GAPS_LISTED) + sum(line.gaps.folded for line in lines.values()),
            duplicates=sum(line.duplicates for line in lines.values()),
        )

    def _dropped(self, topic: str) -> Iterable[tuple[str, str, int]]:
        """Node, cause and number of the dropped messages that belong to this recording."""
        for reader, cause, origin, ranges in self._losses.of(topic):
            line = self._lines[topic].get(origin)
            if line is not None:
                count = ranges.count(line.first, line.last)
            else:
                count = ranges.count(0, ranges.last) if ranges.last != OPEN else 0
            if count > 0:
                yield reader.node, cause, count

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
        losses = [loss for loss in self._losses.of(topic) if loss[0].node == name]
        start = max([*answers, *(reader.start for reader, *_ in losses)])
        began = {
            of: ranges.last + 1 for reader, cause, of, ranges in losses if (reader.start, cause) == (start, "down")
        }
        if not began:
            return pending
        first_line = min(began, key=lambda origin: origin[1])
        heard = {of: line for of, line in self._lines[topic].items() if of[1] >= first_line[1]}
        since = {of: max(line.first, began[of] if of == first_line else 0) for of, line in heard.items()}
        total = sum(line.last - since[of] + 1 for of, line in heard.items())
        mine = [(of, ranges) for reader, _, of, ranges in losses if reader.start == start and of in heard]
        return total - answers.get(start, 0) - sum(ranges.count(since[of], heard[of].last) for of, ranges in mine)

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
