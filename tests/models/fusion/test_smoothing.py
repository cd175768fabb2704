"""The fixed-lag smoother beside the causal filter."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.estimates import alone, said, seeds, steps, voiced

from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.filter import Estimate, FusionSettings
from liveaffect.models.fusion.smoothing import FixedLagSmoother, smooth
from liveaffect.models.fusion.track import FACE, VOICE, noise

CALM = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)


def columns(scene: list) -> tuple[list[float], list[Any], list[Any]]:
    times = np.cumsum([dt for dt, _, _ in scene]).tolist()
    return times, [face for _, face, _ in scene], [voice for _, _, voice in scene]


@given(steps)
def test_without_a_lag_it_is_the_causal_answer(scene: list):
    times, faces, voices = columns([(gap + 0.01, face, voice) for gap, face, voice in scene])
    causal, smoothed = smooth(times, faces, voices, lag_s=0.0)
    for column in ("valence", "valence_sd", "arousal", "arousal_sd"):
        expected = np.array([getattr(fused, column) for fused in causal], float)
        np.testing.assert_allclose(getattr(smoothed, column), expected, rtol=1e-9, atol=1e-12)
    emotions = np.array([fused.emotions or (np.nan,) * 8 for fused in causal])
    np.testing.assert_allclose(smoothed.emotions, emotions, rtol=1e-9, atol=1e-12)


@given(seeds, st.floats(0.0, 3.0), voiced)
def test_looking_ahead_does_not_leave_what_one_modality_says(seed: int, lag: float, voice: bool):
    times, faces, voices = columns(alone(said(seed), voice))
    _, smoothed = smooth(times, faces, voices, lag_s=lag)
    for column, name in ((smoothed.valence, "valence"), (smoothed.arousal, "arousal")):
        seen = [getattr(one, name) for one in (voices if voice else faces)]
        assert np.all((column >= min(seen) - 1e-12) & (column <= max(seen) + 1e-12))
    seen = np.array([one.emotions for one in (voices if voice else faces)])
    seen /= seen.sum(axis=1, keepdims=True)
    assert np.all(smoothed.emotions >= seen.min(axis=0) - 1e-12)
    assert np.all(smoothed.emotions <= seen.max(axis=0) + 1e-12)


@given(seeds, voiced)
def test_over_everything_it_is_the_local_level_regression_on_all_estimates(seed: int, voice: bool):
    """Against one dense solve for the level at every time: means, and what is pooled with the same weights."""
    inputs = [(gap + 0.01, *rest) for gap, *rest in alone(said(seed), voice)]
    times, faces, voices = columns(inputs)
    pace = FusionSettings().paces[VOICE if voice else FACE]
    _, smoothed = smooth(times, faces, voices, lag_s=1e6)
    seen = voices if voice else faces
    stated = np.array([(one.valence_sd**2, one.arousal_sd**2) for one in seen])
    precision = np.diag([1.0 / noise(mean, pace.unsure_var) for mean in stated.mean(axis=1)])
    links = np.diff(np.eye(len(times)), axis=0)
    walk = links.T @ np.diag(1.0 / (pace.pace * np.diff(times))) @ links
    weights = np.linalg.solve(precision + walk, precision)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(smoothed.valence, weights @ [one.valence for one in seen], atol=1e-9)
    p = np.array([one.emotions for one in seen])
    np.testing.assert_allclose(smoothed.emotions, weights @ (p / p.sum(axis=1, keepdims=True)), atol=1e-9)
    arousal = np.array([one.arousal for one in seen])
    among = weights @ arousal**2 - (weights @ arousal) ** 2
    most, least = weights @ stated[:, 1] + among, (1.0 - pace.passing) * (weights @ stated[:, 1])
    assert np.all(smoothed.arousal_sd**2 <= most + 1e-9)
    assert np.all(smoothed.arousal_sd**2 >= least - 1e-9)


def test_with_a_glance_ahead_a_step_is_not_late():
    faces = [Estimate(0.6 if k >= 60 else 0.0, 0.0, 0.1, 0.1, CALM) for k in range(120)]
    causal, smoothed = smooth([k / 30 for k in range(120)], faces, [None] * 120, lag_s=1.0)
    followed = np.array([fused.valence for fused in causal], float)
    truth = np.array([face.valence for face in faces])
    assert smoothed.valence[59] < 0.3 < smoothed.valence[60]
    assert followed[62] < 0.3
    assert np.mean((smoothed.valence - truth) ** 2) < 0.6 * np.mean((followed - truth) ** 2)


def test_a_glance_ahead_narrows_the_interval_of_a_lost_face_that_comes_back():
    faces = [None if 30 <= k < 60 else Estimate(0.3, 0.0, 0.1, 0.1, CALM) for k in range(90)]
    causal, smoothed = smooth([k / 30 for k in range(90)], faces, [None] * 90, lag_s=1.0)
    widths = np.array([fused.valence_sd for fused in causal], float)
    assert np.all(smoothed.valence_sd[31:59] < widths[31:59])
    assert np.argmax(smoothed.valence_sd) in (44, 45)  # widest halfway


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
