"""The last seconds of speech: which hops count, and the numbers that sum them up for the rules."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.voice.columns import NAMES
from liveaffect.models.voice.descriptors.functional_names import FUNCTIONAL_NAMES
from liveaffect.models.voice.mel import N_MELS

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

WINDOW_HOPS: Final = 300
"""At most 3 s are judged at once."""
LEAST_HOPS: Final = 40
"""Fewer hops of speech (0.4 s) say nothing."""
MAX_AGE_HOPS: Final = 600
"""Speech of more than 6 s ago no longer counts."""
LEAD_HOPS: Final = 10
"""Before speech this many hops count too (100 ms): soft onsets."""
HANG_HOPS: Final = 20
"""After the last hop of speech this many still count (200 ms): word ends, stops between syllables."""
SPEECH: Final = 0.5
"""A hop is speech from this probability on."""
_ROOM = 2 * MAX_AGE_HOPS

_INDEX = {name: i for i, name in enumerate(NAMES)}
_LOUDNESS, _FLUX, _F0 = _INDEX["loudness_sone"], _INDEX["spectral_flux"], _INDEX["f0_semitone"]
_SPREAD = (
    "loudness_sone", "alpha_ratio_db", "hammarberg_index_db", "slope_0_500_db_per_hz", "slope_500_1500_db_per_hz",
    "spectral_flux", "mfcc1", "mfcc2", "mfcc3", "mfcc4", "f0_semitone", "jitter_local", "shimmer_local_db", "hnr_db",
    "h1_h2_db", "h1_a3_db", "f1_hz", "f1_bandwidth_hz", "f2_hz", "f3_hz", "f1_amplitude_db", "voicing_prob",
)  # fmt: skip
_MOVING = ("loudness_sone", "alpha_ratio_db", "mfcc1", "mfcc2", "mfcc3", "f0_semitone", "f1_hz", "f2_hz")
_SPREAD_COLUMNS = np.array([_INDEX[name] for name in _SPREAD])
_MOVING_IN_SPREAD = np.array([_SPREAD.index(name) for name in _MOVING])
_PERCENT = (10, 50, 90)
_LOG_FLOOR = 1e-3  # sone; below hearing

SUMMARY_NAMES: Final[tuple[str, ...]] = (
    *FUNCTIONAL_NAMES,
    *(f"{name}_at{p}" for p in _PERCENT for name in _SPREAD),
    *(f"{name}_range" for name in _SPREAD),
    *(f"{name}_change" for name in _MOVING),
    "voiced_share",
)
"""What `summary` holds: the 88 functionals of eGeMAPS; percentiles 10, 50, 90 and their range, loudness in natural
logarithms and spectral flux against loudness (so that gain is an offset or nothing); mean change per hop; voicing."""


class SpeechWindow:
    """The newest hops of one stream, and which of them are speech; longer pauses are cut out."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        """As they came: only rules look at them, and the net's stream would make rows of them for nobody."""
        self._mel = np.empty((_ROOM, N_MELS), np.float32)
        self._speech = np.empty(_ROOM, np.bool_)
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        self._end = 0
        self._values.clear()
        self._since_speech = HANG_HOPS + 1

    def push(
        self, values: "Mapping[str, Any] | npt.ArrayLike", mel_db: npt.ArrayLike, speech_prob: float | None
    ) -> bool:
        """Takes in one hop: its descriptors (`row_of` says how), log-mel row (80,), speech probability.

        Returns whether the hop is speech, or follows it within 200 ms.
        """
        if self._end == _ROOM:
            del self._values[:MAX_AGE_HOPS]
            for ring in (self._mel, self._speech):
                ring[:MAX_AGE_HOPS] = ring[MAX_AGE_HOPS:]
            self._end = MAX_AGE_HOPS
        speech = speech_prob is not None and speech_prob >= SPEECH
        self._values.append(values if isinstance(values, Mapping) else np.array(values, np.float32))
        self._mel[self._end] = mel_db
        self._speech[self._end] = speech
        self._end += 1
        self._since_speech = 0 if speech else self._since_speech + 1
        return self._since_speech <= HANG_HOPS

    @property
    def speaking(self) -> bool:
        """Whether the newest hop is speech or follows it within 200 ms, and enough speech was heard for an estimate."""
        return self._since_speech <= HANG_HOPS and int(self._speech[self.hops].sum()) >= LEAST_HOPS

    @property
    def hops(self) -> npt.NDArray[np.int64]:
        """Where the window's hops lie among those held, in order, at most WINDOW_HOPS."""
        start = max(self._end - MAX_AGE_HOPS, 0)
        return np.flatnonzero(counted(self._speech[start : self._end]))[-WINDOW_HOPS:] + start

    @property
    def values(self) -> Floats:
        """Descriptors of the window's hops, (n, len(NAMES)), n at most WINDOW_HOPS."""
        rows = [row_of(self._values[hop]) for hop in self.hops]
        return np.stack(rows) if rows else np.empty((0, len(NAMES)), np.float32)

    @property
    def mel(self) -> Floats:
        """Log-mel rows of the same hops, (n, 80)."""
        return self._mel[self.hops]

    @property
    def speech(self) -> Bools:
        """Which of the same hops are speech, (n,); the others lead to it or follow it."""
        return self._speech[self.hops]

    @property
    def speech_hops(self) -> int:
        """How many of the window's hops are speech."""
        return int(self.speech.sum())


