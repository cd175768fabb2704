"""The figures of the status line, and the words that say why something is missing."""

import pytest
from windows import stream as made

from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.status import private, status_of
from liveaffect.nodes.dashboard.scene.words import clock, face_reason, voice_reason, with_interval
from liveaffect.stream import messages as m


@pytest.fixture
def node() -> DashboardNode:
    node = DashboardNode()
    node.open()
    return node


@pytest.fixture
def scene(node: DashboardNode) -> Scene:
    for i in range(90):
        node.take(made.affect(i))
    return node.scene


def now() -> int:
    return made.instant(90)


def test_rate_and_latency_are_those_of_the_answered_frames(scene: Scene) -> None:
    status = status_of(scene, now())
    assert status.rate.words == "30.0 frames/s"
    assert status.latency.words == "latency 16 ms, p95 16 ms"


def test_a_rate_is_not_shown_when_frames_stop(scene: Scene) -> None:
    assert status_of(scene, now() + 10**10).rate.words == "no frames"


def test_a_latency_that_cannot_be_is_not_shown(node: DashboardNode) -> None:
    for i in range(5):
        node.take(made.affect(i, pub_ns=1))
    assert status_of(node.scene, now()).latency.words == ""


def test_drops_are_told_by_node_and_cause(scene: Scene) -> None:
    scene.health["face"] = made.health("face", dropped={"skipped": 3, "late": 1})
    drops = status_of(scene, now()).drops
    assert drops.words == "4 dropped"
    assert "face: 3 skipped" in drops.tip


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({}, "ok"), ({"error": "lens covered"}, "warn"), ({"state": "node_down", "error": "killed"}, "bad"),
     ({"state": "starting"}, "starting"), ({"state": "stopped"}, "unknown")],
)  # fmt: skip
def test_a_dot_says_how_its_node_is(scene: Scene, changes: dict[str, str], kind: str) -> None:
    scene.health["face"] = made.health("face", 89, **changes)
    (dot,) = status_of(scene, now()).dots
    assert dot.kind == kind
    assert changes.get("error", "") in dot.tip


def test_a_node_that_says_nothing_is_not_shown_as_well(scene: Scene) -> None:
    scene.health["face"] = made.health("face", 0)
    (dot,) = status_of(scene, now() + 10**10).dots
    assert dot.kind == "unknown"


def test_a_node_of_the_graph_that_was_never_heard_has_a_dot(scene: Scene) -> None:
    scene.facts = {"nodes": ["face"]}
    assert [dot.kind for dot in status_of(scene, now()).dots] == ["unknown"]


def test_the_recording_time_counts_from_its_begin(scene: Scene) -> None:
    told = m.RecordStatus(recording=True, session="/tmp/x", since_ns=now() - 65 * 10**9, free_mb=1000)
    scene.health["recorder"] = made.health("recorder", status=told)
    status = status_of(scene, now())
    assert (status.recording, status.session) == ("01:05", "/tmp/x")
    assert status.disk.words == "1.0 GB free"
    assert status.disk.problem


def test_of_a_recorder_that_is_down_nothing_is_claimed(scene: Scene) -> None:
    told = m.RecordStatus(recording=True, session="/tmp/x")
    scene.health["recorder"] = made.health("recorder", state="node_down", status=told)
    assert status_of(scene, now()).recording is None


def test_privacy_is_what_the_sensor_says(scene: Scene) -> None:
    assert not private(scene)
    scene.health["recorder"] = made.health("recorder", status=m.RecordStatus(privacy=True))
    assert private(scene)


def test_a_clock_elsewhere_is_told_with_its_error(scene: Scene) -> None:
    scene.offset_ns, scene.offset_error_ns, scene.offset_bound_ns = -12_300_000, 400_000, 5_000_000
    assert status_of(scene, now()).offset.words == "clock −12.3 ms"
    assert "± 0.40 ms where both ways" in status_of(scene, now()).offset.tip
    assert "± 5.00 ms whatever" in status_of(scene, now()).offset.tip


def test_on_one_clock_there_is_no_error_to_tell(scene: Scene) -> None:
    scene.offset_ns = 0
    assert status_of(scene, now()).offset.words == "same clock"
    assert "±" not in status_of(scene, now()).offset.tip


def test_what_was_not_understood_is_counted(scene: Scene) -> None:
    scene.strange["malformed"] = 7
    assert status_of(scene, now()).strange.words == "7 not understood"


def test_a_dead_node_is_the_reason_and_goes_away_when_it_speaks(scene: Scene) -> None:
    scene.health["face"] = made.health("face", state="node_down", error="killed by signal 9")
    reason = face_reason(scene)
    assert reason is not None
    assert reason.headline == "face has stopped and is being started again"
    assert reason.words == "killed by signal 9"
    scene.health["face"] = made.health("face")
    assert face_reason(scene) is None


def test_a_missing_microphone_is_a_reason_in_the_devices_own_words(node: DashboardNode) -> None:
    node.take(made.affect(0, voice_state="no_device"))
    node.take(made.health("microphone", error="plug it in"))
    reason = voice_reason(node.scene)
    assert reason is not None
    assert (reason.headline, reason.words) == ("No microphone", "plug it in")


def test_a_graph_without_a_microphone_says_so(node: DashboardNode) -> None:
    node.scene.facts = {"nodes": ["camera", "face", "fusion"]}
    node.take(made.affect(0, voice_state="no_device"))
    reason = voice_reason(node.scene)
    assert reason is not None
    assert reason.headline == "No microphone in this run"


def test_silence_is_no_fault(node: DashboardNode) -> None:
    node.take(made.affect(0, voice_state="silence"))
    assert voice_reason(node.scene) is None


def test_numbers_in_words() -> None:
    assert with_interval(-0.314, 0.1) == "−0.31 ± 0.16"
    assert with_interval(0.5, None) == "+0.50 ± not known"
    assert with_interval(None, 0.1) == "not known"
    assert clock(3_723) == "1:02:03"


def test_a_node_that_hangs_is_the_reason_not_the_camera(node: DashboardNode) -> None:
    node.take(made.affect(300, (), face_state="stale"))
    node.take(made.health("camera", 300))
    node.take(made.health("face", 100))
    reason = face_reason(node.scene)
    assert reason is not None
    assert reason.headline == "face is silent"
