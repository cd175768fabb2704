"""Virtual sessions: one speaker in another body, room and microphone, the same for all utterances of a copy.

A session is drawn per speaker and copy, not per utterance, so that a speaker's calm baseline is heard under the same
conditions as the rest: pitch and formants, tempo, room, frequency response, noise, codec, gain. Copies from 2 on are
mild: another body before another microphone, in a quiet room.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np
import soundfile
import soxr

RATE = 16000
NOMINAL_DB = -24.0
Array = np.ndarray


@dataclass(frozen=True)
class Session:
    """What is done to every utterance of one speaker in one copy; None or 1.0 leaves a stage out."""

    shift: float
    """Pitch and formants multiplied by this (resampling), 0.87 to 1.15."""
    tempo: float
    """Speed multiplied by this (overlap-add), 0.85 to 1.2."""
    room: Array | None
    response: Array | None
    noise: str | None
    snr_db: float
    codec: str | None
    gain_db: float


def draw(rng: np.random.Generator) -> Session:
    """A random session; every stage is left out now and then."""
    shift = float(np.exp(rng.uniform(np.log(0.87), np.log(1.15)))) if rng.random() < 0.75 else 1.0
    tempo = float(np.exp(rng.uniform(np.log(0.85), np.log(1.2)))) if rng.random() < 0.6 else 1.0
    return Session(
        shift=shift,
        tempo=tempo,
        room=_room(rng) if rng.random() < 0.55 else None,
        response=_response(rng) if rng.random() < 0.7 else None,
        noise=str(rng.choice(["white", "pink", "brown", "babble", "hum"])) if rng.random() < 0.7 else None,
        snr_db=float(rng.uniform(0.0, 30.0)),
        codec=str(rng.choice(["mulaw", "narrow", "opus", "mp3"])) if rng.random() < 0.45 else None,
        gain_db=float(rng.uniform(-18.0, 14.0)),
    )


def draw_mild(rng: np.random.Generator) -> Session:
    """A random session of another body, microphone and level; at most a little noise, no room, no codec."""
    session = draw(rng)
    return replace(
        session,
        room=None,
        response=_response(rng) if rng.random() < 0.8 else None,
        noise=session.noise if rng.random() < 0.4 else None,
        snr_db=float(rng.uniform(25.0, 45.0)),
        codec=None,
    )


def level_db(signals: Sequence[Array]) -> float:
    """How loud a speaker's recordings are: the median over them of the level of their loud hops, dB re full scale."""
    return float(np.median([20 * np.log10(_loud(x) + 1e-9) for x in signals]))


def apply(
    signal: Array, session: Session, rng: np.random.Generator, babble: Sequence[Array], level: float = NOMINAL_DB
) -> Array:
    """One utterance (n,) float32 in that session, clipped to [-1, 1].

    babble: other people's utterances. level: the speaker's `level_db`, brought to -24 dB before the session's gain.
    """
    x = signal.astype(np.float64) * 10 ** ((NOMINAL_DB - level) / 20)
    if session.tempo != 1.0 or session.shift != 1.0:
        x = stretch(x, session.tempo / session.shift)
        if session.shift != 1.0:
            x = soxr.resample(x, RATE * session.shift, RATE, quality="MQ")
    if session.room is not None:
        x = _convolve(x, session.room)[: len(x)]
    if session.noise is not None:
        x = with_noise(x, session, rng, babble)
    if session.response is not None:
        x = _convolve(x, session.response)[: len(x)]
    x = np.clip(x * 10 ** ((session.gain_db + rng.uniform(-1.5, 1.5)) / 20), -1, 1)
    if session.codec is not None:
        x = coded(x, session.codec)
    return np.ascontiguousarray(np.clip(x, -1, 1), np.float32)


def stretch(x: Array, speed: float) -> Array:
    """Tempo times `speed` at the same pitch, by waveform-similarity overlap-add (Verhelst and Roelands 1993)."""
    return _wsola(np.ascontiguousarray(x, np.float64), speed) if speed != 1.0 else x


@numba.njit(cache=False)
def _wsola(x, speed):  # pragma: no cover - compiled
    size, half, reach = 480, 240, 120
    frames = max(int((len(x) - size - reach) / (half * speed)), 0)
    if frames < 2:
        return x
    out = np.zeros((frames + 1) * half + half)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    at = 0
    for f in range(frames):
        if f > 0:
            natural, ideal = at + half, int(f * half * speed)
            best, best_score = ideal, -1e300
            for shift in range(-reach, reach + 1, 2):
                start = ideal + shift
                if start < 0 or start + size > len(x) or natural + size > len(x):
                    continue
                score = 0.0
                for i in range(0, size, 3):
                    score += x[natural + i] * x[start + i]
                if score > best_score:
                    best, best_score = start, score
            at = min(max(best, 0), len(x) - size)
        for i in range(size):
            out[f * half + i] += window[i] * x[at + i]
    return out


