"""The running neutral: causal, from the population, moved by calm frames only."""

import numpy as np
import pytest
from numpy.typing import NDArray

from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.neutral import RunningNeutral, relative
from liveaffect.models.face.population import NEUTRAL_MEAN, NEUTRAL_SD


def person() -> NDArray[np.float32]:
    """A calm face half a spread off the population."""
    face = NEUTRAL_MEAN + 0.5 * NEUTRAL_SD
    face[-2:] = 0
    return face.astype(np.float32)


def test_it_starts_from_the_population():
    neutral = RunningNeutral()
    assert np.allclose(neutral.value, NEUTRAL_MEAN)
    assert np.array_equal(neutral.step(person(), 0.03), relative(person()))


def test_it_comes_to_the_persons_own_calm_face():
    neutral = RunningNeutral()
    for _ in range(30 * 90):
        neutral.step(person(), 1 / 30)
    off = np.abs(neutral.step(person(), 1 / 30)[GEOMETRY_SIZE:] / NEUTRAL_SD)
    assert off.max() < 0.1


def test_a_long_smile_is_not_taken_for_neutral():
    neutral, smile = RunningNeutral(), person()
    for _ in range(300):
        neutral.step(person(), 1 / 30)
    smile[[44, 45]] = 0.9
    for _ in range(30 * 60):
        neutral.step(smile, 1 / 30)
    assert neutral.value[44] < 0.15


def test_a_frame_never_changes_its_own_output():
    first, second = RunningNeutral(), RunningNeutral()
    other = person() + np.float32(0.01)
    for neutral, face in ((first, person()), (second, other)):
        neutral.step(person(), 0.03)
        neutral.step(face, 0.03)
    assert np.array_equal(first.step(person(), 0.03)[:GEOMETRY_SIZE], second.step(person(), 0.03)[:GEOMETRY_SIZE])
    fresh = RunningNeutral()
    assert np.array_equal(fresh.step(other, 0.03)[GEOMETRY_SIZE:], other - NEUTRAL_MEAN)


def test_a_gap_counts_for_no_more_than_a_moment_and_a_broken_frame_for_nothing():
    neutral = RunningNeutral()
    neutral.step(person(), 3600.0)
    assert neutral.seconds <= 0.2
    before = neutral.value
    assert np.isnan(neutral.step(np.full_like(person(), np.nan), 0.03)).all()
    assert np.array_equal(neutral.value, before)


def test_turned_heads_do_not_move_it():
    neutral, turned = RunningNeutral(), person()
    turned[-2] = 0.6
    for _ in range(100):
        neutral.step(turned, 0.03)
    assert neutral.seconds == 0


def test_the_same_frames_give_the_same_bytes():
    faces = np.random.default_rng(0).normal(0, 0.1, (50, GEOMETRY_SIZE)).astype(np.float32) + person()
    runs = []
    for _ in range(2):
        neutral = RunningNeutral()
        runs.append(np.stack([neutral.step(face, 0.033) for face in faces]).tobytes())
    assert runs[0] == runs[1]


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        RunningNeutral().step(np.zeros(3, np.float32), 0.03)
