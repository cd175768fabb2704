"""The line of sight to a face: how MediaPipe's pose is turned against it, and what the lens says."""

import math

import numpy as np
import pytest

from liveaffect.models.face.eyes.sight import FOCAL_KNOWN_SD, FOCAL_SD, VIEW_DEG, focal_px, in_frame, on_sight
from liveaffect.models.face.geometry import pose_degrees, rotation

SIZE = (1280, 720)


def test_the_pose_of_a_crop_is_turned_as_the_whole_frame_turns_it() -> None:
    straight = np.eye(4, dtype=np.float32)
    assert pose_degrees(in_frame(straight, np.array([0.5, 0.5]), SIZE)) == pytest.approx((0, 0, 0), abs=1e-3)
    yaw, pitch, _ = pose_degrees(in_frame(straight, np.array([0.85, 0.3]), SIZE))
    assert yaw == pytest.approx(-9.7, abs=0.5)
    assert pitch == pytest.approx(3.6, abs=0.8)


def test_the_line_of_sight_takes_that_turn_back() -> None:
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    pose[:3, :3] *= np.sign(np.linalg.det(pose[:3, :3]))
    middle = np.array([0.85, 0.3])
    assert on_sight(in_frame(pose, middle, SIZE), middle, SIZE) == pytest.approx(rotation(pose), abs=1e-6)


def test_an_angle_of_view_that_is_given_is_taken_and_one_that_is_not_costs_deviation() -> None:
    focal, spread = focal_px(SIZE, 90.0)
    assert (focal, spread) == (pytest.approx(640.0), FOCAL_KNOWN_SD)
    assumed, wide = focal_px(SIZE)
    assert (assumed, wide) == (pytest.approx(640 / math.tan(math.radians(VIEW_DEG / 2))), FOCAL_SD)
    assert focal_px((720, 1280), 90.0) == focal_px(SIZE, 90.0)  # a telephone held upright has the same lens
