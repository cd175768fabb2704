"""The attention node: what it says follows from what faces show and from nothing else, the same each time."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
from made.attention import BLINKS, BOXES, STEP_NS, made_room

from liveaffect.models.attention.directions import Place, place_of
from liveaffect.nodes.attention import AttentionNode
from liveaffect.stream import messages as m
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.lockstep import run_nodes


def said(inputs: Any, **settings: Any) -> list[m.Message]:
    return list(run_nodes(AttentionNode(**settings), inputs=list(inputs)))


def everyone(found: list[m.Message]) -> list[m.Attention]:
    return [one for one in found if isinstance(one, m.Attention)]


def test_everyone_is_said_five_times_a_second() -> None:
    told = everyone(said(made_room(4, {3: 7, 7: 3})))
    assert len(told) == 20
    assert all(tuple(person.id for person in one.people) == (3, 7) for one in told)
    assert np.diff([one.t_ns for one in told]).max() <= 0.24e9  # a frame late, at most


def test_two_who_look_at_each_other_and_then_at_the_camera() -> None:
    each = everyone(said(made_room(2, {3: 7, 7: 3})))[-1]
    assert [(one.first, one.second) for one in each.mutual] == [(3, 7)]
    assert each.mutual[0].p > 0.6
    lens = everyone(said(made_room(2, {3: "camera", 7: "camera"})))[-1]
    assert lens.mutual[0].p < 0.02
    for person in (*each.people, *lens.people):
        assert person.by == "eyes"
        assert person.eye_contact is not None
        assert person.elsewhere is not None
        assert person.eye_contact + person.elsewhere + sum(look.p for look in person.looks) == pytest.approx(1)
    assert all((person.eye_contact or 0) > 0.75 for person in lens.people)
    assert all((person.eye_contact or 0) < 0.05 for person in each.people)


def test_one_who_looks_and_is_not_looked_at() -> None:
    told = everyone(said(made_room(2, {3: 7, 7: "camera"})))[-1]
    looks = {person.id: {look.at: look.p for look in person.looks} for person in told.people}
    assert looks[3][7] > 0.7
    assert looks[7][3] < 0.05
    assert told.mutual[0].p < 0.05


def test_blinks_and_nods_are_events_with_their_times() -> None:
    found = said(made_room(24, {3: "camera", 7: "camera"}))
    blinks = [one for one in found if isinstance(one, m.Blinked)]
    assert [one.id for one in blinks] == [3] * len(BLINKS)
    for one, true in zip(blinks, BLINKS, strict=True):
        assert (one.end_ns - one.begin_ns) / 1e9 == pytest.approx(true.half_s, abs=0.02)
        assert true.begin_s < one.begin_ns / 1e9 < one.end_ns / 1e9 < true.begin_s + true.length_s
        assert 0 <= one.t_ns - one.end_ns < 0.1e9
    gestures = [one for one in found if isinstance(one, m.Gesture)]
    assert [(one.id, one.kind) for one in gestures] == [(7, "nod")]
    assert gestures[0].cycles == pytest.approx(3, abs=0.5)
    last = {person.id: person for person in everyone(found)[-1].people}
    assert (last[3].blinks, last[7].blinks, last[7].nods) == (len(BLINKS), 0, 1)
    assert last[3].blinks_per_min == pytest.approx(60 * len(BLINKS) / last[3].seconds, rel=0.01)


def test_the_same_messages_give_the_same_bits() -> None:
    runs = [[repr(one) for one in said(made_room(6, {3: 7, 7: 3}))] for _ in range(2)]
    assert len(runs[0]) > 30
    assert runs[0] == runs[1]


def test_without_a_distance_nobody_looks_at_anybody_and_the_camera_is_told() -> None:
    told = everyone(said(made_room(2, {3: 7, 7: 3}, distance_m=None, distance_sd_m=None)))[-1]
    assert told.mutual == ()
    assert all(person.looks == () and person.eye_contact is not None for person in told.people)


def test_in_a_picture_of_a_call_nobody_looks_at_anybody() -> None:
    told = everyone(said(made_room(2, {3: 7, 7: 3}), people_share_a_room=False))[-1]
    assert told.mutual == ()
    assert all(person.looks == () for person in told.people)


def test_a_face_that_is_not_clear_has_its_state_and_no_numbers() -> None:
    frames = [
        m.FaceObservation(
            t_ns=one.t_ns, seq=one.seq, frame_seq=one.frame_seq, width=1280, height=720, state="ok",
            faces=(one.faces[0], m.Face(id=7, state="occluded", box=BOXES[7])),
        )
        for one in made_room(2, {3: 7, 7: 3})
    ]  # fmt: skip
    told = {person.id: person for person in everyone(said(frames))[-1].people}
    assert told[7].state == "occluded"
    assert (told[7].by, told[7].eye_contact, told[7].openness, told[7].seconds) == ("", None, None, 0.0)
    assert told[3].eye_contact is not None


def test_whose_turn_it_is_not_keeps_the_state_of_the_last_frame_that_looked() -> None:
    frames = []
    for k, one in enumerate(made_room(4, {3: 7, 7: 3})):
        other = one.faces[1] if k % 4 == 0 else m.Face(id=7, state="stale", box=BOXES[7])
        frames.append(
            m.FaceObservation(t_ns=one.t_ns, seq=k, frame_seq=k, width=1280, height=720, state="ok",
                              faces=(one.faces[0], other))
        )  # fmt: skip
    last = everyone(said(frames))[-1]
    assert {person.id: (person.state, person.by) for person in last.people} == {3: ("ok", "eyes"), 7: ("ok", "eyes")}
    assert last.mutual[0].p > 0.6


def test_who_has_left_the_picture_is_not_said() -> None:
    frames = list(made_room(2, {3: 7, 7: 3}))
    empty = [m.FaceObservation(t_ns=2 * 10**9 + k * STEP_NS, seq=100 + k, frame_seq=100 + k) for k in range(20)]
    assert everyone(said([*frames, *empty]))[-1].people == ()


def test_a_replay_that_goes_back_begins_anew() -> None:
    once = list(made_room(4, {3: "camera", 7: "camera"}))
    node = AttentionNode()
    both = list(run_nodes(node, inputs=once))
    for message in once:
        both += list(cast("Iterator[m.Message]", node.step(message)))
    halves = [one for one in both if isinstance(one, m.Blinked)]
    assert [one.begin_ns for one in halves] == [halves[0].begin_ns] * 2


def test_photographs_have_no_past() -> None:
    frames = list(made_room(8, {3: "camera", 7: "camera"}))
    for frame in frames:
        frame.still = True
    found = said(frames)
    assert len(everyone(found)) == len(frames)
    assert not [one for one in found if not isinstance(one, m.Attention)]
    assert all(person.eye_contact is not None and person.blinks == 0 for person in everyone(found)[-1].people)


def test_shares_that_leave_nothing_are_refused_by_name() -> None:
    with pytest.raises(LiveAffectError, match=r"attention\.camera_prior"):
        said([], camera_prior=0.6, others_prior=0.5)


def test_the_lens_is_as_the_face_node_was_told_unless_told_otherwise() -> None:
    assert isinstance(place_of(BOXES[3], (1280, 720), 65.0, 2.0, 0.1), Place)
    wide = everyone(said(made_room(1, {3: 7, 7: 3}), view_deg=150.0))[-1]
    narrow = everyone(said(made_room(1, {3: 7, 7: 3})))[-1]
    assert wide.mutual[0].p != narrow.mutual[0].p
