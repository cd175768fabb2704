"""Ids over frames, from landmarks alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from liveaffect.nodes.face.tracking import SETTLE_FRAMES, Tracker, mouth_motion

FRAME_NS = 33_000_000


def face(x: float, y: float = 100.0, size: float = 80.0) -> NDArray[np.float32]:
    """Landmarks spread over a square of this side around (x, y), in pixels."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (478, 3)) * size + (x, y, 0)
    points[10], points[152] = (x, y - size / 2, 0), (x, y + size / 2, 0)
    return points.astype(np.float32)


def follow(tracker: Tracker, *frames: list[NDArray[np.float32]], start: int = 0) -> list[list[int | None]]:
    return [
        [track.id if track else None for track in tracker.step(found, (start + i) * FRAME_NS)]
        for i, found in enumerate(frames)
    ]


def test_the_order_of_finds_does_not_matter() -> None:
    a, b = face(100), face(300)
    assert follow(Tracker(), [a, b], [b, a], [a, b]) == [[0, 1], [1, 0], [0, 1]]


def test_people_who_walk_past_each_other_slowly_keep_their_ids() -> None:
    frames = [[face(100 + 4 * i, 100), face(300 - 4 * i, 190)] for i in range(40)]
    assert follow(Tracker(), *frames) == [[0, 1]] * 40


def test_one_face_found_twice_is_one_face() -> None:
    assert follow(Tracker(), [face(100), face(104), face(300)]) == [[0, None, 1]]


def test_a_find_far_away_is_somebody_else() -> None:
    assert follow(Tracker(), [face(100)], [face(400)]) == [[0], [1]]


def test_a_face_of_another_size_in_the_same_place_is_somebody_else() -> None:
    assert follow(Tracker(), [face(100, size=40)], [face(100, size=160)]) == [[0], [1]]


def test_a_find_that_lasts_less_than_the_settling_leaves_no_trace() -> None:
    tracker = Tracker()
    follow(tracker, *[[face(100)]] * SETTLE_FRAMES, [])
    assert tracker.lost(SETTLE_FRAMES * FRAME_NS) == []


def test_a_pause_between_frames_leaves_ids_and_half_a_minute_does_not() -> None:
    tracker = Tracker()
    times_s = [0.0, 20.0, 40.0, 71.0]
    assert [[t and t.id for t in tracker.step([face(100), face(300)], int(s * 1e9))] for s in times_s] == (
        [[0, 1]] * 3 + [[2, 3]]
    )


def test_a_long_pause_does_not_make_anyone_near_the_same_person() -> None:
    tracker = Tracker()
    tracker.step([face(100)], 0)
    (track,) = tracker.step([face(400)], 20 * 10**9)
    assert track is not None
    assert track.id == 1


def test_a_face_settles_again_after_it_was_lost() -> None:
    tracker = Tracker()
    follow(tracker, *[[face(100)]] * 8, [], [face(104)])
    (track,) = tracker.tracks
    assert (track.id, track.age, track.settling, track.proven) == (0, 1, True, True)


def test_ids_never_return_after_all_is_forgotten() -> None:
    tracker = Tracker()
    follow(tracker, [face(100)])
    tracker.forget()
    assert follow(tracker, [face(100)], start=1) == [[1]]


def test_mouth_motion_is_lip_opening_speed_in_face_heights() -> None:
    tracker = Tracker()
    speeds = []
    for i, opening in enumerate((0.0, 8.0, 4.0)):
        points = face(100)
        points[13], points[14] = (100, 100, 0), (100, 100 + opening, 0)
        (track,) = tracker.step([points], i * FRAME_NS)
        assert track is not None
        speeds.append(mouth_motion(track, points))
    assert speeds[0] is None
    assert speeds[1] == pytest.approx(8 / 80 / 0.033, rel=1e-3)
    assert speeds[2] == pytest.approx(4 / 80 / 0.033, rel=1e-3)


def test_mouth_motion_is_unknown_across_a_loss() -> None:
    tracker = Tracker()
    for i in range(8):
        (track,) = tracker.step([face(100)], i * FRAME_NS)
        assert track is not None
        mouth_motion(track, face(100))
    tracker.step([], 8 * FRAME_NS)
    (track,) = tracker.step([face(100)], 9 * FRAME_NS)
    assert track is not None
    assert mouth_motion(track, face(100)) is None


def test_who_is_still_sought_goes_on_settling_after_a_miss() -> None:
    tracker = Tracker()
    [track] = tracker.step([face(100)], 0)
    assert track is not None
    tracker.step([], FRAME_NS, sought={track.key})
    assert tracker.lost(FRAME_NS) == []  # it never settled: its loss is not worth telling
    assert tracker.step([face(100)], 2 * FRAME_NS) == [track]
    assert track.age == 2
    tracker.step([], 3 * FRAME_NS)
    assert tracker.tracks == []
