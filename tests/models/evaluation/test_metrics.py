"""Every measure against a closed form, a hand count, or SciPy and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation import metrics as m

pairs = arrays(np.float64, (2, 20), elements=st.floats(-1, 1).map(lambda x: round(x, 3)))
labels = arrays(np.int64, (2, 30), elements=st.integers(0, 7))


@pytest.mark.long
@given(pairs)
def test_pearson_and_rmse_are_those_of_scipy_and_numpy(xy: np.ndarray):
    from scipy import stats  # seconds to import: not while tests are collected

    x, y = xy
    assert m.rmse(x, y) == pytest.approx(math.sqrt(np.mean((x - y) ** 2)), abs=1e-7)
    if np.ptp(x) > 0.01 and np.ptp(y) > 0.01:
        assert m.pearson(x, y) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-6)


@given(pairs)
def test_concordance_is_correlation_times_bias_correction(xy: np.ndarray):
    """Lin 1989: CCC = r C_b, C_b = 2 / (v + 1/v + u^2)."""
    x, y = xy
    if np.ptp(x) < 0.01 or np.ptp(y) < 0.01:
        return
    v, u = x.std() / y.std(), (x.mean() - y.mean()) / math.sqrt(x.std() * y.std())
    expected = np.corrcoef(x, y)[0, 1] * 2 / (v + 1 / v + u * u)
    assert m.ccc(x, y) == pytest.approx(expected, abs=1e-6)


def test_concordance_by_hand():
    """x = 1, 2, 3 against y = 2, 3, 4: variances 2/3, covariance 2/3, means one apart: (4/3) / (4/3 + 1) = 4/7."""
    assert m.ccc([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)
    assert m.ccc([1, 2, 3], [1, 2, 3]) == pytest.approx(1.0)
    assert m.ccc([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)


def test_a_constant_has_no_correlation_and_no_concordance():
    constant = [0.1] * 50
    assert math.isnan(m.pearson(constant, np.linspace(-1, 1, 50)))
    assert m.ccc(constant, np.linspace(-1, 1, 50)) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(m.ccc([], []))


def test_sign_agreement_counts_equal_signs():
    assert m.sign_agreement([0.5, -0.5, 0.2, 0.0], [0.1, 0.1, 0.9, 0.0]) == 0.75


def test_coverage_counts_the_truths_inside():
    assert m.coverage([0.0] * 4, [0.1] * 4, [0.0, 0.16, 0.17, -0.5]) == 0.5


def test_true_standard_deviations_cover_ninety_percent_and_need_no_scale():
    rng = np.random.default_rng(0)
    sd = rng.uniform(0.05, 0.4, 40_000)
    truth = rng.uniform(-1, 1, 40_000)
    estimate = truth + sd * rng.standard_normal(40_000)
    assert m.coverage(estimate, sd, truth) == pytest.approx(0.9, abs=0.006)
    assert m.noise_scale(estimate, sd, truth) == pytest.approx(1.0, abs=0.02)
    scale = m.noise_scale(estimate, sd / 3, truth)
    assert scale == pytest.approx(3.0, abs=0.06)
    assert m.coverage(estimate, scale * sd / 3, truth) == pytest.approx(0.9, abs=1e-4)


@pytest.mark.long
@settings(max_examples=20)  # scikit-learn takes its time
@given(labels)
def test_recall_and_f1_are_those_of_scikit_learn(xy: np.ndarray):
    from sklearn.metrics import confusion_matrix as sk_confusion
    from sklearn.metrics import f1_score, recall_score

    estimate, truth = xy
    confusion = m.confusion_matrix(estimate, truth)
    np.testing.assert_array_equal(confusion, sk_confusion(truth, estimate, labels=range(8)))
    assert m.accuracy(confusion) == pytest.approx(np.mean(estimate == truth))
    occurring = np.unique(truth)
    assert m.uar(confusion) == pytest.approx(recall_score(truth, estimate, labels=occurring, average="macro"))
    assert m.macro_f1(confusion) == pytest.approx(f1_score(truth, estimate, average="macro"))


def test_divergence_from_the_votes_is_scipys_relative_entropy():
    from scipy import stats

    rng = np.random.default_rng(1)
    p, votes = rng.dirichlet(np.ones(8), 10), rng.integers(0, 10, (10, 8)).astype(float) + np.eye(8)[0]
    assert m.kl_to_votes(p, votes) == pytest.approx(
        np.mean([stats.entropy(v, q) for v, q in zip(votes, p, strict=True)])
    )
    assert m.kl_to_votes(votes, votes) == pytest.approx(0.0, abs=1e-12)


def test_a_vote_for_what_was_held_impossible_costs_a_finite_amount():
    assert m.kl_to_votes(np.eye(8)[[0]], np.eye(8)[[1]]) == pytest.approx(math.log(1e6), rel=1e-6)


def test_calibration_error_by_hand():
    """Bins of 1/15: (0.9, 0.9: half right) and (0.30, 0.31: all right): (2 * 0.4 + 2 * 0.695) / 4."""
    assert m.calibration_error([0.9, 0.9, 0.30, 0.31], [1, 0, 1, 1]) == pytest.approx((2 * 0.4 + 2 * 0.695) / 4)
    assert m.calibration_error([1.0, 1.0], [1, 1]) == 0.0


def test_perfect_vote_shares_are_calibrated_against_shares_and_not_against_the_majority():
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.full(8, 0.5), 5000)
    votes = np.array([rng.multinomial(10, p) for p in shares])
    top = votes.argmax(axis=1)
    share = votes[np.arange(5000), top] / 10
    assert m.calibration_error(share, share) == pytest.approx(0.0, abs=1e-12)
    assert m.calibration_error(share, np.ones(5000)) > 0.3


@given(pairs, labels, st.integers(0, 20))
def test_sums_over_parts_give_the_measure_of_the_whole(xy: np.ndarray, ab: np.ndarray, cut: int):
    moments, counts = m.moment_sums(*xy), m.confusion_sums(*ab)
    for measure, sums in ((m.rmse_of, moments), (m.sign_agreement_of, moments), (m.uar_of, counts)):
        parts = sums[:cut].sum(axis=0) + sums[cut:].sum(axis=0)
        np.testing.assert_allclose(measure(parts), measure(sums.sum(axis=0)), atol=1e-6)


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    rng = np.random.default_rng(3)
    x = rng.standard_normal(400)
    sums = np.stack([np.ones(400), x], axis=1)
    low, high = m.bootstrap(sums, np.arange(400), m.mean_of, resamples=2000)
    assert low < x.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * x.std() / 20, rel=0.08)


def test_samples_of_one_subject_do_not_narrow_the_interval():
    """Forty copies of each of twenty people say as much as the twenty."""
    x = np.random.default_rng(4).standard_normal(20)
    once = m.bootstrap(np.stack([np.ones(20), x], axis=1), np.arange(20), m.mean_of)
    copied = np.repeat(np.stack([np.ones(20), x], axis=1), 40, axis=0)
    assert m.bootstrap(copied, np.repeat(np.arange(20), 40), m.mean_of) == pytest.approx(once)


def test_the_bootstrap_repeats_by_its_seed_and_needs_two_subjects():
    sums = np.random.default_rng(5).random((30, 2)) + 1
    subjects = np.arange(30) % 7
    assert m.bootstrap(sums, subjects, m.mean_of, seed=1) == m.bootstrap(sums, subjects, m.mean_of, seed=1)
    assert m.bootstrap(sums, subjects, m.mean_of, seed=1) != m.bootstrap(sums, subjects, m.mean_of, seed=2)
    assert all(math.isnan(bound) for bound in m.bootstrap(sums, np.zeros(30, int), m.mean_of))


def test_missing_values_are_refused_and_never_skipped():
    with pytest.raises(BadInput, match="finite"):
        m.ccc([0.1, math.nan], [0.1, 0.2])
    with pytest.raises(BadInput, match="equal length"):
        m.rmse([0.1], [0.1, 0.2])
    with pytest.raises(BadInput, match="0 to 7"):
        m.confusion_matrix([8], [0])
    with pytest.raises(BadInput, match="above 0"):
        m.coverage([0.0], [0.0], [0.0])
    with pytest.raises(BadInput, match=r"\[0, 1\]"):
        m.calibration_error([1.2], [1])
