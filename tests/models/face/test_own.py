"""A person's own neutral answer: shrunk towards the population, causal, and what it does to valence and arousal."""

import numpy as np

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.face.affect import FaceAffectResult
from liveaffect.models.face.neutral import PRIOR_S
from liveaffect.models.face.own import SHARE, OwnAnswer, beside

POPULATION = np.log(np.array([0.7, 0.05, 0.03, 0.1, 0.03, 0.02, 0.02, 0.05]))
SOUR = np.array([0.3, 0.02, 0.03, 0.4, 0.15, 0.04, 0.03, 0.03])


def result(emotions: np.ndarray) -> FaceAffectResult:
    rows = np.atleast_2d(emotions).astype(np.float32)
    va, sd = (rows @ COORDINATES).astype(np.float32), np.full(len(rows), 0.2, np.float32)
    return FaceAffectResult(va[:, 0], va[:, 1], sd, sd, rows, np.zeros((len(rows), 96), np.float32))


def after(calm_s: float, calm: float = 1.0) -> OwnAnswer:
    answer = OwnAnswer(POPULATION)
    for _ in range(round(calm_s / 0.1)):
        answer.learn(SOUR, calm, 0.1)
    return answer


def test_nothing_is_moved_before_a_calm_frame_was_seen() -> None:
    assert np.all(OwnAnswer(POPULATION).shift == 0)
    assert np.all(after(10, calm=0.0).shift == 0)


def test_the_shift_grows_with_calm_seconds_towards_half_of_the_difference() -> None:
    whole = -(np.log(SOUR) - POPULATION)
    found = [after(s).shift for s in (1, PRIOR_S, 60)]
    sizes = [float(np.abs(shift).max()) for shift in found]
    assert sizes == sorted(sizes)
    assert np.all(np.sign(found[-1]) == np.sign(whole))
    assert sizes[-1] < SHARE * np.abs(whole).max()
    assert np.allclose(found[1], SHARE * whole / 2, rtol=0.05)


def test_a_sour_resting_face_reads_nearer_to_neutral_and_less_surely() -> None:
    raw, shifts = result(SOUR), after(30).shift[None]
    moved = beside(raw, shifts)
    assert moved.emotions[0, 0] > raw.emotions[0, 0]
    assert raw.valence[0] < moved.valence[0] < 0.2
    assert moved.valence_sd[0] > raw.valence_sd[0]
    assert np.isclose(moved.emotions.sum(), 1, atol=1e-6)


def test_faces_without_numbers_stay_so_and_teach_nothing() -> None:
    answer = OwnAnswer(POPULATION)
    answer.learn(np.full(8, np.nan), 1.0, 0.1)
    assert np.all(answer.shift == 0)
    assert np.isnan(beside(result(np.full(8, np.nan)), np.zeros((1, 8))).valence).all()


def test_a_gap_counts_as_no_more_calm_than_a_frame() -> None:
    long, short = OwnAnswer(POPULATION), OwnAnswer(POPULATION)
    long.learn(SOUR, 1.0, 60.0), short.learn(SOUR, 1.0, 0.2)
    assert np.array_equal(long.shift, short.shift)
