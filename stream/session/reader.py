"""Reads a session back: its manifest, and its messages in the order of recording, past whatever is torn or damaged.

Nothing in a session is trusted: no code is imported for it, no file outside its folder is opened, every chunk is held
against its checksum on every read, and `faults` says in words what is not as it was recorded.
"""

import heapq
import os
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mcap.records import Message as McapMessage

from liveaffect.stream.errors import RecordError, TransportError
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.messages.status import status_of_info
from liveaffect.stream.order import order_key
from liveaffect.stream.session.files import open_plain
from liveaffect.stream.session.info import MANIFEST, RECORDING, load
from liveaffect.stream.session.mcap.format import ChunkHead
from liveaffect.stream.session.mcap.read import chunks
from liveaffect.stream.session.mcap.scan import Contents, scan
from liveaffect.stream.session.mcap.walk import DAMAGE, tail_of, walk
from liveaffect.stream.session.media.check import media_faults
from liveaffect.stream.topics import MARKER, MEDIA, REGISTRY, Topic
from liveaffect.stream.wire import from_json

WINDOW_NS = 10_000_000_000
"""Queues hold at most 5 s: what was recorded later than this belongs to no earlier place."""
LISTED = 5
"""Damaged places that are told one by one."""
TIME_LIMIT_NS = 1 << 62
"""73 years to each side of the clock's zero: no message has a time further away."""


