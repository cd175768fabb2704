"""Where people are and by how much a gaze passes by them: worked out by hand, and against drawn distances."""

import math

import numpy as np
import pytest
from made.attention import aimed

from liveaffect.models.attention.directions import Place, direction, place_of, to_camera, to_face, toward
from liveaffect.models.errors import BadInput


def test_a_face_in_the_middle_of_the_picture_is_on_the_axis() -> None:
    assert place_of((0.4, 0.3, 0.2, 0.4), (1280, 720), 78.0, 1.5, 0.1).at(1.5) == pytest.approx((0.0, 0.0, 1.5))


def test_a_face_at_the_edge_of_the_longer_side_is_half_the_angle_of_view_off() -> None:
    place = place_of((0.95, 0.45, 0.1, 0.1), (640, 480), 80.0, 2.0, 0.1)
    x, y, z = place.at(2.0)
    assert math.degrees(math.atan2(x, z)) == pytest.approx(40.0)
    assert y == pytest.approx(0.0)
    assert math.hypot(x, z) == pytest.approx(2.0)
    low = place_of((0.45, 0.95, 0.1, 0.1), (640, 480), 80.0, 2.0, 0.1)
    assert math.degrees(math.atan(low.down)) == pytest.approx(
        math.degrees(math.atan(0.75 * math.tan(math.radians(40))))
    )
    upright = place_of((0.45, 0.95, 0.1, 0.1), (480, 640), 80.0, 2.0, 0.1)
    assert math.degrees(math.atan(upright.down)) == pytest.approx(40.0)


def test_an_angle_of_view_that_no_lens_has_is_refused() -> None:
    with pytest.raises(BadInput, match="angle of view"):
        place_of((0, 0, 1, 1), (640, 480), 0.5, 1.0, 0.1)


@pytest.mark.parametrize("place", [Place(0.0, 0.0, 1.0, 0.0), Place(0.8, 0.0, 2.0, 0.1), Place(-0.3, 0.4, 0.5, 0.0)])
def test_a_gaze_of_0_0_meets_the_lens_wherever_the_face_is(place: Place) -> None:
    assert to_camera(direction(place, 0.0, 0.0), place)[:2] == pytest.approx((0.0, 0.0), abs=1e-6)
    assert toward(place, (0.0, 0.0, 0.0)) == pytest.approx((0.0, 0.0), abs=1e-6)
    x, y, z = place.at(place.range_m)
    u, v, w = direction(place, 9.0, -14.0)
    assert toward(place, (x + 0.7 * u, y + 0.7 * v, z + 0.7 * w)) == pytest.approx((9.0, -14.0))
    right = to_camera(direction(place, 12.0, 0.0), place)
    assert right[:2] == pytest.approx((12.0, 0.0), abs=1e-6)
    assert to_camera(direction(place, 0.0, 10.0), place)[:2] == pytest.approx((0.0, 10.0), abs=1e-6)


def test_who_sits_to_the_right_and_looks_along_the_axis_passes_the_lens_on_the_right() -> None:
    place = Place(math.tan(math.radians(40)), 0.0, 2.0, 0.0)
    assert to_camera((0.0, 0.0, -1.0), place).across_deg == pytest.approx(40.0)


@pytest.mark.parametrize("other", [Place(0.5, 0.0, 2.0, 0.0), Place(-0.6, 0.2, 1.0, 0.0), Place(0.1, -0.3, 4.0, 0.0)])
def test_a_gaze_that_meets_a_face_passes_by_nothing_and_one_beside_it_by_the_angle(other: Place) -> None:
    own = Place(-0.2, 0.1, 1.5, 0.0)
    yaw, pitch = aimed(own, other.at(other.range_m))
    assert to_face(direction(own, yaw, pitch), own, other)[:2] == pytest.approx((0.0, 0.0), abs=1e-5)
    beside = to_face(direction(own, yaw, pitch + 7.0), own, other)
    assert math.hypot(*beside[:2]) == pytest.approx(7.0, abs=1e-6)
    assert beside.down_deg > 5.0
    assert to_face(direction(own, yaw + 3.0, pitch), own, other).across_deg == pytest.approx(3.0, abs=0.5)


@pytest.mark.parametrize("lens_sd", [0.0, 0.1])
def test_the_deviation_of_a_direction_is_that_of_drawn_places(lens_sd: float) -> None:
    own, other = Place(-0.3, 0.0, 2.0, 0.12, lens_sd), Place(0.3, 0.1, 2.2, 0.15, lens_sd)
    gaze, rng = direction(own, *aimed(own, other.at(2.2))), np.random.default_rng(4)
    said = to_face(gaze, own, other)
    drawn: list[tuple[float, float]] = []
    for a, b, c in rng.standard_normal((4000, 3)).tolist():
        longer = 1.0 + lens_sd * c
        first, second = (
            Place(place.across / longer, place.down / longer, (place.range_m + place.range_sd_m * x) * longer, 0.0)
            for place, x in ((own, a), (other, b))
        )
        drawn.append(to_face(gaze, first, second)[:2])
    rows = np.array(drawn)
    assert said.var_across == pytest.approx(float(rows[:, 0].var()), rel=0.12)
    assert said.var_down == pytest.approx(float(rows[:, 1].var()), abs=0.15)
    assert said.cov == pytest.approx(float(np.cov(rows.T)[0, 1]), abs=0.1 * said.var_across)


def test_two_faces_at_one_place_give_numbers_still() -> None:
    said = to_face(direction(Place(0, 0, 1.0, 0.1), 0, 0), Place(0, 0, 1.0, 0.1), Place(0, 0, 1.0, 0.1))
    assert all(math.isfinite(x) for x in said)
    assert said.range_m > 0
