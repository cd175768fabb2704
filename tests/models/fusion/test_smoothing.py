"""The fixed-lag smoother beside the causal filter."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.filter import Estimate, FusionSettings
from liveaffect.models.fusion.smoothing import FixedLagSmoother, smooth

CALM = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)
affects, sds = st.floats(-1.0, 1.0), st.floats(0.05, 0.6)
distributions = st.lists(st.floats(0.01, 1.0), min_size=8, max_size=8).map(tuple)
estimates = st.builds(Estimate, affects, affects, sds, sds, distributions)
scenes = st.lists(st.tuples(st.floats(0.0, 0.8), estimates, st.none() | estimates), min_size=1, max_size=15)


def columns(scene: list) -> tuple[list[float], list[Any], list[Any]]:
    times = np.cumsum([dt for dt, _, _ in scene]).tolist()
    return times, [face for _, face, _ in scene], [voice for _, _, voice in scene]


@given(scenes)
def test_without_a_lag_it_is_the_causal_answer(scene: list):
    times, faces, voices = columns([(dt + 0.01, face, voice) for dt, face, voice in scene])
    causal, smoothed = smooth(times, faces, voices, lag_s=0.0)
    np.testing.assert_allclose(smoothed.valence, np.array([f.valence for f in causal], float), atol=1e-9)
    np.testing.assert_allclose(smoothed.arousal_sd, np.array([f.arousal_sd for f in causal], float), atol=1e-9)
    np.testing.assert_allclose(smoothed.emotions, np.array([f.emotions for f in causal]), atol=1e-9)


@given(scenes, st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_looking_further_ahead_never_widens(scene: list, lag: float, more: float):
    times, faces, voices = columns(scene)
    _, near = smooth(times, faces, voices, lag_s=lag)
    _, far = smooth(times, faces, voices, lag_s=lag + more)
    assert np.all(far.valence_sd <= near.valence_sd * (1 + 1e-7))
    assert np.all(far.arousal_sd > 0.0)


@settings(max_examples=30)
@given(scenes)
def test_over_everything_it_is_the_regression_on_all_observations(scene: list):
    """Against the posterior of the whole Gaussian process, by one dense solve."""
    times, faces, voices = columns(scene)
    s = FusionSettings()
    _, smoothed = smooth(times, faces, voices, lag_s=1e6)
    t = np.array(times)
    seen: list[tuple[int, float, float, float, float]] = []  # step, modality, value, variance, correlated share
    for k in range(len(t)):
        for modality, estimate, share in ((0, faces[k], s.face_correlated), (1, voices[k], s.voice_correlated)):
            if estimate is not None:
                sd = min(max(estimate.valence_sd, 0.02 * s.prior_valence_sd), 0.98 * s.prior_valence_sd)
                variance = 1 / (1 / sd**2 - 1 / s.prior_valence_sd**2)
                seen.append((k, modality, estimate.valence / sd**2 * variance, variance, share))
    step, modality, value, variance, share = (np.array(x) for x in zip(*seen, strict=True))
    apart = np.exp(-np.abs(t[step][:, None] - t[step][None, :]) / s.affect_tau_s)
    same = modality[:, None] == modality[None, :]
    bias = np.sqrt(share * variance)
    seen_covariance = s.prior_valence_sd**2 * apart + same * np.outer(bias, bias) * apart
    seen_covariance += np.diag((1 - share) * variance)
    with_seen = s.prior_valence_sd**2 * np.exp(-np.abs(t[:, None] - t[step][None, :]) / s.affect_tau_s)
    gain = np.linalg.solve(seen_covariance, with_seen.T).T
    expected_sd = np.sqrt(s.prior_valence_sd**2 - np.sum(gain * with_seen, axis=1))
    np.testing.assert_allclose(smoothed.valence, np.clip(gain @ value, -1, 1), atol=1e-6)
    np.testing.assert_allclose(smoothed.valence_sd, expected_sd, rtol=1e-5)


def test_a_glance_ahead_brings_the_estimate_of_a_lost_face_closer_to_the_truth():
    rng, n, prior = np.random.default_rng(0), 900, FusionSettings().prior_valence_sd
    variance = 1 / (1 / 0.3**2 - 1 / prior**2)

    def wander() -> np.ndarray:
        a, x = math.exp(-1 / 30 / 4.0), [rng.standard_normal()]
        for e in rng.standard_normal(n - 1):
            x.append(a * x[-1] + math.sqrt(1 - a * a) * e)
        return np.array(x)

    causal_error, smooth_error = [], []
    for _ in range(10):
        truth = prior * wander()
        noise = math.sqrt(0.8 * variance) * wander() + math.sqrt(0.2 * variance) * rng.standard_normal(n)
        seen = np.clip((truth + noise) * 0.3**2 / variance, -1, 1)
        faces = [Estimate(v, 0.0, 0.3, 0.2, CALM) if k % 90 < 45 else None for k, v in enumerate(seen)]
        causal, smoothed = smooth((np.arange(n) / 30).tolist(), faces, [None] * n, lag_s=1.5)
        lost = np.array([face is None for face in faces])
        causal_error.append(np.array([f.valence for f in causal], float)[lost] - truth[lost])
        smooth_error.append(smoothed.valence[lost] - truth[lost])
    assert np.mean(np.square(smooth_error)) < 0.9 * np.mean(np.square(causal_error))


def test_where_nothing_was_seen_for_long_the_smoothed_values_are_missing_too():
    face = Estimate(0.5, 0.0, 0.2, 0.2, CALM)
    causal, smoothed = smooth([0.0, 1.0, 5.0, 6.0], [face, None, None, face], [None] * 4, lag_s=3.0)
    assert [f.valence is None for f in causal] == [False, False, True, False]
    assert np.isnan(smoothed.valence).tolist() == [False, False, True, False]
    assert np.isnan(smoothed.emotions).all(axis=1).tolist() == [False, False, True, False]


def test_smoothing_as_the_recording_runs_gives_the_same_in_the_same_order():
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.0, 0.2, 500)).tolist()
    faces = [Estimate(v, 0.1, 0.2, 0.2, CALM) if v < 0.5 else None for v in rng.uniform(-0.8, 0.8, 500)]
    _, whole = smooth(times, faces, [None] * 500, lag_s=1.5)
    running, parts, waiting = FixedLagSmoother(1.5, block=20), [], []
    for k, (t, face) in enumerate(zip(times, faces, strict=True)):
        running.step(t, face, None)
        parts.append(running.ready())
        waiting.append(k + 1 - sum(len(part.valence) for part in parts))
    parts.append(running.finish())
    np.testing.assert_allclose(np.concatenate([part.valence for part in parts]), whole.valence, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate([part.emotions for part in parts]), whole.emotions, rtol=1e-12)
    assert max(waiting) < 60  # the lag and a block, not the recording


def test_nothing_in_is_nothing_out():
    causal, smoothed = smooth([], [], [])
    assert causal == []
    assert smoothed.emotions.shape == (0, 8)


@pytest.mark.parametrize(("times", "lag"), [([0.0], 1.0), ([1.0, 0.0], 1.0), ([0.0, 1.0], -1.0)])
def test_what_does_not_fit_is_refused(times: list[float], lag: float):
    with pytest.raises(BadInput):
        smooth(times, [None, None], [None, None], lag_s=lag)
