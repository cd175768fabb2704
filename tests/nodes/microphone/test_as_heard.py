"""What is audible in a file is heard as loud as it is, on its own time, whatever made the file."""

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from made.media import write_clip, write_sound

from liveaffect.nodes.microphone import MicrophoneNode
from liveaffect.nodes.microphone.channels import Mender, Mixer
from liveaffect.nodes.microphone.sound import Sound
from liveaffect.nodes.microphone.tracks import hearing
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import AudioChunk

pytestmark = pytest.mark.long

RATE = 48000


def voice(seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    """Syllables of a buzz: harmonics of 120 Hz up to 3 kHz under an envelope of 4 Hz, float32 (n,)."""
    t = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * t + k) / k for k in range(1, 25))
    return (0.12 * buzz * np.clip(np.sin(2 * np.pi * 4 * t), 0, 1)).astype(np.float32)


def heard(path: Path, context: OfflineContext | None = None, **settings: Any) -> np.ndarray:
    """All samples of a file as the microphone sends them, 16 kHz."""
    microphone = MicrophoneNode(source=str(path), **settings)
    microphone.open()
    chunks = [c for c in microphone.hops(context or OfflineContext()) if isinstance(c, AudioChunk)]
    return np.concatenate([chunk.samples for chunk in chunks if chunk.samples is not None])


def loud(samples: np.ndarray) -> float:
    """Level in dB."""
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def two(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right]).astype(np.float32)


def written(path: Path, data: np.ndarray, **more: Any) -> Path:
    return write_sound(path, data, **more)


def test_m07_sound_of_opposite_sign_in_two_channels_is_not_silence(tmp_path: Path) -> None:
    plain = heard(written(tmp_path / "plain.wav", voice()))
    context = OfflineContext()
    out = heard(written(tmp_path / "anti.flac", two(voice(), -voice()), codec="flac"), context)
    assert abs(loud(out) - loud(plain)) < 0.5
    assert "opposite sign" in context.info["warning"]


@pytest.mark.parametrize("side", [0, 1])
def test_m07_speech_in_one_of_two_channels_keeps_its_level(tmp_path: Path, side: int) -> None:
    plain = heard(written(tmp_path / "plain.wav", voice()))
    channels = [0.001 * np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32), voice()]
    context = OfflineContext()
    out = heard(written(tmp_path / "one.wav", two(channels[side], channels[1 - side])), context)
    assert abs(loud(out) - loud(plain)) < 0.5
    assert f"channel {2 - side} of 2" in context.info["warning"]


def test_m07_speech_in_the_centre_of_a_surround_mix_keeps_its_level(tmp_path: Path) -> None:
    plain = heard(written(tmp_path / "plain.wav", voice()))
    music = 0.05 * np.sin(np.arange(2 * RATE) / 9).astype(np.float32)
    mix = np.stack([music, -0.5 * music, voice(), 4 * music, 0.3 * music, 0.3 * music])
    out = heard(written(tmp_path / "surround.wav", mix))
    assert abs(loud(out) - loud(plain)) < 0.5


def test_m07_two_like_channels_are_their_mean_to_the_bit(tmp_path: Path) -> None:
    noise = 0.01 * np.random.default_rng(2).standard_normal((2, 2 * RATE)).astype(np.float32)
    data = (two(voice(), 0.7 * voice()) + noise).astype(np.float32)
    context = OfflineContext()
    path = written(tmp_path / "two.wav", data)
    assert np.array_equal(heard(path, context), heard(path, channel="mix"))
    assert "warning" not in context.info


def test_m07_a_conversation_with_one_voice_in_each_channel_keeps_both_levels(tmp_path: Path) -> None:
    silence = np.zeros(2 * RATE, np.float32)
    data = two(np.concatenate([voice(), silence]), np.concatenate([silence, voice()]))
    out = heard(written(tmp_path / "call.wav", data))
    plain = heard(written(tmp_path / "plain.wav", voice()))
    assert abs(loud(out[: len(plain)]) - loud(plain)) < 0.7
    second = out[-len(plain) + 8000 :]  # the turn itself takes less than 0.5 s
    assert abs(loud(second) - loud(plain[8000:])) < 0.5


@pytest.mark.parametrize(("channel", "expected"), [("left", 0), ("right", 1), ("2", 1), ("1", 0), ("mix", None)])
def test_the_channel_can_be_stated(tmp_path: Path, channel: str, expected: int | None) -> None:
    data = two(voice(), 0.3 * np.sin(np.arange(2 * RATE) / 30).astype(np.float32))
    wanted = data.mean(axis=0) if expected is None else data[expected]
    out = heard(written(tmp_path / "two.wav", data), channel=channel)
    assert abs(loud(out) - loud(wanted)) < 0.3


