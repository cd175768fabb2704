"""The far detector's views of a picture and what its planes mean."""

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.errors import BadInput, ModelMissing
from liveaffect.models.face.far import FarFace, agrees, decode, views


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
    points = np.zeros((1, 10, 20, 30), np.float32)
    points[0, 0], points[0, 1] = 0.25, 0.75  # of the first point: y, then x
    first, second = decode(heat, sizes, shifts, points)
    assert first[5:7] == pytest.approx([42 + 12, 30 + 6], abs=1e-4)
    assert first[:5] == pytest.approx([50 - 8, 42 - 12, 16, 24, 0.9], abs=1e-4)
    assert second[:5] == pytest.approx([102 - 8, 14 - 12, 16, 24, 0.4], abs=1e-4)
    assert decode(heat * 0, sizes, shifts, points).shape == (0, 15)


def test_what_the_detector_doubts_must_lie_where_the_landmarks_do() -> None:
    landmarks = np.random.default_rng(0).uniform(0.4, 0.6, (478, 3)).astype(np.float32)
    landmarks[[33, 133, 362, 263, 4, 61, 291], :2] = [
        (0.45, 0.45), (0.47, 0.45), (0.53, 0.45), (0.55, 0.45), (0.5, 0.5), (0.46, 0.55), (0.54, 0.55)
    ]  # fmt: skip
    five = (0.46, 0.45, 0.54, 0.45, 0.5, 0.5, 0.46, 0.55, 0.54, 0.55)
    beside = tuple(value + 0.05 * (k % 2 == 0) for k, value in enumerate(five))
    size = (1000, 600)
    assert agrees(FarFace(0.4, 0.4, 0.2, 0.2, 0.3, five), landmarks, size)
    assert not agrees(FarFace(0.4, 0.4, 0.2, 0.2, 0.3, beside), landmarks, size)
    assert agrees(FarFace(0.4, 0.4, 0.2, 0.2, 0.8, beside), landmarks, size)


def test_what_is_no_picture_is_refused() -> None:
    try:
        model = registry.load("face-far")
    except ModelMissing as error:
        pytest.skip(str(error))
    with pytest.raises(BadInput, match="uint8 RGB"):
        model.find(np.zeros((40, 40), np.uint8), views(40, 40)[0])
    assert model.find(np.full((64, 96, 3), 90, np.uint8), views(96, 64)[0]) == []
