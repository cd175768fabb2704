"""A synthesised voice: syllables with the schedule's prosody, spoken by a source-filter model.

Harmonics of a glottal source (12 dB per octave down) pass through a cascade of formant resonators (Klatt 1980,
"Software for a cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67), evaluated at each harmonic's
frequency; fricatives, bursts and breath are shaped noise. It says nothing: the vowels are real, the words are not.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.cli.demo_media.schedule import DURATION_S, SCHEDULE

RATE = 48_000
STEP_S = 0.005
"""Spacing of the control tracks."""

Floats = npt.NDArray[np.float64]

# first three formants in Hz, means of 28 women: Peterson and Barney (1952), J. Acoust. Soc. Am. 24, table II
_VOWELS = {
    "i": (310, 2790, 3310), "I": (430, 2480, 3070), "E": (610, 2330, 2990), "ae": (860, 2050, 2850),
    "a": (850, 1220, 2810), "O": (590, 920, 2710), "U": (470, 1160, 2680), "u": (370, 950, 2670),
    "V": (760, 1400, 2780),
}  # fmt: skip
# kind, locus of F2 in Hz, centre of the noise in Hz
_CONSONANTS = {
    "b": ("stop", 900, 600), "d": ("stop", 1900, 3800), "g": ("stop", 2300, 2200), "s": ("hiss", 1900, 6200),
    "f": ("hiss", 1100, 4500), "m": ("nasal", 1000, 0), "n": ("nasal", 1800, 0), "l": ("nasal", 1300, 0),
}  # fmt: skip
_BANDWIDTHS = (90.0, 110.0, 170.0, 280.0, 350.0)
_UPPER_FORMANTS = (4200.0, 5200.0)
_TOP_HZ = 7000.0
_ROOM_RMS = 0.0006


class Tone(NamedTuple):
    """A way of speaking."""

    f0_hz: float
    range_st: float
    """Height of the accents, semitones."""
    rate: float
    """Syllables per second."""
    level: float
    """Peak level, 0 to 1."""
    tilt_db: float
    """Change of the source's slope per octave: positive is pressed and bright, negative soft."""
    breath: float
    """Share of noise in the voice."""


TONES: dict[str, Tone] = {
    "calm": Tone(190, 3.0, 3.8, 0.20, 0.0, 0.03),
    "lively": Tone(240, 7.0, 4.8, 0.30, 1.5, 0.02),
    "excited": Tone(300, 8.0, 4.4, 0.42, 3.0, 0.02),
    "low": Tone(165, 1.5, 2.8, 0.12, -2.5, 0.08),
    "loud": Tone(235, 5.0, 5.0, 0.55, 4.0, 0.02),
}


class Controls(NamedTuple):
    """The voice's control tracks, one row per `STEP_S`."""

    f0_hz: Floats
    voiced: Floats
    """Amplitude of the harmonics, linear."""
    formants: Floats
    """(n, 3) Hz."""
    tilt_db: Floats
    noise: Floats
    """Amplitude of the noise, linear."""
    noise_hz: Floats
    """Centre of the noise."""
    mouth: Floats
    """How far the jaw is open, 0 to 1."""


def controls() -> Controls:
    """The control tracks of the whole clip; the same at every call."""
    n = round(DURATION_S / STEP_S)
    track = Controls(
        f0_hz=np.full(n, 190.0), voiced=np.zeros(n), formants=np.tile(np.array(_VOWELS["V"], float), (n, 1)),
        tilt_db=np.zeros(n), noise=np.zeros(n), noise_hz=np.full(n, 3000.0), mouth=np.zeros(n),
    )  # fmt: skip
    rng = np.random.default_rng(1952)
    for segment in SCHEDULE:
        if segment.voice != "silence":
            _speak(track, TONES[segment.voice], segment.start_s + 0.08, segment.end_s - 0.12, rng)
    return track._replace(
        f0_hz=_smooth(track.f0_hz, 0.05),
        voiced=_smooth(track.voiced, 0.02),
        formants=np.stack([_smooth(column, 0.03) for column in track.formants.T], axis=1),
        noise=_smooth(track.noise, 0.01),
        mouth=_smooth(track.mouth, 0.09),
    )


def synthesise(track: Controls) -> npt.NDArray[np.float32]:
    """The sound of control tracks: float32 mono at `RATE`, within -1 to 1."""
    samples = round(len(track.f0_hz) * STEP_S * RATE)
    t = np.arange(samples) / RATE
    steps = np.arange(len(track.f0_hz)) * STEP_S
    rng = np.random.default_rng(1980)
    jitter = 1.0 + 0.008 * _smooth(rng.normal(size=len(steps)), 0.015)
    phase = 2 * np.pi * np.cumsum(np.interp(t, steps, track.f0_hz * jitter)) / RATE
    sound = _breath(track, samples, rng)
    shimmer = 1.0 + 0.06 * _smooth(rng.normal(size=len(steps)), 0.015)
    spoken = np.interp(t, steps, track.voiced) > 1e-5
    phase_spoken, t_spoken = phase[spoken], t[spoken]
    voice = np.zeros(len(t_spoken))
    for k in range(1, int(_TOP_HZ / track.f0_hz.min()) + 1):
        frequency = k * track.f0_hz
        octaves = np.log2(np.maximum(k, 1))
        source = 10 ** ((-12.0 + track.tilt_db) * octaves / 20) * frequency / 200.0  # the lips radiate +6 dB per octave
        gain = np.where(frequency < _TOP_HZ, source * track.voiced * shimmer, 0.0) * _transfer(
            frequency, track.formants
        )
        real, imaginary = np.interp(t_spoken, steps, gain.real), np.interp(t_spoken, steps, gain.imag)
        voice += real * np.sin(k * phase_spoken) + imaginary * np.cos(k * phase_spoken)
    sound[spoken] += 0.16 * voice
    sound += rng.normal(0.0, _ROOM_RMS, samples)
    return np.tanh(sound).astype(np.float32)


