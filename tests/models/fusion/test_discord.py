"""Jensen-Shannon divergence of face and voice."""

import numpy as np
import pytest
import scipy  # its parts are loaded where they are used
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.discord import discord

distributions = st.lists(st.floats(0.0, 1.0, allow_subnormal=False), min_size=8, max_size=8).filter(
    lambda p: sum(p[:7]) > 1e-3
)
HAPPY, SAD = tuple(np.eye(8)[1]), tuple(np.eye(8)[3])


@given(distributions, distributions)
def test_it_is_the_square_of_the_jensen_shannon_distance(face: list[float], voice: list[float]):
    expected = scipy.spatial.distance.jensenshannon(face, voice, base=2) ** 2
    assert discord(face, voice, unseen=()) == pytest.approx(expected, abs=1e-9)


@given(distributions, distributions)
def test_it_is_symmetric_and_between_zero_and_one(face: list[float], voice: list[float]):
    value = discord(face, voice)
    assert value is not None
    assert 0.0 <= value <= 1.0
    assert value == pytest.approx(discord(voice, face))


def test_agreement_is_zero_and_disjoint_certainty_is_one():
    assert discord(HAPPY, HAPPY) == 0.0
    assert discord(HAPPY, SAD) == 1.0


def test_half_agreement_has_its_closed_form():
    """Half happy, half sad against happy: 0.5 (log2 4/3) + 0.5 (0.5 log2 2/3 + 0.5) bits."""
    both = (0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0)
    expected = 0.5 * np.log2(4 / 3) + 0.5 * (0.5 * np.log2(2 / 3) + 0.5 * np.log2(2))
    assert discord(HAPPY, both) == pytest.approx(expected)


@pytest.mark.parametrize(("face", "voice"), [(None, HAPPY), (HAPPY, None), (None, None)])
def test_one_alone_has_no_discord(face: tuple[float, ...] | None, voice: tuple[float, ...] | None):
    assert discord(face, voice) is None


def test_what_the_voice_never_learned_is_not_held_against_the_face():
    face = (0.4, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5)
    voice = (0.8, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert discord(face, voice) == pytest.approx(0.0, abs=1e-12)
    assert discord(tuple(np.eye(8)[7]), voice) is None


@pytest.mark.parametrize("bad", [(0.5, 0.5), (float("nan"),) * 8, (-0.1, 1.1, 0, 0, 0, 0, 0, 0)])
def test_what_is_no_distribution_is_refused(bad: tuple[float, ...]):
    with pytest.raises(BadInput):
        discord(bad, HAPPY)
