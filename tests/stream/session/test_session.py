"""Session folders: what is written comes back, kill -9 and a full disk included."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from mcap.reader import make_reader
from paths import HELPERS

from liveaffect.stream.errors import RecordError
from liveaffect.stream.identity import Identity
from liveaffect.stream.messages import (
    Affect,
    BaselineStatus,
    FaceMesh,
    FaceObservation,
    Health,
    Marker,
    Message,
    Person,
    RecordStatus,
    VideoFrame,
)
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover
from liveaffect.stream.session.schema import schema_of
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, FACE, HEALTH, MARKER, MESH, REGISTRY, VIDEO

WRITER = HELPERS / "runs/session_writer.py"


def _write(folder: Path, count: int = 50, context: SessionContext | None = None) -> SessionWriter:
    session = SessionWriter(folder, context, min_free=0)
    image = np.full((4, 6, 3), 7, np.uint8)
    for seq in range(count):
        t_ns = seq * 33_000_000
        session.write(VIDEO, VideoFrame(t_ns=t_ns, seq=seq, image=image, frame_index=seq))
        person = Person(id=0, state="ok", valence=1 / 3 + seq, emotions=(0.125,) * 8)
        session.write(AFFECT, Affect(t_ns=t_ns, seq=seq, frame_seq=seq, people=(person,)))
        if seq % 10 == 9:
            session.flush()
    return session


def _messages(folder: Path) -> list[Message]:
    return [message for _, message in SessionReader(folder).messages()]


def test_what_was_written_comes_back_in_order_without_its_pixels(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    messages = _messages(tmp_path / "s")
    assert [type(m).__name__ for m in messages[:4]] == ["VideoFrame", "Affect", "VideoFrame", "Affect"]
    frames = [m for m in messages if isinstance(m, VideoFrame)]
    assert [f.frame_index for f in frames] == list(range(50))
    assert all(f.image is None for f in frames)
    results = [m for m in messages if isinstance(m, Affect)]
    assert [m.people[0].valence for m in results] == [1 / 3 + n for n in range(50)]


def test_other_tools_read_the_recording_by_its_index(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    with (tmp_path / "s" / "session.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.message_count == 100
        assert {schema.encoding for schema in summary.schemas.values()} == {"jsonschema"}
        late = list(reader.iter_messages(topics=["affect"], starting_at=40 * 33_000_000))
    assert len(late) == 10


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_topic_has_a_schema_that_is_an_object(name: str) -> None:
    schema = msgspec.json.decode(schema_of(REGISTRY[name].message))
    assert schema["type"] == "object"
    assert "t_ns" in schema["properties"]


def test_a_mesh_that_is_asked_for_comes_back_bit_for_bit(tmp_path: Path) -> None:
    session = SessionWriter(tmp_path / "s", min_free=0)
    points = np.random.default_rng(1).random((2, 478, 3), np.float32)
    session.write(MESH, FaceMesh(t_ns=0, seq=0, frame_seq=0, ids=(0, 1), landmarks=points), arrays=True)
    session.close()
    (mesh,) = _messages(tmp_path / "s")
    assert isinstance(mesh, FaceMesh)
    assert mesh.landmarks is not None
    assert mesh.landmarks.dtype == np.float32
    assert np.array_equal(mesh.landmarks, points)


def test_the_manifest_names_files_clocks_versions_and_sources(tmp_path: Path) -> None:
    clip = tmp_path / "clip.bin"
    clip.write_bytes(b"not really a film")
    graph = {"camera": {"type": "x:Y", "process": "camera", "source": str(clip)}}
    _write(tmp_path / "s", context=SessionContext(graph=graph)).close()
    info = load_info(tmp_path / "s")
    assert info.state == "COMPLETE"
    assert [(s.node, s.bytes, len(s.sha256)) for s in info.sources] == [("camera", 17, 64)]
    assert info.graph == graph
    assert len(info.clocks) == 2
    assert info.versions["numpy"] == np.__version__
    assert info.files == {"session.mcap": (tmp_path / "s" / "session.mcap").stat().st_size}


def test_a_folder_that_holds_a_session_is_not_written_over(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    with pytest.raises(RecordError, match="already holds a session"):
        SessionWriter(tmp_path / "s")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.write_text("x"), "is a file"),
        (lambda p: p.mkdir(), "is not a session"),
        (lambda p: (p.mkdir(), (p / "session.json").write_text('{"format": "other"}')), "belongs to another program"),
        (lambda p: (p.mkdir(), (p / "session.json").write_text("{")), "is not the manifest"),
        (lambda p: (p.mkdir(), (p / "session.json").write_text("{}")), "holds no session.mcap"),
    ],
)
def test_a_missing_or_foreign_folder_is_named(tmp_path: Path, make: object, words: str) -> None:
    make(tmp_path / "x")  # type: ignore[operator]
    with pytest.raises(RecordError, match=words):
        SessionReader(tmp_path / "x")


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    (tmp_path / "s" / "session.mcap").write_bytes(b"hello, this is not MCAP")
    with pytest.raises(RecordError, match="is not a recording"):
        _messages(tmp_path / "s")


def test_a_torn_file_is_read_up_to_the_tear_and_recovered_whole(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    path = tmp_path / "s" / "session.mcap"
    whole = path.read_bytes()
    chunk_ends = 0
    for cut in random.Random(3).sample(range(400, len(whole) - 1), 60):
        path.write_bytes(whole[:cut])
        info = load_info(tmp_path / "s")
        info.state = "RECORDING"
        info.save(tmp_path / "s")
        before = _messages(tmp_path / "s")
        recovered = recover(tmp_path / "s")
        after = _messages(tmp_path / "s")
        assert len(after) == len(before)
        assert len(before) % 20 == 0
        assert scan(path).finished
        assert recovered.state == "INCOMPLETE"
        with path.open("rb") as file:
            assert sum(1 for _ in make_reader(file, validate_crcs=True).iter_messages()) == len(after)
        chunk_ends += len(before) == 100
    assert 0 < chunk_ends < 60


@pytest.mark.processes
@pytest.mark.parametrize("after_s", [random.Random(n).uniform(0.05, 1.6) for n in (1, 2, 3)])
def test_kill_9_loses_at_most_a_second_and_the_ledger_says_so(tmp_path: Path, after_s: float) -> None:
    folder = tmp_path / "s"
    with subprocess.Popen([sys.executable, str(WRITER), str(folder)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        begun_ns = time.monotonic_ns()
        while time.monotonic_ns() < begun_ns + after_s * 1e9:
            os.sched_yield()
        writer.send_signal(signal.SIGKILL)
    last_ns = int.from_bytes(Path(f"{folder}.last").read_bytes(), "little")
    assert SessionReader(folder).state == "INCOMPLETE"
    info = recover(folder)
    messages = _messages(folder)
    assert last_ns - messages[-1].pub_ns <= 1_000_000_000
    assert info.state == "INCOMPLETE"
    tail = info.missing[0]
    assert tail.topic == "*"
    assert tail.from_s is not None
    assert tail.to_s is not None
    assert abs((messages[-1].pub_ns - messages[0].pub_ns) / 1e9 - tail.from_s) < 0.01
    lived_s = (last_ns - messages[0].pub_ns) / 1e9
    assert lived_s <= tail.to_s + 0.3  # the system writes the file's time in steps
    account = info.ledger["video/frame"]
    assert account.recorded == account.published == sum(isinstance(m, VideoFrame) for m in messages)


def test_recover_leaves_a_whole_session_as_it_is(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    before = {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()}
    assert recover(tmp_path / "s").state == "COMPLETE"
    assert {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()} == before


def test_a_lost_manifest_is_made_anew(tmp_path: Path) -> None:
    _write(tmp_path / "s").close()
    (tmp_path / "s" / "session.json").unlink()
    with pytest.raises(RecordError, match="liveaffect recover"):
        SessionReader(tmp_path / "s")
    info = recover(tmp_path / "s")
    assert (info.state, info.reason) == ("INCOMPLETE", "the manifest was lost")
    assert info.ledger["affect"].recorded == 50


def test_a_session_that_is_being_written_is_not_recovered(tmp_path: Path) -> None:
    session = _write(tmp_path / "s")
    info = load_info(tmp_path / "s")
    parent = Identity.of(os.getppid())
    assert parent is not None
    info.processes = [parent]  # some process that lives
    info.save(tmp_path / "s")
    with pytest.raises(RecordError, match="still being recorded"):
        recover(tmp_path / "s")
    session.close()


def test_a_restarted_recorder_goes_on_in_the_same_session(tmp_path: Path) -> None:
    first = _write(tmp_path / "s")
    first.flush()
    first._mcap.abandon()  # as if killed
    again = SessionWriter(tmp_path / "s", min_free=0, resume=True)
    for seq in range(55, 60):
        again.write(FACE, FaceObservation(t_ns=seq, seq=seq, frame_seq=seq))
        again.write(AFFECT, Affect(t_ns=seq, seq=seq))
    again.close()
    info = load_info(tmp_path / "s")
    assert info.state == "INCOMPLETE"
    assert "started 2 times" in info.reason
    account = info.ledger["affect"]
    assert (account.recorded, account.published, account.not_recorded) == (55, 60, 5)
    assert [(gap.first_seq, gap.last_seq) for gap in account.gaps] == [(50, 54)]
    assert len(_messages(tmp_path / "s")) == 110
    assert scan(tmp_path / "s" / "session.mcap").finished


@pytest.mark.processes
def test_a_full_disk_ends_the_recording_readably_and_nothing_is_raised(small_disk: Path) -> None:
    session = SessionWriter(small_disk / "s", min_free=0)
    noise = random.Random(5)
    seq = 0
    while not session.ended:
        session.write(MARKER, Marker(t_ns=seq, seq=seq, label=noise.randbytes(20_000).hex()))
        session.flush()
        seq += 1
        assert seq < 2000
    assert "the disk is full" in session.ended
    session.write(MARKER, Marker(t_ns=seq, seq=seq, label="after the end"))
    info = load_info(small_disk / "s")
    assert info.state == "INCOMPLETE"
    assert "the disk is full" in info.reason
    messages = _messages(small_disk / "s")
    assert len(messages) >= seq - 1
    assert scan(small_disk / "s" / "session.mcap").finished


def test_a_file_that_may_not_grow_ends_the_recording_readably(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    session = SessionWriter(tmp_path / "s", min_free=0)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        noise = random.Random(5)
        for seq in range(100):
            session.write(MARKER, Marker(t_ns=seq, seq=seq, label=noise.randbytes(10_000).hex()))
            session.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert "the disk is full" in session.ended
    assert 10 < len(_messages(tmp_path / "s")) < 40


def test_recording_stops_before_the_disk_is_full(tmp_path: Path) -> None:
    session = _write(tmp_path / "s", count=1)
    session._min_free = 1 << 62
    session.flush()
    assert "the disk is nearly full" in session.ended
    info = load_info(tmp_path / "s")
    assert info.state == "INCOMPLETE"
    assert len(_messages(tmp_path / "s")) == 2


def test_too_small_a_disk_is_refused_at_the_start(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(RecordError, match="free some, or choose another folder"):
        SessionWriter(tmp_path / "s", min_free=free * 2)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="choose another folder for recordings"):
        SessionWriter(tmp_path / "file" / "s")


def test_what_a_node_was_at_is_read_from_recordings_that_kept_it_among_the_free_facts(tmp_path: Path) -> None:
    session = SessionWriter(tmp_path / "s", min_free=0)
    told = {"t_ns": 1, "state": "done", "face_id": 2}
    for seq, (node, info) in enumerate(
        {
            "recorder": {"recording": True, "privacy": False, "session": "/data/p01", "since_ns": 5},
            "baseline": {"capturing": False, "standing": told},
            "face": {"model": "x"},
            "odd": {"recording": "perhaps"},
        }.items()
    ):
        session.write(HEALTH, Health(t_ns=seq, seq=seq, node=node, process=node, state="ok", info=info))
    session.close()
    status = {m.node: m.status for m in _messages(tmp_path / "s") if isinstance(m, Health)}
    assert isinstance(status["recorder"], RecordStatus)
    assert (status["recorder"].recording, status["recorder"].session) == (True, "/data/p01")
    assert isinstance(status["baseline"], BaselineStatus)
    assert status["baseline"].in_force is not None
    assert status["baseline"].in_force.face_id == 2
    assert status["face"] is status["odd"] is None
