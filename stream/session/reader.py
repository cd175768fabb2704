"""Reads a session back: its manifest, and its messages in the order of recording, torn files included."""

import contextlib
import heapq
import importlib
import itertools
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
from mcap.opcode import Opcode
from mcap.records import Message as McapMessage

from liveaffect.stream.errors import RecordError, TransportError
from liveaffect.stream.messages import Message
from liveaffect.stream.order import order_key
from liveaffect.stream.session.info import RECORDING, load_info
from liveaffect.stream.session.mcap_scan import Contents, chunk_span, declare, places_of, unpack, unpack_at, walk
from liveaffect.stream.topics import REGISTRY, Topic
from liveaffect.stream.wire import from_json

WINDOW_NS = 10_000_000_000
"""Queues hold at most 5 s: what was recorded later than this belongs to no earlier place."""


class SessionReader:
    """One session folder. Raises RecordError where it is missing, foreign, or holds no recording."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.info = load_info(self.folder)
        self.path = self.folder / RECORDING
        if not self.path.is_file():
            raise RecordError(f"{self.folder} holds no {RECORDING}: the recording itself is gone")
        self.unknown: dict[str, int] = {}
        """Recorded topics that no imported package declares, and how many messages of them were passed over."""
        self.malformed = 0
        for table in self.info.graph.values():  # packages outside this one declare their topics when imported
            module = str(table.get("type", "")).partition(":")[0] if isinstance(table, dict) else ""
            if module and not module.startswith("liveaffect."):
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)

    @property
    def running(self) -> bool:
        """True while a recorder is still writing."""
        pid = self.info.writers[-1] if self.info.writers else 0
        return self.info.state == "RECORDING" and pid != os.getpid() and psutil.pid_exists(pid)

    @property
    def state(self) -> str:
        """COMPLETE, INCOMPLETE, or RECORDING while the recorder lives."""
        return "INCOMPLETE" if self.info.state == "RECORDING" and not self.running else self.info.state

    def topics(self) -> list[str]:
        """Names of the recorded topics."""
        known = Contents()
        for opcode, _, payload in walk(self.path):
            if opcode == Opcode.DATA_END:
                break
            declare(opcode, payload, known)
        return [channel.topic for channel in known.channels.values()]

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
                yield topic, from_json(topic, record.data)
            except TransportError:
                self.malformed += 1

    def raw(self, topics: Collection[str] | None = None, *, from_ns: int = 0) -> Iterator[tuple[str, McapMessage]]:
        """Topic name and record as in the file, up to where it is torn. Chunks before `from_ns` are not unpacked."""
        known = Contents()
        chunk: bytes | None = None
        indexes: list[bytes] = []
        for opcode, _, payload in itertools.chain(walk(self.path), [(Opcode.DATA_END, 0, b"")]):
            if opcode == Opcode.MESSAGE_INDEX:
                indexes.append(payload)
                continue
            if chunk is not None:
                whole = payload != b""  # behind the last index of a torn file, more of them may be missing
                records = self._records(chunk, indexes if whole else [], known, topics)
                if records is None:
                    return
                for record in records:
                    if record.log_time >= from_ns:
                        yield known.channels[record.channel_id].topic, record
                chunk = None
            if opcode == Opcode.DATA_END:
                return
            if opcode == Opcode.CHUNK and chunk_span(payload)[1] >= from_ns:
                chunk, indexes = payload, []
            elif opcode != Opcode.CHUNK:
                declare(opcode, payload, known)

    def spans(self) -> Iterator[tuple[int, int]]:
        """First and last log time of every chunk, without unpacking it."""
        return (chunk_span(payload) for opcode, _, payload in walk(self.path) if opcode == Opcode.CHUNK)

    def _records(
        self, chunk: bytes, indexes: list[bytes], known: Contents, topics: Collection[str] | None
    ) -> list[McapMessage] | None:
        """The wanted records of a chunk in their order: by its index where only some topics are wanted."""
        places = None if topics is None else places_of(indexes, known, topics)
        if places is not None:
            return unpack_at(chunk, places)
        records = unpack(chunk, known)
        if records is None:
            return None
        named = {channel.id for channel in known.channels.values() if topics is None or channel.topic in topics}
        return [record for _, record in records if record.channel_id in named]

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
