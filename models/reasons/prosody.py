"""Prosody of a window of speech: pitch, loudness, rate and pauses, and how each is put to rest in what the net hears.

The voice's net hears log-mel rows, so a cue is put to rest in them, without any sound made: the harmonics of every
voiced hop are moved to the pitch that the voice usually has, under the same envelope (so that vowels stay what they
are; the source and filter of Fant 1960, parted by smoothing over frequency); swings of loudness are scaled to their
usual size; time is stretched to the usual rate; pauses are thinned or stretched to their usual share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from liveaffect.models.voice.mel import CENTRES_HZ, DECIMALS, N_MELS, mel_band
from liveaffect.models.voice.window import LEAST_HOPS, WINDOW_HOPS

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]

CUES: Final = ("pitch", "loudness", "rate", "pauses")
_ORDER: Final = ("pitch", "loudness", "pauses", "rate")
UNITS: Final = {"pitch": "Hz", "loudness": "dB of swing", "rate": "syllables/s", "pauses": "% of the time"}
LEAST_VOICED = 20
"""Hops with a pitch (0.2 s) below which a window has none worth telling."""
MOST_STRETCH = 2.0
LEAST_PITCH, LEAST_LOUDNESS, LEAST_RATE, LEAST_PAUSES = 0.5, 1.0, 0.1, 0.05
"""Semitones (of level or swing), dB, share of the usual rate, share of the time: what is nearer to the usual is usual,
and carries nothing. Moving rows by less moves the net as well, by what is no prosody."""
_SWING_LEAST_DB = 0.5
TRACKS: Final = ("f0_semitone", "rms_db", "syllable_rate_hz")
"""Descriptors (of `liveaffect.models.voice.descriptors.NAMES`) that prosody is of."""
_F0, _LEVEL, _RATE = range(len(TRACKS))
_SEMITONE_HZ = 27.5
"""What `f0_semitone` counts from."""
_SMOOTH = 0.55
"""Width of the smoothing that leaves the envelope, in distances between harmonics."""


@dataclass(frozen=True)
class Prosody:
    """One window of speech in numbers; NaN where there was too little to tell."""

    pitch: float
    """Median, semitones above 27.5 Hz."""
    pitch_swing: float
    """Standard deviation, semitones."""
    loudness: float
    """Standard deviation of the level of speech, dB. The level itself the net does not hear."""
    rate: float
    """Syllables per second."""
    pauses: float
    """Share of the window that is no speech, 0 to 1."""

    def told(self, cue: str) -> float:
        """A cue's number as people say it, in `UNITS`."""
        if cue == "pitch":
            return float(_SEMITONE_HZ * 2.0 ** (self.pitch / 12.0))
        return 100.0 * self.pauses if cue == "pauses" else float(getattr(self, cue))


def prosody(values: Floats, speech: Bools) -> Prosody:
    """Of `TRACKS` (n, 3) of a window's hops, NaN where undefined, and which hops are speech (n,)."""
    f0 = values[:, _F0].astype(np.float64)
    f0 = f0[np.isfinite(f0)]
    level = values[speech, _LEVEL].astype(np.float64)
    level = level[np.isfinite(level)]
    rate = values[np.isfinite(values[:, _RATE]), _RATE]
    voiced, loud = len(f0) >= LEAST_VOICED, len(level) >= LEAST_VOICED
    return Prosody(
        pitch=float(np.median(f0)) if voiced else np.nan,
        pitch_swing=float(f0.std()) if voiced else np.nan,
        loudness=float(level.std()) if loud else np.nan,
        rate=float(rate[-1]) if len(rate) and rate[-1] > 0 else np.nan,
        pauses=float(1.0 - speech.mean()) if len(speech) else np.nan,
    )


def unusual(cue: str, now: Prosody, usual: Prosody) -> bool:
    """Whether a window differs from what its voice usually has by more than is worth telling; never where unknown."""
    here, there = float(getattr(now, cue)), float(getattr(usual, cue))
    if cue == "pitch":
        swing = abs(now.pitch_swing - usual.pitch_swing)
        return abs(here - there) >= LEAST_PITCH or swing >= LEAST_PITCH
    if cue == "rate":
        return abs(here - there) >= LEAST_RATE * there
    return abs(here - there) >= (LEAST_LOUDNESS if cue == "loudness" else LEAST_PAUSES)


