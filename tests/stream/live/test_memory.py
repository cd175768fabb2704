"""Freed memory goes back to the system, now and then."""

import sys

import psutil
import pytest

from liveaffect.stream.live.memory import AFTER, EVERY_S, Tidy, trimmer


def test_memory_is_handed_back_after_many_have_gone_and_not_too_often() -> None:
    calls: list[float] = []
    now = 1000.0
    tidy = Tidy(lambda: calls.append(now))
    for _ in range(AFTER - 1):
        tidy.count()
        tidy.step(now)
    assert calls == []
    for _ in range(5 * AFTER):
        tidy.count()
        tidy.step(now)
    assert calls == [now]
    now += EVERY_S
    tidy.step(now)
    tidy.step(now + 100)
    assert calls == [1000.0, 1000.0 + EVERY_S], "nobody has gone since"


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps much")
def test_holes_among_what_stays_go_back_to_the_system() -> None:
    trim = trimmer()
    if trim is None:
        pytest.skip("this C library hands nothing back")
    rss = psutil.Process().memory_info
    blocks = [bytearray(4000) for _ in range(20_000)]  # 80 MB
    blocks = blocks[::40]  # what stays keeps the heap from shrinking by itself
    before = rss().rss
    trim()
    assert before - rss().rss > 40e6
    assert len(blocks) == 500
