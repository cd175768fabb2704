"""An MCAP file that survives kill -9: whole chunks by time, flat memory, and an index that can be rebuilt in place.

The file format is that of https://mcap.dev/spec. Chunks are written with one call each, so that a torn file ends in at
most one broken record; `scan` finds where the good part ends, and a writer can go on from there.
"""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    Header,
    Message,
    MessageIndex,
    Schema,
)

from liveaffect.stream.errors import RecordError

MAGIC = b"\x89MCAP0\r\n"
CHUNK_LIMIT = 4 << 20
RECORD_LIMIT = 1 << 30
_HEAD = struct.Struct("<BQ")


@dataclass
class Contents:
    """What a file holds, as far as it is whole."""

    end: int = 0
    """Offset behind the last good record of the data section."""
    size: int = 0
    finished: bool = False
    """True when the file ends with an index and a footer."""
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    """Channel id -> messages."""
    chunks: int = 0
    chunk_index: RecordBuilder = field(default_factory=RecordBuilder)
    first_ns: int = 0
    last_ns: int = 0

    @property
    def torn_bytes(self) -> int:
        """Bytes behind the last good record that cannot be read (0 in a finished file)."""
        return 0 if self.finished else self.size - self.end


class McapWriter:
    """Writes messages in chunks; a chunk goes to the file at `flush` or when it is large.

    `resume` goes on behind the last whole chunk of an existing file. OSError passes to the caller with the file cut
    back to its last whole record.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        self._known = scan(path) if resume else Contents()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | (0 if resume else os.O_EXCL) | getattr(os, "O_BINARY", 0))
        self._ids = {channel.topic: channel.id for channel in self._known.channels.values()}
        self._by_name = {schema.name: schema.id for schema in self._known.schemas.values()}
        self._declared = RecordBuilder()
        self._start_chunk()
        if resume:
            os.ftruncate(self._file, self._known.end)
            os.lseek(self._file, self._known.end, os.SEEK_SET)
        else:
            header = RecordBuilder()
            Header("", "liveaffect").write(header)
            self._put(MAGIC + header.end())

    def _start_chunk(self) -> None:
        self._chunk, self._index = RecordBuilder(), dict[int, MessageIndex]()
        self._chunk_first = self._chunk_last = 0

    def channel(self, topic: str, schema_name: str, schema: bytes) -> int:
        """Id of the channel of `topic`; JSON messages with a JSON schema."""
        if topic in self._ids:
            return self._ids[topic]
        if schema_name not in self._by_name:
            schema_id = self._by_name[schema_name] = len(self._by_name) + 1
            record = Schema(id=schema_id, data=schema, encoding="jsonschema", name=schema_name)
            self._known.schemas[schema_id] = record
            record.write(self._declared)
        channel_id = self._ids[topic] = len(self._ids) + 1
        channel = Channel(channel_id, topic, "json", {}, self._by_name[schema_name])
        self._known.channels[channel_id] = channel
        channel.write(self._declared)
        return channel_id

    def add(self, channel_id: int, log_ns: int, publish_ns: int, sequence: int, data: bytes) -> None:
        """Adds one message to the chunk in progress."""
        log_ns = max(0, log_ns)
        if not self._index:
            self._chunk_first = log_ns
        self._chunk_first, self._chunk_last = min(self._chunk_first, log_ns), max(self._chunk_last, log_ns)
        index = self._index.setdefault(channel_id, MessageIndex(channel_id, []))
        index.records.append((log_ns, self._chunk.count))
        Message(channel_id, log_ns, data, max(0, publish_ns), sequence & 0xFFFFFFFF).write(self._chunk)
        if self._chunk.count >= CHUNK_LIMIT:
            self.flush()

    def flush(self) -> int:
        """Hands the chunk in progress to the operating system; returns the bytes written."""
        declared = self._declared.end()
        if declared:
            self._put(declared)
        if not self._index:
            return len(declared)
        data, index = self._chunk.end(), self._index
        first, last = self._chunk_first, self._chunk_last
        self._start_chunk()
        chunk = Chunk("zstd", zstandard.compress(data), last, first, zlib.crc32(data), len(data))
        start = self._known.end
        out = RecordBuilder()
        chunk.write(out)
        entry = ChunkIndex(out.count, start, "zstd", len(chunk.data), last, 0, {}, first, len(data))
        for channel_id, records in index.items():
            entry.message_index_offsets[channel_id] = start + out.count
            records.write(out)
        entry.message_index_length = out.count - entry.chunk_length
        self._put(out.end())
        _note(self._known, entry, {channel_id: len(records.records) for channel_id, records in index.items()})
        return len(declared) + entry.chunk_length + entry.message_index_length

    def finish(self) -> None:
        """Writes the index and closes the file, which is then a complete MCAP."""
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

    def _put(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, self._known.end)  # shrinking needs no space
            os.lseek(self._file, self._known.end, os.SEEK_SET)
            raise
        self._known.end += len(data)


def walk(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Opcode, offset and payload of every whole record; ends quietly where the file is torn.

    Raises RecordError where the file is not an MCAP file.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RecordError(f"{path} is not a recording: it does not begin as an MCAP file does")
        while True:
            offset = file.tell()
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            opcode, length = _HEAD.unpack(head)
            if not 1 <= opcode <= 0x0F or length > RECORD_LIMIT:
                return
            payload = file.read(length)
            if len(payload) < length:
                return
            yield opcode, offset, payload
            if opcode == Opcode.FOOTER:
                return


def chunk_messages(payload: bytes, channels: dict[int, Channel]) -> list[Message] | None:
    """The messages of one chunk, or None where its checksum does not fit."""
    chunk = Chunk.read(ReadDataStream(io.BytesIO(payload)))
    try:
        data = zstandard.decompress(chunk.data, chunk.uncompressed_size) if chunk.compression else chunk.data
    except zstandard.ZstdError:
        return None
    if chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc:
        return None
    messages: list[Message] = []
    stream = ReadDataStream(io.BytesIO(data))
    while stream.count < len(data):
        opcode, length = _HEAD.unpack(stream.read(_HEAD.size))
        if opcode == Opcode.MESSAGE:
            messages.append(Message.read(stream, length))
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(ReadDataStream(io.BytesIO(stream.read(length))))
            channels[channel.id] = channel
        else:
            stream.read(length)
    return messages


def scan(path: Path) -> Contents:
    """Reads a whole file, torn or not, and tells what it holds. Raises RecordError for a file that is no MCAP."""
    found = Contents(end=len(MAGIC), size=path.stat().st_size)
    pending: tuple[ChunkIndex, dict[int, int]] | None = None
    for opcode, offset, payload in walk(path):
        stop = offset + _HEAD.size + len(payload)
        if opcode == Opcode.MESSAGE_INDEX and pending is not None:
            index = MessageIndex.read(ReadDataStream(io.BytesIO(payload)))
            pending[0].message_index_offsets[index.channel_id] = offset
            pending[0].message_index_length += _HEAD.size + len(payload)
            if pending[0].message_index_offsets.keys() >= pending[1].keys():
                _note(found, *pending)
                pending, found.end = None, stop
            continue
        if pending is not None:  # a chunk whose index is torn off does not count
            break
        if opcode == Opcode.CHUNK:
            messages = chunk_messages(payload, found.channels)
            if messages is None:
                break
            counts: dict[int, int] = {}
            for message in messages:
                counts[message.channel_id] = counts.get(message.channel_id, 0) + 1
            chunk = Chunk.read(ReadDataStream(io.BytesIO(payload)))
            first, last = chunk.message_start_time, chunk.message_end_time
            sizes = len(chunk.data), chunk.uncompressed_size
            length = stop - offset
            pending = ChunkIndex(length, offset, chunk.compression, sizes[0], last, 0, {}, first, sizes[1]), counts
        elif opcode == Opcode.FOOTER:
            found.finished = stop + len(MAGIC) == found.size
        elif opcode in (Opcode.HEADER, Opcode.SCHEMA, Opcode.CHANNEL) and not found.finished:
            _declare(found, opcode, payload)
            found.end = stop if _in_data(found, offset) else found.end
        elif opcode == Opcode.DATA_END:
            found.size = max(found.size, stop)
            _close_data(found)
    return found


def _declare(found: Contents, opcode: int, payload: bytes) -> None:
    stream = ReadDataStream(io.BytesIO(payload))
    if opcode == Opcode.SCHEMA:
        schema = Schema.read(stream)
        found.schemas[schema.id] = schema
    elif opcode == Opcode.CHANNEL:
        channel = Channel.read(stream)
        found.channels[channel.id] = channel
