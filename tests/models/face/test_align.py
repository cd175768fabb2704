"""The crop: same place for the same face, whatever its size, turn and place in the frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveaffect.models.face import align, resample

SIZE = (400, 300)


def landmarks_at(matrix: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
    """A mesh whose anchors lie where `matrix` (unit crop to pixels) puts the template; the rest is at its centre."""
    points = np.full((478, 3), 0.5, np.float32)
    for group, place in zip(
        ([33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380], [61], [291]), align.TEMPLATE, strict=True
    ):
        points[group, :2] = (matrix[:, :2] @ place + matrix[:, 2]) / frame_size
    return points


def placed(side: float, turn: float, x: float, y: float) -> np.ndarray:
    """Unit crop to pixels: a square of `side` pixels, turned by `turn` radians, its centre at (x, y)."""
    linear = side * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, np.array([x, y]) - linear @ [0.5, 0.5]])


@settings(max_examples=40, deadline=None)
@given(st.floats(10, 250), st.floats(-3, 3), st.floats(-50, 450), st.floats(-50, 350))
def test_the_crop_matrix_recovers_size_turn_and_place(side, turn, x, y):
    wanted = placed(side, turn, x, y)
    found = align.crop_matrix(landmarks_at(wanted, SIZE), SIZE, 1)
    assert np.allclose(found, wanted, atol=2e-3 * side + 1e-2)
    assert align.face_px(landmarks_at(wanted, SIZE), SIZE) == pytest.approx(side, rel=5e-3)


def test_a_turned_and_scaled_face_gives_the_same_crop():
    v, u = np.mgrid[0:96, 0:96] / 96
    pattern = np.stack([120 + 90 * np.sin(5 * u), 120 + 90 * np.cos(4 * v), 128 + 60 * u * v], -1)

    def painted(matrix: np.ndarray) -> np.ndarray:
        frame = np.zeros((300, 400, 3), np.uint8)
        inverse = np.linalg.inv(matrix[:, :2])
        ys, xs = np.mgrid[0:300, 0:400]
        unit = (np.stack([xs + 0.5, ys + 0.5], -1) - matrix[:, 2]) @ inverse.T
        cell = np.clip(unit * 96, 0, 95).astype(int)
        frame[:] = pattern[cell[..., 1], cell[..., 0]]
        return frame

    first, second = placed(110, 0.0, 200, 150), placed(190, 0.4, 210, 140)
    a = align.crop_face(painted(first), landmarks_at(first, SIZE))
    b = align.crop_face(painted(second), landmarks_at(second, SIZE))
    assert np.abs(a.astype(int) - b.astype(int)).mean() < 3


def test_what_lies_outside_the_frame_repeats_its_edge():
    frame = np.zeros((300, 400, 3), np.uint8)
    frame[:, 0] = (200, 30, 10)
    crop = align.crop_face(frame, landmarks_at(placed(100, 0.0, 0, 150), SIZE))
    assert (crop[:, :40] == (200, 30, 10)).all()
    assert (crop[:, 60:] == 0).all()


def test_shrinking_averages_the_area():
    noise = np.random.default_rng(0).integers(0, 256, (800, 800, 3)).astype(np.uint8)
    small = align.resize(noise, 50)
    blocks = noise.reshape(50, 16, 50, 16, 3).mean((1, 3))
    assert np.abs(small - blocks).max() <= 0.51


def test_bilinear_agrees_with_plain_numpy():
    image = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    inverse = placed(25, 0.7, 30, 20) / np.array([[32, 32, 1]])
    u, v = np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5)
    x = np.clip(inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2] - 0.5, 0, 59)
    y = np.clip(inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2] - 0.5, 0, 39)
    x0, y0 = x.astype(int), y.astype(int)
    x1, y1 = np.minimum(x0 + 1, 59), np.minimum(y0 + 1, 39)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    wanted = (image[y0, x0] * (1 - fx) + image[y0, x1] * fx) * (1 - fy)
    wanted = wanted + (image[y1, x0] * (1 - fx) + image[y1, x1] * fx) * fy
    assert np.abs(align.warp(image, inverse, 32) - wanted).max() <= 0.51


def test_the_same_frame_gives_the_same_bytes_contiguous_or_not():
    wide = np.random.default_rng(2).integers(0, 256, (120, 361, 3)).astype(np.uint8)
    points = landmarks_at(placed(60, 0.2, 150, 60), (350, 120))
    first = align.crop_face(wide[:, :350], points)
    assert (first == align.crop_face(wide[:, :350].copy(), points)).all()
    assert first.shape == (align.CROP_PX, align.CROP_PX, 3)
    assert first.dtype == np.uint8


def test_a_loose_crop_that_is_not_square_is_fitted_without_stretching():
    tall = np.zeros((90, 30, 3), np.uint8)
    tall[:, 15:] = 255
    square = align.resize(tall, 90)
    assert (square[:, :44] == 0).all()
    assert (square[:, 46:] == 255).all()


def test_a_frame_or_landmarks_of_another_kind_are_refused_by_name():
    points = landmarks_at(placed(60, 0.2, 150, 60), SIZE)
    with pytest.raises(ValueError, match="uint8 RGB"):
        align.crop_face(np.zeros((10, 10, 3), np.float32), points)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="478"):
        align.crop_face(np.zeros((10, 10, 3), np.uint8), points[:5])
    with pytest.raises(ValueError, match="not finite"):
        align.crop_face(np.zeros((10, 10, 3), np.uint8), np.full_like(points, np.nan))


def test_a_frame_that_is_read_only_waits_for_no_compiler() -> None:
    """Frames of a stream are: what was compiled for others was compiled again at the first face."""
    align.warm()
    kernels = (resample.bilinear, resample.area)
    before = [len(kernel.signatures) for kernel in kernels]
    image = np.zeros((60, 80, 3), np.uint8)
    image.flags.writeable = False
    for scale in (0.5, 2.0, 3.0, 9.0):
        align.warp(image, np.array([[scale, 0.0, 1.0], [0.0, scale, 1.0]]), 16)
    assert [len(kernel.signatures) for kernel in kernels] == before == [1, 1]
