"""The published formulas, as R packages document them, say the same of the same made series as ours do.

`mssd`, `rmssd`, `autoR` of psych (von Neumann 1941); the autoregression of Kuppens 2010; windowed cross-correlation
with peak picking of Boker 2002, as rMEA's `MEAccf` averages it and Behrens 2020 picks it; the inertia-coordination
model of rties (own and crossed lags by least squares). Written from papers and manuals.
"""

import numpy as np
import pytest
from made import affect as made

from liveaffect.models.dynamics.correlation import LAGS_S, LEAST_SURROGATES, WindowedCorrelation, lagged
from liveaffect.models.dynamics.coupling import coupling
from liveaffect.models.dynamics.inertia import BLOCK_S, SUCCESSIVE_S, motion

pytestmark = pytest.mark.long

LAG = round(SUCCESSIVE_S / BLOCK_S)
WINDOW, STEP, MOST = 50, 10, 25


def mssd(x: np.ndarray, lag: int = 1) -> float:
    """psych: the sum of (x[i] - x[i + lag])^2 over n - lag."""
    return float(np.nansum((x[lag:] - x[:-lag]) ** 2) / np.isfinite(x[lag:] - x[:-lag]).sum())


def auto_r(x: np.ndarray, lag: int = 1) -> float:
    """psych: the correlation of the series with itself `lag` later, over pairs that are both known."""
    both = np.isfinite(x[lag:]) & np.isfinite(x[:-lag])
    return float(np.corrcoef(x[:-lag][both], x[lag:][both])[0, 1])


