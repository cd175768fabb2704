"""How loud a microphone is, and what that means, in words: from `audio/chunk` hops. No Qt here."""

import math
from dataclasses import dataclass

import numpy as np

from liveaffect.stream.messages import AudioChunk

FLOOR_DB = -72.0
"""Bottom of the scale, dB re full scale."""
HOLD_NS = 1_500_000_000
FALL_DB_S = 20.0
"""How fast the bar and, after its hold, the peak mark fall (IEC 60268-18 meters: 20 dB in 1.7 s; this is quicker)."""
CLIPPED = 0.999
CLIPPED_IN_A_ROW = 3
"""So many samples in a row at full scale are no longer a wave."""
CLIP_WORDS_NS = 3_000_000_000
DEAF_NS = 3_000_000_000
"""This long without sound before it is said."""
NOTHING_DB = -90.0
"""Below this even the noise of an open microphone is missing (a 16 bit step is -90 dB)."""
LOUD_DB = -3.0
"""So close to full scale the next louder word is clipped."""
QUIET_DB = -55.0
"""Speech at an arm's length from a laptop peaks far above this."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter shows: dB re full scale, None where there is no sound at all to measure."""

    rms_db: float | None
    peak_db: float | None
    words: str
    problem: bool
    """True where the words say that something should be done."""


class Level:
    """Follows one microphone; feed it every chunk."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Another device."""
        self._rms_db = self._peak_db = FLOOR_DB
        self._loudest_db = -math.inf
        self._peak_ns = self._first_ns = self._now_ns = -1
        self._heard_ns = self._any_ns = self._clip_ns = -(1 << 62)
        self._there = False

    def hear(self, chunk: AudioChunk) -> None:
        """Takes one hop; time is that of the samples."""
        self._there = chunk.state != "no_device"
        if chunk.samples is None or not chunk.samples.size:
            return
        before, self._now_ns = self._now_ns, chunk.t_ns
        self._first_ns = chunk.t_ns if self._first_ns < 0 else self._first_ns
        fall = FALL_DB_S * max(0, chunk.t_ns - before) / 1e9 if before >= 0 else math.inf
        size = np.abs(chunk.samples)
        rms, peak = decibels(math.sqrt(float(np.mean(size * size)))), decibels(float(size.max()))
        self._rms_db = max(rms, self._rms_db - fall, FLOOR_DB)
        if peak >= self._peak_db:
            self._peak_db, self._peak_ns = peak, chunk.t_ns
        elif chunk.t_ns - self._peak_ns > HOLD_NS:
            self._peak_db = max(self._peak_db - fall, peak, FLOOR_DB)
        if peak > QUIET_DB:
            self._heard_ns = chunk.t_ns
        if peak > NOTHING_DB:
            self._any_ns = chunk.t_ns
        full = size >= CLIPPED
        if full.sum() >= CLIPPED_IN_A_ROW and _longest_run(full) >= CLIPPED_IN_A_ROW:
            self._clip_ns = chunk.t_ns

    def read(self) -> Reading:
        """What to show now."""
        if not self._there or self._now_ns < 0:
            return Reading(None, None, "", False)
        since = self._now_ns - self._first_ns
        words, problem = f"Hears sound, peaks at {spoken(self._peak_db)}", False
        if self._now_ns - self._clip_ns < CLIP_WORDS_NS:
            words, problem = "Too loud: the sound is clipped. Turn the input down, or move away", True
        elif since > DEAF_NS and self._now_ns - self._any_ns > DEAF_NS:
            words, problem = "Hears nothing at all: it may be muted, or the wrong device", True
        elif since > DEAF_NS and self._now_ns - self._heard_ns > DEAF_NS:
            words, problem = "Hears nothing but noise: say a word, or turn the input up", True
        elif self._peak_db > LOUD_DB:
            words = f"Loud: peaks at {spoken(self._peak_db)}, a little less would be safer"
        elif self._peak_db <= QUIET_DB:
            words = "Quiet: say a word"
        return Reading(self._rms_db, self._peak_db, words, problem)


def decibels(amplitude: float) -> float:
    """Amplitude in [0, 1] to dB re full scale; -200 for 0."""
    return 20.0 * math.log10(amplitude) if amplitude > 1e-10 else -200.0


def spoken(db: float) -> str:
    """A level as it is written: "−18 dBFS"."""
    return f"{db:.0f} dBFS".replace("-0 ", "0 ").replace("-", "−")


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0
