"""The camera: frames of a device, a network stream, a filter graph, or a file, as `video/frame`."""

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec

from liveaffect.nodes.camera import devices
from liveaffect.nodes.camera.film import Film, no_video_words
from liveaffect.nodes.camera.part import cells, measured
from liveaffect.nodes.camera.picture import Picture
from liveaffect.nodes.camera.player import Player
from liveaffect.nodes.camera.receiver import Receiver
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.capture.read_ahead import wait_until
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.node import Node, Positive, SourceContext
from liveaffect.stream.node import source as source_of
from liveaffect.stream.topics import VIDEO

Pixels = Annotated[int, msgspec.Meta(ge=0, le=16384)]


class CameraNode(Node):
    """Emits `video/frame`: uint8 RGB, the right way up, stamped at capture.

    Offline every frame of the file comes, stamped with its presentation time from the container's start. Live, a file
    is played in real time from the run's epoch (a frame that cannot be in time is dropped as "overrun"), and a device
    or network stream that disappears or stalls becomes `no_device` twice a second until it is back; the first frame
    after that has `gap`. At the end of a live file the source returns.

    A photograph is one frame with `still`. With `loop` a live file starts again at its end, its time going on: no time
    is missing there, so it is no gap (a photograph is then sent `fps` times a second).
    """

    source: str = "0"
    """Number, name or path of a camera; a video or image file; `lavfi:GRAPH`; or an http, rtsp, udp, ... address."""
    width: Pixels = 640
    """Width asked of a device in pixels, 0 for its own choice. Files and network streams keep their size."""
    height: Pixels = 480
    """Height asked of a device in pixels, 0 for its own choice."""
    fps: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 30.0
    """Rate asked of a device."""
    rate: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    """Frames a second of a file that is a bare stream (.h264, .mjpeg) and holds no times; 0 takes what its header says,
    or else 25. Files with times keep theirs."""
    measure_hz: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    """Offline only: so many frames a second are measured, the first in each step; 0 for all of them."""
    from_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Offline only: media time at which to begin."""
    lean_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Offline only: media time before which five frames a second at most are measured: what comes before a stretch,
    for what is slowly learned of a face."""
    to_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Offline only: media time before which to end; 0 for the end of the film."""
    loop: bool = False
    """Live only: play a file again when it ends."""
    stall_s: Positive = 2.0
    """A device without a frame for this long is `no_device`."""
    format: str = ""
    """FFmpeg's name of a network stream's container ("mpjpeg", "mpegts"); "" finds it."""
    options: dict[str, str] = {}
    """More FFmpeg options for a device or network stream, such as {input_format = "mjpeg"}."""

    def open(self) -> None:
        """Checks the settings, and a file or graph by decoding its first picture; raises InputError, UsageError."""
        if not self.source:
            raise UsageError("camera.source is empty: give a camera number, a file, lavfi:GRAPH or an address")
        if not 0 <= self.rate <= 1000:
            raise UsageError(f"camera.rate is {self.rate:g}; it can be up to 1000 frames a second, or 0")
        if self.fps <= 0 or self.width < 0 or self.height < 0 or self.stall_s <= 0:
            raise UsageError("camera.fps and camera.stall_s must be above 0, camera.width and camera.height at least 0")
        self._kind = devices.kind_of(self.source)
        self._info: MediaInfo | None = None
        if self._kind == "file":
            self._info = probe(self.source)
            if not self._info.has_video:
                raise InputError(no_video_words(self.source))
        elif self._kind == "lavfi":
            next(iter(Film(self._graph, None)), None)

    @source_of(emits=VIDEO)
    def frames(self, context: SourceContext) -> Iterator[Message | None]:
        """Frames until the end of the source, or for ever."""
        gap = self.host.incarnation > 0
        if self._info is not None:
            self._report(context, self._info)
        if not context.live:
            yield from self._offline(context)
        elif self._info is not None and self._info.is_image:
            yield from self._photograph(context, self._info)
        elif self._kind in ("file", "lavfi"):
            name = self._graph if self._info is None else self.source
            yield from Player(name, self._info, rate=self.rate, loop=self.loop, context=context).play(gap=gap)
        else:
            yield from self._receiver(context).receive(gap=gap)

    def _offline(self, context: SourceContext) -> Iterator[VideoFrame]:
        if self._kind not in ("file", "lavfi"):
            raise UsageError(f"'{self.source}' cannot be read offline: only files and lavfi graphs can")
        film = Film(self.source if self._info is not None else self._graph, self._info, rate=self.rate)
        picture, still = Picture(self._info), self._info is not None and self._info.is_image
        keep, to_ns = self._measured(), round(self.to_s * NS)
        film.begin_ns = round(self.from_s * NS)
        if self.measure_hz or self.from_s or self.lean_s:
            film.cell = cells(self.measure_hz, film.begin_ns, round(self.lean_s * NS))
        for shot in film:
            if to_ns and shot.t_ns >= to_ns:
                break
            if still or keep(shot.t_ns):
                yield VideoFrame(t_ns=shot.t_ns, image=picture.rgb(shot.frame), frame_index=shot.index, still=still)
            if still:
                break
        if film.invalid:
            context.dropped(VIDEO, film.invalid, "invalid")
        if warning := film.warning(picture.done):
            context.report(warning=warning)
        if film.count == 0 and not self.from_s:
            raise InputError(f"no picture of {self.source} can be decoded: play it in a player, or copy it again")

    def _measured(self) -> Callable[[int], bool]:
        to_ns = round(self.to_s * NS) or None
        return measured(self.measure_hz, round(self.from_s * NS), to_ns, round(self.lean_s * NS))

    def _photograph(self, context: SourceContext, info: MediaInfo) -> Iterator[VideoFrame | None]:
        shot = next(iter(Film(self.source, info)))
        picture = Picture(info)
        image, index, due_ns = picture.rgb(shot.frame), 0, context.now_ns()
        while not context.stopping():
            yield VideoFrame(t_ns=due_ns, image=image, frame_index=index, still=True)
            if not self.loop:
                return
            index, due_ns = index + 1, max(due_ns + round(NS / self.fps), context.now_ns() - NS)
            yield from wait_until(due_ns, context)

    def _receiver(self, context: SourceContext) -> Receiver:
        if self._kind == "network":
            return Receiver(
                devices.shown(self.source),
                lambda: devices.open_network(self.source, form=self.format, options=self.options, stall_s=self.stall_s),
                stamped=False,
                stall_s=self.stall_s,
                context=context,
            )
        return Receiver(
            f"camera '{self.source}'",
            lambda: devices.open_device(
                self.source, width=self.width, height=self.height, fps=self.fps, options=self.options
            ),
            stamped=True,
            stall_s=self.stall_s,
            context=context,
        )

    def _report(self, context: SourceContext, info: MediaInfo) -> None:
        rate = self.rate if info.raw and self.rate else info.fps
        context.report(source=self.source, size=[info.width, info.height], rate=rate, codec=info.video_codec)

    @property
    def _graph(self) -> str:
        return self.source.removeprefix("lavfi:")
