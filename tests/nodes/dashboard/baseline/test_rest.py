"""Telling a resting face from one that moves, turns away or is not clear."""

import numpy as np
import pytest

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.nodes.dashboard.baseline.rest import RestWatch, place_words
from liveaffect.stream.messages import Face

UNITS = len(ACTION_UNITS)
RNG = np.random.default_rng(3)


def face(spread: float, **more: float) -> Face:
    au = tuple(np.clip(RNG.normal(1.0, spread, UNITS), 0, 5).tolist())
    return Face(id=0, state="ok", au=au, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("spread", "good"), [(0.06, True), (0.25, False)])
def test_a_still_face_and_a_talking_one_are_told_apart(spread: float, good: bool) -> None:
    watch = RestWatch()
    verdicts = [watch.look(face(spread), 0.066 * i) for i in range(40)]
    assert verdicts[-1].good is good
    assert ("at rest" in verdicts[-1].words) is good


def test_it_calms_down_a_moment_after_the_movement() -> None:
    watch = RestWatch()
    for i in range(30):
        watch.look(face(0.4), 0.066 * i)
    verdicts = [watch.look(face(0.05), 2.0 + 0.066 * i) for i in range(30)]
    assert not verdicts[0].good
    assert verdicts[-1].good


def test_a_face_that_is_lost_unclear_or_turned_away_is_said() -> None:
    watch = RestWatch()
    assert "No face" in watch.look(None, 0.0).words
    unclear = Face(id=0, state="low_quality", reason="too dark")
    assert "too dark" in watch.look(unclear, 0.1).words
    assert "Turn to the camera" in watch.look(face(0.0, yaw_deg=-35.0), 0.2).words
    assert watch.clear_share == pytest.approx(1 / 3)


@pytest.mark.parametrize(("x", "words"), [(0.0, "left"), (0.4, "middle"), (0.85, "right"), (0.99, "right")])
def test_where_a_face_is(x: float, words: str) -> None:
    assert place_words(Face(id=0, state="ok", box=(x, 0.1, 0.1, 0.1))) == words
    assert place_words(Face(id=0, state="ok")) == ""
