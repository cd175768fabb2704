"""The demo's schedule: one unbroken plan, whose face moves without jumps."""

import numpy as np
import pytest

from liveaffect.cli.demo_media.face import MOVES
from liveaffect.cli.demo_media.schedule import DURATION_S, FACES, FPS, SCHEDULE, at, gape, moves, pose
from liveaffect.cli.demo_media.voice import TONES

INSTANTS = np.arange(0.0, DURATION_S, 1 / FPS)


def test_the_segments_follow_each_other_without_a_gap() -> None:
    edges = [segment.start_s for segment in SCHEDULE] + [SCHEDULE[-1].end_s]
    assert edges[0] == 0.0
    assert edges[-1] == DURATION_S
    assert [segment.end_s for segment in SCHEDULE] == edges[1:]


def test_every_face_and_voice_of_the_schedule_exists() -> None:
    assert {segment.face for segment in SCHEDULE} == set(FACES)
    assert {segment.voice for segment in SCHEDULE} - {"silence"} == set(TONES)
    assert {name for face in FACES.values() for name in face} == set(MOVES)


def test_no_move_jumps_between_two_frames() -> None:
    for name in MOVES:
        track = np.array([moves(t).get(name, 0.0) for t in INSTANTS])
        assert np.abs(np.diff(track)).max() < 0.15
        assert track.max() > 0.6
    assert np.abs(np.diff([gape(t) for t in INSTANTS])).max() < 0.15
    assert np.abs(np.diff([pose(t)[:4] for t in INSTANTS], axis=0)).max() < 1.0


@pytest.mark.parametrize("t_s", [14.3, 15.0, 16.2])
def test_the_camera_is_turned_away_while_the_face_is_gone(t_s: float) -> None:
    assert at(t_s).face == "gone"
    assert pose(t_s).pan == 1.0


def test_the_camera_sees_the_face_everywhere_else() -> None:
    for segment in SCHEDULE:
        if segment.face != "gone":
            assert pose((segment.start_s + segment.end_s) / 2).pan == 0.0
