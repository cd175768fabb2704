"""What an assistant is told of looks: means of what was said, no number for what was not seen."""

import pytest
from made.attention import made_room
from windows import stream as made

from liveaffect.nodes.assistant import looks, telling
from liveaffect.nodes.assistant.memory import KEEP_NS, Memory
from liveaffect.nodes.attention import AttentionNode
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes


@pytest.fixture
def memory() -> Memory:
    memory = Memory(clock=lambda: 100.0)
    memory.begin({"run": "one", "kind": "live", "nodes": ["fusion", "attention"]})
    memory.allow(True)
    return memory


def see(memory: Memory, seconds: float, aims: dict[int, object]) -> list[m.Attention]:
    """A room's attention, and an estimate at its end."""
    said = run_nodes(AttentionNode(), inputs=list(made_room(seconds, aims)))
    found = [one for one in said if isinstance(one, m.Attention)]
    for one in found:
        memory.take(one)
    affect = made.affect(3, (made.person(3, 3, name="Ann"), made.person(3, 7)))
    affect.t_ns = found[-1].t_ns
    memory.take(affect)
    return found


def test_means_are_those_of_what_was_said(memory: Memory) -> None:
    found = see(memory, 22, {3: 7, 7: "camera"})
    text = looks.told(memory, 60.0)
    for who, index in ((3, 0), (7, 1)):
        people = [one.people[index] for one in found]
        contact = sum(one.eye_contact or 0.0 for one in people) / len(people)
        at = sum(one.looks[0].p for one in people) / len(people)
        assert f"Person {who}, {len(found) / 5:.0f} s with a known look" in text
        assert f"eye contact with the camera {contact:.2f}; of a look at Person {10 - who} {at:.2f}" in text
    both = sum(one.mutual[0].p for one in found) / len(found)
    assert f"Person 3 and Person 7 looked at each other: mean probability {both:.2f}" in text
    assert text.count("nodded 1 time") == 1
    assert "blinks a minute" in text


def test_the_state_says_at_whom_somebody_looks(memory: Memory) -> None:
    see(memory, 3, {3: 7, 7: "camera"})
    first, second = [line for line in telling.state(memory).splitlines() if line.startswith("Person")]
    assert first.endswith("; looks at Person 7.")
    assert second.endswith("; eye contact.")


def test_what_was_not_seen_has_no_number(memory: Memory) -> None:
    for k in range(60):
        person = m.PersonAttention(id=1, state="occluded")
        memory.take(m.Attention(t_ns=made.instant(6 * k), frame_seq=6 * k, people=(person,)))
    memory.take(made.affect(354))
    text = looks.told(memory, 60.0)
    assert text.startswith("Person 1: where they looked was known for less than 5 s.")
    assert looks.now(memory) == {}


def test_without_the_node_that_is_said_and_nobody_is_no_one(memory: Memory) -> None:
    memory.take(made.affect(3))
    assert looks.told(memory, 30.0) == "Nobody was in view in the last 30 s."
    memory.facts = {"nodes": ["fusion"]}
    assert "started without the node attention" in looks.told(memory, 30.0)


def test_ten_minutes_are_kept_and_a_seek_and_a_withdrawn_consent_forget(memory: Memory) -> None:
    for k in range(0, 700 * 5):
        memory.take(m.Attention(t_ns=k * 200_000_000, frame_seq=k))
    assert memory.looks[-1].t_ns - memory.looks[0].t_ns == KEEP_NS
    memory.take(m.Attention(t_ns=0, frame_seq=0))
    assert len(memory.looks) == 1
    memory.take(made.affect(3))
    memory.allow(False)
    assert not memory.looks