def _speak(track: Controls, tone: Tone, start_s: float, end_s: float, rng: np.random.Generator) -> None:
    """Writes phrases of three to six syllables into the tracks, between two instants."""
    t = start_s
    while t < end_s - 0.25:
        count = min(int(rng.integers(3, 7)), max(1, int((end_s - t) * tone.rate)))
        for k in range(count):
            length = (1.0 + 0.25 * rng.normal()) / tone.rate * (1.35 if k == count - 1 else 1.0)
            length = min(max(length, 0.12), end_s - t)
            if length < 0.1:
                return
            accent = tone.range_st * (0.9 if k % 3 == 1 else 0.15 * rng.normal())
            fall = tone.range_st * (0.3 - 0.7 * k / count)
            _syllable(track, tone, t, length, accent + fall, rng)
            t += length
        t += 0.5 / tone.rate + 0.05


def _syllable(track: Controls, tone: Tone, t: float, length: float, semitones: float, rng: np.random.Generator) -> None:
    vowel = np.array(list(_VOWELS.values())[int(rng.integers(len(_VOWELS)))], float)
    kind, locus, noise_hz = list(_CONSONANTS.values())[int(rng.integers(len(_CONSONANTS)))]
    consonant = min(0.07, 0.35 * length)
    edge = [round(v / STEP_S) for v in (t, t + consonant, t + consonant + 0.045, t + length)]
    first, voiced, open_, last = (slice(edge[0], edge[1]), slice(edge[1], edge[3]), edge[2], edge[3])
    track.f0_hz[first.start : last] = tone.f0_hz * 2 ** (semitones / 12)
    track.tilt_db[first.start : last] = tone.tilt_db
    glide = np.array([280.0, locus, vowel[2]])
    track.formants[first] = glide
    share = np.linspace(0.0, 1.0, max(open_ - voiced.start, 1))[:, None]
    track.formants[voiced] = vowel
    track.formants[voiced.start : voiced.start + len(share)] = (glide * (1 - share) + vowel * share)[
        : last - voiced.start
    ]
    swell = np.sin(np.pi * (0.15 + 0.8 * np.linspace(0, 1, last - voiced.start))) ** 0.6
    track.voiced[voiced] = tone.level * swell
    track.noise[voiced] = tone.level * tone.breath * swell
    track.mouth[voiced] = swell * np.clip((vowel[0] - 200.0) / 650.0, 0.15, 1.0) * (0.75 + 0.4 * tone.level)
    track.noise_hz[first] = noise_hz or 3000.0
    if kind == "nasal":
        track.voiced[first] = 0.35 * tone.level
    elif kind == "hiss":
        track.noise[first] = 0.25 * tone.level
    else:
        track.noise[voiced.start - 2 : voiced.start] = 0.5 * tone.level


def _transfer(frequency: Floats, formants: Floats) -> npt.NDArray[np.complex128]:
    """Complex gain of the formant cascade at one frequency per step; each resonator is 1 at 0 Hz."""
    gain = np.ones(len(frequency), np.complex128)
    centres = [*formants.T, *(np.full(len(frequency), value) for value in _UPPER_FORMANTS)]
    for centre, bandwidth in zip(centres, _BANDWIDTHS, strict=True):
        pole = np.square(centre) + bandwidth**2 / 4
        gain *= pole / (pole - np.square(frequency) + 1j * frequency * bandwidth)
    return gain


def _breath(track: Controls, samples: int, rng: np.random.Generator) -> Floats:
    """White noise cut into frames, each shaped to a band of two octaves around its centre, and overlapped."""
    hop, size = round(STEP_S * RATE), 4 * round(STEP_S * RATE)
    window = np.hanning(size + 1)[:-1] / 2
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    out = np.zeros(samples + size)
    noise = rng.normal(size=samples + size)
    for k in np.flatnonzero(track.noise > 1e-6):
        band = np.exp(-(np.log2(np.maximum(frequency, 1.0) / track.noise_hz[k]) ** 2) / 0.5)
        shaped = np.fft.irfft(np.fft.rfft(noise[k * hop : k * hop + size]) * band, size)
        out[k * hop : k * hop + size] += track.noise[k] * window * shaped
    return out[:samples]


def _smooth(track: Floats, width_s: float) -> Floats:
    """Convolution with a Hann window of `width_s`, edges held."""
    half = max(round(width_s / STEP_S / 2), 1)
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(track, half, mode="edge")
    return np.asarray(np.convolve(padded, window / window.sum(), mode="valid"), np.float64)