def at_rest(
    rows: Floats, values: Floats, speech: Bools, cues: str | Sequence[str], now: Prosody, usual: Prosody
) -> Floats | None:
    """Log-mel rows (m, 80) of the same speech with one cue, or several, at the usual; None where one could not be
    measured.

    `values` are the `TRACKS` (n, 3), `now` is `prosody` of the window, `usual` what this voice usually has.
    """
    chosen = (cues,) if isinstance(cues, str) else cues
    calm: npt.NDArray[np.float64] | Floats = rows
    for cue in sorted(chosen, key=_ORDER.index):  # what changes the number of hops comes last
        if not (np.isfinite(getattr(now, cue)) and np.isfinite(getattr(usual, cue))):
            return None
        if cue == "pitch":
            calm = _pitched(calm, values[:, _F0].astype(np.float64), now, usual)
        elif cue == "loudness":
            calm = _levelled(calm, values[:, _LEVEL].astype(np.float64), speech, now, usual)
        elif cue == "rate":
            calm = _stretched(calm, np.clip(now.rate / usual.rate, 1 / MOST_STRETCH, MOST_STRETCH))
        else:
            found = _paused(calm, speech, usual.pauses)
            if found is None:
                return None
            calm = found
    return calm[-WINDOW_HOPS:].round(DECIMALS).astype(np.float32)


def _pitched(rows: Rows, f0: npt.NDArray[np.float64], now: Prosody, usual: Prosody) -> npt.NDArray[np.float64]:
    """Harmonics moved along the frequency axis under the envelope that stays."""
    scale = min(usual.pitch_swing / max(now.pitch_swing, 1e-3), 1.0 if usual.pitch_swing < 1e-3 else MOST_STRETCH)
    wanted = usual.pitch + (f0 - now.pitch) * scale
    ratio = np.where(np.isfinite(f0), 2.0 ** ((f0 - np.where(np.isfinite(f0), wanted, 0.0)) / 12.0), 1.0)
    whole = rows.astype(np.float64)
    envelope = whole @ _smoothing(now.told("pitch"))
    fine = whole - envelope
    at = mel_band(CENTRES_HZ[None, :] * ratio[:, None])
    low = np.clip(np.floor(at).astype(np.int64), 0, N_MELS - 2)
    part = np.clip(at - low, 0.0, 1.0)
    moved = np.take_along_axis(fine, low, 1) * (1 - part) + np.take_along_axis(fine, low + 1, 1) * part
    moved = np.where((at >= 0.0) & (at <= N_MELS - 1), moved, 0.0)
    return np.where(np.isfinite(f0)[:, None], envelope + moved, whole)


def _smoothing(f0_hz: float) -> npt.NDArray[np.float64]:
    """(80, 80): means over bands, as wide as harmonics of that pitch are apart at each band."""
    apart = mel_band(CENTRES_HZ + f0_hz) - mel_band(CENTRES_HZ)
    bands = np.arange(N_MELS, dtype=np.float64)
    weight = np.exp(-0.5 * ((bands[:, None] - bands[None, :]) / np.maximum(_SMOOTH * apart, 0.3)[None, :]) ** 2)
    return weight / weight.sum(0)


def _levelled(
    rows: Rows, level: npt.NDArray[np.float64], speech: Bools, now: Prosody, usual: Prosody
) -> npt.NDArray[np.float64]:
    """Levels of speech drawn together, or apart, about their median; what is no speech moves with the hop before."""
    known = speech & np.isfinite(level)
    middle = float(np.median(level[known]))
    scale = min(usual.loudness / max(now.loudness, _SWING_LEAST_DB), MOST_STRETCH)
    change = np.where(known, (scale - 1.0) * (level - middle), np.nan)
    at = np.flatnonzero(known)
    return rows + np.interp(np.arange(len(rows)), at, change[at])[:, None]


def _stretched(rows: Rows, factor: float) -> npt.NDArray[np.float64]:
    """Rows of the same speech at another pace: `factor` times as many."""
    count = max(LEAST_HOPS, round(len(rows) * factor))
    at = np.linspace(0.0, len(rows) - 1.0, count)
    low = np.minimum(at.astype(np.int64), max(len(rows) - 2, 0))
    part = (at - low)[:, None]
    return rows[low] * (1 - part) + rows[np.minimum(low + 1, len(rows) - 1)] * part


def _paused(rows: Rows, speech: Bools, share: float) -> npt.NDArray[np.float64] | None:
    """Each pause thinned, or its rows repeated, so that pauses have this share; None where there is none to change."""
    quiet, spoken = int((~speech).sum()), int(speech.sum())
    if not quiet or not spoken:
        return None
    wanted = round(spoken * min(share, 0.9) / (1.0 - min(share, 0.9)))
    order: list[int] = []
    done = 0
    edges = np.flatnonzero(np.diff(np.concatenate([[True], speech, [True]]).astype(np.int8)))
    pauses: list[tuple[int, int]] = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    for begin, end in pauses:
        order += range(done, begin)
        order += [int(at) for at in np.linspace(begin, end - 1, round((end - begin) * wanted / quiet)).round()]
        done = end
    order += range(done, len(rows))
    return rows[order].astype(np.float64) if len(order) >= LEAST_HOPS else None
