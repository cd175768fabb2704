"""Brightness of parts of a crop: what plain NumPy says of them."""

import numpy as np
import pytest

from liveaffect.models.face import luma

WEIGHTS = np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("size", [(96, 96), (64, 64), (9, 31)])
@pytest.mark.parametrize("high", [255, 3, 1])
def test_mean_spread_and_detail_are_those_of_plain_numpy(size: tuple[int, int], high: int) -> None:
    crop = np.random.default_rng(high).integers(0, high + 1, (*size, 3)).astype(np.uint8)
    plain, seen = crop @ WEIGHTS, luma.plane(crop)
    for top, bottom, left, right in ((0, size[0], 0, size[1]), (1, size[0] - 2, 2, size[1] - 3)):
        part = plain[top:bottom, left:right]
        assert luma.mean_sd(seen, (top, bottom, left, right)) == pytest.approx((part.mean(), part.std()), rel=1e-9)
        even = part[: part.shape[0] // 2 * 2, : part.shape[1] // 2 * 2]
        coarse = even.reshape(even.shape[0] // 2, 2, -1, 2).mean((1, 3))
        expected = (even.var() - coarse.var()) / even.var()
        assert luma.finest(seen, (top, bottom, left, right)) == pytest.approx(expected, rel=1e-9)


def test_a_flat_crop_has_no_spread_and_no_detail() -> None:
    seen = luma.plane(np.full((96, 96, 3), 77, np.uint8))
    assert luma.mean_sd(seen, (0, 96, 0, 96)) == (77.0, 0.0)
    assert luma.finest(seen, (0, 96, 0, 96)) == 0.0
