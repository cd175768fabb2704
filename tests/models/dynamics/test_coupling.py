"""Who moves whom: the pull that two people were made with, and none where there is none."""

import numpy as np
import pytest
from made import affect as made

from liveaffect.models.dynamics.coupling import Coupling, coupling
from liveaffect.models.dynamics.pair_kernels import pair_innovations
from liveaffect.models.errors import BadInput


def _found(seed: int, rates: tuple[float, float], pull: float, hz: int = 30, seconds: float = 120) -> Coupling:
    rng = np.random.default_rng([seed, hz])
    x = made.coupled(round(seconds * 60), 1 / 60, rates, (0.0, pull), 0.2, rng)[:: 60 // hz]
    found = coupling(made.said(x[:, 0], hz, rng), made.said(x[:, 1], hz, rng))
    assert found is not None
    return found


@pytest.mark.long
def test_innovations_are_those_of_the_normal_written_out() -> None:
    """A plain twin: the joint covariance of means over blocks, by a fine chain, and its Cholesky factor."""
    drift, diffusion = np.array([[-0.8, 0.1], [0.5, -0.6]]), np.array([[0.05, 0.01], [0.01, 0.03]])
    fine, blocks = 60, 3
    h = 0.2 / fine
    step = np.eye(2) + drift * h + drift @ drift * h**2 / 2 + drift @ drift @ drift * h**3 / 6
    cov = np.diag([0.04, 0.03])
    noise = diffusion * h + (drift @ diffusion + diffusion @ drift.T) * h**2 / 2
    rows = [np.eye(2)]
    covs = [cov]
    for _ in range(fine * blocks):
        rows.append(step @ rows[-1])
        covs.append(step @ covs[-1] @ step.T + noise)
    n = len(covs)
    joint = np.zeros((2 * n, 2 * n))
    for i in range(n):
        reach = np.eye(2)
        for j in range(i, n):
            joint[2 * j : 2 * j + 2, 2 * i : 2 * i + 2] = reach @ covs[i]
            joint[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = (reach @ covs[i]).T
            reach = step @ reach
    take = np.zeros((2 * blocks, 2 * n))
    for k in range(blocks):
        for i in range(2):
            for f in range(fine + 1):
                take[2 * k + i, 2 * (k * fine + f) + i] = (0.5 if f in (0, fine) else 1.0) / fine
    means = take @ joint @ take.T + np.diag(np.tile([0.002, 0.004], blocks))
    y = np.array([[0.1, -0.2], [0.15, 0.05], [np.nan, 0.1]])
    seen = np.isfinite(y.ravel())
    factor = np.linalg.cholesky(means[np.ix_(seen, seen)])
    expected = np.linalg.solve(factor, y.ravel()[seen])
    got = pair_innovations(
        y,
        np.ones((3, 2)),
        0.2,
        drift,
        diffusion,
        np.array([0.04, 0.03]),
        np.array([0.002, 0.004]),
        np.ones(2),
        np.ones(2),
    )
    v, var = got[:, :2].ravel()[seen], got[:, 2:].ravel()[seen]
    assert v / np.sqrt(var) == pytest.approx(expected, rel=5e-3, abs=1e-3)
    assert np.sqrt(var) == pytest.approx(np.diag(factor), rel=2e-3)


def test_the_pull_is_found_in_its_direction_alone() -> None:
    covered, called = [], []
    for seed in range(5):
        found = _found(seed, (0.8, 0.8), 0.6, 30 if seed % 2 else 10)
        for way, truth in ((found.first_by_second, 0.0), (found.second_by_first, 0.6)):
            covered.append(way.rate.low <= truth <= way.rate.high)
        called.append((found.second_by_first.beyond_chance, found.first_by_second.beyond_chance))
    assert np.mean(covered) >= 0.7
    with_pull, without = np.mean(called, axis=0)
    assert with_pull >= 0.8
    assert without <= 0.2


def test_who_moves_whom_does_not_depend_on_who_is_named_first() -> None:
    rng = np.random.default_rng(3)
    x = made.coupled(6000, 1 / 30, (0.8, 0.8), (0.0, 0.6), 0.2, rng)
    a, b = (made.said(x[:, i], 30, rng) for i in range(2))
    one, other = coupling(a, b), coupling(b, a)
    assert one is not None
    assert other is not None
    assert one.second_by_first.rate.value == pytest.approx(other.first_by_second.rate.value, abs=0.02)


def test_a_minute_in_which_both_are_known_is_the_least() -> None:
    rng = np.random.default_rng(1)
    x = made.coupled(1500, 1 / 30, (0.5, 0.5), (0.0, 0.0), 0.2, rng)
    assert coupling(made.said(x[:, 0], 30, rng), made.said(x[:, 1], 30, rng)) is None


def test_series_of_different_length_are_refused() -> None:
    series = (np.zeros(400), np.ones(400))
    with pytest.raises((BadInput, ValueError)):
        coupling(series, (np.zeros(300), np.ones(300)))


def _sync_coefficient(one: np.ndarray, other: np.ndarray, lag: int) -> float:
    """How much of `one` after `lag` samples `other` foretells beside `one` (Guastello and Peressini 2017, eq. 6)."""
    design = np.stack([one[:-lag], other[:-lag], np.ones(len(one) - lag)], 1)
    return float(np.linalg.lstsq(design, one[lag:], rcond=None)[0][1])


def _drift_says(found: Coupling, rates: tuple[float, float], lag_s: float) -> float:
    """The same coefficient by the fitted process: an entry of the matrix exponential of A."""
    a = np.array([[-rates[0], found.first_by_second.rate.value], [found.second_by_first.rate.value, -rates[1]]])
    values, vectors = np.linalg.eig(a)
    return float((vectors @ np.diag(np.exp(values * lag_s)) @ np.linalg.inv(vectors)).real[1, 0])


def _clean(seconds: int = 400) -> np.ndarray:
    return made.coupled(seconds * 5, 0.2, (0.6, 0.6), (0.0, 0.5), 0.2, np.random.default_rng(9))


def _rates(found: Coupling) -> tuple[float, float]:
    return (
        found.first_by_second.rate.value / found.first_by_second.gain,
        found.second_by_first.rate.value / found.second_by_first.gain,
    )


@pytest.mark.parametrize("lag", [2, 5])
def test_the_published_lagged_regression_says_the_same_of_the_same_series(lag: int) -> None:
    x = _clean()
    stated = np.full(len(x), 1e-4)
    found = coupling((x[:, 0], stated), (x[:, 1], stated))
    assert found is not None
    by_regression = _sync_coefficient(x[:, 1], x[:, 0], lag)
    assert _drift_says(found, _rates(found), 0.2 * lag) == pytest.approx(by_regression, abs=0.06)


@pytest.mark.long
def test_multisyncpy_says_the_same_of_the_same_series() -> None:
    theirs = pytest.importorskip("multiSyncPy.synchrony_metrics", reason="multisyncpy 0.1.2 is not installed")
    x = _clean()
    stated = np.full(len(x), 1e-4)
    found = coupling((x[:, 0], stated), (x[:, 1], stated))
    assert found is not None
    coefficient = float(theirs.get_sync_coef(x[:, 1], x[:, 0], 5))
    assert coefficient == pytest.approx(_sync_coefficient(x[:, 1], x[:, 0], 5), abs=1e-9)
    assert _drift_says(found, _rates(found), 1.0) == pytest.approx(coefficient, abs=0.06)
    back = float(theirs.get_sync_coef(x[:, 0], x[:, 1], 5))
    assert abs(back) < 0.15 < coefficient
    drivers = theirs.get_driver_scores(x.T, 5)
    assert drivers[0] > drivers[1]
    assert found.second_by_first.beyond_chance
    assert not found.first_by_second.beyond_chance
