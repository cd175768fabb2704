"""Blinks are found with their times at 10 and at 30 frames a second; winks, squints, closures and gaps are none."""

import numpy as np
import pytest
from made.attention import MadeBlink, at_rate, frame_times, matched, openness, spread_blinks

from liveaffect.models.attention.eyelids import BlinkFound, Eyelids


def found_in(
    left: list[tuple[int, float | None]], right: list[tuple[int, float | None]] | None = None
) -> list[BlinkFound]:
    lids = Eyelids()
    both = right or left
    return [blink for (t, a), (_, b) in zip(left, both, strict=True) if (blink := lids.add(t, a, b)) is not None]


def made(seconds: float, hz: float, blinks: list[MadeBlink], seed: int, level: float = 0.8) -> list[BlinkFound]:
    rng = np.random.default_rng(seed)
    t = frame_times(seconds, hz, rng)
    eyes = [openness(t, blinks, rng, level) for _ in range(2)]
    lids = Eyelids()
    return [one for t_ns, a, b in at_rate(t, *eyes) if (one := lids.add(t_ns, a, b)) is not None]


def spans(blinks: list[BlinkFound]) -> list[tuple[float, float]]:
    return [(one.begin_ns / 1e9, one.end_ns / 1e9) for one in blinks]


@pytest.mark.parametrize(("hz", "recall"), [(30.0, 0.98), (25.0, 0.95), (10.0, 0.75)])
@pytest.mark.parametrize("level", [0.4, 0.9])
def test_blinks_of_a_tenth_to_four_tenths_of_a_second_are_found(hz: float, recall: float, level: float) -> None:
    hits = told = there = 0
    for seed in range(4):
        true = spread_blinks(120, np.random.default_rng(100 + seed))
        found = made(120, hz, true, seed, level)
        hits += matched(spans(found), [(one.begin_s, one.begin_s + one.length_s) for one in true])[0]
        told, there = told + len(found), there + len(true)
    assert there > 100
    assert hits / told >= 0.98
    assert hits / there >= recall


@pytest.mark.parametrize(("hz", "most_s"), [(30.0, 0.012), (10.0, 0.045)])
def test_the_length_of_a_blink_is_told_at_half_of_the_open_level(hz: float, most_s: float) -> None:
    errors: list[float] = []
    for seed in range(4):
        true = spread_blinks(120, np.random.default_rng(200 + seed))
        for begin, end in spans(made(120, hz, true, seed)):
            one = next(one for one in true if begin < one.begin_s + one.length_s and one.begin_s < end)
            errors.append(end - begin - one.half_s)
    assert abs(float(np.median(errors))) < most_s
    assert float(np.median(np.abs(errors))) < most_s


def test_nobody_blinks_in_noise_alone() -> None:
    assert [made(300, hz, [], 7) for hz in (10.0, 30.0)] == [[], []]


def test_a_closure_of_more_than_half_a_second_is_no_blink() -> None:
    assert made(20, 30, [MadeBlink(8, 1.6)], 1) == []


def test_a_squint_that_comes_slowly_is_no_blink() -> None:
    t = np.arange(0, 20, 1 / 30)
    slow = 0.8 * (1 - 0.7 * np.clip(np.minimum((t - 8) / 0.8, (9.7 - t) / 0.8), 0, 1))
    short = np.where(slow < 0.4, slow, np.maximum(slow, 0.0))
    assert found_in([(row[0], row[1]) for row in at_rate(t, short)]) == []


def test_a_wink_is_no_blink() -> None:
    t, rng = np.arange(0, 12, 1 / 30), np.random.default_rng(3)
    closes, stays = openness(t, [MadeBlink(6, 0.3)], rng), openness(t, [], rng)
    left, right = ([(row[0], row[1]) for row in at_rate(t, line)] for line in (closes, stays))
    assert found_in(left, right) == []
    assert len(found_in(left, left)) == 1


def test_one_frame_with_misplaced_lids_is_no_blink_and_one_with_closed_ones_is() -> None:
    def one_frame(low: float) -> list[tuple[int, float | None]]:
        return [(round(k / 30 * 1e9), low if k == 150 else 0.8) for k in range(300)]

    assert found_in(one_frame(0.36)) == []
    assert len(found_in(one_frame(0.05))) == 1


def test_a_gap_within_a_closure_leaves_no_blink() -> None:
    rows: list[tuple[int, float | None]] = [(round(k / 30 * 1e9), 0.05 if 150 <= k < 156 else 0.8) for k in range(300)]
    assert len(found_in(rows)) == 1
    assert found_in([(t, None if 152 <= k < 154 else v) for k, (t, v) in enumerate(rows)]) == []
    assert found_in([row for k, row in enumerate(rows) if not 152 <= k < 157]) == []


def test_two_dips_in_a_row_are_one_blink_and_two_that_are_apart_are_two() -> None:
    def twice(apart: int) -> list[tuple[int, float | None]]:
        low = {*range(150, 154), *range(154 + apart, 158 + apart)}
        return [(round(k / 30 * 1e9), 0.05 if k in low else 0.8) for k in range(300)]

    assert len(found_in(twice(2))) == 1
    assert len(found_in(twice(9))) == 2


def test_the_open_level_is_the_persons_own_and_follows_slowly() -> None:
    narrow = made(60, 30, spread_blinks(60, np.random.default_rng(5)), 5, level=0.45)
    assert len(narrow) >= 10
    t, rng = np.arange(0, 120, 1 / 30), np.random.default_rng(9)
    moved = np.where(t < 40, 0.9, 0.6) + 0.02 * rng.standard_normal(len(t))
    lids = Eyelids()
    for t_ns, value in at_rate(t, moved):
        lids.add(t_ns, value, value)
    assert lids.openness == pytest.approx(1.0, abs=0.1)


def test_somebody_who_sleeps_stays_closed() -> None:
    lids = Eyelids()
    for k in range(30 * 200):
        value = 0.8 if k < 30 * 10 else 0.08
        lids.add(round(k / 30 * 1e9), value, value)
    assert lids.shut is True
