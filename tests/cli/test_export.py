"""Export: what comes out is what was recorded, in forms that other programs read, with every column explained."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from liveaffect.cli.export import export_to, load
from liveaffect.offline.tables.score import DICTIONARY, EXTRAS, REL_COLUMNS, SMOOTH_COLUMNS
from liveaffect.offline.tables.summary import summarise_table
from liveaffect.offline.tables.xdf import Channel, Stream, write_xdf
from liveaffect.stream.errors import InputError, RecordError
from liveaffect.stream.messages import (
    Affect,
    Face,
    FaceAffect,
    FaceEstimate,
    FaceObservation,
    Marker,
    Message,
    Person,
)
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import topic_of

FRAMES = 30


def _messages(seq: int) -> list[Message]:
    t_ns = 7_000_000_000 + seq * 40_000_000
    header: dict[str, Any] = {"t_ns": t_ns, "seq": seq}
    ok = seq != 5
    face = Face(id=0, state="ok" if ok else "no_face", yaw_deg=float(seq) if ok else None)
    estimate = FaceEstimate(id=0, state=face.state, valence=0.25 if ok else None)
    person = Person(id=0, state=face.state, valence=seq / 100 if ok else None)
    return [
        FaceObservation(**header, frame_seq=seq, state=face.state, faces=(face,)),
        FaceAffect(**header, frame_seq=seq, state=face.state, faces=(estimate,)),
        Affect(**header, frame_seq=seq, state=face.state, face_state=face.state, people=(person,)),
    ]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """1.2 s of one face, lost in one frame, with two markers."""
    writer = SessionWriter(tmp_path / "s", min_free=0)
    for seq in range(FRAMES):
        for message in _messages(seq):
            writer.write(topic_of(message), message)
    for seq, t_ns in enumerate((8_000_000_000, 7_100_000_000)):
        mark = Marker(t_ns=t_ns, seq=seq, label=f"stimulus <{seq}> & more", source="test")
        writer.write(topic_of(mark), mark)
    writer.close()
    return tmp_path / "s"


def test_csv_opens_in_excel_and_holds_every_frame(session: Path, tmp_path: Path) -> None:
    target, markers, dictionary = export_to(session, tmp_path / "out" / "x.csv", "csv")
    assert target.read_bytes()[:3] == b"\xef\xbb\xbf"
    table = pl.read_csv(target)
    assert table.height == FRAMES
    assert table["t_s"].to_list() == pytest.approx([n * 0.04 for n in range(FRAMES)])
    assert table["valence"][7] == 0.07
    assert table["valence"][5] is None
    assert pl.read_csv(markers)["label"].to_list() == ["stimulus <1> & more", "stimulus <0> & more"]
    assert pl.read_csv(dictionary)["column"].to_list()[:3] == ["file", "t_s", "face_id"]


def test_parquet_keeps_types_and_explains_its_columns(session: Path, tmp_path: Path) -> None:
    target = export_to(session, tmp_path / "x.parquet", "parquet")[0]
    table = pl.read_parquet(target)
    assert table.equals(load(session)[0])
    assert "valence" in pl.read_parquet_metadata(target)["column:valence"]


def test_xdf_is_read_back_by_pyxdf(session: Path, tmp_path: Path) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    target = export_to(session, tmp_path / "x.xdf", "xdf")[0]
    streams, _ = pyxdf.load_xdf(str(target), dejitter_timestamps=False)
    by_type = {stream["info"]["type"][0]: stream for stream in streams}
    numbers = by_type["Affect"]
    labels = [c["label"][0] for c in numbers["info"]["desc"][0]["channels"][0]["channel"]]
    valence = numbers["time_series"][:, labels.index("valence")]
    assert numbers["time_series"].shape[0] == FRAMES
    assert valence[7] == pytest.approx(0.07)
    assert math.isnan(valence[5])
    assert numbers["time_stamps"] == pytest.approx([n * 0.04 for n in range(FRAMES)])
    assert by_type["State"]["time_series"][5][0] == "no_face"
    assert [row[0] for row in by_type["Markers"]["time_series"]] == ["stimulus <1> & more", "stimulus <0> & more"]
    assert by_type["Markers"]["time_stamps"] == pytest.approx([0.1, 1.0])


def test_every_exported_column_is_in_the_dictionary(session: Path, tmp_path: Path) -> None:
    files = export_to(session, tmp_path / "x.csv", "csv")
    known = pl.read_csv(files[-1])
    assert set(pl.read_csv(files[0]).columns) <= set(known["column"])
    assert not known.filter(pl.col("meaning") == "not a column of liveaffect").height
    assert set(known["column"]) >= set(DICTIONARY)


@pytest.mark.parametrize("form", ["csv", "parquet", "xdf"])
def test_columns_that_were_asked_for_are_explained_too(session: Path, tmp_path: Path, form: Any) -> None:
    table, _ = load(session)
    table.with_columns(pl.lit(0.5, pl.Float32).alias(name) for name in EXTRAS).write_parquet(tmp_path / "t.parquet")
    files = export_to(tmp_path / "t.parquet", tmp_path / f"x.{form}", form)
    known = {row["column"]: row for row in pl.read_csv(files[-1]).iter_rows(named=True)}
    for name in (*SMOOTH_COLUMNS, *REL_COLUMNS):
        assert "(--smooth)" in known[name]["meaning"] or "(--baseline)" in known[name]["meaning"]
        assert known[name]["unit"]
        assert known[name]["range"]
    summarise_table(table).write_parquet(tmp_path / "summary.parquet")
    known = pl.read_csv(export_to(tmp_path / "summary.parquet", tmp_path / "y.csv", "csv")[-1])
    assert "not a column of liveaffect" not in known["meaning"].to_list()


def test_a_table_is_exported_too(session: Path, tmp_path: Path) -> None:
    parquet = export_to(session, tmp_path / "x.parquet", "parquet")[0]
    again = export_to(parquet, tmp_path / "y.csv", "csv")[0]
    assert pl.read_csv(again).height == FRAMES


def test_what_is_neither_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordError, match="is not a session"):
        load(tmp_path / "folder")
    (tmp_path / "text.doc").write_text("x")
    with pytest.raises(InputError, match="no table"):
        load(tmp_path / "text.doc")


def test_long_streams_and_long_texts_survive_xdf(tmp_path: Path) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    count = 10_000
    times = np.arange(count) / 100
    values = np.random.default_rng(1).random((count, 3))
    words = [["ä" * (n % 300)] for n in range(count)]
    channels = [Channel("a", "V", "x < y"), Channel("b"), Channel("c")]
    write_xdf(
        tmp_path / "x.xdf",
        [
            Stream("numbers", "N", channels, times, values, rate_hz=100),
            Stream("words", "W", [Channel("w")], times, words),
            Stream("empty", "E", [Channel("w")], np.zeros(0), np.zeros((0, 1))),
        ],
    )
    streams, _ = pyxdf.load_xdf(str(tmp_path / "x.xdf"), dejitter_timestamps=False)
    found = {stream["info"]["type"][0]: stream for stream in streams}
    assert np.array_equal(found["N"]["time_series"], values)
    assert [row[0] for row in found["W"]["time_series"]] == [row[0] for row in words]
    assert len(found["E"]["time_stamps"]) == 0
