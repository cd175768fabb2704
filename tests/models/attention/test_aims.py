"""Eye contact and looks at others: precision, recall and calibration on made gazes with the deviation they state."""

import math

import numpy as np
import pytest
from made.attention import aimed

from liveaffect.models.attention.aims import AimShares, Priors, aim_shares, mutual
from liveaffect.models.attention.directions import Offset, Place, direction, to_camera, to_face
from liveaffect.models.errors import BadInput

ROOM = {0: Place(-0.35, 0.0, 2.0, 0.1), 1: Place(0.35, 0.0, 2.0, 0.1), 2: Place(0.05, -0.05, 3.0, 0.2)}


def shares(who: int, yaw: float, pitch: float, sd: float, room: dict[int, Place] = ROOM) -> AimShares:
    gaze, own = direction(room[who], yaw, pitch), room[who]
    faces = {other: to_face(gaze, own, place) for other, place in room.items() if other != who}
    return aim_shares((sd, sd), to_camera(gaze, own), faces, Priors())


@pytest.mark.parametrize("sd", [2.0, 4.0, 15.0])
def test_probabilities_sum_to_one(sd: float) -> None:
    for yaw, pitch in ((0, 0), (90, 0), (-90, 20), (180, 0), (20, -60)):
        told = shares(0, yaw, pitch, sd)
        assert told.camera + sum(told.faces.values()) + told.elsewhere == pytest.approx(1.0)
        assert all(0 <= p <= 1 for p in (told.camera, told.elsewhere, *told.faces.values()))


@pytest.mark.parametrize("who", [0, 1, 2])
def test_each_aim_is_the_likeliest_of_a_gaze_that_meets_it(who: int) -> None:
    at_camera = shares(who, *aimed(ROOM[who], (0.0, 0.0, 0.0)), 4.0)
    assert at_camera.camera > 0.75
    for other, place in ROOM.items():
        if other != who:
            told = shares(who, *aimed(ROOM[who], place.at(place.range_m)), 4.0)
            assert told.faces[other] > 0.5
            assert max(told.faces, key=lambda one: told.faces[one]) == other


def test_two_who_look_at_each_other_do_so_mutually_and_one_who_looks_away_does_not() -> None:
    first = shares(0, *aimed(ROOM[0], ROOM[1].at(2.0)), 4.0)
    second = shares(1, *aimed(ROOM[1], ROOM[0].at(2.0)), 4.0)
    away = shares(1, *aimed(ROOM[1], (0.0, 0.6, 0.5)), 4.0)
    assert mutual(first.faces[1], second.faces[0]) > 0.6
    assert mutual(first.faces[1], away.faces[0]) < 0.05


def test_a_gaze_that_says_nothing_leaves_what_was_thought_before() -> None:
    told = shares(0, 0.0, 0.0, 300.0)
    assert told.camera == pytest.approx(0.3, abs=0.25)
    assert told.faces[1] == pytest.approx(0.15, abs=0.1)


@pytest.mark.parametrize("sd", [3.0, 5.0, 8.0])
def test_eye_contact_is_as_often_so_as_it_is_said_to_be(sd: float) -> None:
    rng, priors, own = np.random.default_rng(8), Priors(), Place(0.1, 0.05, 0.7, 0.0)
    to_lens = np.array(aimed(own, (0.0, 0.0, 0.0)))
    said: list[float] = []
    true: list[bool] = []
    for _ in range(4000):
        contact = rng.random() < priors.camera
        if contact:
            gaze = to_lens + priors.cone_deg / 2 * rng.standard_normal(2)
        elif rng.random() < 0.5:
            gaze = to_lens + np.array([0.0, 8.0]) + np.array([20.0, 12.0]) * rng.standard_normal(2)
        else:
            gaze = np.array([rng.uniform(-90, 90), math.degrees(math.asin(rng.uniform(-1, 1)))])
        yaw, pitch = (gaze + sd * rng.standard_normal(2)).tolist()
        said.append(aim_shares((sd, sd), to_camera(direction(own, yaw, pitch), own), {}, priors).camera)
        true.append(contact)
    p, t = np.array(said), np.array(true)
    for low in np.arange(0.1, 0.9, 0.2):
        inside = (p >= low) & (p < low + 0.2)
        assert inside.sum() > 40
        assert t[inside].mean() == pytest.approx(p[inside].mean(), abs=0.09)
    told = p >= 0.5
    precision, recall = t[told].mean(), told[t].mean()
    assert precision >= {3.0: 0.8, 5.0: 0.75, 8.0: 0.65}[sd]
    assert recall >= {3.0: 0.9, 5.0: 0.8, 8.0: 0.6}[sd]


def test_a_camera_needs_no_distance() -> None:
    near, far = (
        to_camera(direction(Place(0.2, 0.1, depth, 0.0), 5, 3), Place(0.2, 0.1, depth, 0.0))[:2] for depth in (0.5, 5.0)
    )
    assert near == pytest.approx(far)


@pytest.mark.parametrize(("camera", "others", "cone"), [(0.6, 0.4, 5), (0, 0.3, 5), (0.3, 0.3, 0.1), (0.3, 0.3, 60)])
def test_priors_that_are_none_are_refused(camera: float, others: float, cone: float) -> None:
    with pytest.raises(BadInput):
        Priors(camera, others, cone)


@pytest.mark.parametrize("sd", [0.0, -1.0, math.inf, math.nan])
def test_a_deviation_that_is_none_is_refused(sd: float) -> None:
    with pytest.raises(BadInput, match="deviation"):
        aim_shares((4.0, sd), Offset(0, 0, 0, 0, 0, 1.0), {}, Priors())


def test_a_gaze_that_is_less_sure_down_than_across_counts_less_down() -> None:
    own = Place(0.0, 0.0, 0.7, 0.0)

    def contact(yaw: float, pitch: float) -> float:
        return aim_shares((3.0, 8.0), to_camera(direction(own, yaw, pitch), own), {}, Priors()).camera

    assert contact(0, -8) > contact(8, 0) + 0.1
