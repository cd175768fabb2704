"""Who follows whom: the lag that was put in comes out, and strangers do not follow each other."""

import numpy as np
import pytest
from made import affect as made

from liveaffect.models.dynamics.correlation import LAGS_S, WindowedCorrelation, lagged
from liveaffect.models.errors import BadInput


def _following(seed: int, lag: float, gain: float, hz: int = 30, seconds: float = 180) -> WindowedCorrelation:
    (a, _), (b, _) = made.follower(seed, lag, gain, hz, seconds)
    windows = WindowedCorrelation()
    windows.add(a, b)
    windows.settle()
    return windows


@pytest.mark.parametrize(("lag", "hz"), [(-2.0, 30), (-0.8, 10), (0.0, 30), (0.8, 10), (2.0, 30)])
def test_the_lag_is_found_within_150_ms(lag: float, hz: int) -> None:
    found = _following(1, lag, 0.9, hz).following()
    assert found is not None
    assert found.lag_s == pytest.approx(lag, abs=0.15)
    assert found.lag_low_s <= found.lag_s <= found.lag_high_s
    assert found.beyond_chance
    assert found.share > 0.2


@pytest.mark.long
def test_strangers_are_beyond_chance_no_more_often_than_chance_has_it() -> None:
    found = [_following(seed, 0.0, 0.0, 10).following() for seed in range(16)]
    assert all(one is not None for one in found)
    assert np.mean([one.share for one in found if one is not None]) <= 0.06  # some 900 windows, of which 200 are new
    assert sum(one.beyond_chance for one in found if one is not None) <= 2


def test_a_correlation_is_that_of_numpy_on_the_values_that_both_have() -> None:
    rng = np.random.default_rng(0)
    window, segment = rng.standard_normal(50), rng.standard_normal((2, 100))
    window[[3, 9]], segment[:, [20, 40, 41]] = np.nan, np.nan
    found = np.tanh(lagged(window, segment))
    assert found.shape == (2, len(LAGS_S))
    for k in (0, 13, 50):
        other = segment[1, k : k + 50]
        both = np.isfinite(window) & np.isfinite(other)
        assert found[1, k] == pytest.approx(np.corrcoef(window[both], other[both])[0, 1], abs=1e-12)


def test_what_is_hardly_there_has_no_correlation() -> None:
    window = np.full(50, np.nan)
    window[:20] = np.arange(20)
    assert np.isnan(lagged(window, np.random.default_rng(0).standard_normal((1, 100)))).all()


def test_block_by_block_is_the_same_as_all_at_once() -> None:
    (a, _), (b, _) = made.follower(2, 0.6, 0.9, 10, 120)
    whole, bits = WindowedCorrelation(), WindowedCorrelation()
    whole.add(a, b)
    for k in range(0, len(a), 7):
        bits.add(a[k : k + 7], b[k : k + 7])
    for one in (whole, bits):
        one.settle()
    assert len(whole.windows()) == len(bits.windows())
    for one, other in zip(whole.windows(), bits.windows(), strict=True):
        assert one[:3] == other[:3]


def test_a_minute_is_too_short_to_say_what_chance_is() -> None:
    assert _following(0, 0.8, 0.9, seconds=55).following() is None


def test_series_of_different_length_are_refused() -> None:
    with pytest.raises(BadInput, match="as many values"):
        WindowedCorrelation().add([0.0, 1.0], [0.0])
