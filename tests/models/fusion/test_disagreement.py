"""Stretches of discord: where they begin and end, and that only sure modalities make one."""

from collections.abc import Sequence

import pytest

from liveaffect.models.fusion.disagreement import Disagreement, Stretch

HAPPY = (0.1, 0.8, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)
ANGRY = (0.1, 0.02, 0.02, 0.02, 0.8, 0.02, 0.01, 0.01)
TORN = (0.3, 0.3, 0.1, 0.1, 0.1, 0.05, 0.04, 0.01)


def found(rows: Sequence[tuple[float, tuple[float, ...] | None, tuple[float, ...] | None]]) -> list[Stretch]:
    one = Disagreement()
    said = [one.step(*row) for row in rows]
    return [stretch for stretch in (*said, one.finish()) if stretch is not None]


def test_a_stretch_has_its_beginning_end_size_and_both_distributions() -> None:
    rows = [(k / 10, HAPPY, ANGRY if 10 <= k < 25 else HAPPY) for k in range(40)]
    (stretch,) = found(rows)
    assert (stretch.begin_s, stretch.end_s) == (1.0, 2.4)
    assert stretch.size > 0.5
    assert stretch.face == pytest.approx(HAPPY)
    assert stretch.voice == pytest.approx(ANGRY)


def test_a_short_hole_does_not_divide_a_stretch_and_a_long_one_does() -> None:
    short = [(k / 10, HAPPY, None if k in (10, 11) else ANGRY) for k in range(20)]
    assert len(found(short)) == 1
    long = [(k / 10, HAPPY, None if 10 <= k < 20 else ANGRY) for k in range(40)]
    assert [(s.begin_s, s.end_s) for s in found(long)] == [(0.0, 0.9), (2.0, 3.9)]


def test_a_modality_that_is_not_sure_or_says_the_same_makes_no_stretch() -> None:
    for face, voice in ((HAPPY, TORN), (TORN, ANGRY), (HAPPY, HAPPY), (HAPPY, None), (None, ANGRY)):
        assert found([(k / 10, face, voice) for k in range(40)]) == []


def test_a_moment_is_no_stretch() -> None:
    assert found([(k / 10, HAPPY, ANGRY) for k in range(4)]) == []
