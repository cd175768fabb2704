"""What a seek bar needs to know of a session before it is played: how long it is, its markers, and what is missing."""

from collections.abc import Collection, Iterator

import msgspec

from liveaffect.stream.session.manifest import UNREADABLE
from liveaffect.stream.session.reader import TIME_LIMIT_NS, SessionReader
from liveaffect.stream.topics import AFFECT, HEALTH, MARKER, REGISTRY

LEAST_MISSING_S = 0.25
"""Shorter spans without an estimate are blinks of the tracker."""
HOLE_S = 1.0
"""Without a message for so long, nobody knew."""
LAST_NS = 10_000_000_000
MOST = 2000
"""Markers, and missing spans, that are told at most."""


class Survey(msgspec.Struct, kw_only=True):
    """Times are seconds since the first message, as it was published."""

    first_ns: int
    """Publication of the first message (offline, when its content was used), on the session's own clock."""
    log_offset_ns: int
    """Log time of the recording minus that clock."""
    length_s: float = 0.0
    markers: list[tuple[float, str]] = []
    missing: list[tuple[float, float, str]] = []
    """From, to, and the state that says why: "stale" where nothing was said, "not recorded" where it is not here."""


class _Head(msgspec.Struct):
    t_ns: int
    seq: int = 0
    incarnation: int = 0
    pub_ns: int = 0
    state: str = "ok"
    label: str = ""


def survey(reader: SessionReader, topics: Collection[str]) -> Survey | None:
    """Surveys what would be replayed of a session; None where it holds no message on these topics."""
    begun = beginning(reader, topics)
    if begun is None:
        return None
    found, begun_ns = begun, begun.first_ns
    last_ns = max((span[1] for span in reader.spans()), default=begun_ns + found.log_offset_ns)
    found.length_s = max(0.0, (last_ns - found.log_offset_ns - begun_ns) / 1e9)
    missing = _Missing()
    for name, head, _ in _heads(reader, [AFFECT.name, MARKER.name]):
        if name == MARKER.name:
            found.markers.append((round((head.t_ns - begun_ns) / 1e9, 3), head.label))
        else:
            missing.add(((head.pub_ns or head.t_ns) - begun_ns) / 1e9, head)
    found.markers = sorted((min(max(t_s, 0.0), found.length_s), label) for t_s, label in found.markers)[:MOST]
    found.missing = missing.spans()[:MOST]
    return found


def beginning(reader: SessionReader, topics: Collection[str]) -> Survey | None:
    """The zero of a replay alone: what a survey finds first."""
    first = next(_heads(reader, topics), None)
    if first is None:
        return None
    name, head, log_ns = first
    begun_ns = head.pub_ns or head.t_ns + REGISTRY[name].delay_ns
    return Survey(first_ns=begun_ns, log_offset_ns=log_ns - (head.pub_ns or head.t_ns))


def replayed(reader: SessionReader) -> list[str]:
    """Names of the recorded topics that a replay publishes: ticks, drops, commands and answers were for that run."""
    kept = [REGISTRY[name] for name in sorted(reader.topics()) if name in REGISTRY]
    return [topic.name for topic in kept if not topic.host or topic in (HEALTH, MARKER)]


def last_of(reader: SessionReader, topics: Collection[str]) -> set[tuple[str, int, int]]:
    """Topic, incarnation and number of the last message on each topic that has one in the recording's last seconds."""
    end_ns = max((span[1] for span in reader.spans()), default=0)
    heads = _heads(reader, topics, end_ns - LAST_NS)
    last = {name: (name, head.incarnation, head.seq) for name, head, _ in heads}
    return set(last.values())


def _heads(reader: SessionReader, topics: Collection[str], from_ns: int = 0) -> Iterator[tuple[str, _Head, int]]:
    """Topic, header and log time of every message that is one."""
    decoder = msgspec.json.Decoder(_Head)
    for name, record in reader.raw(topics, from_ns=from_ns):
        try:
            head = decoder.decode(record.data)
        except UNREADABLE:
            continue
        if max(abs(head.t_ns), abs(head.pub_ns)) < TIME_LIMIT_NS:
            yield name, head, record.log_time


class _Missing:
    """Joins the states of one message after the other to spans."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float, str]] = []
        self._since: tuple[float, str] | None = None
        self._last_s: float | None = None
        self._next = (0, 0)

    def add(self, t_s: float, head: _Head) -> None:
        state = head.state
        if self._last_s is not None and t_s - self._last_s > HOLE_S:
            self._end(self._last_s)
            whole = (head.incarnation, head.seq) == self._next
            self._spans.append((self._last_s, t_s, "stale" if whole else "not recorded"))
        self._next = (head.incarnation, head.seq + 1)
        if self._since is not None and self._since[1] != state:
            self._end(t_s)
        if self._since is None and state != "ok":
            self._since = (t_s, state)
        self._last_s = t_s

    def _end(self, t_s: float) -> None:
        if self._since is not None and t_s - self._since[0] >= LEAST_MISSING_S:
            self._spans.append((self._since[0], t_s, self._since[1]))
        self._since = None

    def spans(self) -> list[tuple[float, float, str]]:
        if self._last_s is not None:
            self._end(self._last_s)
        return [(round(start, 3), round(end, 3), why) for start, end, why in self._spans]
