"""Sessions that were damaged, or made to harm: told in words, what is intact is used, nothing else is touched."""

import json
import os
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from liveaffect.stream.errors import LiveAffectError, RecordError
from liveaffect.stream.identity import Identity
from liveaffect.stream.messages import Affect, Marker, Person, VideoFrame
from liveaffect.stream.session import manifest
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.format import CHUNK, HEAD, UNPACKED_LIMIT, ZSTD
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.mcap.walk import walk
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, MARKER, VIDEO

pytestmark = pytest.mark.long

CHUNKS = 8


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight chunks of ten frames with an estimate each."""
    monkeypatch.setattr("liveaffect.stream.session.writer.FLUSH_S", 1e6)  # chunks end where the test says so
    graph = {"camera": {"type": "liveaffect.nodes.camera:CameraNode", "process": "camera"}}
    writer = SessionWriter(tmp_path / "s", SessionContext(graph=graph), min_free=0)
    for seq in range(10 * CHUNKS):
        t_ns = seq * 50_000_000
        writer.write(VIDEO, VideoFrame(t_ns=t_ns, seq=seq, frame_index=seq))
        person = Person(id=0, state="ok", valence=seq / 100, emotions=(0.125,) * 8)
        writer.write(AFFECT, Affect(t_ns=t_ns, seq=seq, frame_seq=seq, people=(person,)))
        if seq % 10 == 9:
            writer.flush()
    writer.close()
    return tmp_path / "s"


def _places(folder: Path) -> list[tuple[int, int]]:
    return [(piece.offset, piece.stop) for piece in walk(folder / "session.mcap") if piece.head is not None]


def _flip(path: Path, at: int, bit: int = 3) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def _read(folder: Path) -> list[tuple[str, bytes]]:
    return [(name, record.data) for name, record in SessionReader(folder).raw()]


def _seqs(folder: Path) -> list[int]:
    return [message.seq for _, message in SessionReader(folder).messages(["affect"])]


def test_e29_one_flipped_bit_costs_its_chunk_alone_and_is_told_by_every_reader(session: Path) -> None:
    start, stop = _places(session)[2]
    _flip(session / "session.mcap", (start + stop) // 2)
    assert _seqs(session) == [*range(20), *range(30, 80)]
    reader = SessionReader(session)
    assert reader.state == "DAMAGED"
    assert reader.loses
    told = " ".join(reader.faults)
    assert "10 of affect" in told
    assert "from 1.00 s to 1.45 s" in told


def test_e29_recover_keeps_what_is_intact_on_both_sides_and_the_damaged_bytes_too(session: Path) -> None:
    start, stop = _places(session)[2]
    path = session / "session.mcap"
    _flip(path, (start + stop) // 2)
    broken = path.read_bytes()[start:stop]
    before = _read(session)
    info = recover(session)
    assert _read(session) == before
    assert (info.state, SessionReader(session).faults) == ("INCOMPLETE", [])
    assert {(m.topic, m.messages) for m in info.missing} >= {("affect", 10), ("video/frame", 10)}
    assert info.ledger["affect"].recorded == 70
    assert [kept.read_bytes() for kept in (session / "damaged").iterdir()] == [broken]
    again = {item.name: item.read_bytes() for item in session.iterdir() if item.is_file()}
    recover(session)
    assert {item.name: item.read_bytes() for item in session.iterdir() if item.is_file()} == again


@pytest.mark.parametrize("place", ["magic", "header", "chunk head", "index", "data end", "summary", "footer", "end"])
def test_e30_damage_around_the_chunks_costs_no_message_and_is_told(session: Path, place: str) -> None:
    path, places = session / "session.mcap", _places(session)
    size = path.stat().st_size
    tail = places[-1][1]
    at = {"magic": 2, "header": 20, "chunk head": places[3][0] + 4, "index": places[3][1] + 12, "data end": 0,
          "summary": size - 300, "footer": size - 20, "end": size - 3}[place]  # fmt: skip
    if place == "data end":
        at = path.read_bytes().rindex(HEAD.pack(15, 4), tail)
    _flip(path, at)
    assert _seqs(session) == list(range(80))
    assert SessionReader(session).faults
    assert not SessionReader(session).info.missing
    assert recover(session).state == "INCOMPLETE"
    assert _seqs(session) == list(range(80))
    assert SessionReader(session).faults == []


def test_e45_a_bad_message_index_costs_nothing_for_its_chunk_is_whole(session: Path) -> None:
    _flip(session / "session.mcap", _places(session)[1][1] + HEAD.size + 10)
    reader = SessionReader(session)
    assert _seqs(session) == list(range(80))
    assert "no message is lost" in " ".join(reader.faults)
    assert not reader.loses


@pytest.mark.parametrize("at", [*range(0, 900, 37), 1, 4, 5, 7, 9, 11, 12, 14])
def test_e30_a_flipped_bit_in_the_manifest_costs_at_most_its_own_key(session: Path, at: int) -> None:
    path = session / "session.json"
    whole = load_info(session)
    _flip(path, at % path.stat().st_size, at % 8)
    reader = SessionReader(session)
    assert reader.faults
    assert reader.state == "DAMAGED"
    changed = [key for key in whole.__struct_fields__ if getattr(whole, key) != getattr(reader.info, key)]
    assert set(changed) <= set(reader.damaged_keys)
    assert len(changed) <= 2  # at the border of two keys
    assert _seqs(session) == list(range(80))
    info = recover(session)
    assert info.state == "INCOMPLETE"
    assert SessionReader(session).faults == []
    assert (session / "damaged").is_dir()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format": ' * 50_000,
        b'{"version": 1e999, "clocks": [{"monotonic_ns": 1' + b"0" * 400 + b"}]}",
        b'{"state": "COMPLETE", "first_t_ns": 99999999999999999999999999}',
        b'{"files": {"../x": 1}, "graph": 3, "wiring": []}',
        b"null",
    ],
)
def test_e30_any_manifest_gives_one_clear_error_or_is_read(session: Path, text: bytes) -> None:
    (session / "session.json").write_bytes(text)
    before = _read_raw(session)
    for use in (SessionReader, recover):
        told = ""
        try:
            use(session)
        except LiveAffectError as error:
            told = str(error)
        assert not told or "session.json" in told
    assert _read_raw(session) == before


def _read_raw(folder: Path) -> Counter[bytes]:
    from liveaffect.stream.session.mcap.read import chunks

    return Counter(record.data for records in chunks(folder / "session.mcap") for _, record in records)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 30, 200])
def test_e30_recover_erases_nothing_of_a_recording_that_begins_broken(session: Path, count: int) -> None:
    path = session / "session.mcap"
    data = path.read_bytes()
    path.write_bytes(data[:count])
    with pytest.raises(RecordError, match="is not a recording"):
        recover(session) if count < 8 else recover(_rubbish(session, data))
    assert path.read_bytes()[:count] == data[:count] if count < 8 else path.exists()


def _rubbish(session: Path, data: bytes) -> Path:
    """A file that begins as no recording does, and holds no whole chunk."""
    (session / "session.mcap").write_bytes(b"?" + data[1:200])
    return session


def test_e30_a_broken_first_record_does_not_cost_the_recording(session: Path) -> None:
    path = session / "session.mcap"
    data = bytearray(path.read_bytes())
    data[:40] = bytes(40)
    path.write_bytes(data)
    assert len(_read(session)) == 160
    recover(session)
    assert len(_read(session)) == 160
    assert SessionReader(session).faults == []


def test_e31_a_session_has_no_code_imported(session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stranger_of_e31.py").write_text("raise SystemExit('this ran')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    info = load_info(session)
    info.graph["x"] = {"type": "stranger_of_e31:A"}
    info.save(session)
    assert len(list(SessionReader(session).messages())) == 160
    assert "stranger_of_e31" not in sys.modules
    recover(session)
    assert "stranger_of_e31" not in sys.modules


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", ["session.json", "session.mcap"])
@pytest.mark.parametrize("kind", ["pipe", "link", "device", "folder"])
def test_e32_pipes_links_devices_and_folders_are_refused(session: Path, tmp_path: Path, name: str, kind: str) -> None:
    path = session / name
    kept = tmp_path / "elsewhere"
    path.rename(kept)
    before = kept.read_bytes()
    make: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(kept),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
    }
    make[kind]()
    for use in (SessionReader, recover):
        with pytest.raises(RecordError, match=name.replace(".", r"\.")):
            use(session)
    assert kept.read_bytes() == before


def test_e32_recover_writes_through_no_link_that_came_with_the_session(session: Path, tmp_path: Path) -> None:
    start, stop = _places(session)[2]
    _flip(session / "session.mcap", (start + stop) // 2)
    mine = tmp_path / "mine"
    mine.write_text("letter", "utf-8")
    (session / "damaged").mkdir()
    name = f"session.mcap.{start}-{stop}"
    for link in (session / "damaged" / f".{name}.part", session / ".session.mcap.recovering"):
        link.symlink_to(mine)
    recover(session)
    assert mine.read_text("utf-8") == "letter"
    assert (session / "damaged" / name).stat().st_size == stop - start


def _chunk(content: bytes, size: int, crc: int, *, length: int | None = None, data_size: int | None = None) -> bytes:
    head = CHUNK.pack(0, 1, size, crc, 4) + ZSTD[4:] + struct.pack("<Q", data_size or len(content))
    payload = head + content
    return HEAD.pack(6, length or len(payload)) + payload


@pytest.mark.parametrize("kind", ["bomb", "size", "length", "inner"])
def test_e33_declared_and_unpacked_sizes_cost_no_memory(
    session: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    bomb = zstandard.compress(bytes(64 << 20))
    evil = {
        "bomb": _chunk(bomb, 64 << 20, zlib.crc32(bytes(64 << 20))),
        "size": _chunk(zstandard.compress(b"x"), 1 << 40, 0),
        "length": _chunk(b"x", 1, 0, length=1 << 40),
        "inner": _chunk(b"x", 1, 0, data_size=1 << 40),
    }[kind]
    path, (start, _) = session / "session.mcap", _places(session)[4]
    data = path.read_bytes()
    path.write_bytes(data[:start] + evil + data[start:])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 4 * UNPACKED_LIMIT, hard))
    try:
        assert _seqs(session) == list(range(80))
        faults = SessionReader(session).faults
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert faults
    assert scan(path).damage


def test_e33_a_file_made_to_keep_the_search_busy_ends_it(session: Path) -> None:
    path = session / "session.mcap"
    fake = _chunk(b"\x28\xb5\x2f\xfd", 1 << 20, 7, data_size=4 << 20)
    path.write_bytes(path.read_bytes()[:3000] + fake * 40_000)
    assert scan(path).damage or scan(path).torn_bytes


def test_e30_a_message_that_is_none_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path / "s", min_free=0)
    bad = (b"{", b"[" * 5000, b'{"t_ns": 1e30, "label": "x"}', b"\xff", b'{"t_ns": 99999999999999999999, "label": ""}')
    for seq, data in enumerate(bad):
        writer.write(MARKER, Marker(t_ns=seq, seq=2 * seq, label="good"))
        writer.write_json("marker", "Marker", lambda: b"{}", Marker(t_ns=seq, seq=2 * seq + 1, label=""), data)
    writer.close()
    reader = SessionReader(tmp_path / "s")
    assert [m.label for _, m in reader.messages() if isinstance(m, Marker)] == ["good"] * len(bad)
    assert reader.malformed == len(bad)


def test_an_old_manifest_without_checksums_still_loads(session: Path) -> None:
    found = json.loads((session / "session.json").read_bytes())
    found["version"] = 1
    del found[manifest.CHECKS]
    found |= {"run": 4711, "writers": [1]}
    (session / "session.json").write_text(json.dumps(found))
    reader = SessionReader(session)
    assert (reader.faults, reader.state, reader.info.run) == ([], "COMPLETE", 4711)


@pytest.mark.parametrize("seed", range(40))
def test_e29_damage_anywhere_is_told_and_costs_no_other_chunk(session: Path, seed: int) -> None:
    path = session / "session.mcap"
    size, places, before = path.stat().st_size, _places(session), _read(session)
    at = (seed * 7919 + 31 * seed * seed) % size
    _flip(path, at, seed % 8)
    hit = [n for n, (start, stop) in enumerate(places) if start <= at < stop]
    found = _read(session)
    assert len(found) >= len(before) - 20 * len(hit)
    assert not Counter(found) - Counter(before)
    assert SessionReader(session).faults


def test_e20_a_session_that_another_container_may_still_write_is_left_alone(session: Path) -> None:
    info = load_info(session)
    info.state, info.processes = "RECORDING", [Identity(boot="another", space=7, pid=1, started=1)]
    info.save(session)
    path = session / "session.mcap"
    path.write_bytes(path.read_bytes()[:-40])
    before = path.read_bytes()
    with pytest.raises(RecordError, match="another machine or container"):
        recover(session)
    assert path.read_bytes() == before
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert recover(session).state == "INCOMPLETE"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_e30_a_torn_manifest_keeps_what_stands_before_the_tear(session: Path, share: float) -> None:
    whole, path = load_info(session), session / "session.json"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    info = load_info(session)
    kept = [key for key in whole.__struct_fields__ if getattr(info, key) == getattr(whole, key)]
    assert len(kept) > share * 10
    assert SessionReader(session).state == "DAMAGED"
    assert recover(session).state == "INCOMPLETE"
    assert SessionReader(session).faults == []
