"""The microphone: sound of a device, a file, or a filter graph, as `audio/chunk` (16 kHz, mono, 10 ms hops)."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import msgspec
import numpy as np

from liveaffect.nodes.microphone.channels import check_channel
from liveaffect.nodes.microphone.input_device import InputDevice
from liveaffect.nodes.microphone.listener import Listener
from liveaffect.nodes.microphone.sound import HOP, HOP_NS, RATE, Hearing, Hop, Sound, no_sound_words
from liveaffect.nodes.microphone.tracks import hearing
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import MediaInfo, looks_like_file, probe
from liveaffect.stream.capture.read_ahead import PATIENCE_S, Notices, ReadAhead, wait_until
from liveaffect.stream.errors import DeviceError, InputError, UsageError
from liveaffect.stream.messages import AudioChunk, Message
from liveaffect.stream.node import Node, Positive, SourceContext
from liveaffect.stream.node import source as source_of
from liveaffect.stream.topics import AUDIO

AHEAD_HOPS = 200
TOO_LATE_NS = 5 * NS
BLOCKED_S = 60.0
"""A stream that cannot be closed for this long ends the process, for the supervisor to start a new one."""


NO_SAMPLES = np.zeros(0, np.float32)


class MicrophoneNode(Node):
    """Emits `audio/chunk`: float32 (160,) in [-1, 1] at 16 kHz; `t_ns` is the instant of the first sample.

    Offline the whole sound of the file comes, on the time of the container (picture and sound share their zero). Live,
    a file is played in real time from the run's epoch, each hop when its last sample is due; a device that disappears
    or stalls becomes `no_device` twice a second until it is back, and the first hop after that has `gap`. At the end
    of a live file the source returns; with `loop` it starts again, its time going on.
    """

    source: str = "default"
    """Number or name of a sound input, "default"; a file with sound; or `lavfi:GRAPH`."""
    loop: bool = False
    """Live only: play a file again when it ends."""
    latency_s: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.03
    """Buffer asked of the driver: less reacts sooner, more survives a busy machine."""
    channel: str = "auto"
    """Which channel is heard: "mix", "left", "right", a number from 1, or "auto": the mean, but one alone where the
    others are silent, the difference of two of opposite sign, the centre of a surround mix."""
    track: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Which sound track of a file is heard, counted from 1; 0 chooses the one with speech."""
    from_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Offline only: media time at which to begin; what comes before is heard, so that nothing depends on it."""
    to_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Offline only: media time before which to end; 0 for the end of the sound."""
    stall_s: Positive = 1.0
    """A device without a block for this long is `no_device`."""

    def open(self) -> None:
        """Checks the settings, and a file or graph by looking into it; raises InputError, UsageError."""
        if self.latency_s <= 0 or self.stall_s <= 0:
            raise UsageError("microphone.latency_s and microphone.stall_s must be above 0")
        self._hearing = Hearing(channel=check_channel(self.channel))
        self._info: MediaInfo | None = None
        self._graph = self.source.removeprefix("lavfi:") if self.source.startswith("lavfi:") else ""
        if self._graph:
            next(iter(Sound(self._graph, None, self._hearing)), None)
        elif looks_like_file(self.source):
            self._info = probe(self.source)
            if not self._info.has_audio:
                raise InputError(no_sound_words(self.source))
            self._hearing = replace(hearing(self._info, self.track), channel=self._hearing.channel)

    @source_of(emits=AUDIO)
    def hops(self, context: SourceContext) -> Iterator[Message | None]:
        """Hops until the end of the source, or for ever."""
        gap = self.host.incarnation > 0
        if self._info is not None:
            facts = {"codec": self._info.audio_codec, "rate": self._info.audio_rate}
            context.report(source=self.source, channels=self._info.audio_channels, **facts)
            if self._hearing.words:
                context.report(warning=f"{self.source}: {'; '.join(self._hearing.words)}")
        if self._info is None and not self._graph:
            if not context.live:
                raise UsageError(f"'{self.source}' cannot be read offline: only files and lavfi graphs can")
            yield from self._device(context, gap)
        elif context.live:
            yield from self._play(context, gap)
        else:
            yield from self._offline(context)

    def _offline(self, context: SourceContext) -> Iterator[AudioChunk]:
        sound = Sound(self._graph or self.source, self._info, self._hearing)
        end = Hop(0, 0, NO_SAMPLES, False)
        from_ns, to_ns = round(self.from_s * NS), round(self.to_s * NS)
        for hop in sound:
            if hop.t_ns < from_ns:
                continue
            if to_ns and hop.t_ns >= to_ns:
                break
            yield AudioChunk(t_ns=hop.t_ns, samples=hop.samples, first_sample=hop.first_sample, gap=hop.gap)
            end = hop
        self._account(sound, context)
        if sound.count == 0:
            raise InputError(f"no sound of {self.source} can be decoded: play it in a player, or copy it again")
        yield _after(end)

    def _play(self, context: SourceContext, gap: bool) -> Iterator[AudioChunk | None]:
        sounds: list[Sound] = []
        reader = ReadAhead(
            lambda stopped: self._read(context, stopped, sounds), depth=AHEAD_HOPS, name="microphone-file"
        )
        end: Hop | None = None
        try:
            while not context.stopping():
                hop = reader.get()
                if hop is None:
                    if reader.ended:
                        break
                    yield None
                    continue
                end = hop
                gap = gap or hop.gap
                yield from wait_until(hop.t_ns + HOP_NS, context, reader.stopped)
                if context.now_ns() - hop.t_ns > TOO_LATE_NS:
                    context.dropped(AUDIO, 1, "overrun")
                    gap = True
                elif not context.stopping():
                    yield AudioChunk(t_ns=hop.t_ns, samples=hop.samples, first_sample=hop.first_sample, gap=gap)
                    gap = False
            if end is not None and not context.stopping():
                yield _after(end)
        finally:
            reader.close()
            for sound in sounds:
                self._account(sound, context)

    def _read(self, context: SourceContext, stopped: threading.Event, sounds: list[Sound]) -> Iterator[Hop]:
        """Hops on the monotonic clock; those before now are passed over."""
        start_ns, info = context.now_ns(), self._info
        base_ns: int | None = None
        first = 0
        length_ns = 0 if info is None else info.duration_ns or 0
        if info is not None:
            base_ns = context.epoch_ns
            if self.loop and length_ns:
                rounds = max(0, (start_ns - base_ns) // length_ns)
                base_ns, first = base_ns + rounds * length_ns, rounds * length_ns * RATE // NS
        while not stopped.is_set():
            sound = Sound(self._graph or self.source, info, self._hearing)
            sounds[:] = [sound]
            end_ns = 0
            for hop in sound:
                if base_ns is None:
                    base_ns = context.now_ns() - hop.t_ns
                end_ns = hop.t_ns + HOP_NS
                if base_ns + end_ns >= start_ns or info is None:
                    yield Hop(base_ns + hop.t_ns, first + hop.first_sample, hop.samples, hop.gap)
                if stopped.is_set():
                    return
            if not self.loop or sound.count == 0:
                return
            length = length_ns or end_ns
            assert base_ns is not None
            base_ns, first = base_ns + length, first + length * RATE // NS

    def _account(self, sound: Sound, context: SourceContext) -> None:
        if sound.invalid_ns >= HOP_NS:
            context.dropped(AUDIO, sound.invalid_ns // HOP_NS, "invalid")
        if warning := sound.warning():
            context.report(warning=warning)

    def _device(self, context: SourceContext, gap: bool) -> Iterator[AudioChunk | None]:
        recording = InputDevice(
            self.source, channel=self._hearing.channel, latency_s=self.latency_s, stall_s=self.stall_s
        )
        notices, listener = Notices(), Listener()
        error = ""
        try:
            while not context.stopping():
                blocks = recording.take(PATIENCE_S)
                if lost := recording.overflowed:
                    recording.overflowed = 0
                    context.dropped(AUDIO, max(1, lost // HOP), "overflow")
                for block in blocks:
                    if listener.stream != block.stream:
                        context.report(**recording.facts)
                    for chunk in listener.hear(block):
                        chunk.gap, gap = chunk.gap or gap, False
                        notices.clear()
                        yield chunk
                now_ns = context.now_ns()
                if blocks and recording.error and recording.blocked_since is None:
                    yield None
                    continue
                if recording.error != error:
                    error = recording.error
                    context.report(error=error)
                since = recording.blocked_since
                if since is not None and time.monotonic() - since > BLOCKED_S:
                    raise DeviceError(f"PortAudio hangs while it closes '{self.source}': this process starts anew")
                if error and notices.due(now_ns):
                    gap = True
                    yield listener.nothing(now_ns)
                elif not blocks:
                    yield None
        finally:
            recording.close()


def _after(hop: Hop) -> AudioChunk:
    """What follows the last hop: the sound has ended."""
    t_ns, first = hop.t_ns + HOP_NS, hop.first_sample + len(hop.samples)
    return AudioChunk(t_ns=t_ns, samples=NO_SAMPLES, first_sample=first, last=True)
