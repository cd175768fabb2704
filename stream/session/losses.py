"""One account of what was published, recorded and not processed; the ledger sums it up, verification asks it by number.

Numbers of messages are kept as ranges. A recording of days has many: with a limit, the oldest are folded into sums.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from liveaffect.stream.messages import Drop

Origin = tuple[str, int]
"""Which publisher (a process where a topic has many, else ""), and which start of it."""


class Ranges:
    """A set of whole numbers as sorted ranges without overlap."""

    __slots__ = ("_firsts", "_lasts", "_limit", "folded", "folded_count")

    def __init__(self, limit: int | None = None) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._limit = limit
        self.folded = self.folded_count = 0
        """How many of the oldest ranges are no longer kept one by one, and how many numbers they held."""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        return len(self._firsts)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def add(self, first: int, last: int) -> None:
        """Adds `first` to `last`, both included."""
        if last < first:
            return
        begin, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if begin < end:
            first, last = min(first, self._firsts[begin]), max(last, self._lasts[end - 1])
        self._firsts[begin:end], self._lasts[begin:end] = [first], [last]
        if self._limit is not None and len(self) > self._limit:
            half = self._limit // 2
            self.folded_count += sum(last - first + 1 for first, last in list(self)[:half])
            self.folded += half
            del self._firsts[:half], self._lasts[:half]

    def remove(self, number: int) -> bool:
        """Takes one number out; False where it is not in."""
        at = bisect_right(self._firsts, number) - 1
        if at < 0 or number > self._lasts[at]:
            return False
        first, last = self._firsts[at], self._lasts[at]
        parts = [(first, number - 1), (number + 1, last)]
        kept = [part for part in parts if part[0] <= part[1]]
        self._firsts[at : at + 1] = [part[0] for part in kept]
        self._lasts[at : at + 1] = [part[1] for part in kept]
        return True

    def count(self, first: int, last: int) -> int:
        """How many of the numbers `first` to `last` are in; what was folded counts as before them, and in."""
        at = bisect_left(self._lasts, first)
        total = self.folded_count
        while at < len(self) and self._firsts[at] <= last:
            total += min(last, self._lasts[at]) - max(first, self._firsts[at]) + 1
            at += 1
        return total

    @property
    def last(self) -> int:
        """The largest number; -1 where there is none."""
        return self._lasts[-1] if self._lasts else -1


@dataclass(slots=True)
class Line:
    """Messages of one start of one publisher on one topic, as recorded."""

    first: int
    last: int = -1
    recorded: int = 0
    duplicates: int = 0
    last_ns: int = 0
    """Latest publication; 0 offline."""
    gaps: Ranges = field(default_factory=Ranges)

    def __post_init__(self) -> None:
        self.last = self.first - 1

    def add(self, seq: int) -> None:
        """One more message was recorded."""
        if seq > self.last:
            self.reach(seq - 1)
            self.last = seq
            self.recorded += 1
        elif self.gaps.remove(seq):
            self.recorded += 1
        else:
            self.duplicates += 1

    def reach(self, seq: int) -> None:
        """Everything up to `seq` was published."""
        if seq > self.last:
            self.gaps.add(self.last + 1, seq)
            self.last = seq

    @property
    def published(self) -> int:
        """How many messages the span holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Reader:
    """One start of a node, and one topic that it reads."""

    node: str
    start: int
    topic: str


class Losses:
    """What starts of nodes did not process, by cause.

    limit: ranges that are kept one by one of each reader, cause and origin; None keeps all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._lost: dict[Reader, dict[tuple[str, Origin], Ranges]] = {}
        self._of_topic: dict[str, list[Reader]] = {}

    def add(self, drop: Drop, first: int | None = None) -> None:
        """Takes in one report; `first` corrects its begin."""
        reader = Reader(drop.node, drop.incarnation, drop.topic)
        if reader not in self._lost:
            self._lost[reader] = {}
            self._of_topic.setdefault(drop.topic, []).append(reader)
        key = (drop.cause, (drop.source, drop.source_incarnation))
        ranges = self._lost[reader].setdefault(key, Ranges(self._limit))
        ranges.add(drop.first_seq if first is None else first, drop.last_seq)

    def of(self, topic: str) -> Iterator[tuple[Reader, str, Origin, Ranges]]:
        """Reader, cause, origin and numbers of everything that was lost of a topic."""
        for reader in self._of_topic.get(topic, ()):
            for (cause, origin), ranges in self._lost[reader].items():
                yield reader, cause, origin, ranges

    def topics(self) -> list[str]:
        """Of which something was lost."""
        return list(self._of_topic)

    def lost(self, reader: Reader, origin: Origin, seq: int) -> bool:
        """True where that reader did not process the message with that number."""
        return any(seq in ranges for (_, of), ranges in self._lost.get(reader, {}).items() if of == origin)

    def unexplained(self, reader: Reader, origin: Origin, first: int, last: int) -> tuple[int, int]:
        """How many of the numbers `first` to `last` were not reported lost by that reader, and the first of them."""
        known = Ranges()
        for (_, of), ranges in self._lost.get(reader, {}).items():
            if of == origin:
                for begin, end in ranges:
                    known.add(max(begin, first), min(end, last))
        free, at, due = 0, -1, first
        for begin, end in known:
            if begin > due:
                free, at = free + begin - due, due if at < 0 else at
            due = end + 1
        if due <= last:
            free, at = free + last + 1 - due, due if at < 0 else at
        return free, at
