"""The sensor's clock from afar: right within 2 ms and half the jitter, and it says how sure it is."""

import random

import pytest

from liveaffect.stream.client.clock import EVERY_S, NS, Exchange, SensorClock

HOUR = 3600 * NS
MS = 1_000_000


class Far:
    """A sensor whose clock is an hour away and drifts, behind a way with delay, jitter and loss."""

    def __init__(self, ppm: float, delay_ms: float, jitter_ms: float, loss: float, seed: int) -> None:
        self.ppm, self.delay, self.jitter, self.loss = ppm, delay_ms, jitter_ms, loss
        self.random = random.Random(seed)
        self.now = 50 * NS
        self.clock = SensorClock(lambda: self.now)

    def truth(self, local_ns: int) -> int:
        return round(local_ns * (1 + self.ppm * 1e-6)) + HOUR

    def way_ns(self) -> int:
        lost = 200.0 if self.random.random() < self.loss else 0.0  # a lost packet is sent again
        return round((self.delay + self.random.uniform(0, self.jitter) + lost) * MS)

    def ask(self) -> None:
        sent = self.now
        there = sent + self.way_ns()
        self.now = there + self.way_ns()
        self.clock.add(Exchange(sent, self.truth(there), self.now))

    def error_ms(self) -> float:
        return abs(self.clock.local_ns(self.truth(self.now)) - self.now) / MS


@pytest.mark.parametrize("ppm", [0.0, 200.0, -200.0])
@pytest.mark.parametrize("seed", range(3))
def test_times_are_right_within_two_milliseconds_and_half_the_jitter(ppm: float, seed: int) -> None:
    far = Far(ppm, delay_ms=100.0, jitter_ms=10.0, loss=0.05, seed=seed)
    for _ in range(8):
        far.ask()
    for _ in range(int(600 / EVERY_S)):
        far.now += int(EVERY_S * NS)
        far.ask()
        assert far.error_ms() <= 2.0 + 5.0
        assert far.error_ms() <= far.clock.error_ns / MS + 5.0, "it says how sure it is"
        assert far.clock.error_ns <= far.clock.bound_ns
        assert abs(far.clock.sensor_ns(far.now) - far.truth(far.now)) / MS <= 7.0
    assert far.clock.drift_ppm == pytest.approx(ppm, abs=40.0)


def test_a_way_that_is_cut_for_a_while_makes_it_less_sure_and_it_comes_back() -> None:
    far = Far(200.0, delay_ms=20.0, jitter_ms=4.0, loss=0.0, seed=1)
    for _ in range(400):
        far.now += int(EVERY_S * NS)
        far.ask()
    sure = far.clock.error_ns
    far.now += 60 * NS
    assert far.clock.error_ns > sure + MS
    assert far.error_ms() <= far.clock.error_ns / MS + 2.0
    far.ask()
    assert far.error_ms() <= 4.0


def test_an_answer_that_waited_for_the_end_of_a_cut_is_not_believed_over_what_was_known() -> None:
    far = Far(-200.0, delay_ms=100.0, jitter_ms=10.0, loss=0.0, seed=2)
    for _ in range(200):
        far.now += int(EVERY_S * NS)
        far.ask()
    far.now += 25 * NS
    sent = far.now
    far.now += 7 * NS
    far.clock.add(Exchange(sent, far.truth(far.now - 100 * MS), far.now))
    assert far.error_ms() <= 7.0
    assert far.clock.error_ns <= 15 * MS


def test_a_sensor_that_comes_back_on_another_machine_is_noticed_at_once() -> None:
    far = Far(0.0, delay_ms=5.0, jitter_ms=1.0, loss=0.0, seed=1)
    for _ in range(100):
        far.now += int(EVERY_S * NS)
        far.ask()
    far.truth = lambda local_ns: local_ns - HOUR  # type: ignore[method-assign]
    far.ask()
    assert far.error_ms() <= 2.0


def test_on_one_machine_nothing_is_mapped() -> None:
    clock = SensorClock(lambda: 5, same=True)
    assert (clock.local_ns(7), clock.sensor_ns(7), clock.error_ns, clock.bound_ns) == (7, 7, 0, 0)
    with pytest.raises(ValueError, match="has not been asked"):
        SensorClock(lambda: 5).local_ns(7)
