"""Blocks of a sound device become hops: loss is visible, time is steady."""

import itertools

import numpy as np
import pytest

from liveaffect.nodes.microphone.input_device import Block
from liveaffect.nodes.microphone.listener import Listener
from liveaffect.stream.messages import AudioChunk

START = 7_000_000_000_000
MS = 1_000_000


def block(number: int, *, rate: int = 16000, stream: int = 1, late_ms: float = 0.0, overflow: bool = False) -> Block:
    """The block that a driver with 5 ms of latency delivers for hop `number`."""
    size = rate // 100
    t_ns = START + round((number * 10 + late_ms) * MS)
    samples = np.full(size, number / 1000, np.float32)
    return Block(stream, number * size, samples, t_ns, t_ns + 15 * MS, rate, overflow)


def hear(blocks: list[Block], listener: Listener | None = None) -> list[AudioChunk]:
    listener = listener or Listener()
    return [chunk for item in blocks for chunk in listener.hear(item)]


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_hops_carry_the_time_of_their_first_sample(rate: int) -> None:
    out = hear([block(n, rate=rate) for n in range(100)])
    assert len(out) >= 90
    errors = [c.t_ns - START - c.first_sample * 62500 for c in out]
    assert max(map(abs, errors)) < 30_000
    assert not any(c.gap for c in out)


def test_a_block_that_was_lost_is_a_gap_in_index_and_time() -> None:
    out = hear([block(n) for n in range(50) if not 20 <= n < 25])
    assert [n for n, c in enumerate(out) if c.gap] == [20]
    assert (out[20].first_sample, out[20].t_ns - START) == (25 * 160, pytest.approx(250 * MS, abs=MS))


def test_an_overflow_that_the_driver_reports_is_a_gap() -> None:
    out = hear([block(n, overflow=n == 30) for n in range(50)])
    assert [n for n, c in enumerate(out) if c.gap] == [30]


def test_samples_that_a_driver_loses_silently_are_found_by_the_clock() -> None:
    out = hear([block(n, late_ms=300.0 if n >= 200 else 0.0) for n in range(300)])
    (at,) = [n for n, c in enumerate(out) if c.gap]
    assert 200 < at < 220
    assert out[at].first_sample - out[at - 1].first_sample == pytest.approx(160 + 4800, abs=200)
    assert out[-1].t_ns == pytest.approx(START + (2990 + 300) * MS, abs=MS)


def test_a_new_stream_of_the_device_begins_with_a_gap_after_the_notice() -> None:
    listener = Listener()
    before = hear([block(n) for n in range(50)], listener)
    notice = listener.nothing(START + 900 * MS)
    after = hear([block(n, stream=2, late_ms=1000.0) for n in range(50)], listener)
    assert (notice.state, notice.samples) == ("no_device", None)
    assert [c.gap for c in after] == [True] + [False] * 49
    assert after[0].first_sample == pytest.approx(before[-1].first_sample + 160 + 8000, abs=20)


def test_nothing_is_stamped_before_the_notice_that_there_was_no_device() -> None:
    listener = Listener()
    listener.nothing(START + 105 * MS)
    out = hear([block(n) for n in range(50)], listener)
    assert out[0].t_ns > START + 105 * MS
    assert all(b.t_ns > a.t_ns for a, b in itertools.pairwise(out))


def test_a_latency_overstated_while_the_server_settles_is_not_believed() -> None:
    blocks = [block(n) for n in range(100)]
    for item in blocks[:60]:
        object.__setattr__(item, "t_ns", item.t_ns - 400 * MS)
    out = hear(blocks)
    assert all(abs(c.t_ns - START - c.first_sample * 62500) < 40 * MS for c in out)
    assert not any(c.gap for c in out)
