"""Reading in a thread."""

import threading
from collections.abc import Iterator

import pytest

from liveaffect.stream.capture.read_ahead import Notices, ReadAhead


def drain(reader: ReadAhead[int]) -> list[int]:
    out: list[int] = []
    while not reader.ended:
        item = reader.get(120.0)
        if item is not None:
            out.append(item)
    return out


def test_everything_arrives_in_order_when_the_reader_may_wait() -> None:
    reader = ReadAhead(lambda _: iter(range(100)), depth=2, name="test")
    assert drain(reader) == list(range(100))


def test_a_device_that_cannot_wait_keeps_the_newest_and_counts_the_rest() -> None:
    done = threading.Event()

    def numbers(_: threading.Event) -> Iterator[int]:
        yield from range(10)
        done.set()

    reader = ReadAhead(numbers, depth=2, name="test", replace=lambda _: True)
    assert done.wait(120)
    assert drain(reader) == [8, 9]
    assert reader.take_replaced() == 8
    assert reader.take_replaced() == 0


def test_what_must_not_be_lost_is_kept_beyond_the_depth() -> None:
    done = threading.Event()

    def numbers(_: threading.Event) -> Iterator[int]:
        yield from (-1, 1, 2, -2, 3, 4)
        done.set()

    reader = ReadAhead(numbers, depth=2, name="test", replace=lambda n: n > 0)
    assert done.wait(120)
    assert [n for n in drain(reader) if n < 0] == [-1, -2]


def test_an_error_in_the_thread_is_raised_where_the_items_are_taken() -> None:
    def broken(_: threading.Event) -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    reader = ReadAhead(broken, depth=2, name="test")
    assert reader.get(120.0) == 1
    with pytest.raises(ValueError, match="torn"):
        drain(reader)


def test_closing_frees_a_thread_that_waits_for_room() -> None:
    reader = ReadAhead(lambda _: iter(range(100)), depth=1, name="test")
    assert reader.get(120.0) == 0
    assert reader.close(10.0)


def test_the_absence_of_a_device_is_said_at_once_and_then_twice_a_second() -> None:
    notices = Notices()
    said = [ms for ms in range(0, 2000, 10) if notices.due(ms * 1_000_000)]
    assert said == [0, 500, 1000, 1500]
    notices.clear()
    assert notices.due(1_999_000_000)
