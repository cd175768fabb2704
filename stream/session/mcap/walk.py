"""Goes through an MCAP file from its first byte to its last, past whatever is damaged or torn in it.

A record that cannot be what was written is skipped up to the next chunk whose checksum proves it; what was skipped is a
piece too, so that every byte of the file is accounted for.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mcap.opcode import Opcode
from mcap.records import Channel, Schema

from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.files import open_plain
from liveaffect.stream.session.mcap.format import (
    CHUNK,
    DATA_END,
    FOOTER,
    HEAD,
    MAGIC,
    RECORD_LIMIT,
    SUMMARY_LIMIT,
    SYNC,
    SYNC_AT,
    ChunkHead,
    Damaged,
    channel,
    chunk_content,
    chunk_head,
    header_payload,
    index_of,
    schema,
)

DAMAGE = 0
"""Opcode of a piece that cannot be read; the format has none such."""
WINDOW = 1 << 20
PLAIN = (Opcode.HEADER, Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE_INDEX, Opcode.DATA_END)


@dataclass(slots=True)
class Piece:
    """One record of the data section, or a stretch that cannot be read."""

    opcode: int
    offset: int
    stop: int
    data: bytes = b""
    """The payload; of a chunk its content, unpacked and proven (empty where it was passed over)."""
    head: ChunkHead | None = None
    """Of a chunk."""
    why: str = ""
    """What is wrong with it; a chunk that has a fault only around its content still has that."""


@dataclass
class Tail:
    """The summary at the end of a finished file, proven by its checksum."""

    start: int
    """Where the data section ends, its last record (DataEnd) included."""
    schemas: dict[int, Schema]
    channels: dict[int, Channel]
    counts: dict[int, int]
    """Channel id -> messages that were written."""
    spans: dict[int, tuple[int, int]]
    """Offset of a chunk -> its first and last log time."""


def walk(path: Path, wanted: Callable[[ChunkHead], bool] | None = None, end: int | None = None) -> Iterator[Piece]:
    """Every piece in order of the file, up to the end of the data section or of the file.

    `end` is where the data section ends, where a summary tells.
    `wanted` says no to chunks that need not be unpacked. Raises RecordError where the file is missing, is no plain
    file, or holds nothing that a recording holds.
    """
    try:
        file = os.fdopen(open_plain(path), "rb")
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        size = os.fstat(file.fileno()).st_size
        walker = _Walker(file, size if end is None else min(end, size), end)
        at = len(MAGIC)
        if file.read(len(MAGIC)) != MAGIC:
            found = walker.next_chunk(0)
            if found is None:
                raise RecordError(f"{path} is not a recording: it does not begin as an MCAP file does")
            yield Piece(DAMAGE, 0, found.offset, why="the beginning of the file is damaged")
            yield found
            at = found.stop
        while at < walker.size:
            piece = walker.piece(at, wanted)
            if piece is None:
                found = walker.next_chunk(at)
                stop = walker.size if found is None else found.offset
                if stop > at:
                    yield Piece(DAMAGE, at, stop, why=walker.why)
                if found is None:
                    return
                piece = found
            yield piece
            at = piece.stop
            if piece.opcode == Opcode.DATA_END:
                return


class _Walker:
    def __init__(self, file: BinaryIO, size: int, end: int | None) -> None:
        self._file, self.size, self._end = file, size, end
        self.why = ""
        self._effort = 8 * size + (64 << 20)
        """Bytes that the search may unpack: a file made to keep it busy ends it."""

    def _read(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._file.read(max(0, min(count, self.size - at)))

    def piece(self, at: int, wanted: Callable[[ChunkHead], bool] | None) -> Piece | None:
        """The record at `at`; None where that is none, and then `why` says more."""
        head = self._read(at, HEAD.size)
        if len(head) < HEAD.size:
            self.why = "the file ends within a record"
            return None
        opcode, length = HEAD.unpack(head)
        start, stop = at + HEAD.size, at + HEAD.size + length
        if opcode not in (*PLAIN, Opcode.CHUNK) or length > RECORD_LIMIT:
            self.why = "a record is damaged"
            return None
        if stop > self.size:
            self.why = "the file ends within a record"
            return None
        if opcode != Opcode.CHUNK:
            return self._small(opcode, at, stop)
        try:
            known = chunk_head(self._read(start, CHUNK.size + 16))
            fits = known.data_at + known.data_size == length
            if not fits and not self._is_record(stop):
                raise Damaged("the lengths of a chunk do not fit together")
            if fits and wanted is not None and not wanted(known):
                return Piece(opcode, at, stop, b"", known)
            payload = self._read(start, length)
        except Damaged as error:
            self.why = str(error)
            return None
        try:
            content = chunk_content(known, payload[known.data_at :])
            return Piece(opcode, at, stop, content, known, "" if fits else "the lengths of a chunk do not fit together")
        except Damaged as error:  # its place in the file is sure where another record follows it
            if fits and self._is_record(stop):
                return Piece(DAMAGE, at, stop, head=known, why=str(error))
            self.why = str(error)
            return None

    def _small(self, opcode: int, at: int, stop: int) -> Piece | None:
        """A record that is no chunk: none of them has a checksum, so it must fit and another must follow it."""
        data = self._read(at + HEAD.size, stop - at - HEAD.size)
        self.why = "a record is damaged"
        try:
            if opcode == Opcode.DATA_END:
                fits = len(data) == 4 and (self._end is None or stop == self._end)
                return Piece(opcode, at, stop, data) if fits else None
            if opcode == Opcode.HEADER:
                fits = at == len(MAGIC) and data == header_payload()
                self.why = "the header of the file is damaged"
            else:
                fits = True
                {Opcode.SCHEMA: schema, Opcode.CHANNEL: channel, Opcode.MESSAGE_INDEX: index_of}[Opcode(opcode)](data)
        except Damaged as error:
            self.why = str(error)
            return None
        return Piece(opcode, at, stop, data) if fits and (stop == self.size or self._is_record(stop)) else None

    def _is_record(self, at: int) -> bool:
        head = self._read(at, HEAD.size)
        if len(head) < HEAD.size or (self._end is None and at + RECORD_LIMIT > self.size):
            return not head or head[0] in (*PLAIN, Opcode.CHUNK)  # what follows may be torn
        opcode, length = HEAD.unpack(head)
        return opcode in (*PLAIN, Opcode.CHUNK) and at + HEAD.size + length <= self.size

    def next_chunk(self, at: int) -> Piece | None:
        """The first chunk from `at` on whose checksum proves it, whatever the lengths around it say."""
        begin = at + SYNC_AT
        while begin < self.size:
            window = self._read(begin, WINDOW + len(SYNC))
            found = window.find(SYNC)
            while found >= 0:
                piece = self._proven(begin + found - SYNC_AT)
                if piece is not None:
                    return piece
                found = window.find(SYNC, found + 1)
            begin += WINDOW
        return None

    def _proven(self, at: int) -> Piece | None:
        start = at + HEAD.size
        try:
            head = chunk_head(self._read(start, CHUNK.size + 16))
            stop = start + head.data_at + head.data_size
            if stop > self.size or head.data_size > RECORD_LIMIT or self._effort < 0:
                return None
            self._effort -= head.data_size + min(head.size, RECORD_LIMIT)
            content = chunk_content(head, self._read(start + head.data_at, head.data_size))
        except Damaged:
            return None
        opcode, length = HEAD.unpack(self._read(at, HEAD.size))
        intact = opcode == Opcode.CHUNK and start + length == stop
        return Piece(Opcode.CHUNK, at, stop, content, head, "" if intact else "the head of a chunk is damaged")


def tail_of(path: Path) -> Tail | None:
    """The summary of a finished file, or None where it is torn off or its checksum does not fit."""
    with os.fdopen(open_plain(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        footer_at = size - len(MAGIC) - FOOTER.size
        if footer_at < len(MAGIC) + DATA_END.size:
            return None
        file.seek(footer_at)
        footer, magic = file.read(FOOTER.size), file.read()
        opcode, length, start, _, crc = FOOTER.unpack(footer)
        fits = opcode == Opcode.FOOTER and length == FOOTER.size - HEAD.size and magic == MAGIC
        if not fits or not len(MAGIC) <= start <= footer_at or footer_at - start > SUMMARY_LIMIT:
            return None
        file.seek(start)
        summary = file.read(footer_at - start)
        if not crc or zlib.crc32(footer[:-4], zlib.crc32(summary)) != crc:
            return None
    return _summary(start, summary)


def _summary(start: int, data: bytes) -> Tail | None:
    tail, at = Tail(start, {}, {}, {}, {}), 0
    try:
        while at + HEAD.size <= len(data):
            opcode, length = HEAD.unpack_from(data, at)
            payload = data[at + HEAD.size : at + HEAD.size + length]
            at += HEAD.size + length
            if opcode == Opcode.SCHEMA:
                found = schema(payload)
                tail.schemas[found.id] = found
            elif opcode == Opcode.CHANNEL:
                line = channel(payload)
                tail.channels[line.id] = line
            elif opcode == Opcode.CHUNK_INDEX and length >= 32:
                first, last, offset = (int.from_bytes(payload[k : k + 8], "little") for k in (0, 8, 16))
                tail.spans[offset] = (first, last)
            elif opcode == Opcode.STATISTICS and length >= 46:
                for k in range(46, length - 9, 10):
                    number = int.from_bytes(payload[k : k + 2], "little")
                    tail.counts[number] = int.from_bytes(payload[k + 2 : k + 10], "little")
    except Damaged:
        return None
    return tail if at == len(data) else None
