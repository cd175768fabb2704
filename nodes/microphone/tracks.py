"""Which sound of a file is heard, and at what scale: looked at before it is played, live as offline."""

from collections.abc import Callable
from itertools import takewhile

import numpy as np

from liveaffect.models import registry
from liveaffect.models.errors import ModelError
from liveaffect.models.voice.activity import VoiceActivity
from liveaffect.nodes.microphone.sound import HOP, RATE, Hearing, Sound, channels_of
from liveaffect.stream.capture import containers
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import MediaInfo
from liveaffect.stream.errors import UsageError

LOOK_S = 60
"""So much of every track is heard before one is chosen, and ten times as much before a scale is."""
SPEECH = 0.5
LEAST_S = 0.3
"""Another track than the container's own choice must hold so much speech, and more than twice as much."""
OVER = 3
"""Ordinary floats lie within 2 ** 3 of full scale."""
SCALES = (2.0**15, 2.0**23, 2.0**31)
"""Full scale of 16, 24 and 32 bit integers."""
BINS = 128

Speech = Callable[[Sound], float]


def hearing(info: MediaInfo, track: int = 0, speech: Speech | None = None) -> Hearing:
    """How a file's sound is to be heard.

    track: the one to take, counted from 1; 0 chooses the one with speech.
    Raises UsageError where the file has no such track.
    """
    words: list[str] = []
    count = info.audio_tracks
    if not 0 <= track <= count:
        raise UsageError(f"microphone.track is {track}, but {info.path} has {count} sound track(s), counted from 1")
    index = track - 1 if track else info.audio_track
    if count > 1 and not track:
        index, why = _with_speech(info, speech or speech_s)
        words.append(f"{count} sound tracks: number {index + 1} is heard, {why}; another by microphone.track=N")
    scale = _scale(info, index) if count else 1.0
    if scale != 1.0:
        bits = round(np.log2(scale)) + 1
        words.append(f"its sound is floating point on the scale of {bits} bit integers: it was divided by {scale:.0f}")
    return Hearing(track=index, scale=scale, words=tuple(words))


def speech_s(sound: Sound) -> float:
    """Seconds of speech at the beginning of a sound, by the voice activity net; of sound, where there is no net."""
    try:
        activity: VoiceActivity | None = VoiceActivity(registry.load("silero-vad"))
    except ModelError:
        activity = None
    hops = 0
    for number, hop in enumerate(takewhile(lambda hop: hop.t_ns < LOOK_S * NS, sound)):
        if activity is None:
            hops += float(np.mean(np.square(hop.samples))) > 1e-6
            continue
        activity.push(hop.samples)
        hops += (activity.of_hop(max(0, number - 4)) or 0.0) >= SPEECH  # four hops back a window is complete
    return hops * HOP / RATE


def _with_speech(info: MediaInfo, speech: Speech) -> tuple[int, str]:
    """Index of the track to hear, and why."""
    heard = [speech(Sound(info.path, info, Hearing(track=n, scale=_scale(info, n)))) for n in range(info.audio_tracks)]
    best, own = int(np.argmax(heard)), info.audio_track
    if best != own and heard[best] >= LEAST_S and heard[best] > 2 * heard[own]:
        return best, "as it holds speech"
    return own, "the one that players take"


def _scale(info: MediaInfo, track: int) -> float:
    """What floats of a file must be divided by to lie in [-1, 1]; 1 for all but raw floats of another scale."""
    with containers.open_file(info.path) as container:
        stream = containers.audio_streams(container)[track]
        if not stream.codec_context.name.startswith(("pcm_f32", "pcm_f64")):
            return 1.0
        tails, peaks, seen = np.zeros(BINS, np.int64), np.zeros(BINS), 0
        for packet in containers.packets(container, stream, []):
            for frame in containers.decode(stream, packet, []):
                size = np.abs(channels_of(frame))
                size = size[np.isfinite(size) & (size > 0)]
                exponent = np.clip(np.frexp(size)[1] + BINS // 2, 0, BINS - 1)
                tails += np.bincount(exponent, minlength=BINS)
                np.maximum.at(peaks, exponent, size)
                seen += frame.samples
            if seen > 10 * LOOK_S * stream.codec_context.sample_rate:
                break
    above = np.cumsum(tails[::-1])[::-1]
    usual = np.flatnonzero(above >= max(1, 0.001 * tails.sum()))  # a few wild samples do not make a scale
    if not usual.size or usual[-1] - BINS // 2 <= OVER:
        return 1.0
    peak = peaks[: usual[-1] + 7].max()
    return next((scale for scale in SCALES if peak <= scale), SCALES[-1])
