"""Ranges of numbers, and the one account of what was lost: exact while few, bounded when many."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from liveaffect.stream.messages import Drop, VideoFrame
from liveaffect.stream.session.ledger import RANGES_KEPT, Ledger
from liveaffect.stream.session.losses import Line, Losses, Ranges, Reader
from liveaffect.stream.topics import DROP, VIDEO

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda s: (s[0], s[0] + s[1])), max_size=12)


@given(SPANS, st.sets(st.integers(0, 72), max_size=12), st.integers(0, 72), st.integers(0, 72))
def test_ranges_are_the_set_of_their_numbers(
    spans: list[tuple[int, int]], taken: set[int], low: int, high: int
) -> None:
    ranges, numbers = Ranges(), set[int]()
    for first, last in spans:
        ranges.add(first, last)
        numbers |= set(range(first, last + 1))
    for number in taken:
        assert ranges.remove(number) == (number in numbers)
    numbers -= taken
    assert {n for n in range(80) if n in ranges} == numbers
    assert [n for first, last in ranges for n in range(first, last + 1)] == sorted(numbers)
    assert all(one[1] + 1 < two[0] for one, two in zip(list(ranges), list(ranges)[1:], strict=False))
    assert ranges.count(low, high) == len({n for n in numbers if low <= n <= high})


@given(SPANS, st.integers(0, 30), st.integers(30, 72))
def test_what_no_report_explains_is_counted_from_its_first(spans: list[tuple[int, int]], first: int, last: int) -> None:
    losses, lost = Losses(), set[int]()
    for number, (begin, end) in enumerate(spans):
        cause = "skipped" if number % 2 else "late"
        losses.add(Drop(t_ns=0, node="n", topic="t", first_seq=begin, last_seq=end, cause=cause))  # type: ignore[arg-type]
        lost |= set(range(begin, end + 1))
    free = [n for n in range(first, last + 1) if n not in lost]
    told = losses.unexplained(Reader("n", 0, "t"), ("", 0), first, last)
    assert told == (len(free), free[0] if free else -1)
    assert all(losses.lost(Reader("n", 0, "t"), ("", 0), n) == (n in lost) for n in range(80))


def test_a_gap_of_any_length_is_one_range() -> None:
    losses = Losses()
    losses.add(Drop(t_ns=0, node="n", topic="t", first_seq=5, last_seq=1 << 60, cause="down"))
    assert losses.unexplained(Reader("n", 0, "t"), ("", 0), 0, 1 << 61) == ((1 << 61) + 1 - (1 << 60) + 4, 0)


def test_e23_a_recording_of_days_has_a_ledger_of_bounded_size_whose_sums_are_exact() -> None:
    ledger = Ledger(readers={"video/frame": ["face"]}, writers={"video/frame": "camera"}, from_start=True)
    count = 3 * RANGES_KEPT
    for seq in range(count):
        number = 3 * seq  # of three frames one is recorded, and of the others one is skipped by the face
        ledger.add(VIDEO, VideoFrame(t_ns=seq, seq=number))
        ledger.add(DROP, Drop(t_ns=0, seq=seq, node="face", topic="video/frame", first_seq=number + 1,
                              last_seq=number + 1, cause="skipped"))  # fmt: skip
    line: Line = ledger._lines["video/frame"]["", 0]
    kept = [line.gaps, *(ranges for *_, ranges in ledger._losses.of("video/frame"))]
    assert all(len(ranges) <= RANGES_KEPT for ranges in kept)
    assert sum(sys.getsizeof(ranges._firsts) for ranges in kept) < 1 << 20
    account = ledger.accounts()["video/frame"]
    assert account.published == 3 * count - 1
    assert (account.recorded, account.not_recorded) == (count, 2 * count - 1)
    assert account.dropped == {"skipped": count}
    assert len(account.gaps) + account.gaps_left_out == count
