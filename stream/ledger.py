"""The loss ledger of a recording: what was published, recorded, processed and dropped, by topic, from seq alone.

It needs nothing but the recorded messages, so it can be rebuilt for a session whose writer was killed:
published = recorded + not recorded (gaps in `seq`), and published = processed + dropped (by cause) for every reader.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from liveaffect.stream.messages import Drop, Health, Message
from liveaffect.stream.topics import DROP, HEALTH, VIDEO, Topic

GAPS_LISTED = 200

Range = tuple[int, int]


class Gap(msgspec.Struct, kw_only=True):
    """Messages `first_seq` to `last_seq` (both included) of one publisher that are not in the recording."""

    publisher: str
    incarnation: int
    first_seq: int
    last_seq: int


class ReaderAccount(msgspec.Struct, kw_only=True):
    """What one node did with a topic: published = processed + dropped + pending, the sum of `dropped` by cause."""

    processed: int
    dropped: dict[str, int]
    counted: int | None = None
    """Messages the reader itself proves to have processed (its answers name them), where it does."""


class TopicAccount(msgspec.Struct, kw_only=True):
    """One topic of the ledger."""

    captured: int
    """Published, and what the source lost before it could publish."""
    published: int
    recorded: int
    not_recorded: int
    late: int
    """Dropped as late by any reader."""
    incarnations: dict[str, int]
    """Publisher -> number of its starts that were seen."""
    lost_at_source: dict[str, int] = {}
    readers: dict[str, ReaderAccount] = {}
    gaps: list[Gap] = []
    gaps_left_out: int = 0
    duplicates: int = 0


class _Line:
    """Sequence numbers of one publisher's one incarnation."""

    __slots__ = ("duplicates", "first", "gaps", "last", "recorded")

    def __init__(self, first: int) -> None:
        self.first, self.last, self.recorded, self.duplicates = first, first - 1, 0, 0
        self.gaps: list[Range] = []

    def add(self, seq: int) -> None:
        if seq > self.last:
            if seq > self.last + 1:
                self.gaps.append((self.last + 1, seq - 1))
            self.last = seq
            self.recorded += 1
        elif self._fill(seq):
            self.recorded += 1
        else:
            self.duplicates += 1

    def _fill(self, seq: int) -> bool:
        for index, (first, last) in enumerate(self.gaps):
            if first <= seq <= last:
                parts = [(first, seq - 1), (seq + 1, last)]
                self.gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
                return True
        return False


class Ledger:
    """Takes recorded messages one by one.

    Parameters
    ----------
    readers: topic name -> names of the nodes that read it in order (from the launch graph).
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
        self._drops: list[Drop] = []
        self._health: dict[tuple[str, int], Health] = {}
        self._first_health: dict[str, Health] = {}
        self._answers: dict[tuple[str, int], int] = {}
        self._topic_of_writer = {name: topic for topic, name in self._writers.items()}

    def add(self, topic: Topic[Any], message: Message) -> None:
        """Counts one recorded message."""
        publisher = self._publisher(message) if topic.host else ""
        lines = self._lines.setdefault(topic.name, {})
        line = lines.get((publisher, message.incarnation))
        if line is None:
            known = any(name == publisher for name, _ in lines)
            from_zero = self._from_start or (known and not topic.host)
            line = lines[publisher, message.incarnation] = _Line(0 if from_zero else message.seq)
        line.add(message.seq)
        if topic is DROP:
            self._drops.append(msgspec.convert(message, Drop, from_attributes=True))
        elif topic is HEALTH:
            health = msgspec.convert(message, Health, from_attributes=True)
            self._first_health.setdefault(health.node, health)
            self._health[health.node, health.incarnation] = health
        elif not topic.host and topic is not VIDEO and getattr(message, "frame_seq", -1) >= 0:
            writer = self._writers.get(topic.name, "")
            frame: int = getattr(message, "frame_seq")  # noqa: B009
            if frame > self._answers.get((topic.name, -1), -1) or message.seq == 0:
                self._answers[topic.name, 0] = self._answers.get((topic.name, 0), 0) + bool(writer)
            self._answers[topic.name, -1] = frame

    def _publisher(self, message: Message) -> str:
        process = getattr(message, "process", "") or self._processes.get(getattr(message, "node", ""), "")
        return process
