"""Neutral captures: what is collected, when it fails and why, where the file goes, and that nothing else changes."""

from pathlib import Path
from typing import Any

import pytest

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.face.baseline import load_baseline
from liveaffect.nodes.baseline import BaselineNode
from liveaffect.offline.verifying.verify import verify
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import LockstepHost, run_nodes
from liveaffect.stream.messages import (
    Ack,
    Affect,
    Baseline,
    Command,
    Face,
    FaceObservation,
    Health,
    Message,
    Person,
    RecordStatus,
    Tick,
)
from liveaffect.stream.node import HostInfo, bind, messages_of

SECOND = 1_000_000_000
AU12 = list(ACTION_UNITS).index("AU12")


def frames(count: int, *, valence: float = -0.2, ids: tuple[int, ...] = (1,), clear: bool = True) -> list[Message]:
    """`count` frames at 30 per second from second 10 on; AU12 rises from 0.4 by 0.01 a frame."""
    said: list[Message] = []
    for number in range(count):
        t_ns = 10 * SECOND + number * SECOND // 30
        au = tuple(0.4 + 0.01 * number if unit == AU12 else 0.0 for unit in range(len(ACTION_UNITS)))
        faces = tuple(Face(id=i, state="ok" if clear else "low_quality", au=au if clear else None) for i in ids)
        said.append(FaceObservation(t_ns=t_ns, seq=number, frame_seq=number, state="ok", faces=faces))
        people = tuple(Person(id=i, state="ok", valence=valence + i / 10, arousal=0.1) for i in ids)
        said.append(Affect(t_ns=t_ns, seq=number, frame_seq=number, state="ok", people=people))
    return said


def command(at_s: float, **arguments: Any) -> Command:
    return Command(t_ns=int(at_s * SECOND), seq=0, verb="baseline", arguments=arguments, request_id="1")


def capture(inputs: list[Message], **arguments: Any) -> list[Message]:
    asked = command(10.0, action="capture", **{"seconds": 2.0, **arguments})
    end = Tick(t_ns=30 * SECOND, seq=0)
    return run_nodes(BaselineNode(), inputs=[asked, *inputs, end])


def result(said: list[Message]) -> Baseline:
    (found,) = [message for message in said if isinstance(message, Baseline)]
    return found


def test_the_seconds_after_the_command_become_the_baseline() -> None:
    said = capture(frames(90))
    assert [(m.ok, m.text) for m in said if isinstance(m, Ack)] == [(True, "capturing 2 s")]
    found = result(said)
    assert (found.state, found.face_id, found.rows) == ("done", 1, 61)
    assert (found.valence, found.arousal) == (pytest.approx(-0.1), pytest.approx(0.1))
    assert found.au["au12"] == pytest.approx(0.4 + 0.01 * 30)
    assert not found.restless


def test_a_capture_that_is_cancelled_leaves_the_earlier_baseline_in_force() -> None:
    node = BaselineNode()
    later = [
        Tick(t_ns=13 * SECOND, seq=0),
        command(14.0, action="capture", seconds=2.0),
        command(15.0, action="capture", seconds=2.0),
        command(15.0, action="cancel"),
        Tick(t_ns=30 * SECOND, seq=1),
    ]
    said = run_nodes(node, inputs=[command(10.0, action="capture", seconds=2.0), *frames(90), *later])
    first = result(said)
    assert [m.ok for m in said if isinstance(m, Ack)] == [True, True, False, True]
    assert any("wait for it, or cancel it first" in m.text for m in said if isinstance(m, Ack))
    assert node.status().in_force is first
    assert not node.status().capturing


def test_with_several_faces_it_asks_whose_and_takes_the_one_named() -> None:
    assert "faces [1, 2] were in view" in result(capture(frames(90, ids=(1, 2)))).text
    found = result(capture(frames(90, ids=(1, 2)), face=2))
    assert (found.state, found.face_id, found.valence) == ("done", 2, pytest.approx(0.0))


def test_no_clear_face_and_no_face_at_all_fail_in_words() -> None:
    blurred = result(capture(frames(90, clear=False)))
    assert blurred.state == "failed"
    assert "seen clearly in only 0 of 61 frames: look at the camera" in blurred.text
    assert "A face was seen clearly in only 0 of 0 frames" in result(capture([])).text
    assert "Face 7 was seen" in result(capture(frames(90), face=7)).text


SMILE = (0.01, 0.99, *(0.0,) * 6)
SAD = (0.1, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0)


def changed(
    inputs: list[Message],
    *,
    au12: float | None = None,
    shares: tuple[float, ...] | None = None,
    yaw: float | None = None,
) -> list[Message]:
    """The same frames with another face in them."""
    for message in inputs:
        if isinstance(message, FaceObservation):
            for face in message.faces:
                if au12 is not None and face.au is not None:
                    face.au = tuple(au12 if unit == AU12 else 0.0 for unit in range(len(ACTION_UNITS)))
                face.yaw_deg, face.pitch_deg = yaw, None if yaw is None else 2.0
        if isinstance(message, Affect) and shares is not None:
            for person in message.people:
                person.emotions = shares
    return inputs


def test_u7_a_moving_face_is_refused() -> None:
    moving = frames(90)
    for number, affect in enumerate(m for m in moving if isinstance(m, Affect)):
        affect.people[0].valence = 0.3 * (-1) ** number
    found = result(capture(moving))
    assert (found.state, found.restless, found.file) == ("failed", True, "")
    assert "its expression changed (by 0.30 of valence or arousal): hold still" in found.text


