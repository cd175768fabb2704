"""What an assistant is told: states in words, intervals, and no cue or number that was not measured."""

import re
from typing import Any

import numpy as np
import pytest
from windows import stream as made

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.nodes.assistant import telling
from liveaffect.nodes.assistant.memory import KEEP_NS, Memory
from liveaffect.stream import messages as m
from liveaffect.stream.session.facts import Level, PersonCard, SessionCard

NOTHING: dict[str, Any] = dict.fromkeys(("valence", "valence_sd", "arousal", "arousal_sd", "emotions"))


@pytest.fixture
def memory() -> Memory:
    memory = Memory(clock=lambda: 100.0)
    memory.begin({"run": "one", "kind": "live", "nodes": ["fusion", "dynamics", "reasons"]})
    memory.allow(True)
    return memory


def numbers(text: str) -> set[str]:
    """Every number in a text, those of names of units left out."""
    return set(re.findall(r"(?<![A-Z\d])[+-]?\d+(?:\.\d+)?", text))


def signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"


def two_people(i: int) -> tuple[m.Person, ...]:
    return made.person(i, name="Anna"), made.person(i, 1)


def test_the_state_has_every_number_with_its_interval_and_none_of_its_own(memory: Memory) -> None:
    memory.take(made.affect(7, two_people(7)))
    text = telling.state(memory)
    allowed = {"0", "1", "90", "40"}
    for person in two_people(7):
        for value, sd in ((person.valence, person.valence_sd), (person.arousal, person.arousal_sd)):
            assert value is not None
            assert sd is not None
            allowed |= {signed(value), signed(max(-1, value - Z90 * sd)), signed(min(1, value + Z90 * sd))}
    assert numbers(text) <= allowed
    assert text.count("90 % interval") == 4
    assert "happiness (40 %)" in text
    assert "Anna" not in text


def test_how_long_no_face_was_in_view_is_said(memory: Memory) -> None:
    for i in range(31):
        memory.take(made.affect(i))
    for i in range(31, 31 + 30 * 40 + 1):
        memory.take(
            made.affect(i, (made.person(i, state="no_face", **NOTHING),), state="no_face", face_state="no_face")
        )
    text = telling.state(memory)
    assert "Face: no face in view for 40 s." in text
    assert "Person 0: no face in view." in text
    assert numbers(text) == {"40", "0"}


def test_nobody_in_view_has_no_number(memory: Memory) -> None:
    memory.take(made.affect(3, ()))
    assert telling.state(memory) == "Face: no face in view for 0 s."


def test_what_is_hardly_told_has_no_category(memory: Memory) -> None:
    memory.take(made.affect(7, (made.person(7, valence_sd=0.6, voice_weight=0.9),)))
    text = telling.state(memory)
    assert "hardly told" in text
    assert "heard, not told" in text
    assert not set(EMOTIONS) & set(re.findall(r"\w+", text))


def test_estimates_that_stopped_are_said_to_have(memory: Memory) -> None:
    memory.take(made.affect(7))
    memory.clock = lambda: 112.0
    assert telling.state(memory) == "There are no estimates any more: the last one came 12 s ago."


def test_a_replay_is_said_to_be_one(memory: Memory) -> None:
    memory.begin({"run": "one", "kind": "replay"})
    memory.take(made.affect(7))
    assert telling.state(memory).startswith("This is a recording")


def test_a_summary_is_of_its_seconds_and_names_what_is_missing(memory: Memory) -> None:
    for i in range(0, 30 * 100):
        away = 30 * 80 <= i < 30 * 90
        people = (made.person(i, state="no_face", **NOTHING),) if away else (made.person(i),)
        memory.take(made.affect(i, people, face_state="no_face" if away else "ok"))
    memory.take(m.Marker(t_ns=made.instant(30 * 95), label="film on"))
    text = telling.summary(memory, 60.0)
    rows = [row for row in memory.rows if row.t_ns >= memory.rows[-1].t_ns - 60e9]
    values = np.array([p.valence for row in rows for p in row.people if p.valence is not None])
    assert "The last 60 s, of which 60 s" in text
    assert "no face in view 17 % of the time" in text
    assert "no face in view for 10 s" in text
    assert f"from {signed(values.min())} to {signed(values.max())}" in text
    found = re.search(r"mean valence (\S+) \(90 % interval (\S+) to (\S+)\)", text)
    assert found is not None
    mean, low, high = map(float, found.groups())
    assert mean == pytest.approx(values.mean(), abs=0.02)
    assert high - low == pytest.approx(2 * Z90 * 0.12, abs=0.02)
    assert "happiness 100 % of the time" in text
    assert "Marker 'film on' 5 s ago." in text


