"""A lossless film that a kill has torn before its first picture is torn, and not damaged; damage stays damage."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveaffect.nodes.recorder import RecorderNode
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import VideoFrame
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.media.check import media_faults
from liveaffect.stream.session.media.format import CLUSTER, only_begun
from liveaffect.stream.session.media.reader import MediaStore, read_frames
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover
from liveaffect.stream.topics import MEDIA, VIDEO

PICTURES = 12


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with a lossless film of small pictures."""
    folder = tmp_path_factory.mktemp("film") / "s"
    random = np.random.default_rng(4)
    images = [random.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(PICTURES)]
    frames = [VideoFrame(t_ns=n * 33_000_000, seq=n, image=image) for n, image in enumerate(images)]
    run_nodes(RecorderNode(folder=str(folder), autostart=True, video="lossless", min_free_mb=0), inputs=frames)
    return folder


@pytest.fixture
def session(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "s")


def _spans(folder: Path) -> list[Any]:
    return [message for _, message in SessionReader(folder).messages([MEDIA.name])]


def _head(folder: Path) -> int:
    """Bytes before the name of the first cluster."""
    return (folder / "video.mkv").read_bytes().index(CLUSTER)


def test_a_film_torn_anywhere_in_its_head_is_no_fault_and_has_no_pictures(session: Path) -> None:
    film, whole, spans = session / "video.mkv", (session / "video.mkv").read_bytes(), _spans(session)
    header: Any = next(m for _, m in SessionReader(session).messages([VIDEO.name]))
    for length in range(0, _head(session) + 4, 3):
        film.write_bytes(whole[:length])
        assert only_begun(film), length
        assert media_faults(session, spans) == [], length
        assert list(read_frames(film)) == [], length
        assert MediaStore(session, spans).attach(header) is None
    film.write_bytes(whole)
    assert not only_begun(film)


def test_a_recording_killed_before_its_first_picture_was_written_is_incomplete_and_not_damaged(session: Path) -> None:
    info = load_info(session)
    info.state, info.writers, info.processes, info.files = "RECORDING", [], [], {}
    info.save(session)
    film = session / "video.mkv"
    film.write_bytes(film.read_bytes()[: _head(session)])
    recover(session)
    reader = SessionReader(session)
    assert reader.faults == []
    assert reader.state == "INCOMPLETE"


def test_a_whole_session_whose_film_was_cut_short_afterwards_is_damaged(session: Path) -> None:
    film = session / "video.mkv"
    film.write_bytes(film.read_bytes()[: _head(session)])
    assert [fault for fault in SessionReader(session).faults if "video.mkv" in fault]


def test_no_flipped_bit_of_a_head_makes_a_film_one_without_pictures(session: Path) -> None:
    film, head = session / "video.mkv", _head(session)
    for whole in (film.read_bytes(), film.read_bytes()[: head + 2_500]):
        for at in range(head + 4):
            for bit in range(8):
                damaged = bytearray(whole)
                damaged[at] ^= 1 << bit
                film.write_bytes(damaged)
                assert not only_begun(film), (len(whole), at, bit)