def test_u7_a_smile_is_refused_in_words_and_taken_only_on_purpose() -> None:
    found = result(capture(changed(frames(90), au12=2.9, shares=SMILE)))
    assert found.state == "failed"
    assert "Face 1 was not at rest: it showed happiness 99 % (lip corner puller 2.9 of 5): look relaxed" in found.text
    kept = result(capture(changed(frames(90), au12=2.9, shares=SMILE), anyway=True))
    assert (kept.state, kept.restless) == ("done", True)
    assert kept.au["au12"] == pytest.approx(2.9)


def test_a_head_that_is_turned_is_refused_and_one_that_looks_straight_is_not() -> None:
    assert "the head was turned by 32 degrees" in result(capture(changed(frames(90), yaw=-32.0))).text
    assert result(capture(changed(frames(90), yaw=8.0))).state == "done"


def test_a_face_that_only_looks_sad_at_rest_is_taken() -> None:
    assert result(capture(changed(frames(90), au12=0.1, shares=SAD))).state == "done"


def fitted(**changes: Any) -> str:
    """What is doubted after a capture of face 1 and four more seconds."""
    node = BaselineNode()
    bind(node, HostInfo(name="baseline", live=False))
    node.open()
    node.obey(command(10.0, action="capture", seconds=2.0))
    for number, message in enumerate(frames(200)):
        if isinstance(message, FaceObservation):
            message.width, message.height = 640, 480
            message.faces[0].quality = 0.8
            if number > 160:
                for name, value in changes.items():
                    setattr(message if hasattr(message, name) else message.faces[0], name, value)
            node.face(message)
        elif isinstance(message, Affect):
            node.affect(message)
    assert node.status().in_force is not None
    return node.status().doubt


def test_a_baseline_that_may_no_longer_fit_says_why() -> None:
    assert fitted() == ""
    assert fitted(id=5) == "it is of face 1, and face 5 is in view"
    assert "640 by 480, and they are 1280 by 480 now: another camera?" in fitted(width=1280)
    assert fitted(quality=0.3, reason="dark") == (
        "the face is less clear than it was then (dark): other light, or another place?"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "capture", "seconds": 0.0}, "seconds"),
        ({"action": "capture", "folder": "/nowhere/at/all"}, "does not exist"),
        ({"action": "sell"}, "Invalid enum value 'sell'"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: dict[str, Any], words: str) -> None:
    (ack,) = run_nodes(BaselineNode(), inputs=[command(10.0, **arguments)])
    assert isinstance(ack, Ack)
    assert not ack.ok
    assert words in ack.text


def test_clearing_ends_a_capture_and_what_stood() -> None:
    again = Command(t_ns=11 * SECOND, seq=1, verb="baseline", arguments={"action": "clear"}, request_id="2")
    said = run_nodes(BaselineNode(), inputs=[command(10.0, action="capture"), again, *frames(600)])
    assert [m.state for m in said if isinstance(m, Baseline)] == ["cleared"]


def _live(node: BaselineNode, inputs: list[Message]) -> Baseline:
    bind(node, HostInfo(name="baseline", live=True))
    node.open()
    said: list[Message] = []
    for message in inputs:
        if isinstance(message, Command):
            said += messages_of(node.obey(message))
        elif isinstance(message, Health):
            node.health(message)
        elif isinstance(message, FaceObservation):
            node.face(message)
        elif isinstance(message, Affect):
            said += messages_of(node.affect(message))
    return result(said)


def test_the_file_goes_to_the_session_or_to_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    asked = command(10.0, action="capture", seconds=2.0)
    node = BaselineNode()
    found = _live(node, [asked, *frames(90)])
    kept = load_baseline(Path(found.file).expanduser())
    assert (kept.valence, kept.face_id, kept.au["au12"]) == (found.valence, 1, found.au["au12"])
    assert Path(found.file).parent == tmp_path / "data" / "liveaffect" / "baselines"
    assert (in_force := node.status().in_force) is not None
    assert in_force.file == found.file
    recording = RecordStatus(recording=True, session=str(tmp_path / "session"))
    health = Health(t_ns=0, node="recorder", process="recorder", state="ok", status=recording)
    assert Path(_live(BaselineNode(), [health, asked, *frames(90)]).file).parent == tmp_path / "session"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    recording = RecordStatus(recording=True, session=str(tmp_path / "full" / "s"))
    health = Health(t_ns=0, node="r", process="r", state="ok", status=recording)
    node = BaselineNode()
    found = _live(node, [health, command(10.0, action="capture", seconds=2.0), *frames(90)])
    assert found.state == "done"
    assert "cannot be kept in" in node.trouble()


def test_a_recorded_capture_is_verified_with_the_rest(tmp_path: Path) -> None:
    table = {
        "baseline": {"type": "liveaffect.nodes.baseline:BaselineNode"},
        "recorder": {
            "type": "liveaffect.nodes.recorder:RecorderNode",
            "folder": str(tmp_path / "s"),
            "autostart": True,
            "min_free_mb": 0,
        },
    }
    asked = command(10.0, action="capture", seconds=2.0)
    host = LockstepHost(build_graph(table, partial=True), inputs=[asked, *frames(90)])
    found = result([message for _, message in host.run()])
    assert found.state == "done"
    report = verify(tmp_path / "s")
    (verdict,) = [v for v in report.verdicts if v.topic == "baseline"]
    assert (verdict.status, verdict.compared) == ("identical", 1), verdict
