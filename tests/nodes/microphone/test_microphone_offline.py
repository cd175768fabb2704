"""The microphone on files, offline: every sample, at its own time."""

import itertools
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.media import grey_ramp, write_clip, write_sound, write_video

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.microphone import MicrophoneNode
from liveaffect.nodes.microphone.sound import HOP, RATE, Resampler, Sound
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import AudioChunk, VideoFrame

MS = 1_000_000


def hops_of(source: str | Path, context: OfflineContext | None = None, **settings: Any) -> list[AudioChunk]:
    microphone = MicrophoneNode(source=str(source), **settings)
    microphone.open()
    out: list[AudioChunk] = []
    for chunk in microphone.hops(context or OfflineContext()):
        assert isinstance(chunk, AudioChunk)
        if chunk.last:
            break
        assert chunk.samples is not None
        assert (chunk.samples.dtype, chunk.samples.shape) == (np.float32, (HOP,))
        assert chunk.samples.flags.c_contiguous
        out.append(chunk)
    assert all(b.t_ns > a.t_ns and b.first_sample >= a.first_sample + HOP for a, b in itertools.pairwise(out))
    return out


def test_the_end_of_a_file_is_said(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.zeros(48000, np.float32))
    microphone = MicrophoneNode(source=str(path))
    microphone.open()
    chunks = [chunk for chunk in microphone.hops(OfflineContext()) if isinstance(chunk, AudioChunk)]
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].t_ns == chunks[-2].t_ns + 10 * MS


def samples_of(chunks: list[AudioChunk]) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in chunks if chunk.samples is not None])


def sine(hz: float, seconds: float, rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "count", "first_ms"),
    [
        ("grid_f_brbk7n.mpg", 297, 0.0),
        ("grid_m_swiz3n.mpg", 297, 0.0),
        ("pyfeat_face_noface.mov", 396, 2430.022676),
        ("pyfeat_no_face_caminandes.mp4", 396, 0.0),
        ("pyfeat_single_face.mp4", 241, 0.0),
    ],
)
def test_the_sound_of_a_real_clip_comes_whole_and_on_time(clips: Path, name: str, count: int, first_ms: float) -> None:
    context = OfflineContext()
    out = hops_of(clips / name, context)
    assert len(out) == count
    assert out[0].t_ns == round(first_ms * MS)
    assert [c.first_sample for c in out] == [n * HOP for n in range(count)]
    assert not any(c.gap for c in out)
    assert context.drops == {}
    assert "warning" not in context.info


def test_two_readings_of_a_clip_are_identical(clips: Path) -> None:
    first, second = (samples_of(hops_of(clips / "grid_f_brbk7n.mpg")) for _ in range(2))
    assert np.array_equal(first, second)


