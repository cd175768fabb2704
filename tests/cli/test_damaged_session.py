"""What `export`, `report`, `replay --verify` and `recover` say of a damaged session, and with which exit code."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from liveaffect.cli.main import main
from liveaffect.offline.verifying.compare import VerifyReport
from liveaffect.offline.verifying.known import Trust
from liveaffect.offline.verifying.verify import verify
from liveaffect.stream.messages import Affect, FaceAffect, FaceEstimate, FaceObservation, Person, VideoFrame
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.walk import walk
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import AFFECT, FACE, FACE_AFFECT, VIDEO

GRAPH = {"fusion": {"type": "liveaffect.nodes.fusion:FusionNode", "process": "fusion"}}
WIRING = {"fusion": {"reads": ["face/affect"], "writes": ["affect"]}}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight chunks of ten frames."""
    monkeypatch.setattr("liveaffect.stream.session.writer.FLUSH_S", 1e6)  # chunks end where the test says so
    writer = SessionWriter(tmp_path / "s", SessionContext(graph=GRAPH, wiring=WIRING), min_free=0)
    for seq in range(80):
        head: dict[str, Any] = {"t_ns": seq * 50_000_000, "seq": seq}
        emotions = (0.125,) * 8
        face = FaceEstimate(id=1, state="ok", valence=seq / 100, arousal=0.1, emotions=emotions)
        person = Person(id=1, state="ok", valence=seq / 100, arousal=0.1, emotions=emotions)
        writer.write(VIDEO, VideoFrame(**head, frame_index=seq))
        writer.write(FACE, FaceObservation(**head, frame_seq=seq))
        writer.write(FACE_AFFECT, FaceAffect(**head, frame_seq=seq, faces=(face,)))
        writer.write(AFFECT, Affect(**head, frame_seq=seq, people=(person,), state="ok", face_state="ok"))
        if seq % 10 == 9:
            writer.flush()
    writer.close()
    return tmp_path / "s"


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return int(end.value.code or 0)


def _verify_here(session: Path, tolerance: float | None, progress: Any, trust: Trust) -> VerifyReport:
    """No face node runs again here, so that no process of its own is needed."""
    return verify(session, tolerance=tolerance, progress=progress, trust=trust)


def _damage(session: Path, chunk: int = 2) -> None:
    path = session / "session.mcap"
    places = [(piece.offset, piece.stop) for piece in walk(path) if piece.head is not None]
    data = bytearray(path.read_bytes())
    data[sum(places[chunk]) // 2] ^= 32
    path.write_bytes(data)


def test_e29_export_writes_what_is_intact_says_what_is_missing_and_ends_with_1(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("export", session, "--to", "parquet", "--out", tmp_path / "whole.parquet") == 0
    _damage(session)
    assert _run("export", session, "--to", "parquet", "--out", tmp_path / "left.parquet") == 1
    told = capsys.readouterr().err
    assert "10 of affect" in told
    assert "from 1.00 s to 1.45 s" in told
    whole, left = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "left"))
    assert (whole.height, left.height) == (80, 70)
    assert left.drop("file", "utc").equals(pl.concat([whole[:20], whole[30:]]).drop("file", "utc"))


def test_e29_a_damaged_beginning_does_not_move_the_zero_of_a_table(session: Path, tmp_path: Path) -> None:
    _damage(session, chunk=0)
    assert _run("export", session, "--to", "csv", "--out", tmp_path / "left.csv") == 1
    table = pl.read_csv(tmp_path / "left.csv")
    assert table["t_s"][0] == 0.5
    assert table["valence"][0] == 0.1


def test_e29_the_report_of_a_damaged_session_never_calls_it_complete(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert _run("report", session, "--out", page) == 0
    assert "Everything that was published is in the recording" in page.read_text("utf-8")
    _damage(session)
    assert _run("report", session, "--out", page) == 1
    assert "10 of affect" in capsys.readouterr().out
    text = page.read_text("utf-8")
    assert "Everything that was published" not in text
    assert "badge good" not in text
    assert "10 of affect" in text


@pytest.mark.processes
def test_e29_verify_says_not_verified_of_a_damaged_session(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _damage(session)
    assert _run("replay", session, "--verify") == 1
    told = capsys.readouterr().out
    assert "NOT verified" in told
    assert "10 of affect" in told


def test_e29_recover_says_what_is_missing_and_keeps_what_it_cannot_read(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _damage(session)
    assert _run("recover", session) == 0
    told = capsys.readouterr().out.replace("\n", " ").replace("  ", " ")
    assert "INCOMPLETE, recovered" in told
    assert "10 messages of affect" in told
    assert str(session / "damaged") in told
    assert load_info(session).ledger["affect"].recorded == 70
    assert _run("recover", session) == 0
    assert ", recovered" not in capsys.readouterr().out


def test_e45_export_of_a_session_with_a_bad_index_has_every_row(session: Path, tmp_path: Path) -> None:
    path = session / "session.mcap"
    stop = next(piece.stop for piece in walk(path) if piece.head is not None)
    data = bytearray(path.read_bytes())
    data[stop + 20] ^= 1
    path.write_bytes(data)
    assert _run("export", session, "--to", "csv", "--out", tmp_path / "t.csv") == 0
    assert pl.read_csv(tmp_path / "t.csv").height == 80


def test_e30_every_kind_of_broken_head_is_one_line_and_no_traceback(
    session: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveaffect.cli.replay.verify_apart", _verify_here)
    whole = json.loads((session / "session.json").read_text("utf-8"))
    odd = ({"graph": {"x": {"type": 7}}}, {"clocks": [{}]}, {"wiring": {"x": 1}}, {"first_t_ns": 10**30}, {"ledger": 0})
    texts = [json.dumps({**whole, "version": 1, "checks": "", **change}).encode() for change in odd]
    for text in (b"", b"\xff\xff", b"[" * 20_000, *texts):
        (session / "session.json").write_bytes(text)
        for words in (("export", session, "--to", "csv"), ("report", session), ("replay", session, "--verify")):
            assert _run(*words) in (0, 1), words
            told = capsys.readouterr()
            assert "unexpected" not in told.err + told.out, (words, text[:80])
            assert "Traceback" not in told.err, (words, text[:80])


def test_e35_report_and_export_make_no_folders(tmp_path: Path, session: Path) -> None:
    assert _run("report", session, "--out", tmp_path / "no" / "such" / "x.html") == 2
    assert not (tmp_path / "no").exists()
