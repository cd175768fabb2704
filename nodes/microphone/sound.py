"""The sound of a file or a lavfi graph as 10 ms hops at 16 kHz, mono, with media time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from av.container import InputContainer

from liveaffect.nodes.microphone.channels import Mender, Mixer
from liveaffect.stream.capture import containers
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import MediaInfo
from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import SOUND_HOP, SOUND_RATE, Array

RATE, HOP = SOUND_RATE, SOUND_HOP
HOP_NS = 1_000_000_000 * HOP // RATE
TOLERANCE_NS = 40_000_000
"""Time stamps that far from the count of samples are believed (a hole, an overlap); below that, the count is."""
CLIPPED_SHARE = 0.001
"""Of samples at the limit, so many are worth a word."""
PRIMING = {"ac3": 256, "eac3": 256}
"""Samples by which bare streams come late: their first block overlaps with nothing (ATSC A/52, section 7.9.4), and
there is no container to say so."""
QUALITY = "HQ"
"""soxr's recipe: 20 bit, delay compensated, about 40 ms of look-ahead at 48 kHz (VHQ needs twice that)."""


@dataclass(frozen=True, slots=True)
class Hop:
    """160 samples at 16 kHz: media time and index of the first; `gap` on the first after a hole."""

    t_ns: int
    first_sample: int
    samples: Array
    gap: bool = False


@dataclass(frozen=True)
class Hearing:
    """How the sound of a file is to be heard (`tracks.hearing`)."""

    track: int | None = None
    """Index of the track; None for the container's own choice."""
    scale: float = 1.0
    """What samples are divided by."""
    channel: str | int = "auto"
    """As `channels.Mixer` takes it."""
    words: tuple[str, ...] = ()
    """What is to be said of that."""


