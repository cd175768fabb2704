"""What a voice says in a film, worked out once for all segments of it.

What a voice usually sounds like is learned over minutes (`models/voice/usual.py`), and the windows of the speech
detector lie as they lie from the first sample: a segment that began with sound of its own would hear another voice.
Sound costs a small part of what pictures cost, so one task hears all of it, and the segments read what it wrote.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from liveaffect.offline.tables.files import new_file, told_where
from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import AudioChunk, Message, VoiceDescriptors
from liveaffect.stream.topics import Topic
from liveaffect.stream.wire import decode, encode

BLOCK = 1024
"""Messages that are packed together: about ten seconds."""
SHOWN = ("f0_hz", "loudness_sone")
"""Descriptors that a table shows."""
NS = 1_000_000_000
_HEAD = struct.Struct("<qqI")
"""First and last time in a block (ns), and its bytes."""


def write_heard(
    messages: Iterable[tuple[Topic[Any], Message]],
    target: Path,
    *,
    from_ns: int,
    thin: bool,
    told: Callable[[int], None],
) -> None:
    """Writes what the voice nodes of a run say from a media time on, in their order; sound itself is left out.

    Parameters
    ----------
    thin: of the descriptors only those that a table shows, and no mel rows: where nobody else reads them.
    told: called with the media time (ns) of every message.

    It is there whole or not at all. Raises LiveAffectError where it cannot be written.
    """
    with told_where(target.parent), new_file(target) as temporary, temporary.open("wb") as file:
        block: list[list[bytes]] = []
        times: list[int] = []
        for topic, message in messages:
            told(message.t_ns)
            if isinstance(message, AudioChunk) or message.t_ns < from_ns:
                continue
            if thin and isinstance(message, VoiceDescriptors):
                message.mel_db = None
                message.values = {name: message.values[name] for name in SHOWN if name in message.values}
            block.append([bytes(frame) for frame in encode(topic, message)])
            times.append(message.t_ns)
            if len(block) == BLOCK:
                file.write(_packed(block, times))
                block, times = [], []
        if block:
            file.write(_packed(block, times))


def read_heard(path: Path, from_ns: int, to_ns: int) -> Iterator[Message]:
    """The messages of a stretch of media time, in their order; `to_ns` 0 is the end. Raises InputError."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            try:
                first, last, size = _HEAD.unpack(head)
                if to_ns and first > to_ns + NS:  # what is told late lies a little further back than its time
                    return
                packed = file.read(size)
                block = msgspec.msgpack.decode(zstandard.decompress(packed)) if last >= from_ns else []
            except (struct.error, zstandard.ZstdError, msgspec.DecodeError) as error:
                raise InputError(f"{path} is damaged ({error}): score the film again") from None
            for frames in block:
                message = decode(frames)[1]
                if from_ns <= message.t_ns and (not to_ns or message.t_ns < to_ns):
                    yield message


def _packed(block: list[list[bytes]], times: list[int]) -> bytes:
    data = zstandard.compress(msgspec.msgpack.encode(block), 1)
    return _HEAD.pack(min(times), max(times), len(data)) + data
