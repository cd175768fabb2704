"""The dashboard's node, driven by a plain list of messages: no window, no socket."""

import math
import sys

import numpy as np
import pytest
from windows import stream as made

from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.shown import MOST_PEOPLE, Scene
from liveaffect.stream import messages as m


@pytest.fixture
def node() -> DashboardNode:
    node = DashboardNode()
    node.open()
    return node


def feed(node: DashboardNode, *messages: m.Message) -> Scene:
    for message in messages:
        node.take(message)
    return node.scene


def test_the_newest_estimate_is_the_person_looked_at(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0), made.affect(1, (made.person(1, valence=0.25),)))
    assert scene.person is not None
    assert scene.person.valence == 0.25
    assert scene.person.name == "face 0"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_a_finite_number_is_none(node: DashboardNode, bad: float | None) -> None:
    person = made.person(0, valence=bad, arousal_sd=bad, discord=bad, emotions=(bad,) * 8)
    scene = feed(node, made.affect(0, (person,)))
    assert scene.person is not None
    assert (scene.person.valence, scene.person.arousal_sd, scene.person.discord) == (None, None, None)
    assert scene.person.emotions is None
    assert scene.person.arousal is not None
    assert not scene.strange


def test_a_distribution_of_another_length_is_none(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0, (made.person(0, emotions=(0.5, 0.5)),)))
    assert scene.person is not None
    assert scene.person.emotions is None


def test_a_message_without_its_optional_fields_is_taken(node: DashboardNode) -> None:
    bare = [
        m.Affect(t_ns=1), m.FaceObservation(t_ns=1, frame_seq=0), m.VoiceDescriptors(t_ns=1), m.VideoFrame(t_ns=1),
        m.Health(t_ns=1, node="x", process="x", state="starting"), m.Marker(t_ns=1, label="a"),
    ]  # fmt: skip
    scene = feed(node, *bare)
    assert not scene.strange
    assert scene.person is None


def test_landmarks_of_another_shape_are_counted_not_drawn(node: DashboardNode) -> None:
    wrong = m.FaceMesh(t_ns=made.instant(0), frame_seq=0, ids=(0,), landmarks=np.zeros((1, 5, 3), np.float32))
    scene = feed(node, made.frame(0, np.zeros((4, 4), np.uint8)), wrong, m.FaceMesh(t_ns=1, frame_seq=0))
    assert scene.frames.broken == 2, "landmarks that were not recorded are no fault"


def test_a_blink_that_comes_with_attention_is_nothing_strange(node: DashboardNode) -> None:
    scene = feed(node, m.Blinked(t_ns=3, id=0, begin_ns=1, end_ns=2, depth=0.9), m.Tick(t_ns=1))
    assert not scene.strange


def test_a_message_that_breaks_its_handler_is_named_and_the_next_one_is_shown(node: DashboardNode) -> None:
    broken = made.affect(0)
    broken.people = None  # type: ignore[assignment]
    scene = feed(node, broken, made.affect(1))
    assert next(iter(scene.strange)).startswith("affect: TypeError")
    assert scene.person is not None


def test_the_view_goes_on_with_whoever_is_there(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0), *(made.affect(i, (made.person(i, 3),)) for i in range(1, 60)))
    assert scene.shown == 3


def test_a_short_absence_does_not_change_who_is_looked_at(node: DashboardNode) -> None:
    both = (made.person(0), made.person(0, 1))
    scene = feed(node, made.affect(0, both), *(made.affect(i, (made.person(i, 1),)) for i in range(1, 20)))
    assert scene.shown == 0
    assert scene.person is None


def test_who_was_clicked_on_stays_although_another_one_is_first(node: DashboardNode) -> None:
    both = (made.person(0), made.person(0, 1))
    scene = feed(node, made.affect(0, both))
    scene.pin(1)
    feed(node, *(made.affect(i, both) for i in range(1, 40)))
    assert scene.shown == 1
    assert scene.trace is scene.tracks[1]


def test_who_was_clicked_on_and_is_gone_for_long_is_let_go(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0, (made.person(0), made.person(0, 1))))
    scene.pin(1)
    feed(node, *(made.affect(i) for i in range(1, 240)))
    assert scene.pinned is None
    assert scene.shown == 0


def test_a_face_goes_before_a_voice_out_of_view(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0, (made.person(0, -1), made.person(0, 4))))
    assert scene.shown == 4


def test_an_absence_is_in_the_trace_with_its_reason_and_without_numbers(node: DashboardNode) -> None:
    scene = feed(node, made.affect(0), made.affect(1, (), face_state="occluded"))
    _, rows = scene.trace.since(-10)
    assert np.isnan(rows[1, :4]).all()
    assert rows[1, 4] == 3  # occluded


def test_time_that_jumps_back_begins_anew(node: DashboardNode) -> None:
    scene = feed(node, *(made.affect(i) for i in range(100, 200)), made.affect(0))
    assert scene.jumps == 1
    assert len(scene.trace) == 1


def test_a_message_a_little_late_changes_nothing(node: DashboardNode) -> None:
    scene = feed(node, made.affect(10), made.affect(9))
    assert scene.jumps == 0
    assert len(scene.trace) == 1


def test_time_that_leaps_a_year_ahead_is_taken(node: DashboardNode) -> None:
    late = made.affect(1)
    late.t_ns += 365 * 86_400 * 10**9
    scene = feed(node, made.affect(0), late)
    assert scene.seconds(scene.now_ns) > 3e7
    assert scene.person is not None


def test_a_crowd_has_a_limit(node: DashboardNode) -> None:
    for i in range(100):
        feed(node, made.affect(i, (made.person(i, i),)))
    assert len(node.scene.tracks) == MOST_PEOPLE
    assert 99 in node.scene.tracks


def test_no_pixel_is_kept_where_none_is_wanted(node: DashboardNode) -> None:
    node.pixels = False
    scene = feed(node, made.frame(0), made.observation(0))
    shot = scene.frames.newest(pixels=False)
    assert shot is not None
    assert shot.image is None


@pytest.mark.processes
def test_the_node_needs_no_qt() -> None:
    import subprocess

    code = (
        "import sys, liveaffect.nodes.dashboard.scene.node as n; n.DashboardNode().open(); "
        "print([k for k in sys.modules if 'PySide' in k or k in ('cv2', 'mediapipe')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
