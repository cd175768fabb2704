"""The records of an MCAP file (https://mcap.dev/spec) that sessions are made of, read without trust.

Every length is held against what is there before memory is taken, and what does not fit is a `Damaged` in words.
"""

import struct
import zlib
from dataclasses import dataclass, field

import zstandard
from mcap.opcode import Opcode
from mcap.records import Channel, Message, Schema

MAGIC = b"\x89MCAP0\r\n"
LIBRARY = "liveaffect"
"""What the header of every session's recording names."""
HEAD = struct.Struct("<BQ")
"""Every record: opcode and length of the payload."""
MESSAGE = struct.Struct("<HIQQ")
"""A message's channel, sequence, log time and publish time; its content follows."""
INDEX = struct.Struct("<HI")
"""A message index's channel, and the bytes of its pairs of log time and offset."""
CHUNK = struct.Struct("<QQQII")
"""A chunk's first and last log time, size and checksum of its content, and length of the compression's name."""
FOOTER = struct.Struct("<BQQQI")
DATA_END = struct.Struct("<BQI")
ZSTD = b"\x04\x00\x00\x00zstd"
SYNC = ZSTD
"""What every chunk of a session has at `SYNC_AT` behind its first byte: there reading goes on behind damage."""
SYNC_AT = HEAD.size + CHUNK.size - 4

UNPACKED_LIMIT = 16 << 20
"""Bytes in a chunk; the recorder begins another at 4 MiB."""
RATIO_LIMIT, RATIO_FREE = 500, 1 << 20
"""More than this many times its size on disk is no recording (5 is usual) but a bomb."""
RECORD_LIMIT = UNPACKED_LIMIT + (1 << 20)
SUMMARY_LIMIT = 256 << 20
MESSAGE_LIMIT = 8 << 20
"""Bytes of one message."""


class Damaged(Exception):
    """A record that cannot be what was written; the text says why."""


@dataclass(slots=True)
class ChunkHead:
    """What stands before a chunk's content."""

    first_ns: int
    last_ns: int
    size: int
    crc: int
    packed: bool
    data_at: int
    """Where in the payload the content begins."""
    data_size: int


def chunk_head(payload: bytes) -> ChunkHead:
    """Reads it from the first bytes of a chunk's payload. Raises Damaged."""
    if len(payload) < CHUNK.size + 8:
        raise Damaged("a chunk is too short")
    first_ns, last_ns, size, crc, name_size = CHUNK.unpack_from(payload)
    if name_size not in (0, 4) or len(payload) < CHUNK.size + name_size + 8:
        raise Damaged("a chunk names no compression that is known")
    if name_size and payload[CHUNK.size : CHUNK.size + 4] != b"zstd":
        raise Damaged("a chunk names no compression that is known")
    at = CHUNK.size + name_size
    (data_size,) = struct.unpack_from("<Q", payload, at)
    return ChunkHead(first_ns, last_ns, size, crc, bool(name_size), at + 8, data_size)


def chunk_content(head: ChunkHead, data: bytes) -> bytes:
    """What a chunk holds, proven by its checksum. Raises Damaged; takes no more memory than UNPACKED_LIMIT."""
    if head.packed:
        try:
            size = zstandard.frame_content_size(data)
        except zstandard.ZstdError:
            raise Damaged("the content of a chunk is damaged") from None
        if size < 0:
            size = head.size
        if size > UNPACKED_LIMIT or size > RATIO_LIMIT * len(data) + RATIO_FREE:
            raise Damaged(f"a chunk of {len(data)} bytes would become {size}, which no recording does")
        try:
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=max(1, size))
        except (zstandard.ZstdError, MemoryError):
            raise Damaged("the content of a chunk is damaged") from None
    if len(data) > UNPACKED_LIMIT:
        raise Damaged("a chunk is larger than any recording's")
    if zlib.crc32(data) != head.crc:
        raise Damaged("the content of a chunk does not fit its checksum")
    return data


@dataclass
class Inside:
    """Messages and declarations of a chunk."""

    messages: list[tuple[int, Message]] = field(default_factory=list[tuple[int, Message]])
    """Offset in the content, and message."""
    schemas: list[Schema] = field(default_factory=list[Schema])
    channels: list[Channel] = field(default_factory=list[Channel])


def records_in(data: bytes) -> Inside:
    """All records of a chunk's content. Raises Damaged."""
    found, at, end = Inside(), 0, len(data)
    add = found.messages.append
    while at < end:
        if end - at < HEAD.size:
            raise Damaged("a chunk ends within a record")
        opcode, length = HEAD.unpack_from(data, at)
        start, stop = at + HEAD.size, at + HEAD.size + length
        if stop > end:
            raise Damaged("a chunk ends within a record")
        if opcode == Opcode.MESSAGE:
            if length < MESSAGE.size:
                raise Damaged("a message is too short")
            channel_id, sequence, log_ns, publish_ns = MESSAGE.unpack_from(data, start)
            add((at, Message(channel_id, log_ns, data[start + MESSAGE.size : stop], publish_ns, sequence)))
        elif opcode == Opcode.SCHEMA:
            found.schemas.append(schema(data[start:stop]))
        elif opcode == Opcode.CHANNEL:
            found.channels.append(channel(data[start:stop]))
        at = stop
    return found


def schema(payload: bytes) -> Schema:
    """A Schema record. Raises Damaged."""
    (number,), at = _take("<H", payload, 0)
    name, at = _text(payload, at)
    encoding, at = _text(payload, at)
    (size,), at = _take("<I", payload, at)
    if not number or at + size != len(payload):
        raise Damaged("a schema has the wrong length")
    return Schema(number, payload[at:], encoding, name)


def channel(payload: bytes) -> Channel:
    """A Channel record. Raises Damaged."""
    (number, schema_id), at = _take("<HH", payload, 0)
    topic, at = _text(payload, at)
    encoding, at = _text(payload, at)
    (size,), at = _take("<I", payload, at)
    if size or at != len(payload):
        raise Damaged("a channel has the wrong length")
    return Channel(number, topic, encoding, {}, schema_id)


def index_of(payload: bytes) -> tuple[int, list[tuple[int, int]]]:
    """A MessageIndex: channel, and log time and offset of its messages. Raises Damaged."""
    (number, size), at = _take("<HI", payload, 0)
    if at + size != len(payload) or size % 16:
        raise Damaged("a message index has the wrong length")
    return number, list(struct.iter_unpack("<QQ", payload[at:]))


def header_payload() -> bytes:
    """The Header record of every session: no profile, and this library."""
    name = LIBRARY.encode()
    return (0).to_bytes(4, "little") + len(name).to_bytes(4, "little") + name


def _take(form: str, payload: bytes, at: int) -> tuple[tuple[int, ...], int]:
    size = struct.calcsize(form)
    if at + size > len(payload):
        raise Damaged("a record is too short")
    return struct.unpack_from(form, payload, at), at + size


def _text(payload: bytes, at: int) -> tuple[str, int]:
    (size,), at = _take("<I", payload, at)
    if at + size > len(payload):
        raise Damaged("a record is too short")
    try:
        return payload[at : at + size].decode("utf-8"), at + size
    except UnicodeDecodeError:
        raise Damaged("a name is not UTF-8") from None
