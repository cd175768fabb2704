"""The demo's clip: one file of picture and sound, the same bytes each time, kept in the cache."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from liveaffect.cli.demo_media import clip as clip_file
from liveaffect.cli.demo_media.voice import RATE, controls, synthesise

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def _sound() -> Iterator[None]:
    """The sound is made once: that it is the same each time is tested where it is made."""
    with pytest.MonkeyPatch.context() as patch:
        sound = synthesise(controls())
        patch.setattr(clip_file, "synthesise", lambda _: sound)
        yield


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    seen: list[float] = []
    clip_file.write(path, seen.append, frames=30)
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (30, 1.0)
    return path


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        clip_file.write(tmp_path / name, frames=6)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_every_frame_is_there_a_thirtieth_of_a_second_apart(short: Path) -> None:
    with av.open(str(short)) as container:
        frames = [(frame.time, frame.width, frame.height) for frame in container.decode(video=0)]
    assert [size for _, *size in frames] == [[640, 480]] * 30
    np.testing.assert_allclose([time for time, *_ in frames], np.arange(30) / 30, atol=1e-6)


def test_the_sound_is_the_synthesised_one_without_loss(short: Path) -> None:
    with av.open(str(short)) as container:
        pieces = [frame.to_ndarray() for frame in container.decode(audio=0)]
        assert container.streams.audio[0].rate == RATE
    heard = np.concatenate(pieces, axis=1)[0].astype(float) / 32767
    assert len(heard) == RATE
    np.testing.assert_allclose(heard, synthesise(controls())[: len(heard)], atol=1e-4)


def test_the_clip_is_made_once_and_whole_with_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _name: tmp_path)
    made: list[Path] = []

    def write(path: Path, progress: object) -> None:
        made.append(path)
        path.write_bytes(b"a clip")

    monkeypatch.setattr(clip_file, "write", write)
    first, second = clip_file.clip(), clip_file.clip()
    assert first == second
    assert first.read_bytes() == b"a clip"
    assert len(made) == 1
    assert list((tmp_path / "demo").iterdir()) == [first]


def test_a_failed_run_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _name: tmp_path)

    def write(path: Path, progress: object) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(clip_file, "write", write)
    with pytest.raises(OSError, match="disk full"):
        clip_file.clip()
    assert list((tmp_path / "demo").iterdir()) == []
