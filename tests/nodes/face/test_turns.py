"""Measurements are shared out by stream time: newest first, then round and round."""

from liveaffect.nodes.face.turns import Turns, Waiting

MS = 1_000_000


def served(costs: list[float], per_second: float, frames: int, rate: float = 30.0) -> list[int]:
    """How often each was measured."""
    turns = Turns(per_second)
    last: list[int | None] = [None] * len(costs)
    counts = [0] * len(costs)
    for frame in range(frames):
        waiting = [Waiting(i, cost, last[i], 100.0 - i) for i, cost in enumerate(costs)]
        for number, turn in turns.share(waiting, round(frame * 1e9 / rate)).items():
            counts[number] += 1
            last[number] = turn
    return counts


def test_two_at_thirty_frames_a_second_are_measured_in_every_frame() -> None:
    assert served([1.0, 1.0], 60, 300) == [300, 300]


def test_six_at_thirty_frames_a_second_have_ten_each() -> None:
    counts = served([1.0] * 6, 60, 300)
    assert max(counts) - min(counts) <= 1
    assert min(counts) >= 99


def test_those_whom_the_whole_frame_gives_together_wait_until_there_is_room_for_all() -> None:
    counts = served([2.0, 1.0, 1.0, 1.0, 1.0], 60, 300)
    assert min(counts) >= 98
    assert max(counts) <= 103


def test_a_newcomer_comes_first_and_without_a_limit_everybody_does() -> None:
    turns = Turns(30)
    old = [Waiting(i, 1.0, i, 50.0) for i in range(5)]
    turns.share(old, 0)
    assert set(turns.share([*old, Waiting(5, 1.0, None, 10.0)], 33 * MS)) == {5}
    assert set(Turns(0).share([*old, Waiting(5, 1.0, None, 10.0)], 0)) == set(range(6))


def test_time_that_stands_still_gives_no_credit() -> None:
    turns = Turns(30)
    two = [Waiting(0, 1.0, None, 1.0), Waiting(1, 1.0, None, 2.0)]
    assert set(turns.share(two, 0)) == {0, 1}
    assert not turns.share(two, 0)
