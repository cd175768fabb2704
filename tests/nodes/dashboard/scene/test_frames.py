"""Faces are drawn on exactly the frame they were found in."""

import numpy as np
import pytest
from windows import stream as made

from liveaffect.nodes.dashboard.scene.frames import KEPT, KEPT_BYTES, FrameJoin
from liveaffect.stream import messages as m


@pytest.fixture
def join() -> FrameJoin:
    return FrameJoin()


def number_of(join: FrameJoin) -> int | None:
    """Which frame is shown: its pixels say so."""
    shot = join.newest(pixels=True)
    return None if shot is None or shot.image is None else int(shot.image[0, 0, 0])


def test_the_newest_frame_waits_for_its_faces(join: FrameJoin) -> None:
    join.add_frame(made.frame(1))
    join.add_faces(made.observation(1))
    join.add_frame(made.frame(2))
    assert number_of(join) == 1
    join.add_faces(made.observation(2))
    assert number_of(join) == 2


def test_faces_before_their_frame_do_no_harm(join: FrameJoin) -> None:
    join.add_frame(made.frame(1))
    join.add_faces(made.observation(1))
    join.add_faces(made.observation(2))
    assert number_of(join) == 1
    join.add_frame(made.frame(2))
    assert number_of(join) == 2


def test_landmarks_do_not_flicker(join: FrameJoin) -> None:
    for i in (1, 2):
        join.add_frame(made.frame(i))
        join.add_faces(made.observation(i))
        if i == 1:
            join.add_mesh(made.mesh(i))
    assert number_of(join) == 1
    join.add_mesh(made.mesh(2))
    shot = join.newest(pixels=True)
    assert shot is not None
    assert shot.key[0] == 2
    assert shot.meshes[0].shape == (478, 3)


def test_a_graph_without_landmarks_is_shown_without_waiting(join: FrameJoin) -> None:
    join.add_frame(made.frame(1))
    join.add_faces(made.observation(1))
    assert number_of(join) == 1


def test_where_faces_stop_coming_the_bare_picture_goes_on(join: FrameJoin) -> None:
    join.add_frame(made.frame(0))
    join.add_faces(made.observation(0))
    for i in range(1, 30):
        join.add_frame(made.frame(i))
    shot = join.newest(pixels=True)
    assert shot is not None
    assert (shot.key[0], shot.faces) == (29, None)


def test_without_pixels_faces_are_shown_alone(join: FrameJoin) -> None:
    join.add_faces(made.observation(3))
    shot = join.newest(pixels=False)
    assert shot is not None
    assert (shot.image, shot.width, shot.height) == (None, made.WIDTH, made.HEIGHT)


def test_in_a_replay_without_pixels_a_frame_that_was_not_looked_at_hides_no_face(join: FrameJoin) -> None:
    for i in range(1, 40):
        join.add_frame(m.VideoFrame(t_ns=made.instant(i), seq=i, frame_index=i))
    join.add_faces(made.observation(1))
    shot = join.newest(pixels=True)
    assert shot is not None
    assert shot.faces is not None


def test_a_camera_that_has_gone_is_told_by_its_frame(join: FrameJoin) -> None:
    join.add_frame(m.VideoFrame(t_ns=5, state="no_device"))
    shot = join.newest(pixels=True)
    assert shot is not None
    assert (shot.image, shot.state) == (None, "no_device")


def test_time_that_goes_back_begins_anew(join: FrameJoin) -> None:
    for i in (50, 1):
        join.add_frame(made.frame(i))
        join.add_faces(made.observation(i))
    assert number_of(join) == 1


def test_frames_kept_have_a_limit_in_number_and_in_bytes(join: FrameJoin) -> None:
    for i in range(100):
        join.add_frame(made.frame(i, np.zeros((8, 8, 3), np.uint8)))
    assert len(join._frames) == KEPT
    large = np.zeros((2160, 3840, 3), np.uint8)
    for i in range(100, 110):
        join.add_frame(made.frame(i, large))
    assert sum(f.image.nbytes for f in join._frames.values() if f.image is not None) <= max(
        KEPT_BYTES, 3 * large.nbytes
    )


def test_landmarks_that_are_no_numbers_are_left_out(join: FrameJoin) -> None:
    bad = made.mesh(1)
    assert bad.landmarks is not None
    bad.landmarks[0, 3] = np.nan
    join.add_mesh(bad)
    join.add_faces(made.observation(1))
    shot = join.newest(pixels=False)
    assert shot is not None
    assert not shot.meshes


def test_somebody_whom_a_frame_does_not_look_at_is_drawn_as_the_last_look_saw_them(join: FrameJoin) -> None:
    join.add_frame(made.frame(1))
    join.add_faces(made.observation(1))
    join.add_mesh(made.mesh(1))
    join.add_frame(made.frame(2))
    held = m.Face(id=0, state="stale", box=(0.1, 0.1, 0.2, 0.2), reason="others' turn")
    join.add_faces(made.observation(2, (held, m.Face(id=1, state="stale"))))
    shot = join.newest(pixels=True)
    assert shot is not None
    assert number_of(join) == 2
    assert shot.faces is not None
    assert [(face.id, face.state) for face in shot.faces] == [(0, "ok"), (1, "stale")]
    assert list(shot.meshes) == [0]
