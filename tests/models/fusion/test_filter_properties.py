"""One person's filter: what holds whatever it is given."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made.estimates import affects, alone, estimates, many, run, said, sds, seeds, steps, voiced

from liveaffect.models.fusion import filter as fusion
from liveaffect.models.fusion.filter import Estimate, FusionSettings

pytestmark = pytest.mark.long

PersonFilter: Any = fusion.PersonFilter  # its numbers may be None: a test that needs one fails there
CALM = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
FACE = Estimate(0.5, 0.2, 0.2, 0.25, CALM)
VOICE = Estimate(-0.3, 0.4, 0.3, 0.2, (0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.0))
PRIOR = FusionSettings()


def numbers(fused: Any) -> np.ndarray:
    return np.array([fused.valence, fused.valence_sd, fused.arousal, fused.arousal_sd, *fused.emotions])


def means(fused: Any) -> np.ndarray:
    return np.array([fused.valence, fused.arousal, *fused.emotions])


def evidence(said: Estimate) -> np.ndarray:
    return np.array([said.valence, said.arousal, *np.array(said.emotions) / sum(said.emotions)])


@many
@given(seeds, voiced)
def test_one_modality_never_leaves_what_it_has_said(seed: int, voice: bool):
    seen = np.array([evidence(one) for _, one in said(seed)])
    for i, fused in enumerate(run(alone(said(seed), voice))):
        assert np.all(means(fused) >= seen[: i + 1].min(axis=0) - 1e-12)
        assert np.all(means(fused) <= seen[: i + 1].max(axis=0) + 1e-12)


@many
@given(steps)
def test_two_modalities_never_leave_what_either_has_said_of_valence_and_arousal(inputs: list):
    seen: list[np.ndarray] = []
    for (_, face, voice), fused in zip(inputs, run(inputs), strict=True):
        seen += [evidence(one)[:2] for one in (face, voice) if one is not None]
        if fused.valence is not None:
            assert np.all(means(fused)[:2] >= np.min(seen, axis=0) - 1e-12)
            assert np.all(means(fused)[:2] <= np.max(seen, axis=0) + 1e-12)


@many
@given(seeds, voiced)
def test_constant_evidence_is_the_answer_however_sure_it_calls_itself(seed: int, voice: bool):
    (_, first), *_ = wavering = said(seed)
    v, a, p = first.valence, first.arousal, first.emotions
    constant = [(gap, Estimate(v, a, one.valence_sd, one.arousal_sd, p)) for gap, one in wavering]
    for fused in run(alone(constant, voice)):
        np.testing.assert_allclose(means(fused), evidence(first), atol=1e-12)


@many
@given(estimates, voiced)
def test_a_single_estimate_comes_out_as_it_went_in(one: Estimate, voice: bool):
    (fused,) = run(alone([(3.0, one)], voice))
    np.testing.assert_allclose(means(fused), evidence(one), rtol=1e-12)
    assert fused.valence_sd == pytest.approx(one.valence_sd)
    assert fused.arousal_sd == pytest.approx(one.arousal_sd)
    assert (fused.face_weight, fused.voice_weight) == ((0.0, 1.0) if voice else (1.0, 0.0))


@many
@given(steps, estimates, estimates)
def test_simultaneous_inputs_have_no_order(inputs: list, face: Estimate, voice: Estimate):
    first, second, together = PersonFilter(), PersonFilter(), PersonFilter()
    t = 0.0
    for dt, seen, heard in inputs:
        t += dt
        for person in (first, second, together):
            person.step(t, seen, heard)
    first.step(t, face, None)
    second.step(t, None, voice)
    assert first.step(t, None, voice) == second.step(t, face, None) == together.step(t, face, voice)


@many
@given(steps, st.permutations([0, 1, 2]), st.tuples(seeds, seeds, seeds))
def test_simultaneous_estimates_of_one_modality_have_no_order(inputs: list, order: list, last: tuple):
    three = [said(seed)[-1][1] for seed in last]
    here = run([*inputs, *[(0.0, one, None) for one in three]])[-1]
    there = run([*inputs, *[(0.0, three[i], None) for i in order]])[-1]
    np.testing.assert_allclose(numbers(here), numbers(there), rtol=1e-7, atol=1e-9)


@many
@given(sds, seeds, affects, st.floats(-0.02, 0.02), voiced)
def test_thirty_correlated_frames_do_not_count_as_thirty(sd: float, seed: int, level: float, off: float, voice: bool):
    frames = [
        (1 / 30, Estimate(max(min(level + off * (-1) ** i, 1.0), -1.0), 0.0, sd * w, sd, CALM))
        for i, w in enumerate(np.random.default_rng(seed).uniform(0.9, 1.1, 30).tolist())
    ]
    assert run(alone(frames, voice))[-1].valence_sd > 0.75 * sd


@many
@given(estimates, estimates, st.floats(0.0, 1.0))
def test_two_modalities_that_agree_narrow_the_interval(face: Estimate, voice: Estimate, part: float):
    """Agree: lie no further apart than two right ones do."""
    assume(max(face.valence_sd, voice.valence_sd) < 0.98 * PRIOR.prior_valence_sd)
    common = (face.valence_sd * voice.valence_sd / PRIOR.prior_valence_sd) ** 2
    far = part * math.sqrt(face.valence_sd**2 + voice.valence_sd**2 - 2 * common)
    heard = face.valence + (far if face.valence < 0.0 else -far)
    assume(abs(heard) <= 1.0)
    voice = Estimate(heard, voice.arousal, voice.valence_sd, voice.arousal_sd, voice.emotions)
    (fused,) = run([(0.0, face, voice)])
    assert fused.valence_sd < min(face.valence_sd, voice.valence_sd)


@many
@given(affects, affects, st.floats(0.02, 0.3), st.floats(0.02, 0.3))
def test_two_modalities_that_differ_widen_the_interval(seen: float, heard: float, face_sd: float, voice_sd: float):
    """Differ: by more than three of their common deviations. Then neither is as sure as it says."""
    assume(abs(seen - heard) > 3.0 * math.hypot(face_sd, voice_sd))
    face, voice = Estimate(seen, 0.0, face_sd, 0.2, CALM), Estimate(heard, 0.0, voice_sd, 0.2, CALM)
    (fused,) = run([(0.0, face, voice)])
    assert fused.valence_sd > min(face_sd, voice_sd)
    (agreed,) = run([(0.0, face, Estimate(seen, 0.0, voice_sd, 0.2, CALM))])
    assert fused.valence_sd > agreed.valence_sd


@many
@given(seeds, st.floats(1.0, 3.0), estimates, voiced)
def test_a_modality_that_says_nothing_does_not_pull(seed: int, wide: float, other: Estimate, voice: bool):
    nothing = Estimate(
        other.valence, other.arousal, wide * PRIOR.prior_valence_sd, wide * PRIOR.prior_arousal_sd, other.emotions
    )
    sure = [
        (gap, Estimate(0.1 * x.valence, 0.1 * x.arousal, 0.3 * x.valence_sd, 0.3 * x.arousal_sd, x.emotions))
        for gap, x in said(seed)
    ]
    inputs = alone(sure, voice)
    without = run(inputs)[-1]
    *before, (gap, seen, heard) = inputs
    with_it = run([*before, (gap, nothing, heard) if voice else (gap, seen, nothing)])[-1]
    np.testing.assert_allclose(numbers(with_it), numbers(without), rtol=1e-9, atol=1e-12)


@many
@given(steps, st.lists(st.floats(0.001, 0.3), min_size=2, max_size=6))
def test_coasting_widens_the_interval(inputs: list, waits: list):
    """Of one modality that is all there is; where two are, the surer may outlive one that contradicted it."""
    person, t = PersonFilter(), 0.0
    for dt, face, _ in [(0.0, FACE, None), *inputs]:
        t += dt
        person.step(t, face, None)
    person.step(t, FACE, None)
    coasts = [person.peek(t + wait) for wait in np.cumsum([0.0, *waits])]
    assert all(b.valence_sd > a.valence_sd and b.arousal_sd > a.arousal_sd for a, b in pairwise(coasts))
    assert all(np.array_equal(means(a), means(coasts[0])) for a in coasts)


@many
@given(sds, sds, affects, affects)
def test_a_spike_of_one_frame_moves_the_answer_by_a_fifth_at_most(sd: float, odd_sd: float, level: float, spike: float):
    steady, odd = Estimate(level, 0.0, sd, sd, CALM), Estimate(spike, 0.0, odd_sd, odd_sd, CALM)
    fused = run([*[(1 / 30, steady, None)] * 60, (1 / 30, odd, None)])[-1]
    assert abs(fused.valence - level) <= 0.2 * abs(spike - level) + 1e-12


@many
@given(st.floats(0.03, 0.4), st.floats(0.03, 0.4), affects, affects)
def test_a_step_is_followed_in_time_in_both_directions(sd: float, after_sd: float, before: float, after: float):
    assume(abs(after - before) > 0.01)

    def times(before: float, after: float, before_sd: float, after_sd: float) -> tuple[float, float]:
        old, new = Estimate(before, 0.0, before_sd, before_sd, CALM), Estimate(after, 0.0, after_sd, after_sd, CALM)
        fused = run([*[(1 / 30, old, None)] * 90, *[(1 / 30, new, None)] * 30])[90:]
        share = [(f.valence - before) / (after - before) for f in fused]
        # the step lies between two frames: half a frame before the first that shows it
        reached = [next(i for i, s in enumerate(share) if s >= part) + 0.5 for part in (0.63, 0.9)]
        return reached[0] / 30, reached[1] / 30

    onset, end = times(before, after, sd, after_sd), times(after, before, after_sd, sd)
    assert max(onset[0], end[0]) <= 0.25
    assert max(onset[1], end[1]) <= 0.7
    assert 0.67 <= onset[0] / end[0] <= 1.5
    assert 0.67 <= onset[1] / end[1] <= 1.5


@many
@given(steps)
def test_whatever_comes_in_the_answer_is_possible(inputs: list):
    for fused in run(inputs):
        if fused.valence is None:
            assert (fused.emotions, fused.face_weight, fused.arousal_sd) == (None, None, None)
            continue
        assert -1.0 <= fused.valence <= 1.0
        assert -1.0 <= fused.arousal <= 1.0
        assert min(fused.valence_sd, fused.arousal_sd) > 0.0
        assert min(fused.emotions) >= 0.0
        assert sum(fused.emotions) == pytest.approx(1.0)
        assert fused.face_weight + fused.voice_weight == pytest.approx(1.0)
        assert min(fused.face_weight, fused.voice_weight) >= 0.0


@given(steps, estimates)
def test_a_still_image_is_exactly_its_face(before: list, face: Estimate):
    person, t = PersonFilter(), 0.0
    for dt, seen, heard in before:
        t += dt
        person.step(t, seen, heard)
    fused = person.step(t, face, VOICE, still=True)
    assert (fused.valence, fused.arousal) == (face.valence, face.arousal)
    np.testing.assert_allclose(numbers(fused)[[1, 3]], [face.valence_sd, face.arousal_sd], rtol=1e-12)
    np.testing.assert_allclose(fused.emotions, np.array(face.emotions) / sum(face.emotions), rtol=1e-12)


@given(steps)
def test_the_absent_voice_changes_nothing_for_the_face(inputs: list):
    only_face: list[tuple[float, Estimate | None, Estimate | None]] = [(dt, face, None) for dt, face, _ in inputs]
    odd = FusionSettings(voice_correlated=0.3, voice_fade_s=77.0, voice_pace=0.1, voice_noise_scale=9.0)
    assert run(only_face) == run(only_face, options=odd)


@given(steps, estimates, estimates)
def test_people_do_not_influence_each_other(inputs: list, first: Estimate, second: Estimate):
    """Stepping two filters in turn, in either order, is stepping each alone."""
    mine = run([(0.1, first, None), *inputs])
    a, b, t, c, together = PersonFilter(), PersonFilter(), 0.0, PersonFilter(), []
    for dt, face, voice in [(0.1, first, None), *inputs]:
        t += dt
        b.step(t, second, None)
        together.append(a.step(t, face, voice))
        c.step(t, None, second)
    assert together == mine


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
def test_a_step_split_in_two_is_one_step(dt: float, part: float, face: Estimate, voice: Estimate):
    whole, split = PersonFilter(), PersonFilter()
    for person in (whole, split):
        person.step(0.0, face, voice)
    split.step(part * dt, None, None)
    assert split.step(dt, None, voice) == whole.step(dt, None, voice)


@given(steps, st.floats(0.0, 3.0))
def test_peeking_is_stepping_without_a_trace(inputs: list, ahead: float):
    person, t = PersonFilter(), 0.0
    for dt, face, voice in inputs:
        t += dt
        person.step(t, face, voice)
    seen = person.peek(t + ahead)
    assert person.peek(t + ahead) == seen
    assert person.step(t + ahead, None, None) == seen
