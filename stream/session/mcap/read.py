"""The messages of an MCAP file, chunk by chunk, of every chunk that is proven by its checksum."""

from collections.abc import Callable, Iterator
from pathlib import Path

from mcap.opcode import Opcode
from mcap.records import Message

from liveaffect.stream.session.mcap.format import ChunkHead, Damaged, channel, records_in
from liveaffect.stream.session.mcap.walk import tail_of, walk

UNDECLARED = "undeclared/"
"""Begins the name of a topic whose declaration was lost."""
Named = tuple[str, Message]


def chunks(path: Path, wanted: Callable[[ChunkHead], bool] | None = None) -> Iterator[list[Named]]:
    """Topic and record of every message of each chunk, in the order of the file.

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
                inside = records_in(piece.data)
            except Damaged:
                continue
            known.update((record.id, record.topic) for record in inside.channels)
            yield [(known.get(m.channel_id, f"{UNDECLARED}{m.channel_id}"), m) for _, m in inside.messages]
