"""The table of a process's life, without processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.stream.live.life import BACKOFF_S, LIVING, TABLE, UNASKED, Event, Life, Phase

PHASES: tuple[Phase, ...] = (
    "down", "starting", "ready", "running", "restarting", "hung", "stopping", "failed", "over",
)  # fmt: skip
EVENTS: tuple[Event, ...] = ("due", "ready", "go", "gone", "silent", "change", "stop")


def _running(restarts: int = 5) -> Life:
    life = Life(restarts, end_s=5.0)
    for event in ("due", "ready", "go"):
        life.on(event, 0.0, launched=event == "go")  # type: ignore[arg-type]
    assert life.phase == "running"
    return life


def test_every_phase_of_a_process_that_may_be_stopped_can_be() -> None:
    for phase in PHASES:
        if phase not in ("stopping", "over"):
            assert (phase, "stop") in TABLE, phase


def test_every_phase_with_a_process_knows_what_its_end_means() -> None:
    assert {phase for phase in LIVING if phase not in UNASKED} == {p for p in LIVING if (p, "gone") in TABLE}


def test_only_a_process_that_is_not_there_is_started() -> None:
    starters = {phase for (phase, event), (_, acts) in TABLE.items() if "start" in acts and event != "gone"}
    assert starters == {"down", "failed"}


def test_a_word_of_the_past_does_not_bring_back_what_was_asked_to_end() -> None:
    life = _running()
    assert life.on("change", 1.0, launched=True) == ("tell_stop",)
    assert life.on("ready", 1.1, launched=True) == ()
    assert life.phase == "restarting"


def test_a_change_while_the_nodes_open_starts_the_process_again_and_ends_nothing() -> None:
    life = Life(5, end_s=5.0)
    life.on("due", 0.0, launched=False)
    assert life.on("change", 1.0, launched=False) == ("tell_stop",)
    assert life.on("gone", 2.0, launched=False) == ("start",)
    assert life.deaths == []


def test_changes_are_no_faults_however_many() -> None:
    life = _running(restarts=1)
    for number in range(20):
        life.on("change", number * 0.1, launched=True)
        assert life.on("gone", number * 0.1 + 0.05, launched=True) == ("start",)
        life.on("ready", number * 0.1 + 0.06, launched=True)
        life.on("go", number * 0.1 + 0.06, launched=True)
    assert life.deaths == []
    assert life.phase == "running"


def test_a_changed_process_that_does_not_end_is_killed_and_started_all_the_same() -> None:
    life = _running()
    life.on("change", 10.0, launched=True)
    assert not life.overdue(14.9)
    assert life.overdue(15.0)
    assert life.on("due", 15.0, launched=True) == ("kill",)
    assert life.on("gone", 15.1, launched=True) == ("start",)


def test_faults_are_retried_ever_later_and_given_up_in_the_end() -> None:
    life = _running(restarts=5)
    waited = []
    for number in range(5):
        assert life.on("gone", float(number), launched=True) == ("say_down",)
        waited.append(life.due - number)
        life.on("due", life.due, launched=True)
    assert waited == pytest.approx(BACKOFF_S)
    assert life.on("gone", 6.0, launched=True) == ("say_failed",)
    assert life.on("due", 1e9, launched=True) == ()


def test_faults_of_long_ago_are_forgiven() -> None:
    life = _running(restarts=1)
    for number in range(10):
        assert life.on("gone", number * 61.0, launched=True) == ("say_down",)
        life.on("due", number * 61.0 + 1, launched=True)


def test_other_settings_bring_back_what_was_given_up() -> None:
    life = _running(restarts=0)
    assert life.on("gone", 1.0, launched=True) == ("say_failed",)
    assert life.on("change", 2.0, launched=True) == ("start",)
    assert life.deaths == []


def test_a_killed_process_that_stays_is_told_once_and_not_killed_for_ever() -> None:
    life = _running()
    assert life.on("silent", 10.0, launched=True) == ("say_hung", "kill")
    assert life.on("silent", 10.1, launched=True) == ()
    assert life.overdue(12.0)
    assert life.on("due", 12.0, launched=True) == ("say_stuck",)
    assert not life.overdue(1e9)
    assert life.on("gone", 50.0, launched=True) == ("say_down",)


def test_before_the_run_began_a_death_is_for_the_user_to_mend() -> None:
    life = Life(5, end_s=5.0)
    life.on("due", 0.0, launched=False)
    assert life.on("gone", 1.0, launched=False) == ("abort",)


@given(st.lists(st.sampled_from(EVENTS), max_size=60), st.booleans())
def test_whatever_happens_there_is_never_more_than_one_process_and_none_after_the_end(
    events: list[Event], launched: bool
) -> None:
    life = Life(2, end_s=1.0)
    there = stopped = False
    asked = 0
    for number, event in enumerate(events):
        if event == "gone" and not there:
            continue  # what is not there cannot go
        before = life.phase
        asked += event == "change"
        acts = life.on(event, float(number), launched=launched)
        there = False if event == "gone" else there
        if "start" in acts:
            assert not there, f"{before} {event}"
            assert not stopped
            there = True
        stopped |= event == "stop"
        assert there == (life.phase in LIVING), f"{before} {event} {life.phase}"
        assert life.phase not in ("starting", "running", "down") or not stopped
