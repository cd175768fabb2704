"""What is told and what is only heard."""

import pytest

from liveaffect.models.fusion.filter import Estimate, FusionSettings, PersonFilter
from liveaffect.models.fusion.told import LEAST_SHARE, NOT_TOLD, SEEN_NOT_TOLD, Told, not_told, told

PRIOR = FusionSettings()
SPREAD = (0.1, 0.05, 0.05, 0.05, 0.1, 0.51, 0.14, 0.0)


def test_an_interval_as_wide_as_the_priors_is_not_told() -> None:
    assert told(PRIOR.prior_valence_sd, PRIOR.prior_arousal_sd) == Told(False, False)
    assert told(0.95 * PRIOR.prior_valence_sd, 0.95 * PRIOR.prior_arousal_sd) == Told(False, False)
    assert told(0.5 * PRIOR.prior_valence_sd, 0.5 * PRIOR.prior_arousal_sd) == Told(True, True)


def test_the_limit_is_a_share_of_the_priors_variance() -> None:
    least = (1.0 - LEAST_SHARE) ** 0.5
    assert told(0.999 * least * PRIOR.prior_valence_sd, 1.001 * least * PRIOR.prior_arousal_sd) == Told(True, False)


def test_categories_are_told_where_valence_is() -> None:
    assert told(0.2, 1.0).emotions
    assert not told(1.0, 0.1).emotions


@pytest.mark.parametrize("sds", [(None, None), (None, 0.1)])
def test_without_a_deviation_nothing_is_told(sds: tuple[float | None, float | None]) -> None:
    assert not told(*sds).valence


def test_u6_a_voice_as_it_is_out_in_the_world_is_heard_and_a_face_is_told() -> None:
    """The voice's deviations on read and made speech: 0.40 to 0.56 of valence; a face's under half a cover: 0.35."""
    voice = PersonFilter().step(0.0, None, Estimate(0.69, 0.4, 0.5, 0.33, SPREAD))
    assert told(voice.valence_sd, voice.arousal_sd) == Told(False, False)
    assert not_told(voice.voice_weight) == NOT_TOLD
    assert not told(0.40, 0.25).valence
    face = PersonFilter().step(0.0, Estimate(0.69, 0.4, 0.35, 0.15, SPREAD), None)
    assert told(face.valence_sd, face.arousal_sd) == Told(True, True)
    assert not_told(face.voice_weight) == SEEN_NOT_TOLD
    assert not_told(None) == NOT_TOLD
