"""Which time is which condition: markers that enclose or follow each other, and tables of other programs."""

from pathlib import Path

import polars as pl
import pytest
from made.rows import row, table
from made.session import recorded

from liveaffect.offline.comparing.recordings import Recording, recordings
from liveaffect.offline.comparing.times import by_markers, by_table
from liveaffect.offline.tables.read import read_table
from liveaffect.offline.tables.session import open_session
from liveaffect.stream.errors import InputError, UsageError


def _recording(name: str, markers: list[tuple[float, str]], seconds: int = 60) -> Recording:
    rows = table([row(k / 2, 1, 0.1) for k in range(seconds * 2)])
    return Recording(name, rows, markers)


def _spans(found: list) -> list[tuple[str, str, float, float]]:
    return [(one.participant, one.condition, one.start_s, one.end_s) for one in found]


def test_start_and_end_enclose_a_condition_whatever_lies_between() -> None:
    marks = [(5.0, "film start"), (9.0, "click"), (20.0, "film end"), (30.0, "Rest_begin"), (40.0, "Rest_stop")]
    found = by_markers([_recording("p1.mp4", marks)], ["film", "Rest"])
    assert _spans(found) == [("p1", "film", 5.0, 20.0), ("p1", "Rest", 30.0, 40.0)]


def test_other_markers_begin_conditions_that_last_until_the_next() -> None:
    found = by_markers([_recording("p1.mp4", [(5.0, "rest"), (20.0, "task"), (50.0, "end"), (55.0, "rest")])])
    assert _spans(found) == [("p1", "rest", 5.0, 20.0), ("p1", "task", 20.0, 50.0), ("p1", "rest", 55.0, 60.0)]


def test_a_label_that_only_looks_like_a_start_is_a_condition() -> None:
    found = by_markers([_recording("p1.mp4", [(5.0, "lights on"), (20.0, "task")])])
    assert _spans(found) == [("p1", "lights on", 5.0, 20.0), ("p1", "task", 20.0, 60.0)]


def test_stretches_can_be_cut_and_chosen() -> None:
    one = _recording("p1.mp4", [(5.0, "rest"), (10.0, "click"), (20.0, "task")])
    assert _spans(by_markers([one], ["task", "rest"], longest_s=8.0)) == [
        ("p1", "rest", 5.0, 13.0), ("p1", "task", 20.0, 28.0)
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no marker is called 'film'; there are: rest, click, task"):
        by_markers([one], ["film"])
    with pytest.raises(InputError, match=r"p2: no markers; .*--by TABLE"):
        by_markers([_recording("p2", [])])


def test_people_are_named_by_the_session_or_by_a_table() -> None:
    one, two = (_recording(name, [(1.0, "a"), (9.0, "b")]) for name in ("anna-1.mp4", "anna-2.mp4"))
    who = pl.DataFrame({"File": ["anna-1", "anna-2.mp4"], "Subject": ["anna", "anna"]})
    assert {slot.participant for slot in by_markers([one, two], who=who)} == {"anna"}
    with pytest.raises(InputError, match="--participants, line 2: 'ben' is none of what is compared"):
        by_markers([one, two], who=pl.DataFrame({"file": ["ben"], "participant": ["b"]}))


def test_a_session_brings_its_markers_and_the_name_that_was_given(tmp_path: Path) -> None:
    [one] = recordings([open_session(recorded(tmp_path / "s1"))])
    assert _spans(by_markers([one])) == [("P01", "film on", pytest.approx(3.0), pytest.approx(one.end_s))]
    assert [found.name for found in recordings([tmp_path])] == ["s1"]  # a folder of sessions


def test_a_table_of_times_is_read_as_other_programs_write_it(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("Subject;trial_type;Onset;Duration\np1;rest;0,5;10\np1;film;12,5;20,25\n", "utf-8")
    found = by_table([_recording("p1.mp4", []), _recording("p2.mp4", [])], read_table(path), str(path))
    assert _spans(found) == [("p1", "rest", 0.5, 10.5), ("p1", "film", 12.5, 32.75)]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"participant": ["p1"], "start": [1.0], "end": [2.0]}, "t.csv has no column 'condition'"),
        ({"participant": ["p9"], "condition": ["a"], "start": [1.0], "end": [2.0]}, "line 2: 'p9' is none of"),
        ({"participant": ["p1"], "condition": ["a"], "start": [3.0], "end": [2.0]}, "line 2: it ends at 2.0 s"),
        ({"participant": ["p1"], "condition": ["a"], "start": [None], "end": [2.0]}, "line 2: condition, start and"),
        ({"participant": ["p1"], "condition": ["a"], "start": ["x"], "end": [2.0]}, "column 'start' holds"),
        ({"condition": ["a"], "start": [1.0], "end": [2.0]}, "neither 'file' nor 'participant'"),
    ],
)
def test_a_wrong_table_is_refused_by_name_and_line(columns: dict, complaint: str) -> None:
    two = [_recording("p1.mp4", []), _recording("p2.mp4", [])]
    with pytest.raises(InputError, match=complaint.replace(".", r"\.")):
        by_table(two, pl.DataFrame(columns), "t.csv")
