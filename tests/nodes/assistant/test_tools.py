"""What stands before every tool: how often, whether there is a sensor, and whether its user allows it."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from made.session import recorded
from windows import stream as made

from liveaffect.nodes.assistant.feed import Feed
from liveaffect.nodes.assistant.memory import Memory
from liveaffect.nodes.assistant.tools import A_MINUTE, MINUTE_S, Refused, Tools
from liveaffect.offline.tables.card import session_card
from liveaffect.stream.client.requests import Reply


class Asked:
    """In place of the sensor."""

    def __init__(self, on: bool | None = True) -> None:
        self.on, self.asked = on, []

    def allowed(self) -> bool | None:
        return self.on

    def ask(self, verb: str, **arguments: Any) -> Reply:
        self.asked.append((verb, arguments))
        return Reply(ok=True)


def tools(asked: Asked, **more: Any) -> tuple[Tools, Memory]:
    memory = Memory(clock=lambda: 100.0)
    memory.begin({"run": "one", "nodes": []})
    memory.allow(True)
    memory.take(made.affect(7, (made.person(7, name="Anna"), made.person(7, 1))))
    return Tools(memory, cast(Feed, asked), session_card, **more), memory


CALLS = [
    lambda t: t.state(), lambda t: t.summary(60.0), lambda t: t.changes(60.0), lambda t: t.reasons(0.0),
    lambda t: t.looks(60.0), lambda t: t.session(""), lambda t: t.mark("x"),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_without_consent_nothing_is_told_and_no_marker_set(call: Any) -> None:
    asked = Asked(on=False)
    with pytest.raises(Refused, match="has not allowed"):
        call(tools(asked)[0])
    assert asked.asked == []


@pytest.mark.parametrize("call", CALLS)
def test_without_a_sensor_that_is_said(call: Any) -> None:
    found, memory = tools(Asked(on=None))
    memory.trouble = "nothing is running here"
    with pytest.raises(Refused, match="No sensor: nothing is running here"):
        call(found)


def test_the_first_question_waits_for_the_first_estimate() -> None:
    found, memory = tools(Asked())
    memory.begin({"run": "two", "nodes": []})
    late = threading.Timer(0.1, lambda: memory.take(made.affect(9, (made.person(9),))))
    late.start()
    assert "valence" in found.state()
    late.join()


def test_more_than_thirty_answers_a_minute_are_not_given() -> None:
    clock = [0.0]
    found, _ = tools(Asked(), now=lambda: clock[0])
    for _ in range(A_MINUTE):
        found.state()
    with pytest.raises(Refused, match="ask again in 60 s"):
        found.state()
    clock[0] += MINUTE_S
    found.state()


def test_people_have_names_only_where_that_was_asked_for() -> None:
    assert "Person 0:" in tools(Asked())[0].state()
    named = tools(Asked(), names=True)[0].state()
    assert "Anna:" in named
    assert "Person 0" not in named
    assert "Person 1:" in named


def test_a_marker_is_one_line_with_its_source() -> None:
    asked = Asked()
    assert tools(asked)[0].mark("  trial\n7 ") == "Marked 'trial 7'."
    assert asked.asked == [("mark", {"label": "trial 7", "source": "assistant"})]
    for wrong in (" ", "x" * 201):
        with pytest.raises(Refused, match="1 to 200"):
            tools(asked)[0].mark(wrong)


def test_sessions_are_those_of_this_sensor_and_of_the_folder_that_was_named(tmp_path: Path) -> None:
    recorded(tmp_path / "s1")
    recorded(tmp_path / "elsewhere" / "s2")
    found, memory = tools(Asked())
    with pytest.raises(Refused, match="recorded nothing yet"):
        found.session("")
    memory.session = str(tmp_path / "s1")
    assert found.session("") == found.session("s1")
    assert "Session s1: 20 s" in found.session("")
    with pytest.raises(Refused, match="--sessions FOLDER"):
        found.session("s2")
    more, _ = tools(Asked(), sessions=tmp_path / "elsewhere")
    assert "Session s2" in more.session("s2")
    for wrong in ("../s1", "/etc", "..", "s3"):
        with pytest.raises(Refused, match=r"without a path|no session"):
            more.session(wrong)
