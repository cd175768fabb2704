"""Nods and shakes between 1 and 4 a second are found, told apart and measured; looks, drifts and noise are none."""

import numpy as np
import pytest
from made.attention import Floats, at_rate, frame_times, swings

from liveaffect.models.attention.gestures import GestureFound, HeadGestures


def found(t: Floats, pitch: Floats, yaw: Floats) -> list[GestureFound]:
    head = HeadGestures()
    return [one for t_ns, p, y in at_rate(t, pitch, yaw) for one in head.add(t_ns, p, y)]


def quiet(t: Floats, seed: int, sd: float = 0.25) -> Floats:
    """A head at rest: slow drift and noise."""
    rng = np.random.default_rng(seed)
    drift = np.interp(t, np.arange(0, t[-1] + 3, 2.0), 2.0 * rng.standard_normal(len(np.arange(0, t[-1] + 3, 2.0))))
    return drift + sd * rng.standard_normal(len(t))


@pytest.mark.parametrize("hz", [30.0, 10.0])
@pytest.mark.parametrize("rate", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("size", [5.0, 12.0])
def test_nods_and_shakes_are_told_with_time_cycles_and_size(hz: float, rate: float, size: float) -> None:
    rng = np.random.default_rng(1)
    t = frame_times(30, hz, rng)
    nodding, shaking = swings(t, 8.0, 3, rate, size), swings(t, 18.0, 3, rate, size)
    got = found(t, quiet(t, 2) * 0.3 + nodding, quiet(t, 3) * 0.3 + shaking)
    assert [one.kind for one in got] == ["nod", "shake"]
    for one, begin in zip(got, (8.0, 18.0), strict=True):
        assert one.begin_ns / 1e9 == pytest.approx(begin, abs=0.3)
        assert one.end_ns / 1e9 == pytest.approx(begin + 3 / rate, abs=0.35)
        assert one.cycles == pytest.approx(3, abs=0.5)
        assert one.hz == pytest.approx(rate, rel=0.15)
        least = 0.6 if hz == 10 and rate == 3 else 0.85  # three frames a cycle do not meet its turning points
        assert least * size <= one.amplitude_deg <= 1.15 * size + 0.5


def test_a_quick_single_dip_is_no_nod() -> None:
    t = np.arange(0, 12, 1 / 30)
    assert found(t, swings(t, 5, 1, 1.5, 10.0), np.zeros(len(t))) == []


def test_a_slow_look_down_and_up_and_down_is_no_nod() -> None:
    t = np.arange(0, 20, 1 / 30)
    assert found(t, swings(t, 5, 4, 0.5, 15.0), np.zeros(len(t))) == []


def test_a_tremble_faster_than_a_head_nods_is_none() -> None:
    t = np.arange(0, 20, 1 / 60)
    assert found(t, swings(t, 5, 12, 7.0, 6.0), np.zeros(len(t))) == []


def test_a_head_that_goes_round_is_neither() -> None:
    t = np.arange(0, 12, 1 / 30)
    assert found(t, swings(t, 5, 4, 1.5, 10.0), swings(t, 5.17, 4, 1.5, 10.0)) == []


def test_a_quiet_head_gives_nothing() -> None:
    t = np.arange(0, 300, 1 / 30)
    assert found(t, quiet(t, 11), quiet(t, 12)) == []


def test_a_face_that_is_lost_ends_what_was_seen_of_a_nod() -> None:
    head, t = HeadGestures(), np.arange(0, 12, 1 / 30)
    rows = list(at_rate(t, swings(t, 5, 6, 2.0, 8.0)))
    got = [one for t_ns, p in rows if t_ns < 7.2e9 for one in head.add(t_ns, p, 0.0)]
    assert got == []
    ended = head.add(round(7.3e9), None, None)
    assert [one.kind for one in ended] == ["nod"]
    assert ended[0].cycles >= 3.5
    assert head.add(round(8e9), 0.0, 0.0) == []


def test_frames_too_far_apart_follow_no_nod() -> None:
    t = np.arange(0, 20, 1 / 5)
    assert found(t, swings(t, 5, 6, 1.2, 10.0), np.zeros(len(t))) == []
