"""Directions of eyes from built landmarks: known ones are found again, mirrored ones mirrored, unknown ones none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from liveaffect.models.errors import BadInput
from liveaffect.models.face.eyes import gaze as g
from liveaffect.models.face.eyes.sight import focal_px, in_frame

SIZE = (1280, 720)
EYE_MM, IRIS_PLANE_MM = 27.3, 9.8
PLACE = (0.03, -0.07, 0.24)
"""Of an eye's middle of rotation from the middle of its corners, in widths of the eye: outwards, down, back."""
FLIP = np.diag([1.0, -1.0, -1.0])


@pytest.fixture(autouse=True)
def landmarks_are_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """The geometry is tested on landmarks that lie where they should; MediaPipe's do not (benchmarks/bench_gaze.py)."""
    monkeypatch.setattr(g, "GAIN", (EYE_MM / IRIS_PLANE_MM,) * 2)
    monkeypatch.setattr(g, "ASIDE", (PLACE[0], PLACE[2]))
    monkeypatch.setattr(g, "DOWN", PLACE[1:])


def rotated(yaw: float, pitch: float, roll: float = 0.0) -> NDArray[np.float64]:
    """In MediaPipe's axes, as `pose_degrees` takes it apart."""
    y, p, r = np.radians([yaw, pitch, roll])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    rz = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return ry @ rx @ rz


