"""Levels of a known design: what raking promises, against an optimiser, Bayes, and by hand."""

import numpy as np
import pytest
import scipy  # its parts are loaded where they are used
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.models.categories.level import LEAST_EACH, levelled, levels, shares_of
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput


def drawn(n: int, seed: int, sharp: float = 2.0) -> np.ndarray:
    logs = np.random.default_rng(seed).normal(0.0, sharp, (n, 8)) + np.linspace(3.0, -3.0, 8)
    odds = np.exp(logs)
    return odds / odds.sum(1, keepdims=True)


@given(st.integers(24, 200), st.integers(0, 10_000), st.lists(st.floats(0.5, 8.0), min_size=8, max_size=8))
def test_the_mean_of_what_is_levelled_is_the_design(n: int, seed: int, often: list[float]) -> None:
    p, shares = drawn(n, seed), shares_of(dict(zip(EMOTIONS, often, strict=True)))
    shift = levels(p, shares)
    found = levelled(p, shift)
    np.testing.assert_allclose(found.mean(0), shares, atol=1e-4)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-12)
    assert shift.mean() == pytest.approx(0.0, abs=1e-9)


def test_of_two_rows_the_odds_of_two_categories_keep_their_ratio() -> None:
    p = drawn(40, 1)
    found = levelled(p, levels(p, shares_of("all")))
    np.testing.assert_allclose(
        (found[:, 1] / found[:, 4]) / (found[0, 1] / found[0, 4]), (p[:, 1] / p[:, 4]) / (p[0, 1] / p[0, 4]), rtol=1e-6
    )


def test_they_are_those_that_an_optimiser_finds() -> None:
    p, shares = drawn(60, 2), shares_of("neutral=3,fear,anger=2,contempt,sadness,surprise,disgust,happiness")
    logs = np.log(p)

    def apart(shift: np.ndarray) -> np.ndarray:
        odds = np.exp(logs + shift)
        return (odds / odds.sum(1, keepdims=True)).mean(0) - shares

    theirs = scipy.optimize.root(apart, np.zeros(8), method="lm").x
    np.testing.assert_allclose(levels(p, shares), theirs - theirs.mean(), atol=1e-3)


def test_what_was_learned_at_other_levels_is_told_as_by_who_knew_these() -> None:
    """Three kinds of numbers; a model that thinks the third is rare, a study that shows them alike."""
    rng = np.random.default_rng(3)
    middles, y = np.array([0.0, 1.5, 3.0]), rng.integers(0, 3, 6_000)
    x = rng.normal(middles[y], 1.0)
    likely = np.exp(-0.5 * (x[:, None] - middles) ** 2)

    def posterior(prior: list[float]) -> np.ndarray:
        odds = likely * prior
        return np.hstack([odds / odds.sum(1, keepdims=True), np.zeros((len(x), 5))])

    mine, best = posterior([0.6, 0.395, 0.005]), posterior([1 / 3] * 3)
    found = levelled(mine, levels(mine, shares_of(EMOTIONS[:3])))
    np.testing.assert_allclose(found, best, atol=0.06)
    assert (mine.argmax(1) == y).mean() < 0.62 < (found.argmax(1) == y).mean()


def test_a_category_that_is_not_shown_gets_nothing() -> None:
    p = drawn(30, 4)
    shift = levels(p, shares_of("happiness,anger"))
    found = levelled(p, shift)
    assert np.isneginf(np.delete(shift, [1, 4])).all()
    assert (np.delete(found, [1, 4], axis=1) == 0).all()
    np.testing.assert_allclose(found[:, [1, 4]].mean(0), 0.5, atol=1e-4)


def test_rows_without_numbers_are_passed_over_and_weights_are_counts() -> None:
    p = drawn(30, 5)
    holes = np.vstack([p, np.full((4, 8), np.nan)])
    shares = shares_of("all")
    np.testing.assert_array_equal(levels(holes, shares), levels(p, shares))
    assert np.isnan(levelled(holes, levels(p, shares))[-4:]).all()
    twice = np.vstack([p, p[:10]])
    np.testing.assert_allclose(
        levels(p, shares, np.where(np.arange(30) < 10, 2.0, 1.0)), levels(twice, shares), atol=1e-6
    )


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("joy", "'joy' is no category: name some of neutral, happiness"),
        ("anger", "two categories at least"),
        ("anger,anger=2,fear", "anger is named twice"),
        ("anger=often,fear", "'anger=often' is not understood"),
        ("anger=0,fear,neutral", "anger is shown 0 times"),
        ("anger=nan,fear", "anger is shown nan times"),
        ({"anger": float("inf"), "fear": 1.0}, "anger is shown inf times"),
        ("", "'' is no category"),
        ([], "two categories at least"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(shown: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        shares_of(shown)


def test_a_design_is_told_in_many_ways() -> None:
    expected = np.zeros(8)
    expected[[0, 4, 6]] = 0.5, 0.25, 0.25
    for shown in ("neutral=2, anger,fear", ["neutral=2", "anger", "fear"], {"neutral": 4, "anger": 2, "fear": 2}):
        np.testing.assert_array_equal(shares_of(shown), expected)
    np.testing.assert_array_equal(shares_of("all"), np.full(8, 1 / 8))


def test_too_few_rows_and_other_shapes_are_refused() -> None:
    with pytest.raises(BadInput, match="15 rows with numbers are too few for levels of 8 categories"):
        levels(drawn(8 * LEAST_EACH - 1, 6), shares_of("all"))
    for p, shares, weights in ((np.ones((30, 7)), np.ones(8), None), (drawn(30, 1), np.ones(8) / 8, np.ones(29))):
        with pytest.raises(BadInput, match="distributions are"):
            levels(p, shares, weights)
