"""The category order, the circumplex coordinates and the conversions between plane and distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liveaffect.models.circumplex import (
    CIRCUMPLEX,
    EMOTIONS,
    circumplex_mean,
    circumplex_sd,
    distribution_at,
    normalise,
)

DISTRIBUTIONS = arrays(np.float64, 8, elements=st.floats(0.0, 1.0)).filter(lambda p: p.sum() > 1e-6)


def test_the_order_of_the_categories_is_the_designs():
    assert EMOTIONS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert CIRCUMPLEX.shape == (8, 2)
    assert not CIRCUMPLEX.flags.writeable


@pytest.mark.parametrize("name", EMOTIONS)
def test_a_certain_category_has_its_own_coordinates(name: str):
    certain = np.eye(8)[EMOTIONS.index(name)]
    np.testing.assert_allclose(circumplex_mean(certain), CIRCUMPLEX[EMOTIONS.index(name)], atol=1e-12)


@pytest.mark.parametrize("name", EMOTIONS)
def test_the_most_probable_category_at_its_own_point_is_itself(name: str):
    assert EMOTIONS[int(np.argmax(distribution_at(*CIRCUMPLEX[EMOTIONS.index(name)])))] == name


@given(DISTRIBUTIONS)
def test_the_mean_stays_inside_the_hull_of_the_categories(p: np.ndarray):
    mean = circumplex_mean(p)
    assert np.all(mean >= CIRCUMPLEX.min(axis=0) - 1e-12)
    assert np.all(mean <= CIRCUMPLEX.max(axis=0) + 1e-12)


def test_an_even_mixture_of_two_categories_spreads_by_half_their_distance():
    p = np.zeros(8)
    p[[1, 3]] = 0.5  # happiness and sadness
    sd = circumplex_sd(p, within=0.0)
    np.testing.assert_allclose(sd, [(0.81 + 0.63) / 2, (0.51 + 0.27) / 2], atol=1e-12)


def test_a_batch_of_distributions_keeps_its_shape():
    batch = np.full((3, 5, 8), 1.0)
    assert circumplex_mean(batch).shape == (3, 5, 2)
    assert distribution_at(np.zeros((3, 5)), 0.2).shape == (3, 5, 8)


@given(DISTRIBUTIONS, st.floats(0.0, 0.1))
def test_the_floor_lifts_zeros_and_keeps_the_sum(p: np.ndarray, floor: float):
    lifted = normalise(p, floor=floor)
    assert lifted.min() >= floor - 1e-12
    assert lifted.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("p", "said"), [
    (np.zeros(8), "sums to zero"),
    (np.full(8, np.nan), "finite"),
    (np.array([-1.0, 2, 0, 0, 0, 0, 0, 0]), "not negative"),
    (np.ones(7), "8 entries"),
])  # fmt: skip
def test_what_is_no_distribution_is_refused(p: np.ndarray, said: str):
    with pytest.raises(ValueError, match=said):
        normalise(p)
