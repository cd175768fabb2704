"""The far detector's views of a picture and what its planes mean."""

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.errors import BadInput, ModelMissing
from liveaffect.models.face.far import decode, views


def test_a_large_picture_is_seen_whole_and_in_quarters_that_share_an_edge() -> None:
    whole, *quarters = views(1920, 1080)
    assert whole[:4] == (0, 0, 1920, 1080)
    assert whole.scale == pytest.approx(1 / 3)
    assert len(quarters) == 4
    assert all(q.scale == pytest.approx(2 / 3) for q in quarters)
    assert quarters[0].right - quarters[1].left == pytest.approx(96, abs=2)  # 64 of the shrunk picture's pixels
    covered = np.zeros((1080, 1920), bool)
    for q in quarters:
        covered[q.top : q.bottom, q.left : q.right] = True
    assert covered.all()


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (720, 576), (40, 33)])
def test_a_small_picture_is_seen_once_as_it_is(size: tuple[int, int]) -> None:
    (view,) = views(*size)
    assert view[:4] == (0, 0, *size)


def test_cells_become_boxes_and_neighbouring_cells_one_face() -> None:
    heat = np.zeros((1, 1, 20, 30), np.float32)
    sizes, shifts = np.zeros((1, 2, 20, 30), np.float32), np.zeros((1, 2, 20, 30), np.float32)
    heat[0, 0, 10, 12], heat[0, 0, 10, 13], heat[0, 0, 3, 25] = 0.9, 0.6, 0.4
    sizes[0, 0], sizes[0, 1] = np.log(6), np.log(4)  # 24 pixels high, 16 wide
    first, second = decode(heat, sizes, shifts)
    assert first == pytest.approx([50 - 8, 42 - 12, 16, 24, 0.9], abs=1e-4)
    assert second == pytest.approx([102 - 8, 14 - 12, 16, 24, 0.4], abs=1e-4)
    assert decode(heat * 0, sizes, shifts).shape == (0, 5)


def test_what_is_no_picture_is_refused() -> None:
    try:
        model = registry.load("face-far")
    except ModelMissing as error:
        pytest.skip(str(error))
    with pytest.raises(BadInput, match="uint8 RGB"):
        model.find(np.zeros((40, 40), np.uint8), views(40, 40)[0])
    assert model.find(np.full((64, 96, 3), 90, np.uint8), views(96, 64)[0]) == []
