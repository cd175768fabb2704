"""At a lower rate pictures go undecoded, and what is measured has the bits, times and numbers it has without that."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.camera.part import measured
from liveaffect.stream.capture import containers
from liveaffect.stream.lockstep import OfflineContext
from liveaffect.stream.messages import VideoFrame

Frame = tuple[int, int, bytes]
FRAMES = 100


def film(path: Path, codec: str, options: dict[str, str], jitter_ms: int = 0) -> Path:
    """Something that moves, 30 frames a second, each of them up to `jitter_ms` late."""
    draw = np.random.default_rng(4)
    base = np.kron(draw.integers(0, 255, (20, 30, 3), dtype=np.uint8), np.ones((6, 6, 1), np.uint8))
    with av.open(str(path), "w") as output:
        target: Any = output
        stream = target.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000 if jitter_ms else 30)
        for k in range(FRAMES):
            image = np.ascontiguousarray(base[k % 20 : k % 20 + 96, (k // 3) % 15 : (k // 3) % 15 + 160])
            frame: Any = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts = round(k * 1000 / 30) + int(draw.integers(0, jitter_ms)) if jitter_ms else k
            frame.time_base = stream.codec_context.time_base
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def frames(source: Path, context: OfflineContext | None = None, **settings: float) -> list[Frame]:
    node = CameraNode(source=str(source), **settings)  # type: ignore[arg-type]
    node.open()
    found = [m for m in node.frames(context or OfflineContext()) if isinstance(m, VideoFrame)]
    return [(m.t_ns, m.frame_index, m.image.tobytes()) for m in found if m.image is not None]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Times of the pictures that were decoded, since it was cleared."""
    counted: list[int] = []
    decode = containers.decode

    def counting(*words: Any) -> list[Any]:
        found = decode(*words)
        counted.extend(frame.pts for frame in found)
        return found

    monkeypatch.setattr(containers, "decode", counting)
    return counted


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"bf": "3"}),
        ("a.mkv", "libx264", {"bf": "7", "x264-params": "b-pyramid=none"}),
        ("a.ts", "libx264", {"bf": "3"}),
        ("a.mov", "libx264", {"bf": "3", "refs": "4", "x264-params": "open-gop=1:keyint=25"}),
        ("a.mp4", "libx265", {"x265-params": "log-level=none"}),
        ("a.mkv", "mpeg4", {"bf": "2"}),
        ("a.mpg", "mpeg2video", {"bf": "2"}),
    ],
)
def test_pictures_that_nobody_needs_go_undecoded_and_the_others_have_their_bits(
    tmp_path: Path, decoded: list[int], name: str, codec: str, options: dict[str, str]
) -> None:
    source = film(tmp_path / name, codec, options)
    whole = frames(source)
    assert len(whole) == FRAMES
    for hz in (10.0, 4.0):
        decoded.clear()
        context = OfflineContext()
        keep = measured(hz)
        assert frames(source, context, measure_hz=hz) == [frame for frame in whole if keep(frame[0])]
        assert "warning" not in context.info
        assert len(decoded) < 0.85 * FRAMES
    decoded.clear()
    assert frames(source, from_s=1.0, to_s=2.0) == [frame for frame in whole if 1e9 <= frame[0] < 2e9]


def test_frames_at_odd_times_and_from_a_place_in_the_film_are_those_of_the_whole(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mkv", "libx264", {"bf": "3"}, jitter_ms=25)
    whole = frames(source)
    assert len(whole) == FRAMES
    keep = measured(7.0, 1_000_000_000, 3_000_000_000)
    part = frames(source, measure_hz=7.0, from_s=1.0, to_s=3.0)
    assert part == [frame for frame in whole if keep(frame[0])]


def test_a_film_whose_pictures_all_need_each_other_is_decoded_whole(tmp_path: Path, decoded: list[int]) -> None:
    source = film(tmp_path / "a.mp4", "libx264", {"bf": "0"})
    whole = frames(source)
    decoded.clear()
    assert [frame[2] for frame in frames(source, measure_hz=10.0)] == [frame[2] for frame in whole[::3]]
    assert len(decoded) >= FRAMES


def test_a_damaged_film_gives_the_pictures_that_can_be_decoded(tmp_path: Path) -> None:
    source = film(tmp_path / "a.ts", "libx264", {"bf": "3"})
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    source.write_bytes(data)
    keep = measured(10.0)
    whole = [frame for frame in frames(source) if keep(frame[0])]
    assert len(frames(source, measure_hz=10.0)) >= len(whole) - 2
