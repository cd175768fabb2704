"""What an MCAP file holds, torn or damaged as it may be: every proven chunk, and in words what cannot be read."""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex, Message, MessageIndex, Schema

from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.files import open_plain
from liveaffect.stream.session.mcap.format import (
    MAGIC,
    Damaged,
    Inside,
    channel,
    index_of,
    records_in,
    schema,
)
from liveaffect.stream.session.mcap.walk import DAMAGE, Piece, Tail, tail_of, walk

R = TypeVar("R", Schema, Channel)


@dataclass(frozen=True)
class Damage:
    """A stretch of the file that is not as it was written."""

    offset: int
    length: int
    why: str
    lost: bool = True
    """False where every message around it could still be read."""
    from_ns: int | None = None
    to_ns: int | None = None
    """Log times between which messages may be lost; None where nobody can know."""


@dataclass
class Contents:
    """What a file holds, as far as it can be read."""

    end: int = len(MAGIC)
    """Offset behind the last good record of the data section."""
    size: int = 0
    finished: bool = False
    """True when the file ends with an index and a footer, and these fit their checksum."""
    schemas: dict[int, Schema] = field(default_factory=dict[int, Schema])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    counts: dict[int, int] = field(default_factory=dict[int, int])
    """Channel id -> messages."""
    chunks: int = 0
    chunk_index: RecordBuilder = field(default_factory=RecordBuilder)
    """The ChunkIndex records, as bytes: hours of chunks stay small."""
    unindexed: "tuple[ChunkIndex, dict[int, MessageIndex]] | None" = None
    """The last chunk where its message index is torn off: its entry, and the index that it needs."""
    first_ns: int = 0
    last_ns: int = 0
    crc: int = 0
    """CRC-32 of the file up to `end`."""
    damage: list[Damage] = field(default_factory=list[Damage])
    orphans: int = 0
    """Messages whose channel is declared nowhere."""
    lost: dict[str, int] = field(default_factory=dict[str, int])
    """Topic -> messages that the summary counts and that can no longer be read."""

    @property
    def torn_bytes(self) -> int:
        """Bytes behind the last good record that cannot be read (0 in a finished file)."""
        return 0 if self.finished else max(0, self.size - self.end)

    def note(self, entry: ChunkIndex, counts: dict[int, int]) -> None:
        """Counts one chunk in."""
        entry.write(self.chunk_index)
        first, last = entry.message_start_time, entry.message_end_time
        self.first_ns = min(self.first_ns, first) if self.chunks else first
        self.last_ns = max(self.last_ns, last)
        self.chunks += 1
        for channel_id, count in counts.items():
            self.counts[channel_id] = self.counts.get(channel_id, 0) + count


def entry_of(offset: int, stop: int, data_size: int, size: int, first_ns: int, last_ns: int) -> ChunkIndex:
    """The entry of one chunk in the index of a file."""
    return ChunkIndex(
        chunk_length=stop - offset,
        chunk_start_offset=offset,
        compression="zstd",
        compressed_size=data_size,
        message_end_time=last_ns,
        message_index_length=0,
        message_index_offsets={},
        message_start_time=first_ns,
        uncompressed_size=size,
    )


def index_records(messages: list[tuple[int, Message]]) -> dict[int, MessageIndex]:
    """The message index of a chunk."""
    index: dict[int, MessageIndex] = {}
    for at, message in messages:
        index.setdefault(message.channel_id, MessageIndex(message.channel_id, [])).records.append(
            (message.log_time, at)
        )
    return index


def scan(path: Path) -> Contents:
    """Reads a whole file and proves what it holds. Raises RecordError for a file that is no recording."""
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
        tail = tail_of(path) if size else None
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    return _Scan(path, size, tail).run()


