"""Pixels and sound of a recording, where they were asked for: lossless video and sound beside it, or H.264 within."""

import base64
import contextlib
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from av.codec import Codec
from av.error import FFmpegError

from liveaffect.stream.messages import AudioChunk, MediaSpan, Message, VideoFrame
from liveaffect.stream.session.media.format import CONTAINER, RATE, WAV_HEADER_BYTES
from liveaffect.stream.session.schema import COMPRESSED_VIDEO, COMPRESSED_VIDEO_SCHEMA, schema_of
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import MEDIA, topic_of
from liveaffect.stream.wire import to_json

H264_TOPIC = "video/h264"
MILLISECOND = Fraction(1, 1000)
DISK_ERRORS = (5, 27, 28, 122)
"""EIO, EFBIG, ENOSPC, EDQUOT: these end the recording, and not only its video."""
FLUSH_EVERY = 15
"""Messages between two index entries: half a second of frames."""


class EncoderError(Exception):
    """Pixels cannot be encoded here; the text says why. The rest of the recording is not touched by it."""


class Spans:
    """Writes the index: which messages lie where in which file."""

    def __init__(self, session: SessionWriter) -> None:
        self._session = session
        self._open: dict[str, MediaSpan] = {}
        self._seqs = 0

    def add(
        self, message: Message, file: str, offset: int, every: int, data: Any, packets: list[Any] | None = None
    ) -> None:
        """One more message is in `file`, at `offset`: `data` as `packets` of a film, or as they are."""
        topic = topic_of(message).name
        span = self._open.get(topic)
        follows = span is not None and (span.file, span.source_incarnation, span.last_seq + 1) == (
            file,
            message.incarnation,
            message.seq,
        )
        if span is None or not follows or span.last_seq - span.first_seq + 1 >= every:
            self.end(topic)
            self._open[topic] = span = MediaSpan(
                t_ns=message.t_ns,
                pub_ns=message.pub_ns,
                clock=message.clock,
                topic=topic,
                file=file,
                first_seq=message.seq,
                last_seq=message.seq,
                source_incarnation=message.incarnation,
                offset=offset,
            )
        span.last_seq = message.seq
        if packets is None:
            span.crcs = [zlib.crc32(data, span.crcs[0] if span.crcs else 0)]
        else:
            span.crcs.append(zlib.crc32(data))
            span.packets.extend(zlib.crc32(bytes(packet)) for packet in packets)

    def end(self, topic: str = "") -> None:
        """Writes out the spans of one topic, or of all."""
        for name in [topic] if topic else list(self._open):
            span = self._open.pop(name, None)
            if span is not None:
                span.seq, self._seqs = self._seqs, self._seqs + 1
                schema = lambda: schema_of(MediaSpan)  # noqa: E731
                self._session.write_json(MEDIA.name, "MediaSpan", schema, span, to_json(span, arrays=False))


class SoundFile:
    """A float32 WAV file, mono, 16 kHz, whose header is right after every half second."""

    def __init__(self, session: SessionWriter, spans: Spans) -> None:
        self.path = free_name(session.folder, "audio", ".wav")
        self._spans = spans
        self._file = self.path.open("wb")
        self._samples = self._since = 0
        self._file.write(wav_header(0))
        session.at_close(self.close)

    def add(self, chunk: AudioChunk) -> None:
        """Appends one hop. Raises OSError."""
        if chunk.samples is None:
            return
        data = np.ascontiguousarray(chunk.samples, "<f4").tobytes()
        self._spans.add(chunk, self.path.name, self._samples, 50, data)
        self._file.write(data)
        self._samples += chunk.samples.size
        self._since += chunk.samples.size
        if self._since >= RATE // 2:
            self._since = 0
            self._patch()

    def _patch(self) -> None:
        self._file.seek(0)  # not `os.pwrite`, which is not everywhere; each seek hands over what was written before it
        self._file.write(wav_header(self._samples))
        self._file.seek(0, 2)

    def close(self) -> None:
        """Finishes the file. Raises OSError."""
        with self._file:
            self._patch()


