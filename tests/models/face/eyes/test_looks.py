"""Calibration of the gaze by looks at dots, on made people: errors elsewhere fall, and who did not look is told so."""

import numpy as np
import pytest

from liveaffect.models.errors import BadInput
from liveaffect.models.face.eyes.looks import Dot, GazeFit, Look, apply, calibrated

pytestmark = pytest.mark.long

FIVE = [(0.0, 8.0), (15.0, 2.0), (-15.0, 2.0), (-15.0, 16.0), (15.0, 16.0)]
NINE = [(x, y) for y in (2.0, 9.0, 16.0) for x in (-15.0, 0.0, 15.0)]
SD = (5.0, 8.5)
YAW_SHARE, PITCH_SHARE = 0.8, 0.27
"""How much of a look is told, aside and down."""


class Made:
    """A person with an offset of their own, whose looks are told too small and with noise."""

    def __init__(self, seed: int, noise_deg: float = 1.0) -> None:
        self.rng, self.noise_deg = np.random.default_rng(seed), noise_deg
        self.offset = self.rng.normal(0, 3, 2)

    def told(self, known: tuple[float, float]) -> tuple[float, float]:
        aside, down = self.offset + self.rng.normal(0, self.noise_deg, 2)
        return float(aside + YAW_SHARE * known[0]), float(down + PITCH_SHARE * known[1])

    def dot(self, known: tuple[float, float], n: int = 25, jitter_deg: float = 1.0, yaw_deg: float = 0.0) -> Dot:
        x, y = self.told(known)
        moves = self.rng.normal(0, jitter_deg, (n, 2))
        looks = [Look((x + float(dx), y + float(dy)), SD, (yaw_deg, 0.0)) for dx, dy in moves]
        return Dot(known, looks, 30)


@pytest.mark.parametrize("dots", [FIVE, NINE])
@pytest.mark.parametrize("noise_deg", [1.0, 2.0])
def test_looks_between_the_dots_are_told_better_than_before(dots: list[tuple[float, float]], noise_deg: float) -> None:
    before: list[tuple[float, float]] = []
    after: list[tuple[float, float]] = []
    held: list[tuple[bool, bool]] = []
    for seed in range(30):
        made = Made(seed, noise_deg)
        try:
            found = calibrated([made.dot(one) for one in dots])
        except BadInput:
            continue
        assert found.after_deg < found.before_deg
        for known in zip(made.rng.uniform(-20, 20, 10), made.rng.uniform(0, 18, 10), strict=True):
            told = made.told(known)
            yaw, pitch, yaw_sd, pitch_sd = at(found, *told)
            before.append((abs(told[0] - known[0]), abs(told[1] - known[1])))
            after.append((abs(yaw - known[0]), abs(pitch - known[1])))
            held.append((after[-1][0] < 1.645 * yaw_sd, after[-1][1] < 1.645 * pitch_sd))
    assert len(before) > 200, "hardly anybody is refused"
    was, now = np.median(before, axis=0), np.median(after, axis=0)
    assert (now < 0.75 * was).all(), (was, now)
    assert (np.mean(held, axis=0) > 0.85).all(), "the deviations hold what they say"


def test_few_dots_move_the_gain_less_than_many() -> None:
    few, many = (np.mean([_gain(dots, seed) for seed in range(15)]) for dots in (FIVE, NINE * 3))
    assert 1.2 < few < many < 1 / PITCH_SHARE


def test_dots_close_together_say_an_offset_and_hardly_a_gain() -> None:
    made = Made(0, 0.3)
    wide = calibrated([made.dot(one) for one in NINE])
    near = calibrated([made.dot((x / 10, y / 10)) for x, y in NINE])
    assert abs(near.yaw.gain - 1) < 0.5 * abs(wide.yaw.gain - 1)
    assert near.yaw.offset_deg == pytest.approx(-made.offset[0], abs=1.0)


def test_one_dot_that_was_missed_hardly_bends_the_line() -> None:
    made = Made(3, 0.5)
    dots = [made.dot(one) for one in NINE]
    straight = calibrated(dots)
    looks = [look._replace(told=(look.told[0] + 15, look.told[1])) for look in dots[4].looks]
    bent = calibrated([*dots[:4], dots[4]._replace(looks=looks), *dots[5:]])
    assert abs(at(bent, 5, 5)[0] - at(straight, 5, 5)[0]) < 15 / 9 / 1.5


