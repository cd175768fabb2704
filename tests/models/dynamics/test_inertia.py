"""Level, variability, inertia and instability are those that people were made with; noise is not taken for them."""

import math

import numpy as np
import pytest
from made import affect as made

from liveaffect.models.dynamics.inertia import FACE_ERROR, VOICE_ERROR, Interval, motion
from liveaffect.models.dynamics.kernels import ou_sums
from liveaffect.models.errors import BadInput


def _covers(found: Interval | None, truth: float) -> bool:
    assert found is not None
    assert found.low <= found.value <= found.high
    return found.low <= truth <= found.high


@pytest.mark.long
def test_the_likelihood_is_that_of_the_multivariate_normal_written_out() -> None:
    """A plain twin: the covariance of means over blocks by numerical integration, with gaps, and its determinant."""
    rng = np.random.default_rng(4)
    lag, lag_error, ratio, white, jitter = 0.2 / 1.3, 0.2 / 0.3, 0.4, 0.3, 0.02
    at = np.array([0, 1, 2, 5, 6, 9])
    y, noise = rng.standard_normal(6), rng.uniform(0.5, 1.5, 6)
    sums = ou_sums(y, np.diff(at, prepend=0), noise, *(np.array([v]) for v in (lag, jitter, ratio, white)), lag_error)[
        0
    ]
    points = (np.arange(400) + 0.5) / 400

    def block_cov(d: float) -> np.ndarray:
        cov = np.empty((6, 6))
        for i in range(6):
            for j in range(6):
                apart = np.abs((at[i] + points)[:, None] - (at[j] + points)[None, :])
                cov[i, j] = np.exp(-d * apart).mean()
        return cov

    weight = np.sqrt(noise)
    error = ratio * (1 - white) * block_cov(lag_error) * np.outer(weight, weight) + np.diag(ratio * white * noise)
    cov = block_cov(lag) + error + jitter * np.eye(6)
    solved = np.linalg.solve(cov, np.stack([y, np.ones(6)], 1))
    expected = [np.linalg.slogdet(cov)[1], y @ solved[:, 0], y @ solved[:, 1], np.ones(6) @ solved[:, 1]]
    assert sums == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("tau", "hz"), [(0.5, 10), (2.0, 30), (20.0, 30)])
def test_what_people_were_made_with_lies_in_the_intervals(tau: float, hz: int) -> None:
    covered = []
    for seed in range(6):
        found = motion(*made.person(seed, tau, hz, 120), frames=hz / 5)
        jump = 0.2 * math.sqrt(2 * (1 - math.exp(-1 / tau)))
        truths = (found.level, 0.1), (found.variability, 0.2), (found.inertia_s, tau), (found.instability, jump)
        covered.append([_covers(*pair) for pair in truths])
    assert np.mean(covered) >= 0.75  # 24 intervals of 90 %


def test_inertia_is_told_apart_where_the_recording_is_long_enough() -> None:
    quick, slow = (motion(*made.person(1, tau, 30, 300)).inertia_s for tau in (0.7, 8.0))
    assert quick is not None
    assert slow is not None
    assert quick.high < slow.low


def test_a_smoothed_track_would_be_slower_than_the_person() -> None:
    values, stated = made.person(3, 0.7, 30, 200)
    smooth = values.copy()
    for k in range(1, len(smooth)):
        fresh = values[k] if math.isfinite(values[k]) else smooth[k - 1]
        smooth[k] = 0.1 * fresh + 0.9 * smooth[k - 1] if math.isfinite(smooth[k - 1]) else fresh
    true, filtered = motion(values, stated).inertia_s, motion(smooth, stated).inertia_s
    assert true is not None
    assert filtered is not None
    assert filtered.low > true.high


def test_less_than_half_a_minute_has_a_level_and_no_inertia() -> None:
    values, stated = made.person(0, 2.0, 30, 200)
    values[145:] = np.nan
    found = motion(values, stated)
    assert found.seconds < 30
    assert found.level is not None
    assert (found.inertia_s, found.variability, found.instability) == (None, None, None)


def test_nothing_seen_is_nothing_told() -> None:
    assert motion(np.full(600, np.nan), np.full(600, 0.04)).level is None


def test_a_still_face_has_no_inertia() -> None:
    assert motion(np.full(600, 0.3), np.full(600, 0.04)).inertia_s is None


def test_missing_stretches_do_not_count_as_movement_or_stillness() -> None:
    whole, stated = made.person(5, 4.0, 30, 400)
    half = whole.copy()
    half[np.arange(len(half)) // 50 % 2 == 1] = np.nan
    found = motion(half, stated)
    assert _covers(found.inertia_s, 4.0)
    assert found.seconds < 210


def test_a_voice_has_no_inertia_below_what_it_can_tell() -> None:
    found = motion(*made.person(2, 0.5, 30, 120), VOICE_ERROR).inertia_s
    assert found is not None
    assert found.low >= VOICE_ERROR.least_inertia_s * 0.999
    assert FACE_ERROR.least_inertia_s < 0.5


def test_it_is_the_same_to_the_bit_each_time() -> None:
    series = made.person(7, 3.0, 10, 90)
    assert motion(*series) == motion(*series)


def test_series_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="one length"):
        motion(np.zeros(5), np.zeros(4))
    with pytest.raises(BadInput, match="above 0"):
        motion(np.zeros(5), np.zeros(5))


def test_a_levels_interval_is_never_narrower_than_the_nets_drift_allows() -> None:
    rng = np.random.default_rng(2)
    for seconds in (60, 600):
        y = 0.1 + 0.03 * made.wander(5 * seconds, 0.2, 0.5, rng)
        found = motion(y, np.full(len(y), 0.2**2)).level
        assert found is not None
        spans = seconds / FACE_ERROR.drift_s
        drift = FACE_ERROR.drift_share * 0.2**2 * 2 * (spans + math.expm1(-spans)) / spans**2
        assert 0.5 * (found.high - found.low) >= 1.6 * math.sqrt(drift)
        assert found.low < 0.1 < found.high
