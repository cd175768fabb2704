"""Intervals of differences: Student's t, its bootstrap, effect sizes, and series whose samples depend on each other."""

import numpy as np
import pytest
import scipy  # its parts are loaded where they are used
from made import affect as made

from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation.autocorrelated import difference, level_of, memory_of
from liveaffect.models.evaluation.contrast import between, dz, hedges_g, paired, t_quantile


@pytest.mark.parametrize("df", [1.0, 1.7, 2.0, 4.0, 19.0, 250.0])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.995])
def test_quantiles_are_students(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(float(scipy.stats.t.ppf(p, df)), rel=1e-9)


def test_an_interval_reaches_at_least_as_far_as_students() -> None:
    d = np.random.default_rng(0).exponential(1.0, 9)
    found = paired(d)
    theirs = scipy.stats.t.interval(0.95, 8, d.mean(), d.std(ddof=1) / 3)
    assert found.value == pytest.approx(float(d.mean()))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= theirs[0] + 1e-12
    assert found.high > theirs[1] + 0.1  # differences are skewed, and Student's t knows nothing of it


def test_it_is_students_alone_for_three_and_four() -> None:
    d = np.array([0.1, 0.4, 0.2])
    low, high = scipy.stats.t.interval(0.9, 2, d.mean(), d.std(ddof=1) / 3**0.5)
    assert paired(d, level=0.9)[1:] == pytest.approx((float(low), float(high)))


def test_two_participants_and_equal_differences_have_no_interval() -> None:
    assert paired([0.1, 0.3])[1:] == (None, None)
    assert paired([0.2, 0.2, 0.2, 0.2])[1:] == (None, None)
    assert dz([0.2, 0.2, 0.2]) is None
    assert between([0.1, 0.2], [0.3, 0.4, 0.5])[1:] == (None, None)


def test_groups_differ_by_welch() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 12), rng.normal(1, 3, 7)
    found = between(a, b)
    theirs = scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= theirs.low + 1e-9
    assert found.high >= theirs.high - 1e-9
    assert found.high - found.low < 1.5 * (theirs.high - theirs.low)
    swapped = between(b, a)
    assert swapped.value == pytest.approx(-found.value)


def test_effect_sizes_are_those_of_the_textbook() -> None:
    d = np.array([0.5, 1.5, 1.0, 2.0, 0.0])
    effect = dz(d)
    assert effect is not None
    assert effect.value == pytest.approx(1.0 / d.std(ddof=1) * (1 - 3 / 15))
    a, b = np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0, 6.0])
    g = hedges_g(a, b)
    assert g is not None
    pooled = ((2 * a.var(ddof=1) + 3 * b.var(ddof=1)) / 5) ** 0.5
    assert g.value == pytest.approx(2.5 / pooled * (1 - 3 / 19))
    assert g.low < g.value < g.high


def test_other_numbers_are_refused() -> None:
    for wrong in ([], [0.1, np.nan], [[0.1, 0.2]]):
        with pytest.raises(BadInput):
            paired(wrong)
    with pytest.raises(BadInput):
        t_quantile(0.4, 3)
    with pytest.raises(BadInput):
        level_of([np.full(5, np.nan)])


def test_memory_of_a_series_is_told_with_gaps_in_it() -> None:
    rng = np.random.default_rng(2)
    x = made.wander(20_000, 1.0, 5.0, rng)
    x[made.gaps(len(x), 1, 0.2, rng)] = np.nan
    a = np.exp(-1 / 5.0)
    assert memory_of(x) == pytest.approx((1 + a) / (1 - a), rel=0.2)
    assert memory_of(rng.standard_normal(20_000)) == pytest.approx(1.0, abs=0.5)
    assert memory_of(np.full(100, 0.3)) == 1.0


def test_one_persons_interval_holds_no_difference_nine_times_in_ten_at_least() -> None:
    held = 0
    for seed in range(100):
        rng = np.random.default_rng([4, seed])
        found = difference([made.wander(120, 1.0, 4.0, rng)], [made.wander(120, 1.0, 4.0, rng)])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.0 <= found.high
    assert held >= 90


def test_a_difference_far_above_the_memory_is_found() -> None:
    rng = np.random.default_rng(3)
    a, b = made.wander(300, 1.0, 2.0, rng), 2.0 + made.wander(300, 1.0, 2.0, rng)
    found = difference([a], [b])
    assert found.low is not None
    assert 1.0 < found.low < 2.0
    short = difference([a[:10]], [b[:10]])
    assert (short.low, short.high) == (None, None)
