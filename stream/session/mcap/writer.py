"""Writes an MCAP file that survives kill -9: whole chunks by time, flat memory, and a way to go on in a torn file.

The file format is that of https://mcap.dev/spec. A chunk and its index are written with one call, so that a torn file
ends in at most one broken record. Every chunk names its own channels under its own checksum, so that it can be read
whatever became of the rest of the file.
"""

import errno
import os
import struct
import zlib
from pathlib import Path

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    Message,
    MessageIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

from liveaffect.stream.session.files import open_plain
from liveaffect.stream.session.mcap.format import LIBRARY, MAGIC, MESSAGE_LIMIT
from liveaffect.stream.session.mcap.scan import Contents, entry_of, scan

CHUNK_LIMIT = 4 << 20
_FOOTER_BYTES = 20


class McapWriter:
    """Writes messages in chunks; a chunk goes to the file at `flush` or when it is large.

    `resume` goes on behind the last whole chunk of an existing file, finished or torn. OSError passes to the caller
    with the file cut back to its last whole record: it stays readable.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        self._known = scan(path) if resume else Contents(end=0)
        self._file = open_plain(path, os.O_RDWR) if resume else _new(path)
        self._ids = {channel.topic: channel.id for channel in self._known.channels.values()}
        self._schema_ids = {schema.name: schema.id for schema in self._known.schemas.values()}
        self._undeclared: set[int] = set()
        """Schemas that no chunk in the file holds yet."""
        self._start_chunk()
        if resume:
            self._cut()
            if self._known.unindexed is not None:
                entry, missing = self._known.unindexed
                self._put_index(entry, missing)
        else:
            header = RecordBuilder()
            Header("", LIBRARY).write(header)
            self._put(MAGIC + header.end())

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._known.end

    @property
    def damage(self) -> bool:
        """True where the file that is gone on with cannot be read everywhere."""
        return bool(self._known.damage)

    def channel(self, topic: str, schema_name: str, schema: bytes) -> int:
        """Id of the channel of `topic`: JSON messages with a JSON schema."""
        if topic in self._ids:
            return self._ids[topic]
        if schema_name not in self._schema_ids:
            schema_id = self._schema_ids[schema_name] = max(self._known.schemas, default=0) + 1
            self._known.schemas[schema_id] = Schema(schema_id, schema, "jsonschema", schema_name)
            self._undeclared.add(schema_id)
        channel_id = self._ids[topic] = max(self._known.channels, default=0) + 1
        self._known.channels[channel_id] = Channel(channel_id, topic, "json", {}, self._schema_ids[schema_name])
        return channel_id

    def add(self, channel_id: int, log_ns: int, publish_ns: int, sequence: int, data: bytes) -> None:
        """Adds one message to the chunk in progress; times before the epoch count as its beginning.

        Raises ValueError, before anything is written, for a time beyond 64 bits or a message over MESSAGE_LIMIT bytes.
        """
        log_ns, publish_ns = max(0, log_ns), max(0, publish_ns)
        if max(log_ns, publish_ns) >= 1 << 64:
            raise ValueError(f"a time of {max(log_ns, publish_ns)} ns does not fit into a recording")
        if len(data) > MESSAGE_LIMIT:
            raise ValueError(f"a message of {len(data)} bytes is over the {MESSAGE_LIMIT} that a recording takes")
        if not self._index:
            self._span = (log_ns, log_ns)
        if channel_id not in self._index:
            self._declare(channel_id)
        self._span = (min(self._span[0], log_ns), max(self._span[1], log_ns))
        index = self._index.setdefault(channel_id, MessageIndex(channel_id, []))
        index.records.append((log_ns, self._chunk.count))
        Message(channel_id, log_ns, data, publish_ns, sequence & 0xFFFFFFFF).write(self._chunk)
        if self._chunk.count >= CHUNK_LIMIT:
            self.flush()

    def _declare(self, channel_id: int) -> None:
        channel = self._known.channels[channel_id]
        if channel.schema_id in self._undeclared:
            self._known.schemas[channel.schema_id].write(self._chunk)
            self._undeclared.discard(channel.schema_id)
            self._declared.append(channel.schema_id)
        channel.write(self._chunk)

    def flush(self) -> None:
        """Hands the chunk in progress to the operating system; after an OSError the same can be tried again."""
        if not self._index:
            return
        data, index, (first, last), declared = self._chunk.end(), self._index, self._span, self._declared
        self._start_chunk()
        chunk = Chunk("zstd", zstandard.compress(data), last, first, zlib.crc32(data), len(data))
        out = RecordBuilder()
        chunk.write(out)
        begin = self._known.end
        entry = entry_of(begin, begin + out.count, len(chunk.data), len(data), first, last)
        try:
            self._put_index(entry, index, before=out.end())
        except OSError:
            self._chunk.write(data)
            self._index, self._span, self._declared = index, (first, last), declared
            raise

    def finish(self) -> None:
        """Writes the index and closes the file, which is then a complete MCAP. Raises OSError; closed all the same."""
        try:
            self.flush()
            self._put(_summary(self._known))
            os.fsync(self._file)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Closes the file as it is."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _start_chunk(self) -> None:
        self._chunk = RecordBuilder()
        self._index: dict[int, MessageIndex] = {}
        self._span = (0, 0)
        self._declared: list[int] = []

    def _put_index(self, entry: ChunkIndex, missing: dict[int, MessageIndex], before: bytes = b"") -> None:
        out = RecordBuilder()
        out.write(before)
        at = out.count
        for channel_id, records in missing.items():
            entry.message_index_offsets[channel_id] = self._known.end + out.count
            records.write(out)
        entry.message_index_length += out.count - at
        self._put(out.end())
        self._known.note(entry, {channel_id: len(records.records) for channel_id, records in missing.items()})

    def _put(self, data: bytes) -> None:
        if self._file < 0:
            raise OSError(errno.EBADF, "the recording has ended")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            self._cut()
            raise
        self._known.end += len(data)
        self._known.crc = zlib.crc32(data, self._known.crc)

    def _cut(self) -> None:
        os.ftruncate(self._file, self._known.end)  # shrinking needs no space
        os.lseek(self._file, self._known.end, os.SEEK_SET)


def _new(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o644)


def _summary(known: Contents) -> bytes:
    head, out = RecordBuilder(), RecordBuilder()
    DataEnd(known.crc).write(head)
    start = known.end + head.count
    offsets: list[SummaryOffset] = []

    def group(opcode: Opcode, data: bytes) -> None:
        if data:
            offsets.append(SummaryOffset(opcode, start + out.count, len(data)))
            out.write(data)

    for opcode, records in ((Opcode.SCHEMA, known.schemas), (Opcode.CHANNEL, known.channels)):
        part = RecordBuilder()
        for record in records.values():
            record.write(part)
        group(opcode, part.end())
    part = RecordBuilder()
    Statistics(
        attachment_count=0,
        channel_count=len(known.channels),
        channel_message_counts=dict(known.counts),
        chunk_count=known.chunks,
        message_count=sum(known.counts.values()),
        message_end_time=known.last_ns,
        message_start_time=known.first_ns,
        metadata_count=0,
        schema_count=len(known.schemas),
    ).write(part)
    group(Opcode.STATISTICS, part.end())
    group(Opcode.CHUNK_INDEX, known.chunk_index.end())
    offset_start = start + out.count
    for offset in offsets:
        offset.write(out)
    summary = out.end()
    crc = zlib.crc32(summary)
    crc = zlib.crc32(struct.pack("<BQQQ", Opcode.FOOTER, _FOOTER_BYTES, start, offset_start), crc)
    tail = RecordBuilder()
    Footer(start, offset_start, crc).write(tail)
    return head.end() + summary + tail.end() + MAGIC
