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
    assert 0.8 * one < fused.valence_sd < one


def test_a_lasting_expression_is_not_adapted_away():
    person = PersonFilter()
    after = {i: person.step(i / 30, FACE, None).valence for i in range(1801)}
    assert after[1800] == pytest.approx(after[30], rel=0.01)
    assert after[1800] == pytest.approx(FACE.valence, rel=0.1)


def test_a_sudden_smile_is_followed_within_five_frames():
    person = PersonFilter()
    for i in range(300):
        person.step(i / 30, Estimate(0.0, 0.0, 0.2, 0.2, CALM), None)
    *_, fused = [person.step(i / 30, Estimate(0.6, 0.0, 0.2, 0.2, CALM), None) for i in range(300, 305)]
    assert fused.valence > 0.9 * 0.6


def test_jitter_from_frame_to_frame_is_damped():
    rng, person = np.random.default_rng(1), PersonFilter()
    seen = 0.2 + 0.1 * rng.standard_normal(600)
    fused = [person.step(i / 30, Estimate(v, 0.0, 0.2, 0.2, CALM), None).valence for i, v in enumerate(seen)]
    assert np.std(fused[100:]) < 0.65 * np.std(seen[100:])


def test_intervals_widen_while_nothing_is_seen_and_then_the_numbers_end():
    person = PersonFilter()
    person.step(0.0, FACE, VOICE)
    coasts = [person.peek(t) for t in np.linspace(0.0, 2.0, 21)]
    widths = [fused.valence_sd for fused in coasts]
    assert all(b > a for a, b in pairwise(widths))
    assert [fused.coasting for fused in coasts] == [False] + [True] * 20
    after = person.peek(2.01)
    assert (after.valence, after.valence_sd, after.emotions, after.face_weight) == (None, None, None, None)
    assert not after.coasting
    assert after.age_face_s == pytest.approx(2.01)


def test_before_anything_is_seen_there_are_no_numbers():
    fused = PersonFilter().step(0.0, None, None)
    assert fused.valence is None
    assert fused.age_face_s is None
    assert PersonFilter().peek(5.0).arousal is None


def test_a_modality_gone_longer_than_the_coasting_time_has_no_weight():
    person = PersonFilter()
    person.step(0.0, FACE, VOICE)
    after = {i: person.step(i / 20, None, VOICE) for i in range(1, 61)}
    assert all((fused.face_weight > 0.0) == (i <= 40) for i, fused in after.items())
    assert (after[60].face_weight, after[60].voice_weight) == (0.0, 1.0)
    assert after[60].age_face_s == pytest.approx(3.0)


def test_the_surer_modality_weighs_more_and_pulls_the_mean():
    def together(voice_sd: float) -> Any:
        voice = Estimate(VOICE.valence, VOICE.arousal, voice_sd, voice_sd, VOICE.emotions)
        return PersonFilter().step(0.0, FACE, voice)

    weights = [together(sd).voice_weight for sd in (0.1, 0.2, 0.3, 0.4)]
    values = [together(sd).valence for sd in (0.1, 0.2, 0.3, 0.4)]
    assert weights == sorted(weights, reverse=True)
    assert values == sorted(values)
    assert weights[0] > 0.5 > weights[-1]


def test_weights_of_two_single_estimates_are_their_inverse_variances():
    face = Estimate(0.5, 0.5, 0.1, 0.1, CALM)
    voice = Estimate(0.5, 0.5, 0.2, 0.2, CALM)
    assert PersonFilter().step(0.0, face, voice).face_weight == pytest.approx(0.8)


def test_two_estimates_combine_as_gaussians_that_share_one_prior():
    s = FusionSettings()
    fused = PersonFilter(s).step(0.0, FACE, VOICE)
    precision = 1 / FACE.valence_sd**2 + 1 / VOICE.valence_sd**2 - 1 / s.prior_valence_sd**2
    mean = (FACE.valence / FACE.valence_sd**2 + VOICE.valence / VOICE.valence_sd**2) / precision
    assert fused.valence == pytest.approx(mean)
    assert fused.valence_sd == pytest.approx(precision**-0.5)


def test_plain_measurements_are_shrunk_towards_the_prior():
    s = FusionSettings(estimates_include_prior=False, prior_valence=0.1)
    fused = PersonFilter(s).step(0.0, FACE, None)
    gain = s.prior_valence_sd**2 / (s.prior_valence_sd**2 + FACE.valence_sd**2)
    assert fused.valence == pytest.approx(0.1 + gain * (FACE.valence - 0.1))


def test_a_person_who_is_only_heard_has_numbers():
    fused = PersonFilter().step(0.0, None, VOICE)
    assert fused.valence == pytest.approx(VOICE.valence)
    assert (fused.face_weight, fused.voice_weight) == (0.0, 1.0)
    assert EMOTIONS[int(np.argmax(fused.emotions))] == "anger"


def test_the_voice_moves_nothing_in_a_category_it_never_learned():
    """Contempt keeps its odds against the average of the others, whatever the voice says of it."""
    contempt = EMOTIONS.index("contempt")

    def log_ratio(fused: Any) -> float:
        logs = np.log(fused.emotions)
        return float(logs[contempt] - np.delete(logs, contempt).mean())

    person = PersonFilter()
    before = log_ratio(person.step(0.0, FACE, None))
    after = log_ratio(person.step(0.0, None, VOICE))
    assert after == pytest.approx(before)


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
    ("affect_tau_s", 0.0), ("face_correlated", 1.0), ("prior_valence_sd", math.nan), ("probability_floor", 0.2),
    ("coast_s", -1.0), ("voice_unseen", ("joy",)), ("voice_noise_scale", -1.0),
])  # fmt: skip
def test_a_wrong_setting_is_refused_by_name(key: str, value: object):
    with pytest.raises(BadInput, match=key):
        FusionSettings(**{key: value})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("affect_tau", "bias_tau"), [(4.0, 4.0), (1.0, 4.0), (20.0, 4.0), (4.0, 1.0), (4.0, 1e6)])
def test_ninety_percent_intervals_cover_about_ninety_percent(affect_tau: float, bias_tau: float):
    """Eight simulated minutes each, also where affect or error moves faster or slower than the filter assumes."""
    rng, defaults, sd, fps = np.random.default_rng(3), FusionSettings(), 0.25, 10
    variance = 1 / (1 / sd**2 - 1 / defaults.prior_valence_sd**2)
    gain = variance / sd**2

    def wander(tau: float) -> np.ndarray:
        a = math.exp(-1 / fps / tau)
        x = [rng.standard_normal()]
        for e in rng.standard_normal(30 * fps - 1):
            x.append(a * x[-1] + math.sqrt(1 - a * a) * e)
        return np.array(x)

    inside: list[bool] = []
    for _ in range(16):  # people
        truth = defaults.prior_valence_sd * wander(affect_tau)
        error = math.sqrt(0.8) * wander(bias_tau) + math.sqrt(0.2) * rng.standard_normal(len(truth))
        seen = np.clip((truth + math.sqrt(variance) * error) / gain, -1, 1)
        person = PersonFilter()
        out = [person.step(i / fps, Estimate(v, 0.0, sd, 0.2, CALM), None) for i, v in enumerate(seen)]
        inside += [abs(f.valence - x) < 1.645 * f.valence_sd for f, x in zip(out, truth, strict=True)]
    assert 0.83 < np.mean(inside) < 0.96
