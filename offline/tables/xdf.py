"""XDF files: the format of the Lab Streaming Layer's recorder, written from tables.

The layout follows the specification at https://github.com/sccn/xdf/wiki/Specifications: a magic word, then chunks of
length, tag and content; numbers are little-endian. Every sample carries its own time stamp.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, STREAM_FOOTER = 1, 2, 3, 4, 6
CHUNK_SAMPLES = 4096
_FORMATS = {"<f8": "double64", "|i1": "int8"}


@dataclass(frozen=True)
class Channel:
    """One channel of a stream, as its description says."""

    label: str
    unit: str = ""
    meaning: str = ""


@dataclass
class Stream:
    """One stream: numbers or texts, each sample with its time in seconds.

    `values` is float64 or int8 (n, channels), or n lists of text.
    """

    name: str
    type: str
    channels: list[Channel]
    times_s: NDArray[np.float64]
    values: "NDArray[np.float64] | NDArray[np.int8] | Sequence[Sequence[str]]"
    rate_hz: float = 0.0
    """Nominal rate; 0 is irregular."""
    source: str = "liveaffect"
    facts: dict[str, str] = field(default_factory=dict[str, str])


def write_xdf(path: Path, streams: Iterable[Stream], begun: datetime | None = None) -> None:
    """Writes a whole file; `begun` is when its first sample was. Raises OSError."""
    when = "" if begun is None else f"<datetime>{begun.strftime('%Y-%m-%dT%H:%M:%S%z')}</datetime>"
    with path.open("wb") as file:
        file.write(b"XDF:")
        _chunk(file, FILE_HEADER, f'<?xml version="1.0"?><info><version>1.0</version>{when}</info>'.encode())
        for number, stream in enumerate(streams, 1):
            _stream(file, number, stream)


def _stream(file: BinaryIO, number: int, stream: Stream) -> None:
    ident = struct.pack("<I", number)
    _chunk(file, STREAM_HEADER, ident + _header(stream).encode())
    text = not isinstance(stream.values, np.ndarray)
    for start in range(0, len(stream.times_s), CHUNK_SAMPLES):
        stop = min(start + CHUNK_SAMPLES, len(stream.times_s))
        body = bytearray(ident + _length(stop - start))
        for row in range(start, stop):
            body += struct.pack("<Bd", 8, stream.times_s[row])
            if text:
                for word in stream.values[row]:
                    data = str(word).encode()
                    body += _length(len(data)) + data
            else:
                body += np.ascontiguousarray(stream.values[row]).tobytes()
        _chunk(file, SAMPLES, bytes(body))
    count = len(stream.times_s)
    first, last = (float(stream.times_s[0]), float(stream.times_s[-1])) if count else (0.0, 0.0)
    # One clock: nothing to correct. Importers fit a line through the offsets, which two of one time would not allow.
    for time_s in (first, last if last > first else first + 1.0) if count else ():
        _chunk(file, CLOCK_OFFSET, ident + struct.pack("<dd", time_s, 0.0))
    footer = (
        f'<?xml version="1.0"?><info><first_timestamp>{first!r}</first_timestamp>'
        f"<last_timestamp>{last!r}</last_timestamp><sample_count>{count}</sample_count></info>"
    )
    _chunk(file, STREAM_FOOTER, ident + footer.encode())


def _header(stream: Stream) -> str:
    kind = _FORMATS[stream.values.dtype.str] if isinstance(stream.values, np.ndarray) else "string"
    channels = "".join(
        f"<channel><label>{escape(c.label)}</label><unit>{escape(c.unit)}</unit><type>misc</type>"
        f"<meaning>{escape(c.meaning)}</meaning></channel>"
        for c in stream.channels
    )
    facts = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in stream.facts.items())
    return (
        f'<?xml version="1.0"?><info><name>{escape(stream.name)}</name><type>{escape(stream.type)}</type>'
        f"<channel_count>{len(stream.channels)}</channel_count><nominal_srate>{stream.rate_hz!r}</nominal_srate>"
        f"<channel_format>{kind}</channel_format><source_id>{escape(stream.source)}</source_id>"
        f"<desc>{facts}<channels>{channels}</channels></desc></info>"
    )


def _chunk(file: BinaryIO, tag: int, content: bytes) -> None:
    file.write(_length(len(content) + 2) + struct.pack("<H", tag) + content)


def _length(value: int) -> bytes:
    """The number of bytes of the length, then the length."""
    for size, form in ((1, "<BB"), (4, "<BI"), (8, "<BQ")):
        if value < 1 << (8 * size):
            return struct.pack(form, size, value)
    raise ValueError("longer than XDF can say")
