"""Gives recorded headers of video and sound their pixels and samples back, where those lie lossless in the session."""

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
from av.error import EOFError as FilmEnd
from av.error import FFmpegError

from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import Array, AudioChunk, MediaSpan, Message
from liveaffect.stream.session.files import inside
from liveaffect.stream.session.media.check import MOST_HOPS
from liveaffect.stream.session.media.format import CLOSED, CONTAINER, HOP, WAV_HEADER_BYTES, only_begun
from liveaffect.stream.topics import topic_of

LEAST_NS = 4_000_000
"""Least mean distance of frames that are told by their time."""
FAR = 12
"""A frame further ahead is sought: decoding all before it would take longer."""


class MediaStore:
    """Gives recorded headers of video and sound their arrays back, where those lie lossless in the session."""

    def __init__(self, folder: Path, spans: Iterable[MediaSpan]) -> None:
        self.text = "read from the session"
        self._folder = folder
        self._spans: dict[tuple[str, int], list[MediaSpan]] = {}
        for span in spans:
            self._spans.setdefault((span.topic, span.source_incarnation), []).append(span)
        for line in self._spans.values():
            line.sort(key=lambda span: span.first_seq)
        self._file, self._next = "", 0
        self._frames: Iterator[Array] = iter(())
        self._sound_of: MediaSpan | None = None
        self._sound = b""

    def attach(self, header: Message) -> Message | None:
        """The message with its array; None where that was not stored. Frames are quickest in order."""
        if getattr(header, "state", "ok") != "ok" or getattr(header, "last", False):
            return header
        spans = self._spans.get((topic_of(header).name, header.incarnation), [])
        at = bisect_right(spans, header.seq, key=lambda span: span.first_seq) - 1
        if at < 0 or spans[at].last_seq < header.seq:
            return None
        span = spans[at]
        number = span.offset + header.seq - span.first_seq
        if isinstance(header, AudioChunk):
            samples = self._hop(span, header.seq - span.first_seq)
            return None if samples is None else msgspec.structs.replace(header, samples=samples)
        before = spans[at - 1] if at else span
        image = self._frame(span.file, number, header.t_ns if _spaced(before, header) else None)
        place = header.seq - span.first_seq
        if image is None or (
            place < len(span.crcs) and zlib.crc32(np.ascontiguousarray(image).data) != span.crcs[place]
        ):
            return None  # a decoder hides damage and goes on
        return msgspec.structs.replace(header, image=image)

    def _hop(self, span: MediaSpan, number: int) -> Array | None:
        """Samples of one hop of a stretch of sound; None where the file has not so much, or the stretch is damaged."""
        hops = span.last_seq - span.first_seq + 1
        if span is not self._sound_of and 0 < hops <= MOST_HOPS:
            data = _bytes_of(inside(self._folder, span.file), span.offset, hops * HOP)
            whole = len(data) == 4 * hops * HOP
            damaged = whole and span.crcs and zlib.crc32(data) != span.crcs[0]
            self._sound_of, self._sound = span, b"" if damaged else data
        data = self._sound[4 * HOP * number : 4 * HOP * (number + 1)] if span is self._sound_of else b""
        return np.frombuffer(data, "<f4") if len(data) == 4 * HOP else None

    def _frame(self, file: str, number: int, t_ns: int | None) -> Array | None:
        """Frame `number` of a film; `t_ns` is its time where that alone tells it."""
        if file != self._file or not 0 <= number - self._next <= FAR:
            path = inside(self._folder, file)
            self._file, self._next, self._frames = file, 0, read_frames(path)
            if number > FAR and t_ns is not None:
                sought = read_frames(path, t_ns // 1_000_000)
                image = next(sought, None)
                if image is not None:
                    self._next, self._frames = number + 1, sought
                    return image
        for image in self._frames:
            self._next += 1
            if self._next == number + 1:
                return image
        return None


def _spaced(before: MediaSpan, header: Message) -> bool:
    """True where frames are so far apart that no two have the same millisecond, by which a film knows them."""
    return header.t_ns - before.t_ns >= (header.seq - before.first_seq) * LEAST_NS


def read_frames(path: Path, from_ms: int | None = None) -> Iterator[Array]:
    """Frames of a lossless film: uint8 RGB (height, width, 3); a torn file ends early. Raises RecordError.

    `from_ms` begins with the frame of exactly that time, without decoding all before it; nothing where there is none.
    """
    try:
        if only_begun(path):
            return
        with av.open(str(path), format=CONTAINER, options=CLOSED) as container:
            if from_ms is not None:
                container.seek(from_ms, stream=container.streams.video[0])
            for frame in container.decode(video=0):
                if from_ms is not None:
                    time_ms = round((frame.time or 0.0) * 1000)
                    if time_ms < from_ms:
                        continue
                    if time_ms > from_ms:
                        return
                    from_ms = None
                yield frame.reformat(format="rgb24").to_ndarray()
    except FilmEnd:
        return
    except (FFmpegError, OSError, IndexError, ValueError) as error:
        raise RecordError(f"{path} cannot be decoded: {error}") from None


def _bytes_of(path: Path, offset: int, samples: int) -> bytes:
    """The bytes of so many samples from sample `offset` of a sound file, or as many as it has."""
    with path.open("rb") as file:
        file.seek(max(0, WAV_HEADER_BYTES + 4 * offset))
        return file.read(4 * samples)
