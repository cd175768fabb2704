"""The camera on files, offline: every frame, at its own time."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from made.media import grey_ramp, write_sound, write_video

from liveaffect.nodes.camera import CameraNode
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import VideoFrame
from liveaffect.stream.node import messages_of

MS = 1_000_000
CLIPS = {
    "grid_f_brbk7n.mpg": (75, 360, 288),
    "grid_m_swiz3n.mpg": (75, 360, 288),
    "intel_classroom.gif": (45, 480, 270),
    "intel_face-demographics-walking.gif": (35, 480, 270),
    "intel_head-pose-face-detection-female-and-male.gif": (56, 480, 270),
    "intel_head-pose-face-detection-male.gif": (62, 480, 270),
    "pyfeat_face_noface.mov": (169, 960, 540),
    "pyfeat_no_face_caminandes.mp4": (95, 960, 540),
    "pyfeat_single_face.mp4": (72, 640, 360),
}


def frames_of(source: str | Path, context: OfflineContext | None = None, **settings: object) -> list[VideoFrame]:
    camera = CameraNode(source=str(source), **settings)  # type: ignore[arg-type]
    camera.open()
    out: list[VideoFrame] = []
    for message in camera.frames(context or OfflineContext()):
        for frame in messages_of(message):
            assert isinstance(frame, VideoFrame)
            assert frame.image is not None
            assert frame.image.dtype == np.uint8
            assert frame.image.flags.c_contiguous
            assert frame.image.ndim == 3
            out.append(frame)
    camera.close()
    assert all(b.t_ns > a.t_ns for a, b in itertools.pairwise(out))
    return out


def values(frames: list[VideoFrame]) -> list[float]:
    return [float(frame.image.mean()) for frame in frames if frame.image is not None]


@pytest.mark.long
@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_of_a_real_clip_comes_once(clips: Path, name: str) -> None:
    count, width, height = CLIPS[name]
    context = OfflineContext()
    out = frames_of(clips / name, context)
    assert [frame.frame_index for frame in out] == list(range(count))
    assert {frame.image.shape for frame in out if frame.image is not None} == {(height, width, 3)}
    assert out[0].t_ns == 0
    assert context.info["size"] == [width, height]
    assert context.drops == {}
    assert "warning" not in context.info


def test_two_readings_of_a_clip_are_identical(clips: Path) -> None:
    first, second = (frames_of(clips / "pyfeat_single_face.mp4") for _ in range(2))
    assert [f.t_ns for f in first] == [f.t_ns for f in second]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (361, 288), (360, 641), (3, 200)])
def test_odd_sizes_give_whole_contiguous_pictures(tmp_path: Path, width: int, height: int) -> None:
    images = grey_ramp(height, width, 2)
    for image in images:
        image[:, -1] = (200, 30, 60)
    path = write_video(tmp_path / "odd.mkv", images, codec="ffv1", pix_fmt="bgr0")
    out = frames_of(path)
    assert len(out) == 2
    assert all(np.array_equal(frame.image, image) for frame, image in zip(out, images, strict=True))  # type: ignore[arg-type]


@pytest.mark.long
def test_an_8k_video_comes_whole(tmp_path: Path) -> None:
    path = write_video(tmp_path / "8k.mkv", grey_ramp(4320, 7680, 2), codec="mjpeg", pix_fmt="yuvj420p")
    out = frames_of(path)
    assert [frame.image.shape for frame in out if frame.image is not None] == [(4320, 7680, 3)] * 2
    assert values(out) == pytest.approx([40, 42], abs=1.5)


def test_a_portrait_video_is_turned_as_its_metadata_says(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 255
    path = write_video(tmp_path / "turned.mov", [image] * 3, codec="png", pix_fmt="rgb24", turn=90)
    out = frames_of(path)
    assert np.array_equal(out[0].image, np.rot90(image, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_shown_as_its_exif_orientation_says(tmp_path: Path, orientation: int) -> None:
    from PIL import Image, ImageOps

    image = np.zeros((40, 64, 3), np.uint8)
    image[:20, :32], image[:20, 32:], image[20:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(path, exif=exif, quality=95, subsampling=0)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(path)), np.int16)
    (out,) = frames_of(path)
    assert out.still
    assert out.image is not None
    assert out.image.shape == expected.shape
    assert np.abs(out.image - expected).max() < 10


def test_colours_survive(tmp_path: Path) -> None:
    from PIL import Image

    image = np.zeros((32, 96, 3), np.uint8)
    image[:, :32], image[:, 32:64], image[:, 64:] = (220, 40, 40), (40, 200, 60), (50, 60, 210)
    path = tmp_path / "a.jpg"
    Image.fromarray(image).save(path, quality=98, subsampling=0)
    (out,) = frames_of(path)
    assert out.image is not None
    for column in (16, 48, 80):
        assert np.abs(out.image[16, column].astype(int) - image[16, column]).max() <= 4


def test_a_photograph_is_one_frame_without_time(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(grey_ramp(30, 20, 1)[0]).save(tmp_path / "a.png")
    (out,) = frames_of(tmp_path / "a.png")
    assert (out.still, out.t_ns, out.frame_index) == (True, 0, 0)


def test_a_variable_frame_rate_keeps_every_time(tmp_path: Path) -> None:
    times = [0, 33, 40, 200, 201, 900, 1000]
    out = frames_of(write_video(tmp_path / "vfr.mkv", grey_ramp(48, 64, 7), times_ms=times))
    assert [frame.t_ns for frame in out] == [t * MS for t in times]


def test_media_time_begins_at_the_containers_start(tmp_path: Path) -> None:
    times = [5000, 5040, 5080]
    out = frames_of(write_video(tmp_path / "late.mkv", grey_ramp(48, 64, 3), times_ms=times))
    assert [frame.t_ns for frame in out] == [0, 40 * MS, 80 * MS]


def test_frames_whose_time_goes_back_are_left_out_and_counted(tmp_path: Path) -> None:
    part = write_video(tmp_path / "part.ts", grey_ramp(48, 64, 10), codec="mpeg2video").read_bytes()
    (tmp_path / "twice.ts").write_bytes(part + part)
    context = OfflineContext()
    out = frames_of(tmp_path / "twice.ts", context)
    assert context.drops == {("video/frame", "invalid"): 20 - len(out)}
    assert "time stamps go back" in context.info["warning"]
    assert [frame.frame_index for frame in out] == sorted({frame.frame_index for frame in out})


def test_frames_whose_time_leaps_ahead_by_half_a_day_are_left_out_and_counted(tmp_path: Path) -> None:
    times = [0, 40, 80, 11 * 3_600_000, 24 * 3_600_000, 24 * 3_600_000 + 40]
    context = OfflineContext()
    out = frames_of(write_video(tmp_path / "leap.mkv", grey_ramp(48, 64, 6), times_ms=times, codec="ffv1"), context)
    assert [frame.t_ns for frame in out] == [t * MS for t in times[:4]]
    assert context.drops == {("video/frame", "invalid"): 2}
    assert "leap ahead" in context.info["warning"]


def test_a_stream_without_time_stamps_is_timed_by_its_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "raw.m4v", grey_ramp(48, 64, 10), fps=20)
    out = frames_of(path)
    assert len(out) == 10
    assert len({b.t_ns - a.t_ns for a, b in itertools.pairwise(out)}) == 1


@pytest.mark.parametrize(("name", "codec"), [("cut.avi", "mjpeg"), ("cut.mkv", "mpeg4")])
def test_of_a_truncated_video_everything_there_is_comes_with_a_warning(tmp_path: Path, name: str, codec: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(tmp_path / name, grey_ramp(120, 160, 100), codec=codec, pix_fmt=pix_fmt)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    context = OfflineContext()
    out = frames_of(path, context)
    assert 40 <= len(out) <= 70
    assert name in context.info["warning"]
    assert "cut off" in context.info["warning"]


def test_a_truncated_clip_without_an_index_gives_what_there_is(tmp_path: Path, clips: Path) -> None:
    data = (clips / "grid_f_brbk7n.mpg").read_bytes()
    (tmp_path / "cut.mpg").write_bytes(data[: len(data) // 2])
    assert 25 <= len(frames_of(tmp_path / "cut.mpg")) <= 45


def test_broken_packets_in_the_middle_do_not_end_the_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "hurt.avi", grey_ramp(120, 160, 60), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    assert frames_of(path)[-1].t_ns > 2000 * MS


def test_a_sound_file_is_refused_by_the_camera(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.zeros(4800, np.float32))
    with pytest.raises(InputError, match=r"a\.wav has no video stream: .*leave the camera out"):
        CameraNode(source=str(path)).open()


def test_a_missing_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        CameraNode(source=str(tmp_path / "missing.mp4")).open()


def test_a_graph_is_read_offline_at_its_own_times() -> None:
    out = frames_of("lavfi:testsrc=size=64x48:rate=10:duration=1")
    assert [frame.t_ns for frame in out] == [n * 100 * MS for n in range(10)]


def test_a_broken_graph_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputError, match="lavfi:nosuchfilter"):
        CameraNode(source="lavfi:nosuchfilter").open()


@pytest.mark.parametrize("source", ["0", "http://127.0.0.1:1/video"])
def test_a_device_cannot_be_read_offline(source: str) -> None:
    camera = CameraNode(source=source)
    camera.open()
    with pytest.raises(UsageError, match="cannot be read offline"):
        next(iter(camera.frames(OfflineContext())))


@pytest.mark.parametrize("settings", [{"source": ""}, {"fps": 0.0}, {"width": -1}, {"stall_s": 0.0}])
def test_impossible_settings_are_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="camera"):
        CameraNode(**settings).open()  # type: ignore[arg-type]
