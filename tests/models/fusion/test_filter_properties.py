"""One person's filter: what holds whatever it is given."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.models.circumplex import normalise
from liveaffect.models.fusion import filter as fusion
from liveaffect.models.fusion.filter import Estimate, FusionSettings

PersonFilter: Any = fusion.PersonFilter  # its numbers may be None: a test that needs one fails there
CALM = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
FACE = Estimate(0.5, 0.2, 0.2, 0.25, CALM)
VOICE = Estimate(-0.3, 0.4, 0.3, 0.2, (0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.0))

affects = st.floats(-1.0, 1.0)
sds = st.floats(0.001, 3.0)
distributions = st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8).filter(lambda p: sum(p) > 1e-3)
estimates = st.builds(Estimate, affects, affects, sds, sds, distributions.map(tuple))
steps = st.lists(
    st.tuples(st.floats(0.0, 5.0), st.none() | estimates, st.none() | estimates), min_size=1, max_size=12
)  # (seconds since the last, face, voice)


def run(inputs: list[tuple[float, Estimate | None, Estimate | None]], start: float = 0.0) -> list[Any]:
    person, t, out = PersonFilter(), start, []
    for dt, face, voice in inputs:
        t += dt
        out.append(person.step(t, face, voice))
    return out


def numbers(fused: Any) -> np.ndarray:
    return np.array([fused.valence, fused.valence_sd, fused.arousal, fused.arousal_sd, *fused.emotions])


@given(steps)
def test_whatever_comes_in_the_answer_is_possible(inputs: list):
    defaults = FusionSettings()
    for fused in run(inputs):
        if fused.valence is None:
            assert (fused.emotions, fused.face_weight, fused.arousal_sd) == (None, None, None)
            continue
        assert -1.0 <= fused.valence <= 1.0
        assert -1.0 <= fused.arousal <= 1.0
        assert 0.0 < fused.valence_sd <= defaults.prior_valence_sd * (1 + 1e-12)
        assert 0.0 < fused.arousal_sd <= defaults.prior_arousal_sd * (1 + 1e-12)
        assert min(fused.emotions) >= 0.0
        assert sum(fused.emotions) == pytest.approx(1.0)
        assert fused.face_weight + fused.voice_weight == pytest.approx(1.0)
        assert min(fused.face_weight, fused.voice_weight) >= 0.0


@given(steps, estimates)
def test_one_more_observation_never_widens_the_interval(inputs: list, extra: Estimate):
    without, with_it = PersonFilter(), PersonFilter()
    t = 0.0
    for dt, face, voice in inputs:
        t += dt
        without.step(t, face, voice)
        with_it.step(t, face, voice)
    without.step(t, FACE, None)
    with_it.step(t, FACE, None)
    with_it.step(t, None, extra)
    assert with_it.peek(t).valence_sd <= without.peek(t).valence_sd * (1 + 1e-12)
    assert with_it.peek(t).arousal_sd <= without.peek(t).arousal_sd * (1 + 1e-12)


@given(estimates)
def test_a_single_estimate_comes_out_as_it_went_in(face: Estimate):
    fused = PersonFilter().step(3.0, face, None)
    assert fused.valence == pytest.approx(face.valence, abs=1e-9)
    defaults = FusionSettings()
    if 0.02 * defaults.prior_valence_sd <= face.valence_sd <= 0.98 * defaults.prior_valence_sd:
        assert fused.valence_sd == pytest.approx(face.valence_sd)
    floored = normalise(face.emotions, floor=defaults.probability_floor)
    np.testing.assert_allclose(fused.emotions, floored, rtol=1e-6)
    assert (fused.face_weight, fused.voice_weight) == (1.0, 0.0)


@given(steps, estimates)
def test_a_still_image_is_exactly_its_face(before: list, face: Estimate):
    person, t = PersonFilter(), 0.0
    for dt, seen, heard in before:
        t += dt
        person.step(t, seen, heard)
    fused = person.step(t, face, VOICE, still=True)
    assert (fused.valence, fused.arousal) == (face.valence, face.arousal)
    assert (fused.valence_sd, fused.arousal_sd) == (face.valence_sd, face.arousal_sd)
    np.testing.assert_allclose(fused.emotions, np.array(face.emotions) / sum(face.emotions), rtol=1e-12)


@given(steps)
def test_the_absent_voice_changes_nothing_for_the_face(inputs: list):
    only_face: list[tuple[float, Estimate | None, Estimate | None]] = [(dt, face, None) for dt, face, _ in inputs]
    odd = PersonFilter(FusionSettings(voice_correlated=0.3, voice_bias_tau_s=77.0, voice_noise_scale=9.0))
    t = 0.0
    for (dt, face, _), fused in zip(only_face, run(only_face), strict=True):
        t += dt
        other = odd.step(t, face, None)
        assert fused == other


@given(steps, estimates, estimates)
def test_people_do_not_influence_each_other(inputs: list, first: Estimate, second: Estimate):
    """Stepping two filters in turn, in either order, is stepping each alone."""
    alone = run([(0.1, first, None), *inputs])
    a, b, t, c, together = PersonFilter(), PersonFilter(), 0.0, PersonFilter(), []
    for dt, face, voice in [(0.1, first, None), *inputs]:
        t += dt
        b.step(t, second, None)
        together.append(a.step(t, face, voice))
        c.step(t, None, second)
    assert together == alone


@given(steps)
def test_the_same_inputs_give_the_same_bits(inputs: list):
    assert run(inputs) == run(inputs)


@given(st.lists(st.tuples(st.integers(0, 640), estimates, st.none() | estimates), min_size=1, max_size=10))
def test_a_shift_of_the_clock_changes_nothing(inputs: list):
    """Steps are multiples of 1/128 s and the shift a power of two, so that no time is rounded."""
    timed = [(ticks / 128, face, voice) for ticks, face, voice in inputs]
    for here, there in zip(run(timed), run(timed, start=2.0**20), strict=True):
        assert numbers(here).tolist() == numbers(there).tolist()


@given(st.floats(0.001, 1.9), st.floats(0.01, 0.99), estimates, estimates)
def test_a_step_split_in_two_predictions_is_one_step(dt: float, part: float, face: Estimate, voice: Estimate):
    whole, split = PersonFilter(), PersonFilter()
    for person in (whole, split):
        person.step(0.0, face, voice)
    split.step(part * dt, None, None)
    np.testing.assert_allclose(
        numbers(split.step(dt, None, voice)), numbers(whole.step(dt, None, voice)), rtol=1e-9, atol=1e-12
    )


@given(steps, st.floats(0.0, 3.0))
def test_peeking_is_stepping_without_a_trace(inputs: list, ahead: float):
    person, t = PersonFilter(), 0.0
    for dt, face, voice in inputs:
        t += dt
        person.step(t, face, voice)
    seen = person.peek(t + ahead)
    assert person.peek(t + ahead) == seen
    assert person.step(t + ahead, None, None) == seen
