"""Frames of a camera or a network stream, with loss and return."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from av import error as averror
from av.container import InputContainer

from liveaffect.nodes.camera.picture import Picture
from liveaffect.stream.capture import containers
from liveaffect.stream.capture.clock import monotonic_of
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.read_ahead import BACKOFF_S, Notices, ReadAhead
from liveaffect.stream.errors import DeviceError
from liveaffect.stream.messages import Array, VideoFrame
from liveaffect.stream.node import SourceContext
from liveaffect.stream.topics import VIDEO

STUCK_NS = 15 * NS
"""A capture thread without any event for this long hangs in its driver."""

RATE_FRAMES = 60
"""A rate is measured over so many frames: what network streams announce is often invented."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A device was opened; what it gives."""

    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """A device is not there, in words."""

    words: str


@dataclass(frozen=True, slots=True)
class Taken:
    """One picture, in memory of its own: a driver's frames lie in the driver's memory, which goes with the device."""

    index: int
    t_ns: int
    image: Array


Event = Opened | Lost | Taken


class Receiver:
    """Frames of a device or a network stream, for ever: what is lost is opened again.

    Parameters
    ----------
    name: what to call it in errors.
    opener: opens the container; raises OSError or FFmpegError.
    stamped: True where the container's time stamps are the driver's clock; otherwise a frame's time is its receipt.
    stall_s: without a frame for this long it counts as lost.
    """

    def __init__(
        self, name: str, opener: Callable[[], InputContainer], *, stamped: bool, stall_s: float, context: SourceContext
    ) -> None:
        self._name, self._opener, self._stamped = name, opener, stamped
        self._stall_s, self._context = stall_s, context
        self._invalid = 0
        self._count = 0

    def receive(self, *, gap: bool) -> Iterator[VideoFrame | None]:
        """Yields frames as they come, `no_device` twice a second while there are none, None in between."""
        context = self._context
        notices = Notices()
        reader = self._start()
        last_ns = heard_ns = alive_ns = context.now_ns()
        last_ns -= 1
        lost, stuck = "", 0
        recent: list[int] = []
        try:
            while not context.stopping():
                event = reader.get()
                self._account(reader)
                now_ns = context.now_ns()
                if event is not None:
                    alive_ns = now_ns
                if isinstance(event, Taken):
                    heard_ns = now_ns
                    if event.t_ns <= last_ns:
                        context.dropped(VIDEO, 1, "invalid")
                        continue
                    if lost:
                        notices.clear()
                        context.report(error="")
                        lost = ""
                    last_ns = event.t_ns
                    if len(recent) < RATE_FRAMES:
                        recent.append(last_ns)
                        if len(recent) == RATE_FRAMES:
                            context.report(rate=round((RATE_FRAMES - 1) * NS / (last_ns - recent[0]), 2))
                    yield VideoFrame(t_ns=last_ns, image=event.image, frame_index=event.index, gap=gap)
                    gap = False
                    continue
                if isinstance(event, Opened):
                    context.report(**event.facts)
                    recent.clear()
                elif isinstance(event, Lost) and event.words != lost:
                    lost = event.words
                    context.report(error=lost)
                elif not lost and now_ns - heard_ns > (self._stall_s + 0.5) * NS:
                    lost = f"{self._name} has sent no picture for {self._stall_s:g} s"
                    context.report(error=lost)
                if now_ns - alive_ns > STUCK_NS:  # a driver that blocks: leave that thread behind
                    reader.close(0.0)
                    stuck += 1
                    if stuck > 3:
                        raise DeviceError(f"the driver of {self._name} hangs: unplug it and plug it in again")
                    reader, alive_ns = self._start(), now_ns
                if lost and notices.due(now_ns):
                    gap, last_ns = True, now_ns
                    yield VideoFrame(t_ns=now_ns, state="no_device", gap=False)
                else:
                    yield None
        finally:
            reader.close()

    def _start(self) -> ReadAhead[Event]:
        return ReadAhead(self._capture, depth=2, name="camera-device", replace=lambda event: isinstance(event, Taken))

    def _account(self, reader: ReadAhead[Event]) -> None:
        if overrun := reader.take_replaced():
            self._context.dropped(VIDEO, overrun, "overrun")
        invalid, self._invalid = self._invalid, 0
        if invalid:
            self._context.dropped(VIDEO, invalid, "invalid")

    def _capture(self, stopped: threading.Event) -> Iterator[Event]:
        failures = 0
        while not stopped.is_set():
            before = self._count
            try:
                with self._opener() as container:
                    stream = containers.video_stream(container)
                    if stream is None:
                        raise OSError(f"{self._name} sends no video")
                    yield Opened(_facts(stream, announced=self._stamped))
                    yield from self._pictures(container, stream, stopped)
                words = f"{self._name} has ended its stream"
            except (averror.ExitError, TimeoutError):
                words = f"{self._name} does not answer, or has sent nothing for {self._stall_s:g} s"
            except (averror.FFmpegError, OSError, ValueError) as error:
                words = f"{self._name} cannot be read: {getattr(error, 'strerror', None) or error}"
            failures = 0 if self._count > before else failures + 1
            yield Lost(f"{words}; it is tried again until it is there")
            stopped.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _pictures(self, container: InputContainer, stream: Any, stopped: threading.Event) -> Iterator[Taken]:
        heard_ns = self._context.now_ns()
        picture = Picture()
        while not stopped.is_set():
            try:
                for packet in container.demux(stream):
                    received_ns = self._context.now_ns()
                    taken = self._taken(packet, stream, picture, received_ns)
                    del packet  # the driver's: it must be back before the device is closed
                    if taken:
                        heard_ns = received_ns
                    yield from taken
                    if stopped.is_set():
                        break
                return
            except averror.BlockingIOError:  # a device opened without blocking has nothing yet
                if self._context.now_ns() - heard_ns > self._stall_s * NS:
                    raise TimeoutError from None
                stopped.wait(0.003)

    def _taken(self, packet: Any, stream: Any, picture: Picture, received_ns: int) -> list[Taken]:
        errors: list[str] = []
        taken: list[Taken] = []
        for frame in containers.decode(stream, packet, errors):
            self._count += 1
            image = picture.rgb(frame)
            if frame.format.name == "rgb24":  # not converted, so still in the driver's memory
                image = image.copy()
            taken.append(Taken(self._count - 1, self._time(frame, stream, received_ns), image))
        self._invalid += len(errors)
        return taken

    def _time(self, frame: Any, stream: Any, received_ns: int) -> int:
        if not self._stamped or frame.pts is None:
            return received_ns
        stamp_ns = containers.pts_ns(frame.pts, frame.time_base or stream.time_base)
        return monotonic_of(stamp_ns, self._context.now_ns(), time.time_ns()) or received_ns


def _facts(stream: Any, *, announced: bool) -> dict[str, Any]:
    context = stream.codec_context
    rate = (stream.average_rate or stream.guessed_rate) if announced else None
    facts: dict[str, Any] = {"size": [context.width, context.height], "codec": context.name}
    return facts | {"rate": float(rate) if rate else None, "pixel_format": context.pix_fmt}
