"""Decoding a video or image file, or a lavfi graph, to frames with media time."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame

from liveaffect.nodes.camera.deinterlace import Deinterlacer
from liveaffect.nodes.camera.sparse import Cell, Sparse
from liveaffect.stream.capture import containers, pictures
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import RAW_FPS, MediaInfo
from liveaffect.stream.errors import InputError

ENTER_NS = 5 * NS
"""A file is entered so much before it is needed: containers that are searched by bytes may lead a little too far."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One decoded frame: its index, its media time from the container's start, and the frame itself."""

    index: int
    t_ns: int
    frame: Any


class Film:
    """Frames of one file or graph, in order of time; iterate once.

    Parameters
    ----------
    source: path of the file that `info` describes, or the text of a lavfi graph where `info` is None.
    rate: frames a second of a bare stream, which holds no times; 0 takes what its header says, or else 25.

    Interlaced film is deinterlaced.
    A frame whose time does not come after the one before, or leaps ahead of it by half a day, is left out and counted
    in `invalid`; a missing time stamp is made from the frame rate. What is broken is left out and noted in `errors`.
    """

    def __init__(self, source: str, info: MediaInfo | None, *, rate: float = 0.0) -> None:
        self.source, self.info = source, info
        self._raw = info is not None and info.raw
        self._raw_fps = rate or (info.raw_fps if info is not None else None) or RAW_FPS
        self._guessed = self._raw and not rate and (info is None or info.raw_fps is None)
        self.invalid = 0
        self.count = 0
        """Frames decoded so far; with `fast_forward_ns`, also those that were passed over undecoded."""
        self.errors: list[str] = []
        self.end_ns = 0
        self.fast_forward_ns: int | None = None
        """Set it to pass over everything, undecoded, up to the first key frame at or after this media time."""
        self.begin_ns = 0
        """Set it to enter the file at a key frame at or before this media time, if it can be entered there."""
        self.cell: Cell | None = None
        """Set it to leave pictures undecoded, where that can be, that are not the first of their step (`Sparse`)."""
        self.step_ns = NS // 25
        self._missing_ns = 0
        self._interlaced = 0

    def __iter__(self) -> Iterator[Shot]:
        if self.info is not None and self.info.pictures:
            yield from self._pictures()
            return
        if self.begin_ns > ENTER_NS and self.info is not None and not self._raw:
            shots = self._entered(self.begin_ns - ENTER_NS)
            first = next(shots, None)
            if first is not None and first.t_ns <= self.begin_ns:
                yield first
                yield from shots
                return
            shots.close()  # it leads nowhere, or too far: from the start then
            self.count = self.invalid = self._interlaced = 0
            self.errors.clear()
        with (
            containers.open_graph(self.source) if self.info is None else containers.open_file(self.source) as container
        ):
            stream = containers.video_stream(container)
            if stream is None:
                raise InputError(no_video_words(self.source))
            rate = self._raw_fps if self._raw else stream.average_rate or stream.guessed_rate
            if rate:
                self.step_ns = round(NS / rate)
            yield from self._shots(container, stream)
            if self.info is not None and self.count:
                self._missing_ns = self._announced_ns(container, stream, self.info) - self.end_ns

    def _entered(self, t_ns: int) -> Generator[Shot]:
        """Shots from a key frame at or before a media time, as far as the container keeps to it."""
        assert self.info is not None
        with containers.open_file(self.source) as container:
            stream = containers.video_stream(container)
            if stream is None or stream.time_base is None:
                return
            if rate := stream.average_rate or stream.guessed_rate:
                self.step_ns = round(NS / rate)
            try:
                container.seek(round((t_ns + self.info.start_ns) / NS / stream.time_base), stream=stream)
            except FFmpegError:
                return
            yield from self._shots(container, stream, entered=True)

    def _pictures(self) -> Iterator[Shot]:
        """Pictures that FFmpeg cannot read, as frames like its own."""
        for t_ns, image in pictures.read(self.source):
            self.count += 1
            if self.info is not None and self.info.fps:
                self.step_ns = round(NS / self.info.fps)
            self.end_ns = t_ns + self.step_ns
            yield Shot(self.count - 1, t_ns, VideoFrame.from_ndarray(image, format="rgb24"))

    def _announced_ns(self, container: InputContainer, stream: Any, info: MediaInfo) -> int:
        """Where the film should end by what its container says; 0 where it does not say."""
        if info.format == "avi" and stream.frames:  # its stated duration shrinks with the file
            return stream.frames * self.step_ns
        if stream.duration and not self._raw:
            return containers.pts_ns((stream.start_time or 0) + stream.duration, stream.time_base) - info.start_ns
        return container.duration * 1000 if container.duration and not info.has_audio else 0

    def warning(self, done: Iterable[str] = ()) -> str:
        """What was wrong with the film, and what was done to it, in words, once it has been read; "" where nothing was.

        done: what was done to its pictures (`Picture.done`).
        """
        words: list[str] = []
        if self._interlaced:
            words.append("interlaced: it was deinterlaced")
        words.extend(done)
        if self._guessed:
            words.append(
                f"a bare stream without times: {self._raw_fps:g} frames a second were assumed; "
                "state the right number with --set camera.rate=N"
            )
        elif self._raw:
            words.append(f"a bare stream without times: taken for {self._raw_fps:g} frames a second")
        if self.errors:
            words.append(f"{len(self.errors)} broken packets were left out ({self.errors[0]})")
        if self._missing_ns > max(NS // 2, 2 * self.step_ns) and not self.invalid:
            words.append(f"it is cut off {self._missing_ns / NS:.1f} s before the end it announces")
        if self.invalid:
            words.append(f"{self.invalid} frames whose time stamps go back, or leap ahead by half a day, were left out")
        return f"{self.source}: {'; '.join(words)}" if words else ""

    def _shots(self, container: InputContainer, stream: Any, *, entered: bool = False) -> Iterator[Shot]:
        start_ns = None if self.info is None else self.info.start_ns
        last_ns = -1
        reordered = container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc")
        sparse = Sparse(stream, None if self._raw or reordered or start_ns is None else self.cell)
        for frame in self._frames(container, stream, start_ns or 0, sparse):
            self.count += 1 + sparse.passed(frame.pts)
            if self._raw:
                t_ns = round((self.count - 1) * NS / self._raw_fps)
            elif reordered and frame.dts is None:
                t_ns = last_ns + self.step_ns
            elif reordered:  # AVI holds the times of decoding alone
                t_ns = containers.pts_ns(frame.dts, frame.time_base or stream.time_base) - (start_ns or 0)
                t_ns = max(0, t_ns - stream.codec_context.reorder_depth * self.step_ns)
            elif frame.pts is None:
                t_ns = last_ns + self.step_ns if last_ns >= 0 else 0
            else:
                t_ns = containers.pts_ns(frame.pts, frame.time_base or stream.time_base)
                start_ns = t_ns if start_ns is None else start_ns
                t_ns -= start_ns
                last_ns = t_ns - 1 if entered and last_ns < 0 else last_ns
            if t_ns <= last_ns or t_ns - last_ns > containers.LEAP_NS:
                self.invalid += 1
                sparse.stop()
                continue
            last_ns, self.end_ns = t_ns, t_ns + self.step_ns
            yield Shot(self.count - 1, t_ns, frame)
        left_out = sparse.passed(None)
        self.count, self.end_ns = self.count + left_out, self.end_ns + left_out * self.step_ns

    def _frames(self, container: InputContainer, stream: Any, start_ns: int, sparse: Sparse) -> Iterator[Any]:
        whole = Deinterlacer(stream)
        for packet in containers.packets(container, stream, self.errors):
            if self._passed_over(stream, packet, start_ns):
                yield from whole.rest()
                continue
            if self.errors or whole.count:
                sparse.stop()
            elif packet.pts is not None and packet.size:
                base = packet.time_base or stream.time_base
                sparse.look(packet.pts, containers.pts_ns(packet.pts, base) - start_ns)
            else:
                sparse.look(None, 0)
            for frame in containers.decode(stream, packet, self.errors):
                yield from whole.take(frame)
            self._interlaced = whole.count
        yield from whole.rest()

    def _passed_over(self, stream: Any, packet: Any, start_ns: int) -> bool:
        if self.fast_forward_ns is None:
            return False
        if packet.size and packet.pts is not None:
            t_ns = containers.pts_ns(packet.pts, packet.time_base or stream.time_base) - start_ns
            if not packet.is_keyframe or t_ns < self.fast_forward_ns:
                self.count += 1
                return True
            stream.codec_context.flush_buffers()
        self.fast_forward_ns = None
        return False


def no_video_words(source: str) -> str:
    """Why a camera cannot use a source without a picture."""
    name = Path(source).name if "/" in source else source
    return f"{name} has no video stream: name a file with a picture, or leave the camera out and use its sound alone"
