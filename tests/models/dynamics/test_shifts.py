"""Shifts of level: found soon, at the right time, and not where somebody only moves as usual."""

import math

import pytest
from made import affect as made

from liveaffect.models.dynamics.shifts import ShiftFinder, ShiftFound, ShiftSettings
from liveaffect.models.errors import BadInput

pytestmark = pytest.mark.long


def _found(values: made.Floats, stated: made.Floats) -> list[ShiftFound]:
    finder = ShiftFinder()
    known = (k for k in range(len(values)) if math.isfinite(values[k]))
    steps = [finder.step(k * made.BLOCK_S, float(values[k]), float(stated[k])) for k in known]
    return [one for one in steps if one is not None]


def test_shifts_are_found_within_a_second_and_a_half() -> None:
    hit = number = 0
    for seed in range(4):
        values, stated, times = made.stepping(seed, 30 if seed % 2 else 10, 150, sd=0.08, tau_s=3.0, size=0.4)
        found = _found(values, stated)
        number += len(times)
        hit += sum(any(abs(x.at_s - t) <= 1.0 and x.found_s <= t + 1.5 for x in found) for t in times)
        for one in found:
            assert 0.2 <= abs(one.size) < 0.8
            assert 0.5 <= one.certainty <= 1.0
            assert one.at_s <= one.found_s
    assert hit / number >= 0.85


def test_ordinary_movement_is_no_shift() -> None:
    found = [_found(*made.stepping(seed, 10, 200, sd=0.12, tau_s=3.0, size=0.0)[:2]) for seed in range(3)]
    assert sum(map(len, found)) <= 1


def test_one_strange_block_is_no_shift() -> None:
    values, stated, _ = made.stepping(0, 10, 60, sd=0.05, tau_s=3.0, size=0.0)
    values[150] += 0.6
    values[200:202] -= 0.5
    assert _found(values, stated) == []


def test_a_shift_is_told_once() -> None:
    values, stated, times = made.stepping(2, 30, 70, sd=0.04, tau_s=3.0, size=0.5)
    assert len(times) in (1, 2)
    assert len(_found(values, stated)) == len(times)


def test_time_and_settings_that_make_no_sense_are_refused() -> None:
    finder = ShiftFinder()
    finder.step(1.0, 0.0, 0.04)
    with pytest.raises(BadInput, match="in order"):
        finder.step(1.0, 0.0, 0.04)
    with pytest.raises(BadInput, match="certainty"):
        ShiftSettings(certainty=0.2)
    with pytest.raises(BadInput, match="least"):
        ShiftSettings(least=0.0)


def test_lively_people_shift_too() -> None:
    """Whose ordinary movement is large: a run that follows every far value would explain half of these away."""
    hit = number = 0
    for seed in range(4):
        values, stated, times = made.stepping(seed, 30 if seed % 2 else 10, 150, sd=0.15, tau_s=3.0, size=0.4)
        found = _found(values, stated)
        number += len(times)
        hit += sum(any(abs(x.at_s - t) <= 1.0 and x.found_s <= t + 1.5 for x in found) for t in times)
    assert hit / number >= 0.85
