"""Columns of attention: beside the frames that they are about, null where nothing was told."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from made.attention import BLINKS, made_room

from liveaffect.nodes.attention import AttentionNode
from liveaffect.offline import ScoreSettings
from liveaffect.offline.scoring.segments import SEAM, join_parts
from liveaffect.offline.tables.attention import DICTIONARY
from liveaffect.offline.tables.score import COLUMNS, SCHEMA, TableBuilder
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.topics import ATTENTION, BLINKED, GESTURE, topic_of

DEPTH = {m.FaceObservation: 0, m.FaceAffect: 1, m.Attention: 1, m.Blinked: 1, m.Gesture: 1, m.Affect: 2}


def everything(frames: Sequence[m.FaceObservation], *, attention: bool = True) -> Iterator[m.Message]:
    """What a run says of these frames, in stream order."""
    line: list[m.Message] = [*frames]
    line += list(run_nodes(AttentionNode(), inputs=frames)) if attention else []
    for one in frames:
        faces = tuple(m.FaceEstimate(id=face.id, state=face.state) for face in one.faces)
        people = tuple(m.Person(id=face.id, state=face.state) for face in one.faces)
        line.append(m.FaceAffect(t_ns=one.t_ns, frame_seq=one.frame_seq, faces=faces))
        line.append(m.Affect(t_ns=one.t_ns, frame_seq=one.frame_seq, face_state="ok", people=people))
    yield from sorted(line, key=lambda message: (message.t_ns, DEPTH[type(message)]))


def table(frames: Sequence[m.FaceObservation], **asked: bool) -> pl.DataFrame:
    builder = TableBuilder("film")
    parts: list[pl.DataFrame] = []
    for message in everything(frames, **asked):
        builder.add(message)
        if (batch := builder.ready()) is not None:
            parts.append(batch)
    return pl.concat([*parts, builder.finish()])


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """But for the last fifth of a second, of which nothing was said any more."""
    frames = list(made_room(24, {3: 7, 7: "camera"}))
    whole = table(frames)
    assert dict(whole.schema) == SCHEMA
    last = pl.col("t_ns") > max(one.t_ns for one in everything(frames) if topic_of(one) is ATTENTION)
    assert whole.filter(last)["eye_contact"].null_count() == whole.filter(last).height
    return whole.filter(~last)


def test_every_row_of_a_face_has_the_columns(rows: pl.DataFrame) -> None:
    assert set(DICTIONARY) <= set(COLUMNS)
    first, second = (rows.filter(pl.col("face_id") == who) for who in (3, 7))
    assert first["looks_at"].unique().to_list() == [7]
    assert second["looks_at"].unique().to_list() == [3]
    assert first["looks_at_p"].min() > 0.6  # type: ignore[operator]
    assert second["looks_at_p"].max() < 0.1  # type: ignore[operator]
    assert second["eye_contact"].min() > 0.75  # type: ignore[operator]
    assert rows["gaze_by"].unique().to_list() == ["eyes"]
    assert (first["mutual_gaze"] - second["mutual_gaze"]).abs().max() == 0
    late = rows.filter(pl.col("t_s") > 21.5)
    assert late["perclos"].null_count() == 0
    assert rows.filter(pl.col("t_s") < 19)["perclos"].null_count() == rows.filter(pl.col("t_s") < 19).height


def test_blinks_stand_in_the_rows_in_which_the_eyes_were_closed(rows: pl.DataFrame) -> None:
    mine = rows.filter((pl.col("face_id") == 3) & (pl.col("t_s") > 2))
    for blink in BLINKS:
        inside = mine.filter(pl.col("t_s").is_between(blink.begin_s, blink.begin_s + blink.length_s))
        assert inside["blink"].sum() / 30 == pytest.approx(blink.half_s, abs=0.034)
    assert mine["blink"].sum() / 30 == pytest.approx(sum(blink.half_s for blink in BLINKS), abs=0.2)
    assert mine["blink"].null_count() == 0
    assert rows.filter(pl.col("face_id") == 7)["blink"].sum() == 0


def test_a_nod_stands_in_the_row_that_told_it(rows: pl.DataFrame) -> None:
    nods = rows.filter(pl.col("nod") > 0)
    assert nods["face_id"].to_list() == [7]
    assert nods["nod"].to_list() == pytest.approx([3.0], abs=0.5)
    assert rows["shake"].sum() == 0


def test_what_a_node_did_not_say_is_null() -> None:
    bare = table(list(made_room(2, {3: 7, 7: 3})), attention=False)
    assert bare.height > 100
    assert all(bare[name].null_count() == bare.height for name in DICTIONARY)


def test_a_frame_in_which_a_face_was_not_clear_has_no_gaze_though_its_neighbours_have() -> None:
    frames = list(made_room(3, {3: 7, 7: 3}))
    lost = frames[41]
    lost.faces = (lost.faces[0], m.Face(id=7, state="occluded", box=lost.faces[1].box))
    rows = table(frames).filter(pl.col("t_ns") == lost.t_ns)
    clear, covered = rows.filter(pl.col("face_id") == 3), rows.filter(pl.col("face_id") == 7)
    instant = ["eye_contact", "gaze_by", "looks_at", "looks_at_p", "mutual_gaze", "blink", "nod", "shake"]
    assert clear.select(instant).null_count().sum_horizontal().item() == 0
    assert covered.select(instant).null_count().sum_horizontal().item() == len(instant)


def test_a_row_far_from_anything_said_takes_nothing_from_it() -> None:
    frames = list(made_room(4, {3: 7, 7: 3}))
    line = [
        one for one in everything(frames)
        if topic_of(one) not in (ATTENTION, BLINKED, GESTURE) or one.t_ns < 10**9 or one.t_ns > 3 * 10**9
    ]  # fmt: skip
    builder = TableBuilder("film")
    for message in line:
        builder.add(message)
    rows = builder.finish()
    hole = rows.filter(pl.col("t_s").is_between(1.45, 2.55))
    assert hole["eye_contact"].null_count() == hole.height
    assert rows.filter(pl.col("t_s") < 0.8)["eye_contact"].null_count() == 0


def test_rows_whose_report_was_lost_do_not_take_the_next_one() -> None:
    frames = list(made_room(3, {3: 7, 7: 3}))
    reports = [one.t_ns for one in everything(frames) if topic_of(one) is ATTENTION]
    lost = next(t_ns for t_ns in reports if t_ns > 10**9)
    before = reports[reports.index(lost) - 1]
    builder = TableBuilder("film")
    for message in everything(frames):
        if topic_of(message) is not ATTENTION or message.t_ns != lost:
            builder.add(message)
    known = builder.finish().filter(pl.col("eye_contact").is_not_null())["t_ns"].to_list()
    assert not any(before < t_ns <= lost for t_ns in known)
    assert {before, min(t_ns for t_ns in known if t_ns > lost)} <= set(known)


def test_whom_somebody_looks_at_is_named_as_the_whole_film_names_them(tmp_path: Path) -> None:
    paths: list[Path] = []
    for part, ids in enumerate(((0, 1), (1, 0))):  # the second segment numbers them the other way round
        line = {name: [None, None] for name in COLUMNS} | {"face_id": list(ids), "looks_at": list(ids)[::-1]}
        frame = pl.DataFrame(line | {"t_s": [60.0 * part] * 2}, schema=SCHEMA)
        seen = [[60_000_000_000, who, 0.2 + 0.5 * k, 0.5, 0.1] for k, who in enumerate(ids)]
        path = tmp_path / f"{part}.parquet"
        frame.write_parquet(path, metadata={SEAM: f'{{"head": {seen}, "tail": {seen}}}'})
        paths.append(path)
    join_parts(paths, tmp_path / "whole.parquet", "film", ScoreSettings(split_s=60.0), {}, [])
    whole = pl.read_parquet(tmp_path / "whole.parquet")
    assert whole["face_id"].to_list() == [0, 1, 0, 1]
    assert whole["looks_at"].to_list() == [1, 0, 1, 0]
