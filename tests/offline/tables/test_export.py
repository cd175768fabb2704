"""Export: what comes out is what was recorded, in forms that other programs read, with every column explained."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from liveaffect.offline.tables.export import export, load
from liveaffect.offline.tables.files import write_csv
from liveaffect.offline.tables.read import read_table
from liveaffect.offline.tables.score import DICTIONARY, EXTRAS, REL_COLUMNS, SMOOTH_COLUMNS
from liveaffect.offline.tables.streams import CODES, streams
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


def test_m15_csv_begins_with_its_first_column_and_with_a_byte_order_mark_only_if_asked(
    session: Path, tmp_path: Path
) -> None:
    target, markers, dictionary = export(session, tmp_path / "x.csv")
    assert target.read_bytes().startswith(b"file,t_s,t_ns,utc,face_id,")
    assert not any(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in (markers, dictionary))
    assert export(session, tmp_path / "e.csv", excel=True)[0].read_bytes().startswith(b"\xef\xbb\xbffile,")
    table = pl.read_csv(target)
    assert table.height == FRAMES
    assert table["t_s"].to_list() == [(n * 40_000_000) / 1e9 for n in range(FRAMES)]
    assert table["valence"][7] == 0.07
    assert table["valence"][5] is None
    assert pl.read_csv(markers)["label"].to_list() == ["stimulus <1> & more", "stimulus <0> & more"]
    assert pl.read_csv(dictionary)["column"].to_list()[:3] == ["file", "t_s", "t_ns"]


def test_e34_a_label_is_no_formula_of_a_spreadsheet_and_comes_back_as_it_was(tmp_path: Path) -> None:
    labels = ["=1+1", "+a", "-b", "@c", "\td", "'e", "plain"]
    write_csv(pl.DataFrame({"file": labels}), tmp_path / "x.csv")
    raw = (tmp_path / "x.csv").read_text("utf-8").splitlines()[1:]
    assert raw == ["'=1+1", "'+a", "'-b", "'@c", "'\td", "'e", "plain"]
    assert read_table(tmp_path / "x.csv")["file"].to_list() == labels


def test_parquet_keeps_types_and_explains_its_columns(session: Path, tmp_path: Path) -> None:
    target = export(session, tmp_path / "x.parquet")[0]
    table = pl.read_parquet(target)
    assert table.equals(load(session)[0])
    assert "valence" in pl.read_parquet_metadata(target)["column:valence"]


def test_m14_xdf_has_no_null_that_could_poison_a_channel_and_says_what_is_missing(
    session: Path, tmp_path: Path
) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    target = export(session, tmp_path / "x.xdf")[0]
    streams, header = pyxdf.load_xdf(str(target))
    by_type = {stream["info"]["type"][0]: stream for stream in streams}
    numbers, missing = by_type["Affect"], by_type["Missing"]
    labels = [c["label"][0] for c in numbers["info"]["desc"][0]["channels"][0]["channel"]]
    valence = numbers["time_series"][:, labels.index("valence")]
    assert np.isfinite(numbers["time_series"]).all()
    assert valence[7] == pytest.approx(0.07)
    assert valence[5] == pytest.approx(0.05)  # on the line between its neighbours
    names = [c["label"][0] for c in missing["info"]["desc"][0]["channels"][0]["channel"]]
    flags = missing["time_series"][:, names.index("valence_missing")]
    assert flags.tolist() == [1 if n == 5 else 0 for n in range(FRAMES)]
    codes = numbers["time_series"][:, labels.index("state_code")]
    assert codes.tolist() == [CODES["no_face"] if n == 5 else 0 for n in range(FRAMES)]
    assert float(numbers["info"]["nominal_srate"][0]) == pytest.approx(25.0)
    changes = [row[0] for row in by_type["State"]["time_series"] if row[0].startswith("state ")]
    assert changes == ["state ok", "state no_face", "state ok"]
    assert [row[0] for row in by_type["Markers"]["time_series"]] == ["stimulus <1> & more", "stimulus <0> & more"]
    assert datetime.fromisoformat(header["info"]["datetime"][0])


def test_m14_a_hole_in_a_stream_is_filled_with_samples_that_say_so(tmp_path: Path) -> None:
    times = [n for n in range(50) if n not in (20, 21, 22)]
    table = pl.DataFrame(
        {"file": "f", "t_s": [n / 25 for n in times], "t_ns": [n * 40_000_000 for n in times], "face_id": 0,
         "state": "ok", "valence": [n / 50 for n in times]}
    )  # fmt: skip
    numbers, missing, _ = streams(table, pl.DataFrame(), "x", {})
    assert numbers.times_s == pytest.approx([n / 25 for n in range(50)])
    assert missing.values[:, 0].tolist() == [int(n in (20, 21, 22)) for n in range(50)]  # type: ignore[call-overload]
    assert numbers.values[:, 1] == pytest.approx([n / 50 for n in range(50)])  # type: ignore[call-overload]
    assert set(numbers.values[20:23, 2]) == {CODES["stale"]}  # type: ignore[call-overload]


def test_a_person_out_of_view_has_samples_that_say_so(tmp_path: Path) -> None:
    rows = [(0.0, 0, 0.1), (0.0, 1, 0.2), (0.1, 1, 0.3), (0.2, 0, 0.5), (0.2, 1, 0.4)]
    table = pl.DataFrame(
        {"file": "f", "t_s": [r[0] for r in rows], "face_id": [r[1] for r in rows], "state": "ok",
         "valence": [r[2] for r in rows]}
    )  # fmt: skip
    first = streams(table, pl.DataFrame(), "x", {})[0]
    assert first.values[:, 1] == pytest.approx([0.1, 0.3, 0.5])  # type: ignore[call-overload]
    assert first.values[:, 2].tolist() == [0, CODES["no_face"], 0]  # type: ignore[call-overload]


def test_every_exported_column_is_in_the_dictionary(session: Path, tmp_path: Path) -> None:
    files = export(session, tmp_path / "x.csv")
    known = pl.read_csv(files[-1])
    assert set(pl.read_csv(files[0]).columns) <= set(known["column"])
    assert not known.filter(pl.col("meaning") == "not a column of liveaffect").height
    assert set(known["column"]) >= set(DICTIONARY)


@pytest.mark.parametrize("form", ["csv", "parquet", "xdf"])
def test_columns_that_were_asked_for_are_explained_too(session: Path, tmp_path: Path, form: Any) -> None:
    table, _ = load(session)
    table.with_columns(pl.lit(0.5, pl.Float32).alias(name) for name in EXTRAS).write_parquet(tmp_path / "t.parquet")
    files = export(tmp_path / "t.parquet", tmp_path / f"x.{form}")
    known = {row["column"]: row for row in pl.read_csv(files[-1]).iter_rows(named=True)}
    for name in (*SMOOTH_COLUMNS, *REL_COLUMNS):
        assert "(--smooth)" in known[name]["meaning"] or "(--baseline)" in known[name]["meaning"]
        assert known[name]["unit"]
        assert known[name]["range"]
    summarise_table(table).write_parquet(tmp_path / "summary.parquet")
    known = pl.read_csv(export(tmp_path / "summary.parquet", tmp_path / "y.csv")[-1])
    assert "not a column of liveaffect" not in known["meaning"].to_list()


def test_a_table_is_exported_too(session: Path, tmp_path: Path) -> None:
    parquet = export(session, tmp_path / "x.parquet")[0]
    again = export(parquet, tmp_path / "y.csv")[0]
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


def test_a_stream_of_one_sample_has_clock_offsets_that_a_line_can_be_fitted_through(
    tmp_path: Path,
) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    one = Stream("markers", "Markers", [Channel("label")], np.array([7.5]), [["start"]])
    two = Stream("more", "Markers", [Channel("label")], np.array([7.5, 8.0]), [["a"], ["b"]])
    write_xdf(tmp_path / "x.xdf", [one, two])
    streams, _ = pyxdf.load_xdf(str(tmp_path / "x.xdf"))
    assert [stream["clock_times"] for stream in streams] == [[7.5, 8.5], [7.5, 8.0]]
    assert [stream["time_stamps"].tolist() for stream in streams] == [[7.5], [7.5, 8.0]]


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
