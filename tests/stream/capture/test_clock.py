"""Device clocks on the monotonic clock."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveaffect.stream.capture.clock import NS, SampleClock, monotonic_of

RATE, HOP, START = 16000, 160, 5_000_000_000_000


def run(clock: SampleClock, stamps: np.ndarray, arrivals: np.ndarray | None = None) -> np.ndarray:
    """Feeds one stamp per hop and reads each hop's time as it comes."""
    out = []
    for number, stamp in enumerate(stamps):
        clock.add(number * HOP, int(stamp), None if arrivals is None else int(arrivals[number]))
        out.append(clock.at(number * HOP))
    return np.array(out)


def true_times(count: int, ppm: float = 0.0) -> np.ndarray:
    return START + np.round(np.arange(count) * HOP * (NS / RATE) * (1 + ppm * 1e-6)).astype(np.int64)


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(ppm=st.floats(-300, 300), seed=st.integers(0, 1000))
def test_the_fit_follows_a_drifting_device_through_noise_and_late_callbacks(ppm: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = true_times(1500, ppm)
    stamps = truth + rng.normal(0, 1e6, 1500) + np.where(rng.random(1500) < 0.1, 30e6, 0)
    out = run(SampleClock(RATE), stamps)
    assert np.abs(out - truth)[600:].max() < 1.5e6
    assert (np.diff(out) > 0).all()
    assert np.abs(np.diff(out)[600:] - 1e7).max() < 2e4


def test_lost_samples_are_a_jump_that_is_counted() -> None:
    truth = true_times(600)
    truth[300:] += 200_000_000
    clock = SampleClock(RATE)
    out = run(clock, truth, truth + 12_000_000)
    assert (clock.losses, clock.corrections) == (1, 0)
    assert np.abs(out - truth)[320:].max() < 1e6


def test_a_driver_that_changes_its_mind_about_its_latency_bends_time_without_a_jump() -> None:
    truth = true_times(1000)
    stamps = truth.copy()
    stamps[:300] -= 400_000_000
    clock = SampleClock(RATE)
    out = run(clock, stamps, truth + 12_000_000)
    assert (clock.losses, clock.corrections) == (0, 1)
    assert np.diff(out).max() <= 12_100_000
    assert np.abs(out - truth)[-50:].max() < 25e6


def test_no_sample_is_stamped_after_it_has_arrived_whatever_the_driver_says() -> None:
    truth = true_times(600)
    arrivals = truth + np.random.default_rng(0).uniform(1e6, 6e6, 600)
    out = run(SampleClock(RATE), truth + 8_000_000, arrivals)
    assert (out[450:] <= arrivals[450:] + 100_000).all()
    assert np.abs(np.diff(out)[200:] - 1e7).max() < 1e6


def test_time_never_runs_backwards_when_the_latency_grows() -> None:
    truth = true_times(1000)
    stamps = truth.copy()
    stamps[300:] -= 400_000_000
    out = run(SampleClock(RATE), stamps, truth + 12_000_000)
    assert (np.diff(out) > 0).all()


def test_a_driver_stamp_is_understood_on_either_clock() -> None:
    now, wall = 1_000 * NS, 1_700_000_000 * NS
    assert monotonic_of(now - 30_000_000, now, wall) == now - 30_000_000
    assert monotonic_of(wall - 30_000_000, now, wall) == now - 30_000_000
    assert monotonic_of(123, now, wall) is None
    assert monotonic_of(now + 5_000_000, now, wall) == now