class Resampler:
    """Mono sound of any rate in, hops of 160 samples at 16 kHz out; the same hops however the input is cut.

    Output sample k is the instant k / 16000 s after the first input sample. At 16 kHz samples pass unchanged.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.hops = 0
        """How many hops have come out."""
        self._soxr = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality=QUALITY)
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples: Array, *, last: bool = False) -> Iterator[Array]:
        """Takes float32 (n,), yields float32 (160,) hops; with `last` the delay line is emptied first."""
        if self._soxr is not None:
            samples = self._soxr.resample_chunk(np.ascontiguousarray(samples), last=last)
        self._rest = np.concatenate((self._rest, samples)) if self._rest.size else samples
        count = self._rest.size // HOP
        for start in range(0, count * HOP, HOP):
            self.hops += 1
            yield self._rest[start : start + HOP].copy()
        self._rest = self._rest[count * HOP :]


class Sound:
    """Hops of one file or graph; iterate once.

    The container's time stamps are honoured: sound that starts late keeps its own time; after a hole of more than
    40 ms time and index jump and the next hop has `gap` (nothing is invented to fill it); samples that overlap what
    has already come, or leap ahead by half a day, are left out and counted in `invalid_ns`. The last hop of a stretch,
    if not full, is left out. Samples that are no numbers are mended; channels are mixed (`channels.Mixer`).

    Parameters
    ----------
    source: path of the file that `info` describes, or the text of a lavfi graph where `info` is None.
    hearing: which track, scale and channel.
    """

    def __init__(self, source: str, info: MediaInfo | None, hearing: Hearing = Hearing()) -> None:
        self.source, self.info = source, info
        self._hearing, self._mixer, self._mender = hearing, Mixer(hearing.channel), Mender()
        self.count = 0
        """Hops so far."""
        self.invalid_ns = 0
        self.holes = 0
        self.errors: list[str] = []
        self._resampler: Resampler | None = None
        self._start_ns = 0
        self._first_sample = 0
        self._fed = 0
        self._gap = False

    def __iter__(self) -> Iterator[Hop]:
        with (
            containers.open_graph(self.source) if self.info is None else containers.open_file(self.source) as container
        ):
            stream = self._stream(container)
            zero_ns = None if self.info is None else self.info.start_ns
            late = PRIMING.get(container.format.name, 0)
            for packet in containers.packets(container, stream, self.errors):
                for frame in containers.decode(stream, packet, self.errors):
                    if frame.pts is None:
                        t_ns = None
                    else:
                        t_ns = containers.pts_ns(frame.pts, frame.time_base or stream.time_base)
                        zero_ns = t_ns if zero_ns is None else zero_ns
                        t_ns -= zero_ns
                    samples = self._heard(frame)
                    if late and t_ns is not None:
                        cut = late if self._resampler is None else 0
                        samples, t_ns = samples[cut:], t_ns + (cut - late) * NS // frame.sample_rate
                    yield from self._frame(samples, frame.sample_rate, t_ns)
            yield from self._finish()

    def warning(self) -> str:
        """What was wrong with the sound, and what was done to it, in words, once it has been read; or "" ."""
        words = list(self._hearing.words)
        words += [f"{what} was heard for {seconds:.1f} s" for what, seconds in self._mixer.heard.items()]
        rate = 0 if self.info is None else self.info.audio_rate or 0
        if 0 < rate < RATE:
            words.append(
                f"sampled at {rate / 1000:g} kHz: what a voice has above {rate / 2000:g} kHz is missing from it"
            )
        if self._mender.repaired:
            count = self._mender.repaired
            what = "1 sample that is no number, or" if count == 1 else f"{count} samples that are no numbers, or"
            words.append(f"{what} far beyond the scale, {'was' if count == 1 else 'were'} mended")
        if self._mender.clipped_share > CLIPPED_SHARE:
            words.append(f"its sound is clipped: {self._mender.clipped_share:.1%} of its samples lie at the limit")
        if self.errors:
            words.append(f"{len(self.errors)} broken packets of sound were left out ({self.errors[0]})")
        if self.holes:
            words.append(f"its sound has {self.holes} holes")
        if self.invalid_ns:
            lost = f"{self.invalid_ns / NS:.2f} s of sound"
            words.append(f"{lost} whose time stamps go back, or leap ahead by half a day, were left out")
        return f"{self.source}: {'; '.join(words)}" if words else ""

    def _stream(self, container: InputContainer) -> Any:
        streams = containers.audio_streams(container)
        track = self._hearing.track
        stream = (
            containers.audio_stream(container) if track is None else streams[track] if track < len(streams) else None
        )
        if stream is None:
            raise InputError(no_sound_words(self.source))
        return stream

    def _heard(self, frame: Any) -> Array:
        data = channels_of(frame)
        data = self._mender.mend(data if self._hearing.scale == 1.0 else data / self._hearing.scale)
        mixed = self._mixer.mix(data, frame.sample_rate, [channel.name for channel in frame.layout.channels])
        return np.ascontiguousarray(mixed, np.float32)

    def _frame(self, samples: Array, rate: int, t_ns: int | None) -> Iterator[Hop]:
        if self._resampler is None:
            self._begin(rate, 0 if t_ns is None or t_ns > containers.LEAP_NS else t_ns, 0)
        expected_ns = self._start_ns + self._fed * NS // self._rate
        late_ns = 0 if t_ns is None else t_ns - expected_ns
        if late_ns < -TOLERANCE_NS:
            cut = min(samples.size, -late_ns * rate // NS)
            self.invalid_ns += cut * NS // rate
            samples = samples[cut:]
            late_ns = 0
            if not samples.size:
                return
        if late_ns > containers.LEAP_NS:
            self.invalid_ns += samples.size * NS // rate
            return
        if late_ns > TOLERANCE_NS or rate != self._rate:
            yield from self._finish()
            self.holes += late_ns > TOLERANCE_NS
            start_ns = expected_ns if t_ns is None else t_ns
            self._begin(rate, start_ns, self._first_sample + round((start_ns - self._start_ns) * RATE / NS))
            self._gap = True
        self._fed += samples.size
        assert self._resampler is not None
        yield from self._stamped(self._resampler.feed(samples))

    def _begin(self, rate: int, start_ns: int, first_sample: int) -> None:
        self._resampler, self._rate, self._fed = Resampler(rate), rate, 0
        self._start_ns, self._first_sample = start_ns, first_sample

    def _finish(self) -> Iterator[Hop]:
        if self._resampler is not None:
            yield from self._stamped(self._resampler.feed(np.zeros(0, np.float32), last=True))

    def _stamped(self, hops: Iterator[Array]) -> Iterator[Hop]:
        assert self._resampler is not None
        for samples in hops:
            number = self._resampler.hops - 1
            self.count += 1
            gap, self._gap = self._gap, False
            yield Hop(self._start_ns + number * HOP_NS, self._first_sample + number * HOP, samples, gap)


def channels_of(frame: Any) -> Array:
    """A decoded frame as floats (channels, n), integers brought to [-1, 1]."""
    data = frame.to_ndarray()
    data = data if frame.format.is_planar else data.reshape(-1, len(frame.layout.channels)).T
    if data.dtype.kind == "u":
        return (data.astype(np.float32) - 128.0) / 128.0
    if data.dtype.kind == "i":
        return data.astype(np.float64) / (1 << (8 * data.dtype.itemsize - 1))
    return data


def no_sound_words(source: str) -> str:
    """Why a microphone cannot use a source without sound."""
    name = Path(source).name if "/" in source else source
    return f"{name} has no sound: name a file with sound, or leave the microphone out and use its picture alone"
