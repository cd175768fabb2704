"""The loss ledger: every published message is recorded or missed, processed or dropped, and each has its cause."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.stream.messages import OPEN, Drop, FaceAffect, FaceObservation, Health, Tick, VideoFrame
from liveaffect.stream.session.context import ledger_of
from liveaffect.stream.session.info import SessionInfo
from liveaffect.stream.session.ledger import Ledger
from liveaffect.stream.topics import DROP, FACE, FACE_AFFECT, HEALTH, TICK, VIDEO, writer_of

WIRING: dict[str, Any] = {
    "readers": {"video/frame": ["face"], "face/observation": ["fusion"]},
    "writers": {"video/frame": "camera", "face/observation": "face"},
    "processes": {"camera": "camera", "face": "face", "fusion": "fusion"},
}


def _ledger(**settings: Any) -> Ledger:
    return Ledger(**WIRING, **{"from_start": True, **settings})


def _frame(seq: int, incarnation: int = 0) -> VideoFrame:
    return VideoFrame(t_ns=seq, seq=seq, incarnation=incarnation)


def _answer(seq: int, frame: int, incarnation: int = 0) -> FaceObservation:
    return FaceObservation(t_ns=frame, seq=seq, frame_seq=frame, incarnation=incarnation)


def _drop(first: int, last: int, cause: Any = "skipped", **header: Any) -> Drop:
    return Drop(t_ns=0, seq=0, node="face", topic="video/frame", first_seq=first, last_seq=last, cause=cause, **header)


@given(st.sets(st.integers(0, 80), min_size=1), st.sets(st.integers(0, 80)))
def test_recorded_and_not_recorded_add_up_to_published(kept: set[int], answered: set[int]) -> None:
    ledger = _ledger()
    for seq in sorted(kept):
        ledger.add(VIDEO, _frame(seq))
    last = max(kept)
    answered = {seq for seq in answered if seq <= last}
    for number, seq in enumerate(sorted(answered)):
        ledger.add(FACE, _answer(number, seq))
    for seq in range(last + 1):
        if seq not in answered:
            ledger.add(DROP, _drop(seq, seq))
    account = ledger.accounts()["video/frame"]
    assert account.published == last + 1
    assert account.recorded == len(kept)
    assert account.recorded + account.not_recorded == account.published
    assert sum(gap.last_seq - gap.first_seq + 1 for gap in account.gaps) == account.not_recorded
    reader = account.readers["face"]
    assert reader.processed + sum(reader.dropped.values()) + reader.pending == account.published
    if answered:
        assert (reader.processed, reader.pending, reader.proof) == (len(answered), 0, "answers")


def test_arrivals_out_of_order_fill_their_gap(tmp_path: object) -> None:
    ledger = _ledger()
    for seq in (0, 3, 2, 1, 1):
        ledger.add(VIDEO, _frame(seq))
    account = ledger.accounts()["video/frame"]
    assert (account.published, account.recorded, account.duplicates, account.gaps) == (4, 4, 1, [])


def test_a_second_start_of_a_publisher_counts_from_zero() -> None:
    ledger = _ledger()
    for seq in range(5):
        ledger.add(VIDEO, _frame(seq))
    for seq in range(2, 6):
        ledger.add(VIDEO, _frame(seq, incarnation=1))
    account = ledger.accounts()["video/frame"]
    assert (account.published, account.recorded, account.not_recorded, account.starts) == (11, 9, 2, 2)


def test_a_recording_begun_late_does_not_count_what_came_before_as_lost() -> None:
    ledger = _ledger(from_start=False)
    for seq in range(100, 110):
        ledger.add(VIDEO, _frame(seq))
    ledger.add(DROP, _drop(95, 101))
    account = ledger.accounts()["video/frame"]
    assert (account.published, account.not_recorded) == (10, 0)
    assert account.dropped == {"skipped": 2}


def test_drops_are_told_apart_by_cause_and_late_stands_alone() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
    ledger.add(DROP, _drop(1, 3))
    ledger.add(DROP, _drop(5, 5, "late"))
    account = ledger.accounts()["video/frame"]
    assert account.dropped == {"skipped": 3, "late": 1}
    assert account.late == 1
    assert account.readers["face"].processed == 6


def test_what_a_reader_dropped_had_been_published_though_the_recorder_missed_it() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
    ledger.add(DROP, _drop(9, 12))
    account = ledger.accounts()["video/frame"]
    assert (account.published, account.not_recorded) == (13, 3)


def test_what_the_start_before_had_processed_is_not_lost_with_it() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
        ledger.add(FACE, _answer(seq, seq))
    for seq in range(10, 15):
        ledger.add(VIDEO, _frame(seq))  # nobody hears these: the face process is down
    ledger.add(VIDEO, _frame(15))
    ledger.add(FACE, _answer(0, 15, incarnation=1))
    ledger.add(DROP, _drop(0, 14, "down", incarnation=1))
    reader = ledger.accounts()["video/frame"].readers["face"]
    assert (reader.processed, reader.dropped, reader.pending) == (11, {"down": 5}, 0)


def test_what_a_killed_reader_had_in_hand_went_down_with_it_and_is_not_in_flight() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
    ledger.add(FACE, _answer(0, 4))  # frames 0 to 3 were skipped, 5 to 9 not looked at; it is killed before it says so
    for seq in range(10, 20):
        ledger.add(VIDEO, _frame(seq))
    for number, frame in enumerate((12, 14, 16)):
        ledger.add(FACE, _answer(number, frame, incarnation=1))
    ledger.add(DROP, _drop(0, 11, "down", incarnation=1))
    ledger.add(DROP, _drop(13, 13, incarnation=1))
    ledger.add(DROP, _drop(15, 15, incarnation=1))
    reader = ledger.accounts()["video/frame"].readers["face"]
    assert (reader.processed, reader.dropped, reader.pending) == (4, {"down": 11, "skipped": 2}, 3)


def test_a_reader_without_answers_had_processed_what_was_there_when_it_last_spoke() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(FACE, _answer(seq, seq))
    ledger.add(HEALTH, Health(t_ns=0, seq=0, node="fusion", process="fusion", state="ok"))
    for seq in range(10, 20):
        ledger.add(FACE, _answer(seq, seq))
    ledger.add(DROP, Drop(t_ns=0, seq=0, node="fusion", topic="face/observation", first_seq=0, last_seq=14,
                          cause="down", incarnation=2))  # fmt: skip
    reader = ledger.accounts()["face/observation"].readers["fusion"]
    assert (reader.processed, reader.dropped) == (15, {"down": 5})


def test_what_a_source_lost_was_captured() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
    dropped = {"video/frame overrun": 4, "other overrun": 9}
    ledger.add(HEALTH, Health(t_ns=0, seq=0, node="camera", process="camera", state="ok", dropped=dropped))
    account = ledger.accounts()["video/frame"]
    assert (account.captured, account.published, account.lost_at_source) == (14, 10, {"overrun": 4})


def test_the_many_writers_of_a_host_topic_are_counted_apart() -> None:
    ledger = _ledger()
    for seq in range(3):
        ledger.add(TICK, Tick(t_ns=seq, seq=seq, node="face"))
        ledger.add(TICK, Tick(t_ns=seq, seq=seq, node="fusion"))
    ledger.add(TICK, Tick(t_ns=9, seq=5, node="fusion"))
    account = ledger.accounts()["tick"]
    assert (account.recorded, account.duplicates, account.not_recorded) == (7, 0, 2)
    assert [(gap.publisher, gap.first_seq, gap.last_seq) for gap in account.gaps] == [("fusion", 3, 4)]


def test_what_the_supervisor_said_before_there_was_a_recorder_is_not_missing_later_gaps_are() -> None:
    ledger = _ledger()
    for seq in (9, 10, 13):
        about = {"node": "face", "process": "face", "state": "node_down"}
        ledger.add(HEALTH, Health(t_ns=seq, seq=seq, **about))  # type: ignore[arg-type]
    account = ledger.accounts()["health"]
    assert (account.recorded, account.not_recorded) == (3, 2)
    assert [(gap.first_seq, gap.last_seq) for gap in account.gaps] == [(11, 12)]


def test_a_source_that_has_ended_says_so_itself_and_nothing_is_missing() -> None:
    ledger = _ledger()
    for seq, state in enumerate(("ok", "ok", "stopped", "ok", "stopped")):
        health = Health(t_ns=seq, seq=seq, node="microphone" if state == "stopped" else "voice", process="voice",
                        state=state)  # type: ignore[arg-type]  # fmt: skip
        assert writer_of(HEALTH, health) == "voice"
        ledger.add(HEALTH, health)
    account = ledger.accounts()["health"]
    assert (account.recorded, account.duplicates, account.not_recorded) == (5, 0, 0)


def test_what_was_on_its_way_when_a_writer_or_the_run_ended_is_dropped_up_to_what_was_published() -> None:
    ledger = _ledger()
    for seq in range(10):
        ledger.add(VIDEO, _frame(seq))
    for seq in range(7):
        ledger.add(FACE, _answer(seq, seq))
    ledger.add(DROP, _drop(7, OPEN, "ended"))
    account = ledger.accounts()["video/frame"]
    reader = account.readers["face"]
    assert account.published == 10
    assert (reader.processed, reader.dropped, reader.pending) == (7, {"ended": 3}, 0)


@pytest.mark.parametrize("kind", ["Recorder", "RecorderNode"])
def test_the_recorder_is_no_reader_of_its_own_recording(kind: str) -> None:
    graph = {"recorder": {"type": f"liveaffect.nodes.recorder:{kind}"}, "fusion": {"type": "x:FusionNode"}}
    wiring = {name: {"reads": ["face/affect"], "writes": []} for name in graph}
    ledger = ledger_of(SessionInfo(graph=graph, wiring=wiring))
    ledger.add(FACE_AFFECT, FaceAffect(t_ns=0, seq=0, frame_seq=0))
    assert set(ledger.accounts()["face/affect"].readers) == {"fusion"}