@pytest.mark.parametrize("channel", ["middle", "0", "-1", ""])
def test_a_channel_that_cannot_be_is_refused(channel: Any) -> None:
    with pytest.raises(UsageError, match=r"microphone\.channel"):
        MicrophoneNode(source="default", channel=channel).open()


def test_a_channel_and_a_track_can_be_typed() -> None:
    graph = build_graph(
        {"microphone": {"type": "liveaffect.nodes.microphone:MicrophoneNode"}},
        ["microphone.channel=2", "microphone.track=1"],
    )
    node: Any = graph.entries["microphone"].node
    assert (node.channel, node.track) == ("2", 1)


def test_a_channel_that_the_sound_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 channel"):
        heard(written(tmp_path / "two.wav", two(voice(), voice())), channel="3")


def test_mixing_is_causal(tmp_path: Path) -> None:
    data = two(voice(4.0), -voice(4.0))
    long, short = Mixer(), Mixer()
    whole = np.concatenate([long.mix(data[:, at : at + 1024], RATE) for at in range(0, 2 * RATE, 1024)])
    for at in range(2 * RATE, 4 * RATE, 1024):
        long.mix(np.flip(data[:, at : at + 1024]).copy(), RATE)
    again = np.concatenate([short.mix(data[:, at : at + 1024], RATE) for at in range(0, 2 * RATE, 1024)])
    assert np.array_equal(whole, again)


def floats(path: Path, data: np.ndarray) -> Path:
    """A WAV file of raw 32 bit floats, mono, whatever their scale."""
    body = np.asarray(data, "<f4").tobytes()
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + (3).to_bytes(2, "little") + (1).to_bytes(2, "little")
    head += RATE.to_bytes(4, "little") + (4 * RATE).to_bytes(4, "little") + (4).to_bytes(2, "little")
    head += (32).to_bytes(2, "little") + b"data" + len(body).to_bytes(4, "little")
    path.write_bytes(b"RIFF" + (len(head) + len(body)).to_bytes(4, "little") + head + body)
    return path


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_m08_floats_on_the_scale_of_integers_are_scaled_and_that_is_said(tmp_path: Path, bits: int) -> None:
    context = OfflineContext()
    out = heard(floats(tmp_path / "a.wav", voice() * 2.0 ** (bits - 1)), context)
    plain = heard(floats(tmp_path / "plain.wav", voice()))
    assert np.abs(out - plain).max() < 1e-4
    assert f"{bits} bit" in context.info["warning"]


def test_m08_floats_that_go_a_little_over_are_left_alone(tmp_path: Path) -> None:
    context = OfflineContext()
    out = heard(floats(tmp_path / "a.wav", voice() * 12), context)
    assert np.abs(out).max() > 2
    assert "bit integers" not in context.info.get("warning", "")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_m08_a_sample_that_is_no_number_is_mended_and_counted(tmp_path: Path, bad: float) -> None:
    data = voice()
    spoilt = data.copy()
    spoilt[[30000, 50001]] = bad
    context = OfflineContext()
    out, plain = heard(floats(tmp_path / "a.wav", spoilt), context), heard(floats(tmp_path / "plain.wav", data))
    assert np.isfinite(out).all()
    assert np.abs(out - plain).max() < 0.02
    assert "2 samples" in context.info["warning"]


def test_a_dropout_at_the_edge_of_a_packet_is_mended_from_what_came_before() -> None:
    mender = Mender()
    first = mender.mend(np.array([[0.1, 0.2, 0.3]]))
    second = mender.mend(np.array([[np.nan, 0.5, np.nan]]))
    assert np.allclose(first, [[0.1, 0.2, 0.3]])
    assert np.allclose(second, [[0.4, 0.5, 0.5]])
    assert mender.repaired == 2


def test_clipped_sound_is_said(tmp_path: Path) -> None:
    context = OfflineContext()
    heard(written(tmp_path / "a.wav", np.clip(voice() * 20, -1, 1)), context)
    assert "clipped" in context.info["warning"]
    context = OfflineContext()
    heard(written(tmp_path / "b.wav", voice()), context)
    assert "warning" not in context.info


def with_tracks(path: Path, *tracks: np.ndarray) -> Path:
    """A Matroska file with several mono tracks of sound."""
    with av.open(str(path), "w") as output:
        streams: list[Any] = [output.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in tracks]
        for at in range(0, len(tracks[0]), 4800):
            for stream, samples in zip(streams, tracks, strict=True):
                piece = (np.clip(samples[at : at + 4800], -1, 1) * 32767).astype(np.int16)[None]
                frame: Any = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    return path


def energy(sound: Sound) -> float:
    return sum(float(np.mean(np.square(hop.samples))) > 1e-6 for hop in sound) / 100


