"""The terminal view says what is known, and in words what is not."""

import re
from collections import deque
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from liveaffect.nodes.terminal.node import TerminalNode
from liveaffect.nodes.terminal.view import Snapshot, gauge, plain_line, render, spark
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import STATE_WORDS

PERSON = m.Person(
    id=0,
    state="ok",
    valence=0.5,
    valence_sd=0.1,
    arousal=-0.25,
    arousal_sd=0.2,
    emotions=(0.1, 0.6, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02),
    face_weight=0.75,
    voice_weight=0.25,
    discord=0.4,
    speaking_prob=0.9,
)


def _screen(shot: Snapshot, width: int = 100, height: int = 40) -> str:
    console = Console(width=width, height=height, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(render(shot, width, height))
    return console.export_text()


def test_numbers_come_with_their_interval_and_meaning() -> None:
    shot = Snapshot(affect=m.Affect(t_ns=5, state="ok", people=(PERSON,)), traces={0: deque([(5, 0.5, -0.25)])})
    text = _screen(shot)
    for expected in ("valence  +0.50", "± 0.16 (90 %)", "unpleasant", "happiness", "60%", "speaking", "the voice 25%"):
        assert expected in text


@pytest.mark.parametrize(
    ("process", "state", "shown"),
    [("recorder", "ok", True), ("recorder", "node_down", False), ("recorded recorder", "ok", False)],
)
def test_that_it_records_and_keeps_pixels_out_is_said(process: str, state: Any, shown: bool) -> None:
    status = m.RecordStatus(recording=True, privacy=True)
    health = m.Health(t_ns=1, node="recorder", process=process, state=state, status=status)
    text = _screen(Snapshot(affect=m.Affect(t_ns=5), health={"recorder": health}))
    assert ("recording   privacy" in text) is shown


@pytest.mark.parametrize("state", ["no_face", "silence", "no_device", "node_down", "stale"])
def test_a_missing_person_is_words_and_not_a_zero(state: m.State) -> None:
    text = _screen(Snapshot(affect=m.Affect(t_ns=5, state=state)))
    assert STATE_WORDS[state] in text
    assert "0.00" not in text


@pytest.mark.parametrize("state", ["ok", "silence", "more_voices"])
def test_more_than_one_voice_is_said_beside_the_sound_and_only_then(state: m.State) -> None:
    voice = m.VoiceDescriptors(t_ns=5, speech_prob=0.9, values={"f0_hz": 180.0, "loudness_sone": 1.0})
    affect = m.Affect(t_ns=5, state="ok", voice_state=state, people=(PERSON,))
    text = _screen(Snapshot(affect=affect, voice=voice))
    assert STATE_WORDS["more_voices"] == "more than one voice"
    assert ("more than one voice" in text) is (state == "more_voices")
    assert "speech 90%" in text


def test_more_people_than_fit_are_counted() -> None:
    people = tuple(m.Person(id=i, state="low_quality") for i in range(10))
    assert "and 8 more" in _screen(Snapshot(affect=m.Affect(t_ns=0, people=people)), height=36)


def test_no_line_is_wider_than_the_terminal() -> None:
    shot = Snapshot(
        affect=m.Affect(t_ns=5, state="ok", people=(PERSON,)), faces={0: m.Face(id=0, state="ok", au=(3.0,) * 22)}
    )
    for width in (80, 100, 160):
        assert max(len(line) for line in _screen(shot, width).splitlines()) <= width


def test_the_gauge_marks_the_estimate_where_it_is() -> None:
    assert gauge(-1.0, 0.1, 20, "low", "high").plain.index("◆") < gauge(1.0, 0.1, 20, "low", "high").plain.index("◆")


def test_a_gap_in_the_past_is_a_blank() -> None:
    assert spark([1.0, None, -1.0], 5) == "  █ ▁"


def test_a_plain_line_names_the_strongest_emotion_or_the_reason() -> None:
    line = plain_line(Snapshot(affect=m.Affect(t_ns=0, state="ok", people=(PERSON,))))
    assert "valence +0.50±0.10" in line
    assert "happiness 60%" in line
    assert "no face in view" in plain_line(Snapshot(affect=m.Affect(t_ns=0, state="no_face")))


def test_more_people_than_are_measured_are_told() -> None:
    node = TerminalNode()
    node.open()
    node.face(m.FaceObservation(t_ns=0, frame_seq=0, unmeasured=2))
    shot = node._snapshot
    shot.affect = m.Affect(t_ns=0, state="ok", people=(PERSON,))
    assert plain_line(shot).endswith("2 more in view, not measured")
    console = Console(width=120, file=StringIO())
    console.print(render(shot, 120, 40))
    assert "2 more in view, not measured" in console.file.getvalue()  # type: ignore[attr-defined]


VOICE = m.Person(
    id=-1, state="ok", valence=0.69, valence_sd=0.5, arousal=0.4, arousal_sd=0.36,
    emotions=(0.1, 0.05, 0.05, 0.05, 0.1, 0.51, 0.14, 0.0), face_weight=0.0, voice_weight=1.0,
)  # fmt: skip


def test_a_voice_that_says_hardly_more_than_the_prior_is_heard_not_told() -> None:
    line = plain_line(Snapshot(affect=m.Affect(t_ns=0, state="ok", people=(VOICE,))))
    assert "heard, not told" in line
    assert "disgust" not in line


def test_what_is_not_told_is_never_bold() -> None:
    def bold(person: m.Person) -> str:
        console = Console(width=100, force_terminal=True, color_system="256", file=StringIO())
        console.print(render(Snapshot(affect=m.Affect(t_ns=5, state="ok", people=(person,))), 100, 40))
        return "".join(re.findall(r"\x1b\[1m([^\x1b]*)", console.file.getvalue()))  # type: ignore[attr-defined]

    assert "happiness" in bold(PERSON)
    assert "+0.50" in bold(PERSON)
    assert "disgust" not in bold(VOICE)
    assert "+0.69" not in bold(VOICE)
    assert "heard, not told" in _screen(Snapshot(affect=m.Affect(t_ns=5, state="ok", people=(VOICE,))))


def test_without_a_terminal_a_line_a_second_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run_nodes(TerminalNode(), inputs=[m.Affect(t_ns=t * 100_000_000, people=(PERSON,)) for t in range(10, 35)])
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


def test_the_past_of_people_who_left_is_not_kept_for_ever() -> None:
    terminal = TerminalNode(plain=True)
    faces = [m.Person(id=number, state="no_face") for number in range(200)]
    run_nodes(terminal, inputs=[m.Affect(t_ns=n, seq=n, people=(faces[0], face)) for n, face in enumerate(faces)])
    traces = terminal._snapshot.traces
    assert len(traces) <= 16
    assert {0, 198, 199} <= set(traces), "those who are here keep theirs"