def in_room(x: Array, rng: np.random.Generator) -> Array:
    """A signal (n,) in a random room."""
    return _convolve(x, _room(rng))[: len(x)]


def _room(rng: np.random.Generator) -> Array:
    """A synthetic impulse response: the direct sound, then noise that decays by 60 dB in 0.12 to 0.8 s."""
    decay_s = rng.uniform(0.12, 0.8)
    n = int(decay_s * RATE)
    tail = rng.standard_normal(n) * 10 ** (-3.0 * np.arange(n) / n)
    tail[: int(rng.uniform(0.001, 0.008) * RATE)] = 0.0
    tail = np.convolve(tail, [0.35, 0.4, 0.25], mode="same")  # air and walls take the treble
    tail *= 10 ** (-rng.uniform(-4.0, 14.0) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return tail


def _response(rng: np.random.Generator) -> Array:
    """A smooth random frequency response (linear phase, 255 taps): tilt, ripple and a low cut."""
    hz = np.linspace(0, RATE / 2, 129)
    octave = np.log2(np.maximum(hz, 50.0) / 1000.0)
    gain_db = rng.uniform(-3.0, 3.0) * octave
    for _ in range(3):
        gain_db += rng.uniform(-5.0, 5.0) * np.exp(-0.5 * ((octave - rng.uniform(-3, 3)) / rng.uniform(0.3, 1.0)) ** 2)
    gain = 10 ** (np.clip(gain_db, -25, 15) / 20) / (1 + (rng.uniform(20, 200) / np.maximum(hz, 1.0)) ** 4)
    taps = np.fft.fftshift(np.fft.irfft(gain))
    return taps * np.hanning(len(taps))


def _convolve(x: Array, h: Array) -> Array:
    n = 1 << (len(x) + len(h) - 1).bit_length()
    y = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(h, n), n)
    lead = len(h) // 2 if h[0] != 1.0 else 0
    return y[lead : lead + len(x)]


def with_noise(x: Array, session: Session, rng: np.random.Generator, babble: Sequence[Array]) -> Array:
    """A signal (n,) with the session's noise."""
    n = len(x)
    if session.noise == "babble":
        noise = np.zeros(n)
        for _ in range(rng.integers(3, 8)):
            other = babble[rng.integers(len(babble))]
            noise += np.resize(np.roll(other, int(rng.integers(len(other)))), n) / (np.std(other) + 1e-9)
    elif session.noise == "hum":
        t = np.arange(n) / RATE
        noise = sum(np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 7)) / k for k in range(1, 8)) + rng.normal(0, 0.1, n)
    else:
        power = {"white": 0.0, "pink": 0.5, "brown": 1.0}[str(session.noise)]
        spectrum = np.fft.rfft(rng.standard_normal(n))
        noise = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 20 * n / RATE) ** power, n)
    # Against the loud part of the speech: the pauses of a file say nothing of how noisy it is.
    return x + noise * (_loud(x) / (np.std(noise) + 1e-12)) * 10 ** (-session.snr_db / 20)


def _loud(x: Array) -> float:
    hops = len(x) // 160
    return float(np.sqrt(np.percentile(x[: hops * 160].reshape(-1, 160).var(axis=1), 85)) if hops else np.std(x))


def coded(x: Array, codec: str) -> Array:
    """A signal (n,) after a codec: "mulaw" (telephone), "narrow", "opus", "mp3"."""
    if codec in ("mulaw", "narrow"):
        y = soxr.resample(x, RATE, 8000)
        if codec == "mulaw":  # G.711
            y = np.sign(y) * np.log1p(255 * np.abs(y)) / np.log(256)
            y = np.round(y * 127) / 127
            y = np.sign(y) * np.expm1(np.abs(y) * np.log(256)) / 255
        return _fit(soxr.resample(y, 8000, RATE), len(x))
    file = io.BytesIO()
    kind = {"opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III")}[codec]
    soundfile.write(file, x, RATE, format=kind[0], subtype=kind[1], compression_level=0.95)
    y, rate = soundfile.read(io.BytesIO(file.getvalue()))
    if rate != RATE:
        y = soxr.resample(y, rate, RATE)
    return _fit(y, len(x))


def _fit(y: Array, n: int) -> Array:
    return y[:n] if len(y) >= n else np.pad(y, (0, n - len(y)))