def counted(speech: npt.NDArray[np.bool_]) -> Bools:
    """Which hops (n,) count of those heard so far: speech, 100 ms before it and 200 ms after."""
    change = np.zeros(len(speech) + 1, np.int32)
    at = np.flatnonzero(speech)
    np.add.at(change, np.maximum(at - LEAD_HOPS, 0), 1)
    np.add.at(change, np.minimum(at + HANG_HOPS + 1, len(speech)), -1)
    return np.cumsum(change)[:-1] > 0


def summary(values: Floats) -> Floats:
    """The numbers of one window, float32 (len(SUMMARY_NAMES),), NaN where there is nothing to compute from.

    values: (n, len(NAMES)), n at least 1, NaN where undefined.
    """
    from liveaffect.models.voice.descriptors.functional_kernels import functionals_of  # compiled: the net does without

    n = len(values)
    chosen = values[:, _SPREAD_COLUMNS].astype(np.float64)
    loudness = np.log(np.maximum(chosen[:, 0], _LOG_FLOOR))
    chosen[:, 5] = np.log(np.maximum(chosen[:, 5], 1e-9)) - loudness
    chosen[:, 0] = loudness
    ordered = np.sort(chosen, axis=0)  # NaN last
    known = n - np.isnan(chosen).sum(axis=0)
    rows = [ordered[np.maximum((known - 1) * p // 100, 0), np.arange(chosen.shape[1])] for p in _PERCENT]
    steps = np.abs(np.diff(chosen[:, _MOVING_IN_SPREAD], axis=0))
    moved = ~np.isnan(steps)
    change = np.where(moved, steps, 0.0).sum(axis=0) / np.maximum(moved.sum(axis=0), 1)
    change[~moved.any(axis=0)] = np.nan
    voiced = np.array([1.0 - np.isnan(values[:, _F0]).mean()])
    parts = (functionals_of(values), *rows, rows[2] - rows[0], change, voiced)
    return np.concatenate(parts).astype(np.float32)


def row_of(values: "Mapping[str, Any] | npt.ArrayLike") -> Floats:
    """Descriptors of one hop as (len(NAMES),) float32: a mapping of names to numbers or None, or already an array."""
    if not isinstance(values, Mapping):
        return np.asarray(values, np.float32)
    return np.array([np.nan if (v := values.get(name)) is None else v for name in NAMES], np.float32)
