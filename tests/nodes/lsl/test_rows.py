"""What goes into the streams: every channel has its number, and people keep their streams."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.attention import made_room
from made_people import frame, hop

from liveaffect.nodes.attention import AttentionNode
from liveaffect.nodes.lsl.clock import LslClock
from liveaffect.nodes.lsl.layout import CODES, layouts
from liveaffect.nodes.lsl.rows import NOBODY, Seats, affect_row, attention_row, face_row, voice_row
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Attention, Face, Person, PersonAttention

WRITTEN = {"affect", "face/observation", "voice/descriptors"}
GRAPH: dict[str, Any] = {"face": {}, "voice": {}, "face_affect": {"model": "face-affect"}, "graph": {"keys": ""}}


def test_each_row_has_a_number_for_every_channel_of_its_stream() -> None:
    found = layouts("s", 2, WRITTEN, GRAPH)
    faces, affect = frame(3, 0)
    for key, rows in {
        "affect 1": [affect_row(affect.people[0], "ok", 0), affect_row(None, "no_face", None)],
        "units 2": [face_row(faces.faces[0], "ok", 0), face_row(None, "no_device", 5)],
        "voice": [voice_row(hop(4, 0))],
    }.items():
        assert [len(row) for row in rows] == [len(found[key].channels)] * len(rows), key
    row = dict(zip([c.label for c in found["affect 1"].channels], affect_row(None, "no_face", None), strict=True))
    assert (row["person"], row["state"]) == (NOBODY, CODES["no_face"])
    assert np.isnan(row["valence"])
    looks = Face(id=0, state="ok", gaze_yaw_deg=-7.0, gaze_pitch_sd_deg=8.0, eye_open_right=0.5, distance_sd_m=0.1)
    row = dict(zip([c.label for c in found["units 1"].channels], face_row(looks, "ok", 0), strict=True))
    assert [row[k] for k in ("gaze_yaw", "gaze_pitch_sd", "eye_open_right", "distance_sd")] == [-7.0, 8.0, 0.5, 0.1]
    assert np.isnan(row["eye_open_left"])
    names = [c.label for c in found["voice"].channels]
    assert np.isnan(voice_row(hop(4, 0))[names.index("f0_hz")])


def test_attention_has_its_numbers_and_what_was_not_seen_is_no_number() -> None:
    names = [c.label for c in layouts("s", 1, {*WRITTEN, "attention"}, GRAPH)["attention 1"].channels]
    told = [
        one for one in run_nodes(AttentionNode(), inputs=list(made_room(4, {3: 7, 7: 3}))) if isinstance(one, Attention)
    ]
    one, last = told[-1].people[0], told[-1]
    row = dict(zip(names, attention_row(one, last.mutual, "ok", 3), strict=True))
    assert (row["person"], row["looks_at"], row["gaze_by_eyes"], row["state"]) == (3, 7, 1, 0)
    assert (row["eye_contact"], row["looks_at_p"]) == (one.eye_contact, one.looks[0].p)
    assert row["mutual_gaze"] == last.mutual[0].p > 0.5
    assert row["blinks"] == one.blinks
    lost = dict(zip(names, attention_row(PersonAttention(id=3, state="occluded", nods=2), (), "ok", 3), strict=True))
    assert (lost["person"], lost["nods"], lost["state"]) == (3, 2, CODES["occluded"])
    unknown = ("eye_contact", "gaze_by_eyes", "looks_at", "looks_at_p", "mutual_gaze", "openness", "perclos")
    assert all(np.isnan(lost[name]) for name in unknown)
    away = dict(zip(names, attention_row(None, (), "no_device", 3), strict=True))
    assert (away["person"], away["state"]) == (3, CODES["no_device"])
    assert all(np.isnan(value) for name, value in away.items() if name not in ("person", "state"))


def test_a_person_or_face_without_numbers_says_why() -> None:
    assert affect_row(Person(id=4, state="occluded"), "ok", 4)[-1] == CODES["occluded"]
    assert face_row(Face(id=4, state="low_quality"), "ok", 4)[-1] == CODES["low_quality"]


def test_streams_are_those_of_what_the_graph_measures_and_name_its_models() -> None:
    whole = layouts("s", 2, WRITTEN, GRAPH)
    assert list(whole) == ["affect 1", "affect 2", "affect voice", "states", "units 1", "units 2", "voice", "markers"]
    assert whole["affect 1"].models == ("face-landmarker", "silero-vad", "face-affect")
    assert whole["units 1"].models == ("face-landmarker", "face-affect")
    looks = layouts("s", 2, {*WRITTEN, "attention"}, GRAPH)
    assert set(looks) - set(whole) == {"attention 1", "attention 2"}
    assert (looks["attention 1"].name, looks["attention 1"].type) == ("s-attention-1", "Attention")
    sound = layouts("s", 2, {"affect", "voice/descriptors"}, {"voice": {}})
    assert list(sound) == ["affect voice", "states", "voice", "markers"]
    picture = layouts("s", 1, {"affect", "face/observation"}, {"face": {}})
    assert list(picture) == ["affect 1", "states", "units 1", "markers"]
    assert len({layout.name for layout in whole.values()}) == len(whole)


def test_who_comes_back_has_the_same_stream_and_who_is_new_that_of_who_is_longest_away() -> None:
    seats = Seats(2)
    assert seats.seat([5], 0) == {5: 0}
    assert seats.seat([5, 7], 1) == {5: 0, 7: 1}
    assert seats.seat([7], 2) == {7: 1}
    assert seats.seat([5], 3) == {5: 0}
    assert seats.seat([5, 9], 4) == {5: 0, 9: 1}  # 7 is away
    assert seats.seat([7, 5, 9], 5) == {5: 0, 9: 1}  # no seat is free
    assert seats.seat([7], 6) == {7: 0}


@given(st.lists(st.sets(st.integers(0, 6), max_size=5), max_size=40), st.integers(1, 4))
def test_no_two_people_share_a_stream_and_nobody_in_view_is_put_out(turns: list[set[int]], count: int) -> None:
    seats, before = Seats(count), dict[int, int]()
    for t_ns, here in enumerate(turns):
        found = seats.seat(sorted(here), t_ns)
        assert len(set(found.values())) == len(found) == min(len(here), count)
        assert all(found[one] == seat for one, seat in before.items() if one in here)
        before = found


@pytest.mark.parametrize("ahead_s", [0.0, -3.5, 86_400.0])
def test_clocks_are_mapped_both_ways(ahead_s: float) -> None:
    now = iter(range(10_000_000, 10_000_000_000, 1000))
    ticking = lambda: next(now)  # noqa: E731 (each question takes a microsecond)
    clock = LslClock(lambda: ticking() / 1e9 + ahead_s, ticking)
    assert abs(clock.offset_ns - ahead_s * 1e9) < 2000
    assert (clock.offset_ns == 0) == (ahead_s == 0.0)
    assert clock.stream_ns(clock.lsl_s(123_456_789_000)) == 123_456_789_000