def test_where_eyes_do_not_follow_up_and_down_the_offset_alone_is_corrected() -> None:
    made = Made(1, 0.5)
    dots = [made.dot(one) for one in FIVE]
    flat = [
        dot._replace(looks=[k._replace(told=(k.told[0], 4.0 + k.told[1] % 0.5)) for k in dot.looks]) for dot in dots
    ]
    found = calibrated(flat)
    assert found.pitch.gain == pytest.approx(1.0, abs=1e-3)
    assert found.pitch.sd_scale >= 1.0
    assert found.yaw.gain > 1.1


def test_nobody_who_did_not_look_is_calibrated() -> None:
    made = Made(2)
    good = [made.dot(one) for one in FIVE]
    unseen = [dot._replace(looks=dot.looks[:3]) for dot in good]
    with pytest.raises(BadInput, match="only 0 of 5 dots can be used: at dot 1 the eyes were seen in 3 of 30 frames"):
        calibrated(unseen)
    with pytest.raises(BadInput, match=r"the look wandered by \d+ degrees"):
        calibrated([made.dot(one, jitter_deg=12.0) for one in FIVE])
    with pytest.raises(BadInput, match="the head was turned by 30 degrees"):
        calibrated([made.dot(one, yaw_deg=-30.0) for one in FIVE])
    with pytest.raises(BadInput, match="the eyes did not follow the dots"):
        calibrated([dot._replace(looks=good[0].looks) for dot in good])
    with pytest.raises(BadInput, match="the eyes did not follow the dots"):  # a mirrored picture, or an imp
        calibrated([dot._replace(known=(-dot.known[0], dot.known[1])) for dot in good])
    one_blink = [good[0]._replace(looks=()), *good[1:]]
    assert calibrated(one_blink).dots == 4


def test_a_gaze_that_is_told_well_already_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    dots = [Dot(one, [Look(one, SD, (0.0, 0.0))] * 20, 20) for one in FIVE]
    with pytest.raises(BadInput, match="it would help nothing"):
        calibrated(dots)
    tight = [
        Dot(one, [Look((one[0] + float(dx), one[1]), SD, (0.0, 0.0)) for dx in rng.normal(0, 1, 20)], 20)
        for one in NINE
    ]
    try:
        found = calibrated(tight)
    except BadInput:
        return
    assert found.yaw.gain == pytest.approx(1.0, abs=0.05)


def test_without_a_calibration_nothing_changes_and_nothing_goes_beyond_what_is_said() -> None:
    assert apply(GazeFit(), Look((12.5, -3.25), (4.0, 8.0), (3.0, 9.0))) == (12.5, -3.25, 4.0, 8.0)
    assert calibrated([Made(5).dot(one) for one in NINE]) == calibrated([Made(5).dot(one) for one in NINE])
    found = calibrated([Made(4).dot(one) for one in NINE])
    far = at(found, 69.0, 69.0)
    assert max(far[:2]) <= 70.0
    assert far[2] > at(found, 0.0, 0.0)[2], "less is known far away from the dots"


def test_with_the_head_turned_from_where_it_was_the_deviations_are_as_stated_again() -> None:
    found = calibrated([Made(4, 0.3).dot(one, yaw_deg=-5.0) for one in NINE])
    assert (found.head_yaw_deg, found.head_pitch_deg) == (-5.0, 0.0)
    told = found.yaw.middle_deg, found.pitch.middle_deg
    sds = [apply(found, Look(told, SD, (yaw, 0.0)))[2] for yaw in (-5.0, 3.0, 20.0, -30.0)]
    assert sds[0] == pytest.approx(found.yaw.sd_scale * SD[0])
    assert sds[0] < 0.8 * SD[0]
    assert sds[0] < sds[1] < sds[2]
    assert sds[2:] == pytest.approx([SD[0], SD[0]], rel=0.01)


def at(found: GazeFit, yaw_deg: float, pitch_deg: float) -> tuple[float, float, float, float]:
    """Such a gaze, corrected, with the head held as at the dots."""
    return apply(found, Look((yaw_deg, pitch_deg), SD, (found.head_yaw_deg, found.head_pitch_deg)))


def _gain(dots: list[tuple[float, float]], seed: int) -> float:
    made = Made(seed, 1.0)
    return calibrated([made.dot(one) for one in dots]).pitch.gain
