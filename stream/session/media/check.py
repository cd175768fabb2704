"""Holds the sound and the lossless films of a session against the checksums in its index, without decoding them."""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import MediaSpan
from liveaffect.stream.session.files import inside
from liveaffect.stream.session.media.format import CLOSED, CONTAINER, HOP, WAV_HEADER_BYTES, only_begun
from liveaffect.stream.topics import AUDIO

MOST_HOPS = 6000
"""Of one stretch of sound: a minute; the recorder writes half a second."""


def media_faults(folder: Path, spans: Iterable[MediaSpan]) -> list[str]:
    """In words, what is not as it was recorded; what a kill has torn off is none."""
    files: dict[str, list[MediaSpan]] = {}
    for span in spans:
        files.setdefault(span.file, []).append(span)
    found: list[str] = []
    for name, mine in sorted(files.items()):
        try:
            path = inside(folder, name)
            sound = mine[0].topic == AUDIO.name
            bad, what = (_sound(path, mine), "stretches") if sound else (_film(path, mine), "frames")
        except (RecordError, FFmpegError, OSError, IndexError, ValueError) as error:
            found.append(f"{name!r:.80} cannot be read ({error})")
            continue
        if bad:
            found.append(f"{name!r:.80} is damaged: {bad} {what} of it are not as they were recorded")
    return found


def _sound(path: Path, spans: list[MediaSpan]) -> int:
    bad = 0
    with path.open("rb") as file:
        for span in spans:
            size = 4 * HOP * (span.last_seq - span.first_seq + 1)
            if span.crcs and 0 < size <= 4 * HOP * MOST_HOPS and span.offset >= 0:
                file.seek(WAV_HEADER_BYTES + 4 * span.offset)
                data = file.read(size)
                bad += len(data) == size and zlib.crc32(data) != span.crcs[0]
    return bad


def _film(path: Path, spans: list[MediaSpan]) -> int:
    told = {span.offset + place: crc for span in spans for place, crc in enumerate(span.packets)}
    if not told or only_begun(path):
        return 0
    bad = number = 0
    with av.open(str(path), format=CONTAINER, options=CLOSED) as film:
        packets: Any = film.demux(video=0)
        for packet in packets:
            if packet.size:
                bad += number in told and zlib.crc32(bytes(packet)) != told[number]
                number += 1
    return bad
