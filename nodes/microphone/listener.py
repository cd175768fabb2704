"""From the blocks of a sound device to hops on the monotonic clock. Knows nothing of PortAudio."""

from collections.abc import Iterator

from liveaffect.nodes.microphone.input_device import Block
from liveaffect.nodes.microphone.sound import HOP, HOP_NS, RATE, Resampler
from liveaffect.stream.capture.clock import SampleClock
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.messages import Array, AudioChunk

SETTLE_S = 2.0
SETTLE_LATENCY_NS = 30_000_000
"""In a stream's first seconds no latency beyond this is believed."""


class Listener:
    """Blocks of a device to hops on the monotonic clock; knows nothing of PortAudio."""

    def __init__(self) -> None:
        self.stream = -1
        self.next_sample = 0
        """Index of the next hop's first sample; goes on over losses, by the time that passed."""
        self._last_ns = -1
        self._end_ns: int | None = None

    def hear(self, block: Block) -> Iterator[AudioChunk]:
        """Hops that this block completes; the first of a new stream, and the first after lost samples, has `gap`."""
        if block.stream != self.stream:
            self._begin(block)
        elif block.index != self._expected or block.overflow:
            self._resampler = Resampler(block.rate)
            self._origin = block.index
            self._gap = True
        self._expected = block.index + block.samples.size
        latest_ns = block.arrival_ns - block.samples.size * NS // block.rate
        self._clock.add(block.index, self._stamp(block, latest_ns), latest_ns)
        for samples in self._resampler.feed(block.samples):
            index = self._origin + (self._resampler.hops - 1) * HOP * block.rate // RATE
            t_ns = self._clock.at(index)
            if t_ns > self._last_ns:  # not before what has been said to be no sound
                yield self._chunk(samples, t_ns)

    def nothing(self, now_ns: int) -> AudioChunk:
        """The message that there is no device at `now_ns`."""
        self._last_ns = max(now_ns, self._last_ns + 1)
        return AudioChunk(t_ns=self._last_ns, state="no_device", first_sample=self.next_sample)

    def _stamp(self, block: Block, latest_ns: int) -> int:
        """Sound servers overstate their latency by up to 0.5 s while they settle."""
        if block.index > SETTLE_S * block.rate:
            return block.t_ns
        return max(block.t_ns, latest_ns - SETTLE_LATENCY_NS)

    def _begin(self, block: Block) -> None:
        self._gap = self.stream >= 0
        self.stream = block.stream
        self._clock = SampleClock(block.rate)
        self._resampler = Resampler(block.rate)
        self._origin = self._expected = block.index
        self._losses = 0

    def _chunk(self, samples: Array, t_ns: int) -> AudioChunk:
        if self._clock.losses != self._losses:
            self._losses, self._gap = self._clock.losses, True
        if self._gap and self._end_ns is not None:
            self.next_sample += max(0, round((t_ns - self._end_ns) * RATE / NS))
        chunk = AudioChunk(t_ns=t_ns, samples=samples, first_sample=self.next_sample, gap=self._gap)
        self._gap, self._last_ns, self._end_ns = False, t_ns, t_ns + HOP_NS
        self.next_sample += HOP
        return chunk