class SessionReader:
    """One session folder. Raises RecordError where it is missing, foreign, or holds no recording.

    Topics of packages outside this one are read where their package has been imported; a session imports nothing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.info, self.damaged_keys = load(self.folder)
        self.path = self.folder / RECORDING
        try:
            os.close(open_plain(self.path))
        except FileNotFoundError:
            raise RecordError(f"{self.folder} holds no {RECORDING}: the recording itself is gone") from None
        except OSError as error:
            raise RecordError(f"{self.path} cannot be read: {error.strerror}") from None
        self.unknown: dict[str, int] = {}
        """Recorded topics that no imported package declares, and how many messages of them were passed over."""
        self.malformed = 0

    @property
    def running(self) -> bool:
        """True while a recorder is still writing."""
        return self.info.state == "RECORDING" and self.info.alive

    @property
    def state(self) -> str:
        """COMPLETE, INCOMPLETE, RECORDING while the recorder lives, or DAMAGED where anything has changed since."""
        if self.faults:
            return "DAMAGED"
        return "INCOMPLETE" if self.info.state == "RECORDING" and not self.running else self.info.state

    @cached_property
    def contents(self) -> Contents:
        """What the recording holds, every checksum proven; one pass over the file at the first time."""
        return scan(self.path)

    @cached_property
    def faults(self) -> list[str]:
        """In words, what is not as it was recorded; empty where all of it is, or where it is only torn by a kill."""
        found: list[str] = []
        if self.damaged_keys:
            more = f" and {len(self.damaged_keys) - 8} more" * (len(self.damaged_keys) > 8)
            keys = ", ".join(f"{key:.40}" for key in self.damaged_keys[:8]) + more
            found.append(f"{MANIFEST} was changed or damaged: what it said of {keys} is left out")
        contents = self.contents
        found += [self._in_words(item) for item in contents.damage[:LISTED]]
        if len(contents.damage) > LISTED:
            found.append(f"{RECORDING} is damaged at {len(contents.damage) - LISTED} more places")
        if contents.lost:
            told = ", ".join(f"{count} of {topic}" for topic, count in sorted(contents.lost.items()))
            found.append(f"messages that were recorded and can no longer be read: {told}")
        if contents.orphans:
            found.append(f"{contents.orphans} messages lack the declaration of their topic and cannot be read")
        if not contents.finished and not contents.damage and self.info.state != "RECORDING":
            found.append(f"the end of {RECORDING} is missing: it was {self.info.state} when its recorder ended")
        return found + self._beside

    @cached_property
    def _beside(self) -> list[str]:
        """What is wrong with the files beside the recording; while it grows, nobody can tell."""
        if self.running:
            return []
        kept = self.info.persisted
        spans: list[Any] = []
        if kept.audio or kept.video == "lossless":
            spans = [message for _, message in self.messages([MEDIA.name])]
        return [*([] if self.info.state == "RECORDING" else self._files_changed()), *media_faults(self.folder, spans)]

    @property
    def loses(self) -> bool:
        """True where a fault means that messages, or what the manifest said, can no longer be read."""
        contents = self.contents
        torn = not contents.finished and self.info.state != "RECORDING"
        lost = contents.lost or contents.orphans or any(item.lost for item in contents.damage)
        return bool(self.damaged_keys or lost or torn or self._beside)

    def _in_words(self, item: Any) -> str:
        begin = self.contents.first_ns
        span = ""
        if item.lost:
            start = "" if item.from_ns is None else f"from {(item.from_ns - begin) / 1e9:.2f} s "
            end = "" if item.to_ns is None else f"to {(item.to_ns - begin) / 1e9:.2f} s "
            span = f", messages {start}{end}are missing" if start or end else ", messages may be missing"
        else:
            span = ", no message is lost by it"
        return f"{RECORDING} is damaged at byte {item.offset} ({item.why}){span}"

    def _files_changed(self) -> list[str]:
        found: list[str] = []
        for name, size in self.info.files.items():
            try:
                now = (self.folder / name).lstat().st_size if name == Path(name).name else None
            except (OSError, ValueError):
                now = None
            if now != size and not (name == RECORDING and self.contents.damage):
                what = "is gone" if now is None else f"has {now} bytes"
                found.append(f"{name!r:.80} {what}, and was recorded with {size}")
        return found[:LISTED]

    @cached_property
    def start_ns(self) -> int:
        """Time (t_ns) of the session's first message, read from the messages where the manifest cannot tell."""
        if self.info.first_t_ns is not None:
            return self.info.first_t_ns
        return min((m.t_ns for topic, m in self.messages() if not topic.host and m.t_ns >= 0), default=0)

    def topics(self) -> list[str]:
        """Names of the recorded topics."""
        return list(dict.fromkeys(channel.topic for channel in self.contents.channels.values()))

    def messages(
        self, topics: Collection[str] | None = None, *, from_ns: int = 0
    ) -> Iterator[tuple[Topic[Any], Message]]:
        """Topic and message in recorded order; arrays that were not recorded are None.

        `from_ns` leaves out what was logged before (log time, see `raw`).
        """
        for name, record in self.raw(topics, from_ns=from_ns):
            topic = REGISTRY.get(name)
            if topic is None:
                self.unknown[name] = self.unknown.get(name, 0) + 1
                continue
            try:
                message = from_json(topic, record.data)
                if isinstance(message, Health) and message.status is None:
                    message.status = status_of_info(message.info)
            except TransportError:
                self.malformed += 1
                continue
            limit = TIME_LIMIT_NS if topic is not MARKER else 1 << 64  # others may have set those on any clock
            if abs(message.t_ns) < limit and 0 <= message.pub_ns < TIME_LIMIT_NS:
                yield topic, message
            else:
                self.malformed += 1

    def raw(self, topics: Collection[str] | None = None, *, from_ns: int = 0) -> Iterator[tuple[str, McapMessage]]:
        """Topic name and record as in the file, of every chunk that can be read.

        Chunks before `from_ns` are not unpacked.
        """

        def later(head: ChunkHead) -> bool:
            return head.last_ns >= from_ns

        for records in chunks(self.path, later if from_ns else None, topics):
            for name, record in records:
                if record.log_time >= from_ns:
                    yield name, record

    def spans(self) -> Iterator[tuple[int, int]]:
        """First and last log time of every chunk, without unpacking it."""
        tail = tail_of(self.path)
        if tail is not None:
            yield from (tail.spans[offset] for offset in sorted(tail.spans))
            return
        for piece in walk(self.path, lambda _: False):
            if piece.head is not None and piece.opcode != DAMAGE:
                yield piece.head.first_ns, piece.head.last_ns

    def stream_order(self, topics: Collection[str], depth: dict[str, int]) -> Iterator[tuple[Topic[Any], Message]]:
        """The same in the one stream order of `stream/order.py`, sorted in a sliding window."""
        return stream_order(self.messages(topics), depth)


def stream_order(
    messages: Iterable[tuple[Topic[Any], Message]], depth: dict[str, int]
) -> Iterator[tuple[Topic[Any], Message]]:
    """Sorts messages by stream order within a window of 10 s, in flat memory."""
    heap: list[tuple[Any, int, Topic[Any], Message]] = []
    newest = None
    for count, (topic, message) in enumerate(messages):
        key = order_key(topic, message, depth)
        heapq.heappush(heap, (key, count, topic, message))
        newest = key[0] if newest is None else max(newest, key[0])
        while heap[0][0][0] < newest - WINDOW_NS:
            yield heapq.heappop(heap)[2:]
    while heap:
        yield heapq.heappop(heap)[2:]