def test_shifts_and_discord_are_those_that_were_found(memory: Memory) -> None:
    memory.take(made.affect(3000))
    now = made.instant(3000)
    assert telling.changes(memory, 60) == (
        "No shift in the last 60 s.\nNo stretch in which face and voice differ in the last 60 s."
    )
    memory.take(
        m.Shift(t_ns=now, id=1, dimension="valence", at_ns=now - 20 * 10**9, before=0.1, after=-0.4, certainty=0.9)
    )
    memory.take(
        m.Shift(t_ns=now, id=1, dimension="arousal", at_ns=now - 90 * 10**9, before=0.1, after=-0.4, certainty=0.9)
    )
    apart = {"face": (0.1, 0.9) + (0.0,) * 6, "voice": (0.1, 0.0, 0.0, 0.9) + (0.0,) * 4}
    memory.take(m.Discord(t_ns=now, id=0, begin_ns=now - 5 * 10**9, end_ns=now - 3 * 10**9, size=0.42, **apart))
    assert telling.changes(memory, 60) == (
        "Person 1: valence changed from +0.10 to -0.40 20 s ago (probability of a change 0.90).\n"
        "Person 0: face (happiness) and voice (sadness) differed for 2.0 s until 3 s ago (divergence 0.42 of 1)."
    )


def test_what_a_run_does_not_measure_is_said(memory: Memory) -> None:
    memory.begin({"run": "two", "nodes": ["fusion"]})
    memory.take(made.affect(3))
    assert telling.changes(memory, 60).count("not measured") == 2
    assert "without --reasons" in telling.reasons(memory, 0)


def test_reasons_name_only_cues_that_were_measured(memory: Memory) -> None:
    cue = m.Cue(
        name="mouth", valence=0.31, arousal=0.0, category=0.5, units=(m.Unit(name="AU12", value=3.1, rest=0.4),)
    )
    reason = m.Reason(id=0, valence=0.6, arousal=-0.2, category="happiness", share=0.9, face_weight=0.75, cues=(cue,))
    memory.take(made.affect(300))
    memory.take(m.Reasons(t_ns=made.instant(300) - 5 * 10**9, frame_seq=1, people=(reason,)))
    text = telling.reasons(memory, 5.0)
    assert "Mouth (AU12 lip corner puller 3.1 of 5 at rest 0.4) raises valence by 0.31" in text
    assert not {"brows", "eyes", "cheeks", "nose", "chin", "head", "pitch", "loudness"} & set(text.lower().split())
    assert numbers(text) <= {"0", "5", "3.1", "0.4", "0.31", "+0.60", "-0.20", "0.50", "0.90", "0.75"}
    assert telling.reasons(memory, 0.0) == "Nobody was taken apart in the two seconds up to now."


def test_a_session_is_told_as_its_card_has_it() -> None:
    level = Level(0.3, 0.1, 0.5)
    people = [PersonCard(id=0, name="P01", seconds=15, valence=level, arousal=level), PersonCard(id=-1)]
    card = SessionCard(
        path="/home/x/s1", name="s1", length_s=20, face_share=0.75, people=people, markers=[(3.0, "film on")]
    )
    text = telling.session(card, names=False)
    assert numbers(text) <= {"1", "20", "75", "0", "15", "+0.30", "90", "+0.10", "+0.50", "3.0"}
    assert "P01" not in text
    assert "/home" not in text
    assert "P01" in telling.session(card, names=True)


def test_nothing_is_kept_before_it_is_allowed_and_all_forgotten_after(memory: Memory) -> None:
    memory.allow(False)
    memory.take(made.affect(1))
    memory.take(m.Marker(t_ns=1, label="x"))
    assert memory.now is None
    assert not memory.rows
    assert not memory.markers
    memory.take(made.health("gateway", 2, process="supervisor", status=m.GatewayStatus(assistant=True)))
    memory.take(made.affect(3))
    assert memory.rows
    memory.take(made.health("gateway", 4, process="supervisor", status=m.GatewayStatus(assistant=False)))
    assert memory.now is None
    assert not memory.rows


def test_ten_minutes_are_kept_and_no_more(memory: Memory) -> None:
    for i in range(0, 30 * 60 * 30, 5):
        memory.take(made.affect(i))
    assert memory.rows[-1].t_ns - memory.rows[0].t_ns <= KEEP_NS
    assert len(memory.rows) < 3700
