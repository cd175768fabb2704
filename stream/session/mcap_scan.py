"""Reads MCAP files that may be torn: every whole record, and where the good part ends.

The file format is that of https://mcap.dev/spec.
"""

import io
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, ChunkIndex, Message, MessageIndex, Schema

from liveaffect.stream.errors import RecordError

MAGIC = b"\x89MCAP0\r\n"
RECORD_LIMIT = 1 << 30
HEAD = struct.Struct("<BQ")
"""Every record: opcode and length of the payload."""
MESSAGE = struct.Struct("<HIQQ")
"""A message's channel, sequence, log time and publish time; its content follows."""
INDEX = struct.Struct("<HI")
"""A message index's channel, and the bytes of its pairs of log time and offset."""


@dataclass
class Contents:
    """What a file holds, as far as it is whole."""

    end: int = 0
    """Offset behind the last good record of the data section."""
    size: int = 0
    finished: bool = False
    """True when the file ends with an index and a footer."""
    schemas: dict[int, Schema] = field(default_factory=dict[int, Schema])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    counts: dict[int, int] = field(default_factory=dict[int, int])
    """Channel id -> messages."""
    chunks: int = 0
    chunk_index: RecordBuilder = field(default_factory=RecordBuilder)
    """The ChunkIndex records, as bytes: hours of chunks stay small."""
    unindexed: "tuple[ChunkIndex, dict[int, MessageIndex], dict[int, int]] | None" = None
    """The last chunk where its message index is torn off: entry, the missing indexes, and messages by channel."""
    first_ns: int = 0
    last_ns: int = 0

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


def walk(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Opcode, offset and payload of every whole record; ends quietly where the file is torn.

    Raises RecordError where the file is missing or is not an MCAP file.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RecordError(f"{path} is not a recording: it does not begin as an MCAP file does")
        while True:
            offset = file.tell()
            head = file.read(HEAD.size)
            if len(head) < HEAD.size:
                return
            opcode, length = HEAD.unpack(head)
            if not Opcode.HEADER <= opcode <= Opcode.DATA_END or length > RECORD_LIMIT:
                return
            payload = file.read(length)
            if len(payload) < length:
                return
            yield opcode, offset, payload
            if opcode == Opcode.FOOTER:
                return


def chunk_span(payload: bytes) -> tuple[int, int]:
    """First and last log time in a chunk, without unpacking it."""
    return struct.unpack_from("<QQ", payload)


def _inside(payload: bytes) -> bytes | None:
    """What a chunk holds, or None where it is damaged."""
    chunk = Chunk.read(ReadDataStream(io.BytesIO(payload)))
    try:
        data = zstandard.decompress(chunk.data, chunk.uncompressed_size) if chunk.compression else chunk.data
    except zstandard.ZstdError:
        return None
    return None if chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc else data


def unpack(payload: bytes, contents: Contents) -> list[tuple[int, Message]] | None:
    """Offset in the chunk and message, or None where the chunk is damaged; schemas and channels go to `contents`."""
    data = _inside(payload)
    if data is None:
        return None
    messages: list[tuple[int, Message]] = []
    stream = ReadDataStream(io.BytesIO(data))
    while stream.count < len(data):
        offset = stream.count
        opcode, length = HEAD.unpack(stream.read(HEAD.size))
        if opcode == Opcode.MESSAGE:
            messages.append((offset, Message.read(stream, length)))
        else:
            declare(opcode, stream.read(length), contents)
    return messages


def places_of(indexes: list[bytes], contents: Contents, topics: Collection[str]) -> list[int] | None:
    """Offsets in a chunk of the messages on `topics`, by its MessageIndex records; None where these do not tell."""
    places: list[int] = []
    for payload in indexes:
        channel_id, size = INDEX.unpack_from(payload)
        channel = contents.channels.get(channel_id)
        if channel is None:
            return None
        if channel.topic in topics:
            places.extend(struct.unpack_from(f"<{size // 8}Q", payload, INDEX.size)[1::2])
    return sorted(places) if indexes else None


def unpack_at(payload: bytes, places: list[int]) -> list[Message] | None:
    """The messages at these offsets of a chunk; None where it is damaged."""
    if not places:
        return []
    data = _inside(payload)
    if data is None:
        return None
    messages: list[Message] = []
    for place in places:
        _, length = HEAD.unpack_from(data, place)
        at = place + HEAD.size
        channel_id, sequence, log_ns, publish_ns = MESSAGE.unpack_from(data, at)
        content = data[at + MESSAGE.size : at + length]
        messages.append(Message(channel_id, log_ns, content, publish_ns, sequence))
    return messages


def declare(opcode: int, payload: bytes, contents: Contents) -> None:
    """Takes in a Schema or Channel record; others are ignored."""
    if opcode == Opcode.SCHEMA:
        schema = Schema.read(ReadDataStream(io.BytesIO(payload)))
        contents.schemas[schema.id] = schema
    elif opcode == Opcode.CHANNEL:
        channel = Channel.read(ReadDataStream(io.BytesIO(payload)))
        contents.channels[channel.id] = channel


def scan(path: Path) -> Contents:
    """Reads a whole file, torn or not, and tells what it holds. Raises RecordError for a file that is no MCAP."""
    found = Contents(end=len(MAGIC), size=path.stat().st_size if path.exists() else 0)
    waiting: dict[int, MessageIndex] = {}
    entry: ChunkIndex | None = None
    counts: dict[int, int] = {}
    data_section = True
    for opcode, offset, payload in walk(path):
        stop = offset + HEAD.size + len(payload)
        if opcode == Opcode.FOOTER:
            found.finished = stop + len(MAGIC) == found.size
        if not data_section:
            continue
        if opcode == Opcode.MESSAGE_INDEX and entry is not None:
            channel_id = int.from_bytes(payload[:2], "little")
            waiting.pop(channel_id, None)
            entry.message_index_offsets[channel_id] = offset
            entry.message_index_length += stop - offset
        else:
            if entry is not None:
                found.note(entry, counts)
                entry = None
            if opcode == Opcode.CHUNK:
                messages = unpack(payload, found)
                if messages is None:
                    break
                waiting, entry = {}, _entry(payload, offset, stop)
                for at, message in messages:
                    index = waiting.setdefault(message.channel_id, MessageIndex(message.channel_id, []))
                    index.records.append((message.log_time, at))
                counts = {channel_id: len(index.records) for channel_id, index in waiting.items()}
            elif opcode == Opcode.DATA_END:
                data_section = False
                continue
            else:
                declare(opcode, payload, found)
        found.end = stop
    if entry is not None and waiting:
        found.unindexed = (entry, waiting, counts)
    elif entry is not None:
        found.note(entry, counts)
    return found


def _entry(payload: bytes, offset: int, stop: int) -> ChunkIndex:
    chunk = Chunk.read(ReadDataStream(io.BytesIO(payload)))
    return ChunkIndex(
        chunk_length=stop - offset,
        chunk_start_offset=offset,
        compression=chunk.compression,
        compressed_size=len(chunk.data),
        message_end_time=chunk.message_end_time,
        message_index_length=0,
        message_index_offsets={},
        message_start_time=chunk.message_start_time,
        uncompressed_size=chunk.uncompressed_size,
    )
