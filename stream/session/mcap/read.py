"""The messages of an MCAP file, chunk by chunk, of every chunk that is proven by its checksum."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from mcap.opcode import Opcode
from mcap.records import Message

from liveaffect.stream.session.mcap.format import HEAD, MESSAGE, ChunkHead, Damaged, channel
from liveaffect.stream.session.mcap.walk import tail_of, walk

UNDECLARED = "undeclared/"
"""Begins the name of a topic whose declaration was lost."""
Named = tuple[str, Message]


def chunks(
    path: Path, wanted: Callable[[ChunkHead], bool] | None = None, topics: Collection[str] | None = None
) -> Iterator[list[Named]]:
    """Topic and record of every message (on `topics`) of each chunk, in the order of the file.

    `wanted` says no to chunks that need not be unpacked. A topic that is declared nowhere any more is "undeclared/N".
    Raises RecordError where the file is no recording.
    """
    tail = tail_of(path)
    known = {} if tail is None else {number: record.topic for number, record in tail.channels.items()}
    for piece in walk(path, wanted, None if tail is None else tail.start):
        if piece.opcode == Opcode.CHANNEL:
            declared = channel(piece.data)
            known.setdefault(declared.id, declared.topic)
        elif piece.opcode == Opcode.CHUNK and piece.data:
            try:
                yield _named(piece.data, known, topics)
            except Damaged:
                continue


def _named(data: bytes, known: dict[int, str], topics: Collection[str] | None) -> list[Named]:
    """As `records_in`, but what is not wanted is stepped over. Raises Damaged."""
    found: list[Named] = []
    names: dict[int, str] = {}
    at, end, head, body = 0, len(data), HEAD.unpack_from, MESSAGE.unpack_from
    while at + HEAD.size <= end:
        opcode, length = head(data, at)
        start, at = at + HEAD.size, at + HEAD.size + length
        if at > end or (opcode == Opcode.MESSAGE and length < MESSAGE.size):
            raise Damaged("a chunk ends within a record")
        if opcode == Opcode.CHANNEL:
            declared = channel(data[start:at])
            known[declared.id] = declared.topic
            names.pop(declared.id, None)
        elif opcode == Opcode.MESSAGE:
            number, sequence, log_ns, publish_ns = body(data, start)
            name = names.get(number)
            if name is None:
                name = names[number] = known.get(number, f"{UNDECLARED}{number}")
            if topics is None or name in topics:
                found.append((name, Message(number, log_ns, data[start + MESSAGE.size : at], publish_ns, sequence)))
    if at != end:
        raise Damaged("a chunk ends within a record")
    return found