class _Scan:
    def __init__(self, path: Path, size: int, tail: Tail | None) -> None:
        self._path, self._tail = path, tail
        self.found = Contents(size=size)
        if tail is not None:
            self.found.channels, self.found.schemas = dict(tail.channels), dict(tail.schemas)
        self._entry: ChunkIndex | None = None
        self._index: dict[int, MessageIndex] = {}
        self._missing: set[int] = set()
        self._chunk_stop = 0
        self._adrift = False
        """The chunk before cannot be read: the message indexes that follow are its."""

    def run(self) -> Contents:
        found, ended_at, told_crc = self.found, None, 0
        stretch: Damage | None = None
        end = self._tail.start if self._tail is not None else None
        for piece in walk(self._path, end=end):
            if piece.opcode == DAMAGE:
                stretch = self._cannot(piece)
                self._finish_chunk(indexed=False)
                self._adrift = True
                continue
            if stretch is not None:
                found.damage.append(self._closed(stretch, piece))
                stretch = None
            if piece.opcode == Opcode.DATA_END:
                ended_at, told_crc = piece.offset, int.from_bytes(piece.data, "little")
                self._finish_chunk()
                found.end = piece.offset
                break
            self._take(piece)
        if stretch is not None and self._tail is not None:
            found.damage.append(self._closed(stretch, None))  # else it is torn: `end` says where
        self._finish_chunk(at_end=ended_at is None)
        found.crc = _crc(self._path, found.end)
        found.finished = self._tail is not None
        if self._tail is not None:
            self._against(self._tail, ended_at, told_crc)
        elif ended_at is not None:
            found.damage.append(Damage(ended_at, found.size - ended_at, "the index at the end is damaged", lost=False))
        return found

    def _take(self, piece: Piece) -> None:
        found = self.found
        if piece.why:
            found.damage.append(Damage(piece.offset, piece.stop - piece.offset, piece.why, lost=False))
        try:
            if piece.opcode == Opcode.MESSAGE_INDEX:
                if not self._adrift:
                    self._check_index(piece)
                found.end = piece.stop
                return
            self._finish_chunk()
            self._adrift = False
            if piece.opcode == Opcode.CHUNK:
                self._chunk(piece, records_in(piece.data))
            elif piece.opcode == Opcode.SCHEMA:
                self._declare(schema(piece.data), found.schemas)
            elif piece.opcode == Opcode.CHANNEL:
                self._declare(channel(piece.data), found.channels)
        except Damaged as error:
            lost = piece.opcode == Opcode.CHUNK
            found.damage.append(Damage(piece.offset, piece.stop - piece.offset, str(error), lost=lost))
        found.end = piece.stop

    def _declare(self, record: R, known: dict[int, R]) -> None:
        """A declaration outside a chunk has no checksum of its own: the summary's is the one to trust."""
        if self._tail is not None and known.get(record.id) != record:
            raise Damaged("a declaration is not as the summary has it")
        known.setdefault(record.id, record)

    def _chunk(self, piece: Piece, inside: Inside) -> None:
        found, head = self.found, piece.head
        assert head is not None
        found.schemas.update((record.id, record) for record in inside.schemas)
        found.channels.update((record.id, record) for record in inside.channels)
        times = [message.log_time for _, message in inside.messages]
        first, last = (min(times), max(times)) if times else (head.first_ns, head.last_ns)
        if (first, last, len(piece.data)) != (head.first_ns, head.last_ns, head.size) and not piece.why:
            why = "the head of a chunk does not fit its content"
            found.damage.append(Damage(piece.offset, piece.stop - piece.offset, why, lost=False))
        self._entry = entry_of(piece.offset, piece.stop, head.data_size, len(piece.data), first, last)
        self._index = index_records(inside.messages)
        self._missing, self._chunk_stop = set(self._index), piece.stop
        found.end = piece.stop
        found.orphans += sum(len(r.records) for number, r in self._index.items() if number not in found.channels)

    def _check_index(self, piece: Piece) -> None:
        number, records = index_of(piece.data)
        known = self._index.get(number)
        if self._entry is None or known is None or known.records != records or number not in self._missing:
            raise Damaged("the index of a chunk does not fit it")
        self._missing.discard(number)
        self._entry.message_index_offsets[number] = piece.offset
        self._entry.message_index_length += piece.stop - piece.offset

    def _finish_chunk(self, *, at_end: bool = False, indexed: bool = True) -> None:
        entry, self._entry = self._entry, None
        if entry is None:
            return
        if at_end and self._missing and self._tail is None:
            entry.message_index_offsets, entry.message_index_length = {}, 0
            self.found.unindexed, self.found.end = (entry, self._index), self._chunk_stop
            return
        faulty = not indexed or any(self._chunk_stop <= item.offset for item in self.found.damage)
        if self._missing and not faulty:
            stretch = self.found.end - self._chunk_stop
            self.found.damage.append(Damage(self._chunk_stop, stretch, "the index of a chunk is missing", lost=False))
        self.found.note(entry, {number: len(records.records) for number, records in self._index.items()})

    def _cannot(self, piece: Piece) -> Damage:
        """What is lost where nothing can be read: between the chunk before and the one behind."""
        spans = self._tail.spans if self._tail is not None else {}
        within = [span for offset, span in spans.items() if piece.offset <= offset < piece.stop]
        before = self.found.last_ns if self.found.chunks else None
        if self._entry is not None:
            before = max(before or 0, self._entry.message_end_time)
        if within:
            span = min(s[0] for s in within), max(s[1] for s in within)
            return Damage(piece.offset, piece.stop - piece.offset, piece.why, True, *span)
        lost = self._tail is None
        return Damage(piece.offset, piece.stop - piece.offset, piece.why, lost, before if lost else None, None)

    def _closed(self, stretch: Damage, behind: Piece | None) -> Damage:
        head = behind.head if behind is not None else None
        if not stretch.lost or stretch.to_ns is not None or head is None:
            return stretch
        return Damage(stretch.offset, stretch.length, stretch.why, True, stretch.from_ns, head.first_ns)

    def _against(self, tail: Tail, ended_at: int | None, told_crc: int) -> None:
        """Holds what was read against what the summary says was written."""
        found = self.found
        names = {number: record.topic for number, record in found.channels.items()}
        short = {number: told - found.counts.get(number, 0) for number, told in tail.counts.items()}
        found.lost = {names.get(number, f"channel {number}"): count for number, count in short.items() if count > 0}
        whole = ended_at is not None and (not told_crc or told_crc == found.crc)
        if not whole and not found.damage:
            why = "the recording does not fit its checksum"
            found.damage.append(Damage(0, tail.start, why, lost=bool(found.lost)))
        if found.lost and not any(item.lost for item in found.damage):
            found.damage.append(Damage(0, tail.start, "messages that were written are not there", lost=True))


def _crc(path: Path, end: int) -> int:
    crc = 0
    with os.fdopen(open_plain(path), "rb") as file:
        while end > 0 and (block := file.read(min(end, 1 << 20))):
            crc = zlib.crc32(block, crc)
            end -= len(block)
    return crc
