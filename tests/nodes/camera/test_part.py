"""A stretch of a film has the frames that the whole film has there, whatever the container."""

from pathlib import Path

import numpy as np
import pytest
from made.media import write_video

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.camera.part import measured
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import VideoFrame


def frames(source: Path, **settings: float) -> list[tuple[int, int]]:
    """Time and brightness of every frame."""
    node = CameraNode(source=str(source), **settings)  # type: ignore[arg-type]
    node.open()
    found = [m for m in node.frames(OfflineContext()) if isinstance(m, VideoFrame)]
    return [(m.t_ns, int(m.image.mean())) for m in found if m.image is not None]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mpeg4"),
        ("a.mkv", "mpeg4"),
        ("a.mpg", "mpeg2video"),
        ("a.ts", "mpeg2video"),
        ("a.avi", "mpeg4"),
        ("a.h264", "libx264"),
    ],
)
def test_a_stretch_has_the_frames_of_the_whole(tmp_path: Path, name: str, codec: str) -> None:
    images = [np.full((48, 64, 3), 20 + 2 * (k % 100), np.uint8) for k in range(400)]
    film = write_video(tmp_path / name, images, fps=25, codec=codec)
    whole = frames(film)
    part = frames(film, from_s=9.0, to_s=12.0)
    wanted = [frame for frame in whole if 9 * NS <= frame[0] < 12 * NS]
    assert len(wanted) >= 70
    assert [t for t, _ in part] == [t for t, _ in wanted]
    assert np.abs(np.array(part)[:, 1] - np.array(wanted)[:, 1]).max() <= 1
    assert frames(film, from_s=1000.0) == []


def test_a_stretch_keeps_to_the_grid_of_the_whole() -> None:
    times = [round(k * NS / 30) for k in range(300)]
    keep = measured(10)
    whole = [t for t in times if keep(t)]
    keep = measured(10, 4 * NS, 7 * NS)
    assert [t for t in times if keep(t)] == [t for t in whole if 4 * NS <= t < 7 * NS]
    assert np.diff(whole).tolist() == pytest.approx([NS / 10] * (len(whole) - 1), abs=2)
    keep = measured(10)
    assert [t for t in times if keep(t)] == whole
    keep = measured(60)
    assert [t for t in times if keep(t)] == times


def test_frames_with_jitter_are_measured_about_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    times = [round(k * NS / 30 + rng.uniform(-0.4, 0.4) * NS / 30) for k in range(3000)]
    keep = measured(10)
    assert sum(keep(t) for t in times) == pytest.approx(1000, abs=2)


def test_before_a_stretch_five_frames_a_second_are_enough(tmp_path: Path) -> None:
    images = [np.full((48, 64, 3), 20 + 2 * (k % 100), np.uint8) for k in range(100)]
    film = write_video(tmp_path / "a.mp4", images, fps=25, codec="libx264")
    whole = frames(film)
    lean = [t for t, _ in frames(film, from_s=1.0, lean_s=3.0)]
    assert lean == [t for k, (t, _) in enumerate(whole) if k >= 75 or (k >= 25 and k % 5 == 0)]
    assert [t for t, _ in frames(film, lean_s=3.0, measure_hz=2.0)] == [t for t, _ in frames(film, measure_hz=2.0)]
