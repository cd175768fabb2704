"""The geometry vector: free of size, place and head turn; mirrored as faces are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveaffect.models.face import geometry as g

SIZE = (640, 480)
RNG = np.random.default_rng(3)
FACE = RNG.normal(0, 60, (478, 3))  # a head in pixels, camera axes (x right, y down, z away)
for _group, _place in zip(
    ([33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380], [61], [291]),
    ((-30, -40), (30, -40), (-25, 30), (25, 30)),
    strict=True,
):
    FACE[_group] = (*_place, 0)
BLEND = RNG.random(52).astype(np.float32)


def pose_of(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """A (4, 4) pose in MediaPipe's axes, with a scale and a shift as it has."""
    y, p, r = np.radians([yaw, pitch, roll])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    rz = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = 1.1 * ry @ rx @ rz
    pose[:3, 3] = (1, 2, -40)
    return pose


def seen(pose: np.ndarray, size: tuple[int, int] = SIZE, scale: float = 1.0) -> np.ndarray:
    """Landmarks of `FACE` under a pose, as fractions of the frame."""
    flip = np.array([1, -1, -1])
    points = (FACE * flip @ g.rotation(pose).T) * flip * scale
    return ((points + np.array([300, 200, 0])) / (size[0], size[1], size[0])).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-40, 40), st.floats(0.3, 2))
def test_head_turn_size_and_frame_do_not_change_the_landmark_part(yaw, pitch, roll, scale):
    front = g.geometry(BLEND, seen(np.eye(4, dtype=np.float32)), SIZE, np.eye(4, dtype=np.float32))
    pose = pose_of(yaw, pitch, roll)
    turned = g.geometry(BLEND, seen(pose, (900, 500), scale), (900, 500), pose)
    assert np.allclose(front[:-2], turned[:-2], atol=2e-3)
    assert np.allclose(turned[-2:], np.sin(np.radians([yaw, pitch])), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.floats(-80, 80), st.floats(-80, 80), st.floats(-170, 170))
def test_pose_degrees_are_those_the_matrix_was_made_of(yaw, pitch, roll):
    assert np.allclose(g.pose_degrees(pose_of(yaw, pitch, roll)), (yaw, pitch, roll), atol=1e-3)


def test_a_nose_that_points_right_and_down_has_positive_yaw_and_pitch():
    nose = np.array([0, 0, 1])  # towards the camera, in MediaPipe's axes (y up)
    right, down = g.rotation(pose_of(30, 0, 0)) @ nose, g.rotation(pose_of(0, 30, 0)) @ nose
    assert right[0] > 0.4
    assert down[1] < -0.4


def test_the_mirror_of_a_vector_is_the_vector_of_the_mirrored_face():
    pose = pose_of(20, 10, 5)
    points = seen(pose)
    vector = g.geometry(BLEND, points, SIZE, pose)
    swapped = points.copy()
    pairs = [(a, b) for a, b in g._PAIRS.tolist()]
    pairs += list(zip([33, 160, 158, 133, 153, 144], [263, 387, 385, 362, 380, 373], strict=True))
    for a, b in pairs:
        swapped[a], swapped[b] = points[b], points[a]
    swapped[:, 0] = 1 - swapped[:, 0]
    reflect = np.diag([-1, 1, 1, 1]).astype(np.float32)
    blend = g.mirror(vector)[:52]
    mirrored = g.geometry(blend, swapped, SIZE, (reflect @ pose @ reflect).astype(np.float32))
    assert np.allclose(g.mirror(vector), mirrored, atol=2e-3)


def test_mirroring_twice_gives_the_vector_back_and_exchanges_left_and_right_smiles():
    vector = RNG.normal(0, 1, g.GEOMETRY_SIZE).astype(np.float32)
    assert np.array_equal(g.mirror(g.mirror(vector)), vector)
    assert g.mirror(vector)[44] == vector[45]
    assert g.mirror(vector)[25] == vector[25]


def test_other_shapes_are_refused_with_the_right_ones_named():
    with pytest.raises(ValueError, match=r"\(478, 3\)"):
        g.geometry(BLEND, np.zeros((468, 3), np.float32), SIZE, np.eye(4, dtype=np.float32))
