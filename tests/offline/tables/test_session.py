"""One clock for a session: rows, markers, messages, exports and the report count from its first frame or sample."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from liveaffect.offline import export, open_session, report
from liveaffect.offline.tables.export import load
from liveaffect.offline.tables.score import DICTIONARY
from liveaffect.offline.tables.streams import streams
from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import (
    Affect,
    AudioChunk,
    Face,
    FaceAffect,
    FaceEstimate,
    FaceObservation,
    Health,
    Marker,
    Message,
    Person,
    VideoFrame,
)
from liveaffect.stream.session.info import ClockPair
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import topic_of

FRAMES, MARKED = 180, 60
STARTS_NS = {"file": 0, "live": 987_654_321_098_765, "replayed": 5_000_000_007}
"""Of a file played from its own zero; on a machine that has run for eleven days; of a replay that began 5 s late."""


def frame_times(kind: str) -> list[int]:
    """Of a webcam, which is never quite regular."""
    jitter = np.random.default_rng(3).integers(-4_000_000, 4_000_000, FRAMES)
    jitter[0] = 0
    return [STARTS_NS[kind] + k * 33_366_700 + int(jitter[k]) for k in range(FRAMES)]


def write(folder: Path, messages: list[Message], clocks: list[tuple[int, int]]) -> Path:
    writer = SessionWriter(folder, min_free=0)
    for message in sorted(messages, key=lambda m: m.t_ns):
        writer.write(topic_of(message), message)
    writer.info.clocks = [ClockPair(monotonic_ns=mono, unix_ns=unix) for mono, unix in clocks]
    writer.close()
    return folder


def recorded(folder: Path, kind: str) -> Path:
    """A session whose nodes report 1.8 s before the first frame, whose sound begins late, with 60 marked frames."""
    times = frame_times(kind)
    found: list[Message] = [
        Health(t_ns=times[0] - 1_800_000_000, seq=0, node="camera", process="camera", state="starting")
    ]
    for k, t_ns in enumerate(times):
        about: dict[str, Any] = {"t_ns": t_ns, "seq": k}
        person = Person(id=0, state="ok", valence=k / FRAMES, valence_sd=0.2, arousal=0.0, arousal_sd=0.2,
                        emotions=(1.0,) + (0.0,) * 7)  # fmt: skip
        found += [
            VideoFrame(**about, frame_index=k),
            FaceObservation(**about, frame_seq=k, state="ok", faces=(Face(id=0, state="ok"),)),
            FaceAffect(**about, frame_seq=k, state="ok", faces=(FaceEstimate(id=0, state="ok", valence=0.1),)),
            Affect(**about, frame_seq=k, state="ok", face_state="ok", people=(person,)),
        ]
    found += [AudioChunk(t_ns=times[0] + 40_000_000, seq=0)]
    found += [Marker(t_ns=times[3 * n], seq=n, label=f"trial {n}", source="lab") for n in range(MARKED)]
    begun = times[0] - 2_000_000_000
    unix = int(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()) * 1_000_000_000
    return write(folder, found, [(begun, unix), (begun + 10_000_000_000, unix + 10_000_010_000)])


@pytest.mark.parametrize("kind", STARTS_NS)
def test_m04_a_marker_at_a_frames_own_time_has_that_frames_t_s_in_every_export_and_in_the_report(
    tmp_path: Path, kind: str
) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    session = open_session(recorded(tmp_path / "s", kind))
    expected = [(t - STARTS_NS[kind]) / 1e9 for t in frame_times(kind)]
    marked = expected[::3]
    assert session.table()["t_s"].to_list() == expected
    assert session.markers()["t_s"].to_list() == marked
    for ending, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        rows, marks, *_ = export(session, tmp_path / f"x.{ending}", markers=True)
        assert read(rows)["t_s"].to_list() == expected
        assert read(rows)["t_ns"].to_list() == frame_times(kind)
        assert read(marks)["t_s"].to_list() == marked
        assert read(rows)["marker"].to_list() == [f"trial {k // 3}" for k in range(FRAMES)]
        assert read(rows)["marker_t_s"].to_list() == [expected[k - k % 3] for k in range(FRAMES)]
    streams, _ = pyxdf.load_xdf(str(export(session, tmp_path / "x.xdf")[0]), dejitter_timestamps=False)
    by_type = {stream["info"]["type"][0]: stream for stream in streams}
    numbers, marks = by_type["Affect"], by_type["Markers"]
    assert numbers["time_series"][:, 0].tolist() == expected
    assert marks["time_stamps"].tolist() == numbers["time_stamps"][::3].tolist()
    assert numbers["time_stamps"].tolist() == [t / 1e9 for t in frame_times(kind)]
    page = report(session, tmp_path / "x.html").read_text("utf-8")
    assert [float(t) for t in re.findall(r'<time title="t_s ([^"]+)"', page)] == marked
    assert [t_s for t_s, _ in session.messages("affect")] == expected
    assert [t_s for t_s, _ in session.messages("marker")] == marked


def test_m04_utc_follows_the_clocks_of_the_session(tmp_path: Path) -> None:
    session = open_session(recorded(tmp_path / "s", "live"))
    utc = session.table()["utc"]
    begun = datetime(2026, 3, 4, 5, 6, 9, tzinfo=UTC)
    assert abs(utc[0] - begun) < timedelta(microseconds=4)  # the clocks drift apart by 1 us a second
    steps = [(b - a) / 1e9 for a, b in zip(frame_times("live")[:-1], frame_times("live")[1:], strict=True)]
    assert utc.diff().drop_nulls().dt.total_microseconds().to_numpy() / 1e6 == pytest.approx(steps, abs=3e-6)
    assert "2026-03-04T05:06:09.00000" in export(session, tmp_path / "x.csv")[0].read_text("utf-8").splitlines()[1]


def test_m04_a_marker_of_another_clock_is_told_apart_and_not_exported(tmp_path: Path) -> None:
    times = frame_times("live")
    frames: list[Message] = [VideoFrame(t_ns=t, seq=k, frame_index=k) for k, t in enumerate(times)]
    marks: list[Message] = [
        Marker(t_ns=0, seq=0, label="zero"),
        Marker(t_ns=1_772_600_000_000_000_000, seq=1, label="unix"),
        Marker(t_ns=times[5] - 60_000_000_000, seq=2, label="a minute before"),
    ]
    session = open_session(write(tmp_path / "s", [*frames, *marks], [(times[0], 1_772_600_000_000_000_000)]))
    assert session.markers()["label"].to_list() == ["a minute before"]
    assert session.foreign_markers["label"].to_list() == ["zero", "unix"]


def test_a_topic_that_is_not_there_is_named(tmp_path: Path) -> None:
    session = open_session(recorded(tmp_path / "s", "file"))
    with pytest.raises(RecordError, match="no topic 'afect'; it has: affect"):
        next(iter(session.messages("afect")))
    session.reader.contents.channels[99] = replace(next(iter(session.reader.contents.channels.values())), topic="yawn")
    with pytest.raises(RecordError, match=r"topic 'yawn' of .* is not declared here: import the module"):
        next(iter(session.messages("yawn")))
    with pytest.raises(RecordError, match="does not exist"):
        open_session(tmp_path / "none")


def test_the_zero_of_sound_alone_is_its_first_sample(tmp_path: Path) -> None:
    found: list[Message] = [Health(t_ns=1, seq=0, node="a", process="a", state="ok"), AudioChunk(t_ns=90, seq=0)]
    assert open_session(write(tmp_path / "s", found, [])).zero_ns == 90


def test_people_who_were_named_have_their_names_in_the_table_and_in_the_export(tmp_path: Path) -> None:
    numbers: dict[str, Any] = {"valence": 0.1, "valence_sd": 0.2, "arousal": 0.0, "arousal_sd": 0.2,
                               "emotions": (1.0,) + (0.0,) * 7}  # fmt: skip
    found: list[Message] = []
    for k, name in enumerate(("", "P01", "P01")):
        about: dict[str, Any] = {"t_ns": k * 33_000_000, "seq": k}
        faces = (FaceEstimate(id=0, state="ok"), FaceEstimate(id=1, state="ok"))
        people = (Person(id=0, state="ok", name=name, **numbers), Person(id=1, state="ok", **numbers))
        found += [
            VideoFrame(**about, frame_index=k),
            FaceObservation(**about, frame_seq=k, state="ok"),
            FaceAffect(**about, frame_seq=k, state="ok", faces=faces),
            Affect(**about, frame_seq=k, state="ok", face_state="ok", people=people),
        ]
    folder = write(tmp_path / "s", found, [])
    table = open_session(folder).table()
    assert table["name"].to_list() == [None, None, "P01", None, "P01", None]
    export(folder, tmp_path / "s.parquet")
    assert pl.read_parquet(tmp_path / "s.parquet")["name"].to_list() == table["name"].to_list()
    known = pl.read_csv(export(folder, tmp_path / "s.csv")[1])
    assert "not a column of liveaffect" not in known["meaning"].to_list()
    found_names = {stream.name for stream in streams(*load(folder), "s", DICTIONARY)}
    assert found_names >= {"s person 0 (P01) numbers", "s person 0 (P01) missing", "s person 1 numbers"}
    text = report(folder, tmp_path / "s.html").read_text("utf-8")
    assert ">P01, face 0</text>" in text
    assert ">face 1</text>" in text
