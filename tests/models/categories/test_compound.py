"""Names of compound emotions, by the stated rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.models.categories.compound import COMPOUNDS, LEAST, compound
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput


def shares(**given_: float) -> list[float]:
    return [given_.get(name, 0.0) for name in EMOTIONS]


@pytest.mark.parametrize("name", COMPOUNDS)
def test_two_categories_that_both_have_mass_have_the_name_of_their_pair(name: str) -> None:
    a, b = COMPOUNDS[name]
    assert compound(shares(**{a: 0.5, b: 0.3, "neutral": 0.2})) == name
    assert compound(shares(**{a: 0.3, b: 0.5, "neutral": 0.2})) == name


def test_a_small_second_share_a_third_category_and_other_pairs_have_none() -> None:
    assert compound(shares(happiness=0.8, surprise=0.19, neutral=0.01)) == ""
    assert compound(shares(happiness=0.3, surprise=0.25, neutral=0.45)) == ""
    assert compound(shares(happiness=0.5, contempt=0.5)) == ""
    assert compound(None) == compound([0.0] * 8) == ""


def test_what_is_no_distribution_is_refused() -> None:
    for strange in ([1.0], [float("nan")] * 8, [-1.0, *[1.0] * 7]):
        with pytest.raises(BadInput, match="compound"):
            compound(strange)


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_a_name_says_what_the_two_largest_shares_are(p: list[float]) -> None:
    name = compound(p)
    if name:
        two = sorted(p)[-2:]
        assert sorted(p[EMOTIONS.index(part)] for part in COMPOUNDS[name]) == pytest.approx(two)
        assert two[0] >= LEAST * sum(p)