def test_m09_of_several_tracks_the_one_with_speech_is_heard_and_that_is_said(tmp_path: Path) -> None:
    silence = np.zeros(2 * RATE, np.float32)
    path = with_tracks(tmp_path / "a.mkv", silence, voice(), silence)
    assert probe(path).audio_tracks == 3
    chosen = hearing(probe(path), speech=energy)
    assert chosen.track == 1
    assert "number 2" in chosen.words[0]
    assert "microphone.track" in chosen.words[0]


def test_m09_where_all_tracks_speak_the_containers_own_choice_stands(tmp_path: Path) -> None:
    path = with_tracks(tmp_path / "a.mkv", voice(), voice())
    assert hearing(probe(path), speech=energy).track == 0


def test_m09_a_track_can_be_stated(tmp_path: Path) -> None:
    silence = np.zeros(2 * RATE, np.float32)
    path = with_tracks(tmp_path / "a.mkv", silence, voice())
    context = OfflineContext()
    assert loud(heard(path, context, track=2)) > -40
    assert "warning" not in context.info
    assert loud(heard(path, track=1)) < -100
    with pytest.raises(UsageError, match="2 sound track"):
        heard(path, track=3)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000])
def test_every_sample_rate_keeps_level_and_length(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(voice(2.0, rate), -1, 1) * 32767).astype("<i2").tobytes())
    out = heard(path)
    assert abs(len(out) - 32000) <= 160
    assert abs(loud(out) - loud(voice(2.0, 16000))) < 0.3


CONTAINERS = {
    "a.mp4": ("mpeg4", "aac"), "a.mov": ("mpeg4", "pcm_s16le"), "a.mkv": ("libx264", "libopus"),
    "a.webm": ("libvpx-vp9", "libopus"), "a.avi": ("mpeg4", "pcm_s16le"), "a.mpg": ("mpeg1video", "mp2"),
    "a.ts": ("mpeg2video", "ac3"), "a.m2ts": ("libx264", "ac3"), "a.flv": ("flv", "libmp3lame"),
    "b.mp4": ("libx264", "libmp3lame"), "b.mkv": ("ffv1", "flac"), "a.3gp": ("mpeg4", "aac"),
}  # fmt: skip


@pytest.mark.parametrize("late_s", [0.0, 0.32])
@pytest.mark.parametrize("name", CONTAINERS)
def test_sound_and_picture_meet_within_10_ms_in_every_container(tmp_path: Path, name: str, late_s: float) -> None:
    """A flash at 0.8 s and a click with it, with and without a late start of the sound."""
    from liveaffect.nodes.camera import CameraNode

    if late_s and name.endswith("avi"):
        pytest.skip("AVI has no place for a start time")
    images = [np.full((64, 64, 3), 220 if n == 20 else 30, np.uint8) for n in range(50)]
    sound = np.zeros(round((2 - late_s) * RATE), np.float32)
    at = round((0.8 - late_s) * RATE)
    sound[at : at + 96] = 0.9
    path = write_clip(tmp_path / name, images, sound, codecs=CONTAINERS[name], sound_start_s=late_s)
    microphone = MicrophoneNode(source=str(path))
    microphone.open()
    chunks = [c for c in microphone.hops(OfflineContext()) if isinstance(c, AudioChunk) and c.samples is not None]
    samples = np.concatenate([c.samples for c in chunks if c.samples is not None])
    times = np.concatenate([c.t_ns / 1e9 + np.arange(len(c.samples)) / 16000 for c in chunks if c.samples is not None])
    camera = CameraNode(source=str(path))
    camera.open()
    frames: list[Any] = list(camera.frames(OfflineContext()))
    flash = max(frames, key=lambda frame: frame.image.mean()).t_ns / 1e9
    click = times[np.abs(samples).argmax()] - 0.001
    assert abs(click - flash) < 0.010


@pytest.mark.parametrize("codec", ["ac3", "eac3"])
def test_a_bare_stream_whose_first_block_overlaps_with_nothing_is_not_late(tmp_path: Path, codec: str) -> None:
    sound = voice()
    plain = heard(written(tmp_path / "a.wav", sound))
    bare = heard(written(tmp_path / f"a.{codec}", sound, codec=codec, bit_rate=192_000))
    count = min(len(plain), len(bare))
    error = np.mean(np.square(bare[:count] - plain[:count])) / np.mean(np.square(plain[:count]))
    assert error < 0.01
    assert np.argmax(np.correlate(bare[8000:8400], plain[7900:8500], "valid")) == 100


@pytest.mark.parametrize(
    ("rate", "words"), [(8000, "sampled at 8 kHz: what a voice has above 4 kHz is missing"), (16000, "")]
)
def test_sound_that_lacks_what_the_voice_net_hears_is_said(tmp_path: Path, rate: int, words: str) -> None:
    context = OfflineContext()
    heard(written(tmp_path / "a.wav", voice()[::6].copy(), rate=rate), context)
    assert words in context.info.get("warning", "")
    assert bool(context.info.get("warning")) == bool(words)
