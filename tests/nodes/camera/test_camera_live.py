"""The camera live: files in real time, and streams that disappear and return."""

import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from devices.mjpeg_server import MjpegServer
from made.media import grey_ramp, write_video
from runs.running_source import LiveContext, RunningSource

from liveaffect.nodes.camera import CameraNode, list_cameras
from liveaffect.stream.errors import InputError
from liveaffect.stream.messages import VideoFrame
from liveaffect.stream.node import HostInfo, bind

pytestmark = pytest.mark.processes

MS = 1_000_000


def gone(frame: VideoFrame) -> bool:
    return frame.state == "no_device" and frame.image is None


def back(frame: VideoFrame) -> bool:
    return frame.state == "ok" and frame.gap


def opened(**settings: object) -> CameraNode:
    camera = CameraNode(**settings)  # type: ignore[arg-type]
    camera.open()
    return camera


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds; frame n has grey value 40 + 2 n."""
    return write_video(tmp_path / "film.mkv", grey_ramp(48, 64, 50), codec="ffv1", pix_fmt="bgr0")


def test_a_live_file_keeps_its_own_times_on_the_epoch_and_ends(film: Path) -> None:
    with RunningSource(opened(source=str(film)).frames, time.monotonic_ns() + 300 * MS) as run:
        run.wait_end()
        frames, epoch = run.messages, run.context.epoch_ns
    assert {(f.t_ns - epoch) // MS for f in frames} <= {40 * n for n in range(50)}
    assert len(frames) + run.context.drops.get("overrun", 0) == 50
    assert all(seen >= f.t_ns for seen, f in zip(run.seen_ns, frames, strict=True))
    assert all(round(float(f.image.mean())) == 40 + 2 * f.frame_index for f in frames)


def test_a_rate_that_was_guessed_is_said_as_the_film_begins(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mjpeg", grey_ramp(48, 64, 100) * 5, codec="mjpeg", pix_fmt="yuvj420p")
    with RunningSource(opened(source=str(path)).frames) as run:
        run.wait(lambda: "camera.rate" in run.context.info.get("warning", ""))
        assert len(run.messages) < 500


def test_a_live_file_that_starts_late_goes_on_where_the_run_is(film: Path) -> None:
    with RunningSource(opened(source=str(film)).frames, time.monotonic_ns() - 1200 * MS) as run:
        run.wait_end()
    first = run.messages[0]
    assert first.t_ns - run.context.epoch_ns >= 1200 * MS
    assert first.frame_index == (first.t_ns - run.context.epoch_ns) // (40 * MS)


def test_a_file_joined_far_inside_is_passed_over_undecoded_with_exact_indices(tmp_path: Path) -> None:
    images = [np.full((16, 16, 3), 40 + n // 10, np.uint8) for n in range(1000)]
    path = write_video(tmp_path / "long.mkv", images, fps=10)
    with RunningSource(opened(source=str(path)).frames, time.monotonic_ns() - 90_000 * MS) as run:
        run.wait(lambda: len(run.messages) >= 5)
    for frame in run.messages:
        assert frame.frame_index == round((frame.t_ns - run.context.epoch_ns) / (100 * MS))
        assert float(frame.image.mean()) == pytest.approx(40 + frame.frame_index // 10, abs=2)
    assert run.messages[0].frame_index >= 900


def test_a_restarted_camera_marks_its_first_frame(film: Path) -> None:
    camera = opened(source=str(film))
    bind(camera, HostInfo(name="camera", incarnation=1))
    with RunningSource(camera.frames, time.monotonic_ns() - 500 * MS) as run:
        run.wait_for(lambda frame: frame.frame_index >= 0)
        run.wait(lambda: len(run.messages) > 2)
    assert [frame.gap for frame in run.messages[:3]] == [True, False, False]


def test_a_looped_file_goes_on_in_time_without_a_gap(tmp_path: Path) -> None:
    path = write_video(tmp_path / "short.mkv", grey_ramp(48, 64, 5), codec="ffv1", pix_fmt="bgr0")
    with RunningSource(opened(source=str(path), loop=True).frames, time.monotonic_ns() + 200 * MS) as run:
        run.wait(lambda: len(run.messages) >= 14)
    times = np.array([f.t_ns - run.context.epoch_ns for f in run.messages])
    assert set(times // MS % 200) <= {0, 40, 80, 120, 160}
    assert (np.diff(times) > 0).all()
    assert not any(f.gap for f in run.messages)


def test_a_host_that_is_late_gets_the_newest_frame_and_the_rest_is_counted(film: Path) -> None:
    camera = opened(source=str(film))
    context = LiveContext(time.monotonic_ns() + 200 * MS)
    source = camera.frames(context)
    assert next(f for f in source if isinstance(f, VideoFrame)).frame_index == 0
    context.ahead_ns = 400 * MS
    rest = [f for f in source if f is not None]
    assert context.drops["overrun"] >= 5
    assert 1 + len(rest) + context.drops["overrun"] == 50
    assert rest[-1].t_ns == context.epoch_ns + 49 * 40 * MS


def test_a_photograph_is_sent_again_and_again_when_looped(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(grey_ramp(30, 20, 1)[0]).save(tmp_path / "a.png")
    with RunningSource(opened(source=str(tmp_path / "a.png"), loop=True, fps=50.0).frames) as run:
        run.wait(lambda: len(run.messages) >= 5)
    assert all(f.still for f in run.messages)
    assert set(np.diff([f.t_ns for f in run.messages])) == {20 * MS}


def test_a_live_file_that_is_missing_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        opened(source=str(tmp_path / "gone.mp4"))


def test_a_graph_that_paces_itself_plays_at_its_rate(film: Path) -> None:
    graph = f"lavfi:movie={film}:loop=0,setpts=N/FRAME_RATE/TB,fps=30,scale=640:480,realtime"
    with RunningSource(opened(source=graph).frames) as run:
        run.wait(lambda: sum(abs(np.diff([f.t_ns for f in run.messages]) - 1e9 / 30) < 2 * MS) >= 20)
    assert run.messages[0].image.shape == (480, 640, 3)
    assert all(seen >= f.t_ns for seen, f in zip(run.seen_ns, run.messages, strict=True))


def test_a_camera_that_is_not_there_is_a_typed_state_and_not_an_error() -> None:
    with RunningSource(opened(source="no such camera at all").frames) as run:
        run.wait(lambda: len(run.messages) >= 3)
    assert all(gone(f) for f in run.messages)
    assert "no camera is called 'no such camera at all'" in run.context.info["error"]
    assert np.diff([f.t_ns for f in run.messages]).min() >= 490 * MS


def test_a_network_camera_that_stops_and_starts_again_is_back_by_itself(clips: Path) -> None:
    server = MjpegServer(clips / "pyfeat_single_face.mp4")
    with server, RunningSource(opened(source=server.url).frames) as run:
        run.wait_for(lambda f: f.state == "ok")
        run.wait(lambda: run.context.info.get("codec") == "mjpeg")
        assert run.context.info["size"] == [640, 360]
        server.stop()
        lost = run.wait_for(gone, after=len(run.messages))
        assert "127.0.0.1" in run.context.info["error"]
        server.start()
        found = run.wait_for(lambda f: f.state == "ok", after=lost)
        assert run.messages[found].gap
        run.wait(lambda: run.context.info["error"] == "")
        run.wait(lambda: len(run.messages) > found + 1)
        assert not run.messages[found + 1].gap
    times = [f.t_ns for f in run.messages]
    assert all(b > a for a, b in itertools.pairwise(times))


def test_a_network_camera_that_hangs_is_noticed_by_its_silence() -> None:
    with MjpegServer() as server, RunningSource(opened(source=server.url, stall_s=0.5).frames) as run:
        run.wait_for(lambda f: f.state == "ok")
        server.freeze()
        lost = run.wait_for(gone, after=len(run.messages))
        assert "0.5 s" in run.context.info["error"]
        server.thaw()
        run.wait_for(back, after=lost)


def test_a_network_camera_is_stamped_with_its_receipt() -> None:
    with MjpegServer(fps=20.0) as server, RunningSource(opened(source=server.url).frames) as run:
        run.wait(lambda: len(run.messages) >= 20)
    ages_ms = [(seen - f.t_ns) / MS for seen, f in zip(run.seen_ns, run.messages, strict=True)]
    assert min(ages_ms) >= 0
    assert np.median(ages_ms) < 50


def test_a_password_in_an_address_is_never_said() -> None:
    source = "http://me:secret@127.0.0.1:1/video"
    with RunningSource(opened(source=source).frames) as run:
        run.wait_for(gone)
        run.wait(lambda: bool(run.context.info.get("error")))
    assert "127.0.0.1:1/video" in run.context.info["error"]
    assert "secret" not in str(run.context.info)


def test_listing_cameras_never_fails() -> None:
    assert all(camera.id and camera.name for camera in list_cameras())
