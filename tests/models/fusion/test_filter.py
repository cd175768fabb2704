"""One person's filter: what it answers to what it is given."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.fusion import filter as fusion
from liveaffect.models.fusion.filter import Estimate, FusionSettings

PersonFilter: Any = fusion.PersonFilter  # its numbers may be None: a test that needs one fails there
CALM = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
FACE = Estimate(0.5, 0.2, 0.2, 0.25, CALM)
VOICE = Estimate(-0.3, 0.4, 0.3, 0.2, (0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.0))


def test_a_still_image_without_a_face_has_no_numbers():
    assert PersonFilter().step(0.0, None, VOICE, still=True).valence is None


def test_thirty_frames_of_one_second_say_little_more_than_one():
    person = PersonFilter()
    one = person.step(0.0, FACE, None).valence_sd
    *_, fused = [person.step(i / 30, FACE, None) for i in range(1, 31)]
    prior = FusionSettings().prior_valence_sd
    as_if_independent = 1 / math.sqrt(1 / prior**2 + 31 * (1 / one**2 - 1 / prior**2))
    assert fused.valence_sd > 4 * as_if_independent
    assert 0.88 * one < fused.valence_sd < one


def test_a_lasting_expression_is_not_adapted_away():
    person = PersonFilter()
    after = {i: person.step(i / 30, FACE, None).valence for i in range(1801)}
    assert after[1800] == pytest.approx(FACE.valence)
    assert after[30] == pytest.approx(FACE.valence)


def test_a_sudden_smile_is_followed_and_widens_the_interval_while_it_comes():
    person = PersonFilter()
    *_, calm = [person.step(i / 30, Estimate(0.0, 0.0, 0.1, 0.1, CALM), None) for i in range(300)]
    coming = [person.step(i / 30, Estimate(0.6, 0.0, 0.1, 0.1, CALM), None) for i in range(300, 330)]
    assert coming[6].valence > 0.63 * 0.6
    assert coming[19].valence > 0.9 * 0.6
    assert coming[4].valence_sd > 2 * calm.valence_sd
    assert coming[29].valence_sd == pytest.approx(calm.valence_sd, rel=0.1)


def test_jitter_from_frame_to_frame_is_damped():
    rng, person = np.random.default_rng(1), PersonFilter()
    seen = 0.2 + 0.1 * rng.standard_normal(600)
    fused = [person.step(i / 30, Estimate(v, 0.0, 0.2, 0.2, CALM), None).valence for i, v in enumerate(seen)]
    assert np.std(np.diff(fused[100:])) < 0.2 * np.std(np.diff(seen[100:]))


def test_intervals_widen_while_nothing_is_seen_and_then_the_numbers_end():
    """Also of two who contradicted each other, whichever is surer."""
    person = PersonFilter()
    person.step(0.0, FACE, VOICE)
    coasts = [person.peek(t) for t in np.linspace(0.0, 2.0, 21)]
    assert all(b.valence_sd > a.valence_sd and b.arousal_sd > a.arousal_sd for a, b in pairwise(coasts))
    assert {fused.valence for fused in coasts} == {coasts[0].valence}
    assert [fused.coasting for fused in coasts] == [False] + [True] * 20
    after = person.peek(2.01)
    assert (after.valence, after.valence_sd, after.emotions, after.face_weight) == (None, None, None, None)
    assert not after.coasting
    assert after.age_face_s == pytest.approx(2.01)


def test_a_lost_face_widens_to_the_prior_within_its_fading_time():
    person, s = PersonFilter(), FusionSettings()
    person.step(0.0, FACE, None)
    assert person.peek(s.face_fade_s).valence_sd > s.prior_valence_sd
    assert person.peek(0.1 * s.face_fade_s).valence_sd < 0.6 * s.prior_valence_sd


def test_before_anything_is_seen_there_are_no_numbers():
    fused = PersonFilter().step(0.0, None, None)
    assert fused.valence is None
    assert fused.age_face_s is None
    assert PersonFilter().peek(5.0).arousal is None


def test_a_modality_that_is_gone_hands_over_step_by_step_and_then_has_no_weight():
    person = PersonFilter()
    before = person.step(0.0, FACE, VOICE)
    after = [person.step(i / 20, None, VOICE) for i in range(1, 41)]
    weights = [before.face_weight, *(fused.face_weight for fused in after)]
    assert all(b < a for a, b in pairwise(weights) if a > 0.0)
    assert max(a - b for a, b in pairwise(weights)) < 0.2
    assert weights[20] == 0.0  # 1 s
    assert after[-1].valence == pytest.approx(VOICE.valence)
    assert after[-1].age_face_s == pytest.approx(2.0)


def test_the_surer_modality_weighs_more_and_pulls_the_mean():
    def together(voice_sd: float) -> Any:
        voice = Estimate(VOICE.valence, VOICE.arousal, voice_sd, voice_sd, VOICE.emotions)
        return PersonFilter().step(0.0, FACE, voice)

    weights = [together(sd).voice_weight for sd in (0.1, 0.2, 0.3, 0.4)]
    values = [together(sd).valence for sd in (0.1, 0.2, 0.3, 0.4)]
    assert weights == sorted(weights, reverse=True)
    assert values == sorted(values)
    assert weights[0] > 0.5 > weights[-1]


def test_two_estimates_weigh_by_what_they_add_to_the_prior():
    s = FusionSettings()
    voice = Estimate(0.3, 0.4, 0.3, 0.2, CALM)
    fused = PersonFilter(s).step(0.0, FACE, voice)
    of_face, of_voice = (1 / said.valence_sd**2 - 1 / s.prior_valence_sd**2 for said in (FACE, voice))
    assert fused.valence == pytest.approx((of_face * FACE.valence + of_voice * 0.3) / (of_face + of_voice))
    share, both = of_face / (of_face + of_voice), (FACE.valence_sd * voice.valence_sd / s.prior_valence_sd) ** 2
    variance = (share * FACE.valence_sd) ** 2 + ((1 - share) * voice.valence_sd) ** 2 + 2 * share * (1 - share) * both
    assert fused.valence_sd == pytest.approx(math.sqrt(variance))


def test_the_mean_weight_is_shown():
    face, voice = Estimate(1.0, 1.0, 0.1, 0.2, CALM), Estimate(0.0, 0.0, 0.2, 0.1, CALM)
    fused = PersonFilter().step(0.0, face, voice)
    assert fused.face_weight == pytest.approx(0.5 * (fused.valence + fused.arousal))


def test_a_person_who_is_only_heard_has_numbers():
    fused = PersonFilter().step(0.0, None, VOICE)
    assert fused.valence == pytest.approx(VOICE.valence)
    assert (fused.face_weight, fused.voice_weight) == (0.0, 1.0)
    assert EMOTIONS[int(np.argmax(fused.emotions))] == "anger"


def test_the_voice_moves_nothing_in_a_category_it_never_learned():
    scorn = Estimate(-0.4, 0.2, 0.2, 0.2, (0.2, 0.1, 0.0, 0.0, 0.1, 0.0, 0.0, 0.6))
    person = PersonFilter()
    before = person.step(0.0, scorn, None)
    after = person.step(0.0, None, VOICE)
    contempt = EMOTIONS.index("contempt")
    assert after.emotions[contempt] == pytest.approx(before.emotions[contempt])
    assert after.emotions[EMOTIONS.index("anger")] > before.emotions[EMOTIONS.index("anger")]


def test_a_voice_almost_all_in_a_category_it_never_learned_leaves_a_distribution():
    odd = (0.0, 1e-17, 0.0, 0.0, 1e-18, 0.0, 0.0, 1.0)
    fused = PersonFilter().step(0.0, FACE, Estimate(-0.3, 0.4, 0.3, 0.2, odd))
    assert sum(fused.emotions) == pytest.approx(1.0, abs=1e-12)
    assert fused.emotions[1] > 0.9 * fused.emotions[4]


def test_a_voice_all_in_a_category_it_never_learned_is_not_pulled_by_a_face_that_says_nothing():
    only = (*[0.0] * 7, 1.0)
    voice, unsure = Estimate(-0.3, 0.4, 0.3, 0.2, only), Estimate(0.0, 0.0, 0.9, 0.9, CALM)
    assert PersonFilter().step(0.0, unsure, voice).emotions == only
    assert PersonFilter().step(0.0, FACE, voice).emotions == pytest.approx(CALM)


def test_the_noise_scale_widens_the_answer():
    wide = PersonFilter(FusionSettings(face_noise_scale=1.5)).step(0.0, FACE, None)
    assert wide.valence_sd == pytest.approx(1.5 * FACE.valence_sd)


def test_time_that_goes_back_is_refused_by_name():
    person = PersonFilter()
    person.step(1.0, FACE, None)
    with pytest.raises(BadInput, match=r"0\.5 s after 1\.0 s"):
        person.step(0.5, FACE, None)
    with pytest.raises(BadInput, match="nan"):
        person.step(math.nan, FACE, None)


@pytest.mark.parametrize("broken", [
    {"valence": math.nan}, {"arousal": 1.5}, {"valence_sd": 0.0}, {"arousal_sd": math.inf},
    {"emotions": (0.0,) * 8}, {"emotions": (0.5, 0.5)}, {"emotions": (math.nan,) * 8},
])  # fmt: skip
def test_an_impossible_estimate_is_refused(broken: dict):
    good = {"valence": 0.0, "arousal": 0.0, "valence_sd": 0.2, "arousal_sd": 0.2, "emotions": CALM}
    with pytest.raises(BadInput):
        Estimate(**(good | broken))


@pytest.mark.parametrize(("key", "value"), [
    ("face_pace", 0.0), ("face_correlated", 1.1), ("prior_valence_sd", math.nan), ("voice_fade_s", math.inf),
    ("coast_s", -1.0), ("voice_unseen", ("joy",)), ("voice_noise_scale", -1.0),
])  # fmt: skip
def test_a_wrong_setting_is_refused_by_name(key: str, value: object):
    with pytest.raises(BadInput, match=key):
        FusionSettings(**{key: value})  # pyright: ignore[reportArgumentType]