def built(
    inside: tuple[float, float] = (0.0, 0.0), turn: tuple[float, float, float] = (0.0, 0.0, 0.0), *,
    mm: float = 1.5, opened: tuple[float, float] = (1.0, 1.0), at: tuple[float, float] = (0.5, 0.5),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    """A head whose eyes stand as the model has them, looking so in the head; `mm` pixels a millimetre; `opened` is that
    of the person's right and left eye."""
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = rotated(*turn)
    look = FLIP @ rotated(*inside) @ np.array([0.0, 0.0, 1.0])
    points = np.zeros((478, 3))
    points[:] = np.linspace(-60, 60, 478)[:, None] * np.array([1.0, 0.0, 0.0])
    points[10], points[152], points[234], points[454] = (0, -80, 0), (0, 80, 0), (-60, 0, 0), (60, 0, 0)
    wide = g.OPEN_GAP * EYE_MM, g.SHUT_GAP * EYE_MM
    for k, (names, side) in enumerate(((g._RIGHT, -1.0), (g._LEFT, 1.0))):
        centre = np.array([side * 31.0, 0.0, 0.0])
        outer, inner, *lids = names[:8]
        points[outer] = centre + np.array([side * EYE_MM / 2, 0.0, 0.0])
        points[inner] = centre - (side * EYE_MM / 2, 0, 0)
        gap = wide[1] + opened[k] * (wide[0] - wide[1])
        for j in range(3):
            across = side * (3 - 3 * j)
            points[lids[j]] = centre + np.array([across, -gap * 0.6, 0.0])
            points[lids[3 + j]] = centre + np.array([across, gap * 0.4, 0.0])
        place = np.array([side * PLACE[0], PLACE[1], PLACE[2]]) * EYE_MM
        iris = centre + place + look * IRIS_PLANE_MM
        for point in names[8:]:
            points[point] = iris
        for point, (dx, dy) in zip(names[9:], ((1, 0), (0, -1), (-1, 0), (0, 1)), strict=True):
            points[point] = iris + np.array([dx, dy, 0]) * g.IRIS_MM / 2 / g.IRIS_GAIN
    seen = points @ (FLIP @ rotated(*turn) @ FLIP).T * mm
    shift = np.array([SIZE[0] * at[0], SIZE[1] * at[1], 0.0])
    marks = ((seen + shift) / (SIZE[0], SIZE[1], SIZE[0])).astype(np.float32)
    middle = (marks[:, :2].min(0) + marks[:, :2].max(0)) / 2
    return marks, in_frame(pose, middle, SIZE)


@settings(max_examples=30, deadline=None)
@given(st.floats(-25, 25), st.floats(-15, 15))
def test_the_eyes_direction_in_a_straight_head_is_found_again(yaw: float, pitch: float) -> None:
    said = g.gaze(*built((yaw, pitch)), SIZE)
    assert said.eye_yaw_deg == pytest.approx(yaw, abs=0.5)
    assert said.eye_pitch_deg == pytest.approx(pitch, abs=0.5)
    assert said.gaze_yaw_deg == pytest.approx(said.eye_yaw_deg, abs=1e-3)


def test_eyes_that_look_to_the_right_of_the_picture_and_down_have_positive_angles() -> None:
    said = g.gaze(*built((15.0, 10.0)), SIZE)
    assert said.gaze_yaw_deg is not None
    assert said.gaze_yaw_deg > 10
    assert said.gaze_pitch_deg is not None
    assert said.gaze_pitch_deg > 6


@pytest.mark.parametrize("at", [(0.5, 0.5), (0.15, 0.3), (0.85, 0.7)])
@pytest.mark.parametrize(("turn", "mm"), [((20.0, -8.0, 5.0), 1.5), ((-15.0, 10.0, -20.0), 0.3)])
def test_head_turn_and_place_are_taken_out_of_the_eyes(
    at: tuple[float, float], turn: tuple[float, float, float], mm: float
) -> None:
    said = g.gaze(*built((0.0, 0.0), turn, mm=mm, at=at), SIZE)
    assert said.eye_yaw_deg == pytest.approx(0.0, abs=3.0)
    assert said.eye_pitch_deg == pytest.approx(0.0, abs=3.0)
    assert said.gaze_yaw_deg == pytest.approx(turn[0], abs=3.0)
    assert said.gaze_pitch_deg == pytest.approx(turn[1], abs=3.0)


def test_a_mirrored_face_looks_the_mirrored_way() -> None:
    marks, pose = built((12.0, 5.0), (10.0, 5.0, 3.0), opened=(1.0, 0.6))
    mirrored, other = built((-12.0, 5.0), (-10.0, 5.0, -3.0), opened=(0.6, 1.0))
    here, there = g.gaze(marks, pose, SIZE), g.gaze(mirrored, other, SIZE)
    assert here.gaze_yaw_deg is not None
    assert there.gaze_yaw_deg is not None
    assert there.gaze_yaw_deg == pytest.approx(-here.gaze_yaw_deg, abs=0.05)
    assert there.gaze_pitch_deg == pytest.approx(here.gaze_pitch_deg, abs=0.05)
    assert (there.open_left, there.open_right) == pytest.approx((here.open_right, here.open_left), abs=1e-3)


def test_each_eye_is_open_as_far_as_its_own_lids() -> None:
    said = g.gaze(*built(opened=(0.2, 0.9)), SIZE)
    assert (said.open_right, said.open_left) == pytest.approx((0.2, 0.9), abs=0.02)
    assert said.gaze_yaw_deg is not None  # the other eye shows it


def test_closed_eyes_look_nowhere_and_one_open_eye_is_less_sure_than_two() -> None:
    shut = g.gaze(*built(opened=(0.1, 0.0)), SIZE)
    assert (shut.eye_yaw_deg, shut.eye_pitch_deg, shut.gaze_yaw_deg, shut.gaze_pitch_deg, shut.gaze_sd_deg) == (
        None,
    ) * 5
    assert shut.distance_m > 0
    both, one = g.gaze(*built(), SIZE), g.gaze(*built(opened=(1.0, 0.0)), SIZE)
    assert both.gaze_sd_deg is not None
    assert one.gaze_sd_deg is not None
    assert one.gaze_sd_deg > both.gaze_sd_deg


def test_a_head_turned_too_far_says_no_direction() -> None:
    assert g.gaze(*built(turn=(50.0, 0.0, 0.0)), SIZE).gaze_yaw_deg is None
    assert g.gaze(*built(turn=(25.0, 0.0, 0.0)), SIZE).gaze_yaw_deg is not None


def test_a_small_face_is_less_sure_than_a_large_one() -> None:
    spreads = [g.gaze(*built(mm=mm), SIZE).gaze_sd_deg for mm in (2.0, 0.8, 0.3)]
    assert None not in spreads
    assert spreads == sorted(spreads, key=lambda one: one or 0.0)


def test_half_as_large_is_twice_as_far_and_the_lens_scales_it() -> None:
    near, far = g.gaze(*built(mm=2.0), SIZE), g.gaze(*built(mm=1.0), SIZE)
    assert far.distance_m == pytest.approx(2 * near.distance_m, rel=1e-3)
    focal, _ = focal_px(SIZE)
    assert near.distance_m == pytest.approx(focal / 2.0 / 1000, rel=0.01)
    told = g.gaze(*built(mm=2.0), SIZE, 90.0)
    assert told.distance_m / near.distance_m == pytest.approx(focal_px(SIZE, 90.0)[0] / focal, rel=0.01)
    assert told.distance_sd_m / told.distance_m < 0.6 * near.distance_sd_m / near.distance_m
    side = g.gaze(*built(mm=2.0, at=(0.9, 0.5)), SIZE)
    assert side.distance_m / near.distance_m == pytest.approx(math.hypot(1, 0.4 * SIZE[0] / focal), rel=0.02)


@pytest.mark.parametrize(("marks", "pose"), [((468, 3), (4, 4)), ((478, 2), (4, 4)), ((478, 3), (3, 3))])
def test_other_shapes_are_refused(marks: tuple[int, int], pose: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="478"):
        g.gaze(np.zeros(marks, np.float32), np.eye(*pose, dtype=np.float32), SIZE)