def test_at_16_khz_samples_pass_unchanged(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(-30000, 30000, 16000).astype(np.int16)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(numbers.tobytes())
    assert np.array_equal(samples_of(hops_of(tmp_path / "a.wav")), numbers / np.float32(32768))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_any_rate_becomes_16_khz_without_delay(tmp_path: Path, rate: int) -> None:
    out = samples_of(hops_of(write_sound(tmp_path / "a.wav", sine(440, 1.0, rate), rate=rate)))
    expected = sine(440, 1.0, RATE)
    assert 15840 <= out.size <= 16000
    middle = slice(1600, 14400)
    assert np.abs(out[middle] - expected[middle]).max() < 1e-3


@pytest.mark.parametrize(
    ("codec", "error"), [("pcm_u8", 0.01), ("pcm_s32le", 1e-6), ("pcm_f32le", 1e-7), ("pcm_f64le", 1e-7)]
)
def test_every_sample_format_has_the_same_scale(tmp_path: Path, codec: str, error: float) -> None:
    sound = sine(440, 0.5, RATE)
    out = samples_of(hops_of(write_sound(tmp_path / "a.wav", sound, rate=RATE, codec=codec)))
    assert np.abs(out - sound[: out.size]).max() <= error


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged_where_that_is_asked(tmp_path: Path, channels: int) -> None:
    sound = np.zeros((channels, 8000), np.float32)
    sound[0] = sine(440, 0.5, RATE)
    out = samples_of(hops_of(write_sound(tmp_path / "a.wav", sound, rate=RATE), channel="mix"))
    assert np.abs(out - sound[0, : out.size] / channels).max() < 1e-4


@pytest.mark.parametrize(
    ("ending", "codecs"), [("mp4", ("mpeg4", "aac")), ("mkv", ("mpeg4", "pcm_s16le")), ("ts", ("mpeg2video", "mp2"))]
)
def test_a_flash_and_a_click_at_one_instant_stay_together(tmp_path: Path, ending: str, codecs: tuple[str, str]) -> None:
    images = [np.full((48, 64, 3), 235 if n == 30 else 16, np.uint8) for n in range(50)]
    sound = np.zeros(96000, np.float32)
    sound[57600:57648] = 0.9  # 1.2 s, as frame 30 at 25 frames/s
    path = write_clip(tmp_path / f"a.{ending}", images, sound, codecs=codecs)
    camera = CameraNode(source=str(path))
    camera.open()
    frames = [f for f in camera.frames(OfflineContext()) if isinstance(f, VideoFrame) and f.image is not None]
    flash = max(frames, key=lambda f: float(f.image.mean()) if f.image is not None else 0.0)
    chunks = hops_of(path)
    loudest = max(chunks, key=lambda c: float(np.abs(c.samples).max()))  # type: ignore[arg-type]
    click_ns = loudest.t_ns + int(np.abs(loudest.samples).argmax()) * 10**9 // RATE  # type: ignore[arg-type]
    assert abs(click_ns - flash.t_ns) < 3 * MS


def test_sound_that_starts_late_keeps_its_own_time(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mkv",
        grey_ramp(48, 64, 50),
        sine(440, 1.0, 48000),
        codecs=("mpeg4", "pcm_s16le"),
        sound_start_s=0.7,
    )
    out = hops_of(path)
    assert out[0].t_ns == pytest.approx(700 * MS, abs=MS)
    assert out[0].first_sample == 0


class Clip:
    """Feeds Sound with frames by hand, as (start in seconds, samples) at 16 kHz."""

    def __init__(self, *pieces: tuple[float, np.ndarray]) -> None:
        self.sound = Sound("clip", None)
        self.hops = [h for t, x in pieces for h in self.sound._frame(x, RATE, round(t * 1e9))] + list(
            self.sound._finish()
        )


def test_after_a_hole_time_jumps_and_nothing_is_invented() -> None:
    clip = Clip((0.0, sine(440, 0.5, RATE)), (0.8, sine(440, 0.5, RATE)))
    assert [h.gap for h in clip.hops].count(True) == 1
    after = next(h for h in clip.hops if h.gap)
    assert (after.t_ns, after.first_sample) == (800 * MS, 12800)
    assert len(clip.hops) == 100
    assert "1 holes" in clip.sound.warning()


def test_samples_that_overlap_are_left_out_and_counted() -> None:
    whole = sine(440, 1.0, RATE)
    clip = Clip((0.0, whole[:8000]), (0.3, whole[4800:16000]))
    assert np.array_equal(np.concatenate([h.samples for h in clip.hops]), whole)
    assert clip.sound.invalid_ns == 200 * MS
    assert not any(h.gap for h in clip.hops)


def test_sound_that_leaps_ahead_by_half_a_day_is_left_out_and_counted() -> None:
    whole = sine(440, 1.0, RATE)
    clip = Clip((0.0, whole[:8000]), (86_400.0, whole[:4000]), (0.5, whole[8000:]))
    assert np.array_equal(np.concatenate([h.samples for h in clip.hops]), whole)
    assert clip.sound.invalid_ns == 250 * MS
    assert "leap ahead" in clip.sound.warning()


def test_small_errors_of_the_container_do_not_tear_the_sound() -> None:
    whole = sine(440, 1.0, RATE)
    pieces = [(n * 0.1 + (0.004 if n % 2 else -0.003), whole[n * 1600 : (n + 1) * 1600]) for n in range(10)]
    clip = Clip(*pieces)
    assert np.array_equal(np.concatenate([h.samples for h in clip.hops]), whole)
    assert {b.t_ns - a.t_ns for a, b in itertools.pairwise(clip.hops)} == {10 * MS}


@pytest.mark.parametrize("rate", [44100, 48000])
def test_hops_do_not_depend_on_how_the_input_is_cut(rate: int) -> None:
    noise = np.random.default_rng(0).standard_normal(rate).astype(np.float32)

    def run(size: int) -> np.ndarray:
        resampler = Resampler(rate)
        cuts = [noise[i : i + size] for i in range(0, rate, size)]
        return np.concatenate([h for cut in cuts for h in resampler.feed(cut)])

    first, second = run(1024), run(441)
    size = min(first.size, second.size)
    assert np.array_equal(first[:size], second[:size])


def test_a_truncated_sound_file_gives_what_there_is(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", sine(440, 4.0, 48000), codec="libmp3lame")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 150 < len(hops_of(path)) < 230


def test_a_video_without_sound_is_refused_by_the_microphone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey_ramp(48, 64, 5))
    with pytest.raises(InputError, match=r"a\.mp4 has no sound: .*leave the microphone out"):
        MicrophoneNode(source=str(path)).open()


def test_a_sound_file_without_a_sample_is_an_error(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
    with pytest.raises(InputError, match=r"a\.wav"):
        hops_of(tmp_path / "a.wav")


def test_a_missing_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        MicrophoneNode(source=str(tmp_path / "missing.wav")).open()


def test_a_graph_gives_sound() -> None:
    out = samples_of(hops_of("lavfi:sine=frequency=440:sample_rate=48000:duration=1"))
    spectrum = np.abs(np.fft.rfft(out[:8000]))
    assert spectrum.argmax() * 2 == 440


def test_a_device_cannot_be_read_offline() -> None:
    microphone = MicrophoneNode()
    microphone.open()
    with pytest.raises(UsageError, match="cannot be read offline"):
        next(iter(microphone.hops(OfflineContext())))


def test_a_song_with_a_cover_picture_has_no_video(tmp_path: Path) -> None:
    import av
    from av.stream import Disposition
    from av.video.frame import VideoFrame as Picture

    path = tmp_path / "song.mp3"
    with av.open(str(path), "w", format="mp3") as output:
        audio = output.add_stream("libmp3lame", rate=48000, layout="mono")
        cover = output.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "rgb24"  # type: ignore[attr-defined]
        cover.disposition = Disposition.attached_pic
        picture = Picture.from_ndarray(grey_ramp(64, 64, 1)[0], format="rgb24")
        picture.pts, picture.time_base = 0, Fraction(1, 1)
        sound = av.AudioFrame.from_ndarray(sine(440, 1.0, 48000)[None], format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 48000, 0, Fraction(1, 48000)
        fifo = av.AudioFifo()
        fifo.write(sound)
        packets = [*cover.encode(picture), *cover.encode(None)]  # type: ignore[attr-defined]
        while (frame := fifo.read(1152, partial=True)) is not None:
            packets += audio.encode(frame)  # type: ignore[attr-defined]
        packets += audio.encode(None)  # type: ignore[attr-defined]
        for packet in packets:
            output.mux(packet)
    info = probe(path)
    assert (info.has_video, info.has_audio) == (False, True)
    assert len(hops_of(path)) > 90
