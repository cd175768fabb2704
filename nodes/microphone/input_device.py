"""One sound device, kept open: a thread opens it, watches it, and opens it again; a callback takes the samples.

A microphone that stalls says nothing, so the age of its last callback is watched. Closing or opening a stream of a
frozen sound server blocks until the server goes on or dies; only this thread is held up by that.
"""

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from liveaffect.nodes.microphone import devices
from liveaffect.nodes.microphone.channels import Mixer, channel_index
from liveaffect.nodes.microphone.sound import HOP, RATE
from liveaffect.stream.capture.read_ahead import BACKOFF_S
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.messages import Array

BUFFER_S = 5.0
WATCH_S = 0.05
MOST_CHANNELS = 8
FIRST_BLOCK_S = 4.0
"""Sound servers take up to 2 s from the start of a stream to its first block."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one callback got: mono samples, the index of the first since the stream began, and its capture time."""

    stream: int
    """Which opening of the device this belongs to."""
    index: int
    samples: Array
    t_ns: int
    arrival_ns: int
    rate: int
    overflow: bool


class InputDevice:
    """A device that is kept open for ever; `take` gives what it has heard.

    Parameters
    ----------
    source: name or number, "default".
    channel: which of its channels is heard, as `Mixer` takes it.
    latency_s: buffer asked of the driver.
    stall_s: without a callback for this long the device counts as lost.
    """

    def __init__(self, source: str, *, channel: str | int = "auto", latency_s: float, stall_s: float) -> None:
        self.error = ""
        """Why there is no sound now, "" while there is."""
        self.facts: dict[str, Any] = {}
        """What was opened: device, rate, channels, latency."""
        self.overflowed = 0
        """Samples lost because nobody took them in time."""
        self.blocked_since: float | None = None
        """Since when (time.monotonic) the thread has been closing a stream."""
        self._channel = channel
        self._source, self._latency_s, self._stall_s = source, latency_s, stall_s
        self._blocks: deque[Block] = deque()
        self._held_s = 0.0
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._stopped = threading.Event()
        self._stream_number = 0
        self._heard = 0.0
        self._thread = threading.Thread(target=self._keep, name="microphone", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> list[Block]:
        """Every block that has arrived, waiting for the first up to `timeout_s`."""
        self._arrived.wait(timeout_s)
        with self._lock:
            self._arrived.clear()
            blocks = list(self._blocks)
            self._blocks.clear()
            self._held_s = 0.0
        return blocks

    def close(self, wait_s: float = 1.0) -> None:
        """Ends the recording; a thread that hangs in a frozen sound server is left behind."""
        self._stopped.set()
        self._thread.join(wait_s)
        if self._thread.is_alive():
            devices.leave()

    def _keep(self) -> None:
        failures = 0
        opened = False
        while not self._stopped.is_set():
            stream = None
            try:
                if opened or failures:
                    devices.restart()
                stream = self._open()
                opened, self._heard = True, time.monotonic()
                words = self._watch(stream)
            except LiveAffectError as error:
                words = str(error)
            except Exception as error:  # PortAudioError, ValueError, whatever a driver makes of it
                words = f"microphone '{self._source}' cannot be opened: {error}"
            if self._stopped.is_set():
                words = ""
            heard = stream is not None and not self.error
            self.error = words
            failures = 0 if heard else failures + 1
            self._close(stream)
            self._stopped.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _open(self) -> Any:
        module = devices.portaudio()
        device = devices.find(self._source)
        index, rate, channels = int(device.id), RATE, 1
        most = device.channels if device.channels <= MOST_CHANNELS else 2  # sound servers offer 32 of anything
        if self._channel not in ("auto", "mix"):
            channel_index(self._channel, [str(n) for n in range(most)])
        for channels, rate in product(dict.fromkeys((most, 1)), (RATE, round(device.rate))):
            with contextlib.suppress(module.PortAudioError):
                module.check_input_settings(device=index, channels=channels, dtype="float32", samplerate=rate)
                break
        self._stream_number += 1
        stream = module.InputStream(
            device=index,
            channels=channels,
            samplerate=rate,
            blocksize=rate * HOP // RATE,
            dtype="float32",
            latency=self._latency_s,
            callback=self._callback(self._stream_number, rate),
        )
        self.facts = {"device": device.name, "rate": rate, "channels": channels, "latency_ms": stream.latency * 1e3}
        try:
            stream.start()
        except BaseException:
            self._close(stream)
            raise
        return stream

    def _callback(self, number: int, rate: int) -> Any:
        index = 0
        mixer = Mixer(self._channel)

        def callback(data: Array, frames: int, stamps: Any, status: Any) -> None:
            nonlocal index
            now_ns = time.monotonic_ns()
            # PortAudio's clock may be wall time: only its difference to its own now is used. The first sample of a
            # block cannot be younger than the block is long, whatever a driver says
            age_s = stamps.currentTime - stamps.inputBufferAdcTime if stamps.inputBufferAdcTime else 0.0
            t_ns = now_ns - round(max(age_s, frames / rate) * 1e9)
            samples = mixer.mix(data.T, rate).astype(np.float32)  # a copy: the driver keeps its own
            with self._lock:
                if number == self._stream_number:
                    self._heard = now_ns / 1e9
                    if self._held_s < BUFFER_S:
                        self._blocks.append(
                            Block(number, index, samples, t_ns, now_ns, rate, bool(status.input_overflow))
                        )
                        self._held_s += frames / rate
                    else:
                        self.overflowed += frames * RATE // rate
            index += frames
            self._arrived.set()

        return callback

    def _watch(self, stream: Any) -> str:
        """Returns, in words, why the stream is over."""
        number, began = self._stream_number, self._heard
        while not self._stopped.wait(WATCH_S):
            age = time.monotonic() - self._heard
            if not stream.active:
                return self._over(number, f"microphone '{self._source}' is gone: its sound server or driver has ended")
            if age > (self._stall_s if self._heard > began else FIRST_BLOCK_S):
                return self._over(number, f"microphone '{self._source}' has sent nothing for {age:.1f} s")
            if self._heard > began:
                self.error = ""
        return ""

    def _over(self, number: int, words: str) -> str:
        with self._lock:
            self._stream_number = number + 1  # whatever this stream still says is not heard
        return f"{words}; it is tried again until it is back"

    def _close(self, stream: Any) -> None:
        if stream is None:
            return
        self.blocked_since = time.monotonic()
        stream.abort()
        stream.close()
        self.blocked_since = None