class LosslessFilm:
    """FFV1 in Matroska: every pixel comes back as it was. A change of size begins a new file."""

    def __init__(self, session: SessionWriter, spans: Spans) -> None:
        self._session, self._spans = session, spans
        self._size = (0, 0)
        self._out: Any = None
        self._stream: Any = None
        _check_encoder("ffv1")
        session.at_close(self.close)

    def add(self, frame: VideoFrame) -> None:
        """Appends one frame. Raises OSError, and EncoderError."""
        if frame.image is None:
            return
        height, width = frame.image.shape[:2]
        if (width, height) != self._size:
            self._begin(width, height)
        pixels = np.ascontiguousarray(frame.image)
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="bgr0")
        self._last_ms = max(self._last_ms + 1, frame.t_ns // 1_000_000)
        picture.pts, picture.time_base = self._last_ms, MILLISECOND
        packets = _encode(self._stream, picture)
        self._spans.add(frame, self.path.name, self._count, FLUSH_EVERY, pixels, packets)
        self._count += 1
        _mux(self._out, packets)

    def _begin(self, width: int, height: int) -> None:
        self.close()
        self._size = (width, height)
        self.path = free_name(self._session.folder, "video", ".mkv")
        options = {"cluster_time_limit": "400", "flush_packets": "1"}
        self._out = av.open(str(self.path), "w", format=CONTAINER, options=options)
        self._stream = self._out.add_stream("ffv1", rate=30)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "bgr0"
        context = self._stream.codec_context
        context.time_base, context.thread_count = MILLISECOND, 1  # frames in threads would be held back
        context.options = {"level": "3", "slices": "4", "slicecrc": "1"}
        self._count, self._last_ms = 0, -1

    def close(self) -> None:
        """Finishes the file. Raises OSError."""
        if self._out is None:
            return
        out, stream, self._out, self._stream = self._out, self._stream, None, None
        try:
            with contextlib.suppress(EncoderError):  # it was told when it failed
                _mux(out, _encode(stream, None))
        finally:
            try:
                out.close()
            except FFmpegError as error:
                raise OSError(error.errno, error.strerror) from None


class H264Film:
    """foxglove.CompressedVideo messages in the recording: small, seen in Foxglove, not good enough to recompute."""

    def __init__(self, session: SessionWriter) -> None:
        self._session = session
        self._size = (0, 0)
        _check_encoder("libx264")

    def add(self, frame: VideoFrame) -> None:
        """Encodes and records one frame. Raises EncoderError."""
        if frame.image is None:
            return
        height, width = frame.image.shape[0] & ~1, frame.image.shape[1] & ~1  # 4:2:0 needs even sizes
        if height < 2 or width < 2:
            return
        if (width, height) != self._size or frame.gap:
            self._begin(width, height)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), format="rgb24")
        picture.pts, picture.time_base = self._count, self._codec.time_base
        self._count += 1
        for packet in _encode(self._codec, picture):
            data = compressed_video(frame.t_ns + self._session.offset_ns, bytes(packet))
            header = VideoFrame(t_ns=frame.t_ns, seq=frame.seq, pub_ns=frame.pub_ns)
            self._session.write_json(H264_TOPIC, COMPRESSED_VIDEO, lambda: COMPRESSED_VIDEO_SCHEMA, header, data)

    def _begin(self, width: int, height: int) -> None:
        self._size, self._count = (width, height), 0
        self._codec: Any = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = width, height, "yuv420p"
        self._codec.time_base, self._codec.thread_count = Fraction(1, 30), 1
        self._codec.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "crf": "23",
            "x264-params": "keyint=60:repeat-headers=1:annexb=1:bframes=0",
        }


def compressed_video(unix_ns: int, data: bytes) -> bytes:
    """One foxglove.CompressedVideo message as JSON."""
    sec, nsec = divmod(max(0, unix_ns), 1_000_000_000)
    return msgspec.json.encode(
        {
            "timestamp": {"sec": sec, "nsec": nsec},
            "frame_id": "camera",
            "data": base64.b64encode(data).decode(),
            "format": "h264",
        }
    )


def _check_encoder(name: str) -> None:
    try:
        Codec(name, "w")
    except ValueError:  # UnknownCodecError is one
        text = f"this FFmpeg has no encoder {name}: no video is stored, everything else is"
        raise EncoderError(f"{text}; install a PyAV that has it, or choose another `video`") from None


def _encode(encoder: Any, picture: Any) -> list[Any]:
    try:
        return list(encoder.encode(picture))
    except (FFmpegError, ValueError) as error:
        if isinstance(error, FFmpegError) and error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror) from None
        text = f"the encoder {encoder.name} failed ({error}): no more video is stored, everything else is"
        raise EncoderError(text) from None


def _mux(out: Any, packets: Any) -> None:
    try:
        out.mux(packets)
    except FFmpegError as error:
        raise OSError(error.errno, error.strerror) from None


def wav_header(samples: int) -> bytes:
    """RIFF header of a float32 mono 16 kHz file (format 3 with a `fact` chunk); sizes stop at 4 GiB."""
    data = min(samples * 4, 0xFFFFFFFF - WAV_HEADER_BYTES)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", data + WAV_HEADER_BYTES - 8, b"WAVE"),
            struct.pack("<4sIHHIIHHH", b"fmt ", 18, 3, 1, RATE, RATE * 4, 4, 32, 0),
            struct.pack("<4sII", b"fact", 4, data // 4),
            struct.pack("<4sI", b"data", data),
        )
    )


def free_name(folder: Path, stem: str, ending: str) -> Path:
    """The first of stem.end, stem-1.end, ... that is not there yet."""
    number = 0
    while (path := folder / (f"{stem}{ending}" if not number else f"{stem}-{number}{ending}")).exists():
        number += 1
    return path