def wcc(x: np.ndarray, y: np.ndarray, begin: int, lag: int) -> float:
    """Boker 2002, eq. 3 and 4: the correlation of a window of x with that of y `lag` later."""
    a, b = x[begin : begin + WINDOW], y[begin + lag : begin + lag + WINDOW]
    return float(((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std()))


def picked(r: np.ndarray, reach: int = 2) -> int | None:
    """Boker 2002: from lag 0 outwards the first lag whose correlation tops all within `reach` on either side."""
    middle = len(r) // 2
    for away in range(middle - reach + 1):
        tops = [k for k in {middle - away, middle + away} if r[k] == r[k - reach : k + reach + 1].max()]
        if tops:
            return max(tops, key=lambda k: r[k])
    return None


@pytest.mark.parametrize("tau_s", [1.0, 3.0, 10.0])
def test_instability_and_inertia_are_rmssd_and_the_autocorrelation_where_there_is_no_noise(tau_s: float) -> None:
    jumps, kept, slopes = [], [], []
    for seed in range(6):
        x = 0.2 * made.wander(1500, BLOCK_S, tau_s, np.random.default_rng([seed, 5]))
        found = motion(x, np.full(len(x), 1e-4))
        assert found.instability is not None
        assert found.inertia_s is not None
        remaining = float(np.exp(-SUCCESSIVE_S / found.inertia_s.value))
        slope = float(np.polyfit(x[:-LAG], x[LAG:], 1)[0])  # Kuppens 2010: the autoregression
        jumps.append(found.instability.value / mssd(x, LAG) ** 0.5)
        kept.append(remaining - auto_r(x, LAG))
        slopes.append(remaining - slope)
    assert np.abs(np.log(jumps)).max() < 0.16
    assert abs(np.log(jumps).mean()) < 0.08
    assert np.abs(kept).max() < 0.12
    assert np.abs(slopes).max() < 0.12


def test_mean_square_difference_variance_and_autocorrelation_belong_together() -> None:
    """psych's manual: the mean square of differences is twice the variance less the autocovariance."""
    x = 0.2 * made.wander(3000, BLOCK_S, 2.0, np.random.default_rng(3))
    assert mssd(x, LAG) == pytest.approx(2 * x.var() * (1 - auto_r(x, LAG)), rel=0.02)
    x[::7] = np.nan
    assert mssd(x, LAG) == pytest.approx(2 * np.nanvar(x) * (1 - auto_r(x, LAG)), rel=0.03)


def test_with_noise_the_formulas_count_it_and_ours_does_not() -> None:
    inside, above, below = [], [], []
    for seed in range(8):
        rng = np.random.default_rng([seed, 6])
        frames = 0.2 * made.wander(5400, 1 / 30, 5.0, rng)
        y, stated = made.said(frames, 30, rng, made.Net(white=0.2, lasting=0.08, drift=0.0, stated=0.6), missing=0.0)
        x = frames.reshape(-1, 6).mean(1)
        found = motion(y, stated)
        assert found.instability is not None
        true = mssd(x, LAG) ** 0.5
        inside.append(found.instability.low <= true <= found.instability.high)
        above.append(mssd(y, LAG) ** 0.5 / true)
        below.append(auto_r(y, LAG) - auto_r(x, LAG))
    assert np.mean(inside) >= 0.8
    assert min(above) > 1.5
    assert max(below) < -0.1


def test_every_correlation_is_that_of_the_formula() -> None:
    x, y = (made.wander(200, BLOCK_S, 2.0, np.random.default_rng(k)) for k in (1, 2))
    for begin in (MOST, 60, 97):
        ours = lagged(x[begin : begin + WINDOW], y[begin - MOST : begin + WINDOW + MOST][None])[0]
        theirs = [np.arctanh(wcc(x, y, begin, lag)) for lag in range(-MOST, MOST + 1)]
        assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("lag_s", [-2.0, -0.8, 0.0, 0.8, 2.0])
def test_the_mean_over_windows_and_its_peak_are_those_of_the_published_way(lag_s: float) -> None:
    (a, _), (b, _) = made.follower(7, lag_s, 0.9, 30, 240, net=made.Net(white=0.02, lasting=0.01, drift=0.0))
    a, b = (np.interp(np.arange(len(x)), np.flatnonzero(np.isfinite(x)), x[np.isfinite(x)]) for x in (a, b))
    ours = WindowedCorrelation()
    ours.add(a, b)
    ours.settle()
    found = ours.following()
    assert found is not None
    begins = [MOST + STEP * k for k in range((len(a) - 2 * MOST - WINDOW) // STEP + 1)]
    table = np.array([[wcc(a, b, begin, lag) for lag in range(-MOST, MOST + 1)] for begin in begins])
    assert len(begins) == found.windows > LEAST_SURROGATES
    mean_z = np.arctanh(np.clip(table, -0.999, 0.999)).mean(0)  # MEAccf with r2Z, then the mean over windows
    assert found.curve == pytest.approx(np.tanh(mean_z), abs=1e-5)
    assert found.lag_s == pytest.approx(LAGS_S[mean_z.argmax()], abs=0.5 * BLOCK_S + 1e-9)
    picks = [(r, at) for r in table if (at := picked(r)) is not None]
    assert len(picks) > 0.9 * len(begins)
    strong = [LAGS_S[at] for r, at in picks if r[at] > 0.5]
    assert float(np.median(strong)) == pytest.approx(found.lag_s, abs=BLOCK_S)
    own = {round(begin, 3): lag for begin, lag, _, _ in ours.windows()}
    apart = [own[round(k * BLOCK_S, 3)] - LAGS_S[at] for k, r in zip(begins, table, strict=True)
             if (at := picked(r)) is not None and r[at] > 0.9 * r.max()]  # fmt: skip
    assert len(apart) > 0.3 * len(begins)
    assert np.mean(np.abs(apart) < BLOCK_S) > 0.9  # theirs is the peak next to lag 0, ours the highest


@pytest.mark.parametrize("pulls", [(0.0, 0.5), (0.3, 0.0), (0.0, 0.0)])
def test_crossed_lags_are_those_of_the_inertia_coordination_model(pulls: tuple[float, float]) -> None:
    x = made.coupled(2000, BLOCK_S, (0.6, 0.8), pulls, 0.2, np.random.default_rng(9))
    stated = np.full(len(x), 1e-4)
    found = coupling((x[:, 0], stated), (x[:, 1], stated))
    assert found is not None
    ways = found.first_by_second, found.second_by_first
    own = [way.rate.value / way.gain for way in ways]
    drift = np.array([[-own[0], ways[0].rate.value], [ways[1].rate.value, -own[1]]])
    values, vectors = np.linalg.eig(drift)
    for lag in (2, 5):
        said = (vectors @ np.diag(np.exp(values * lag * BLOCK_S)) @ np.linalg.inv(vectors)).real
        design = np.column_stack([x[:-lag], np.ones(len(x) - lag)])
        theirs = np.linalg.lstsq(design, x[lag:], rcond=None)[0][:2].T  # rows: whose; columns: by whom
        assert np.diag(said) == pytest.approx(np.diag(theirs), abs=0.08)
        assert said[[0, 1], [1, 0]] == pytest.approx(theirs[[0, 1], [1, 0]], abs=0.06)
