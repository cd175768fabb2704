"""Categories, mirroring, turns of speech, and the offset of two recordings: counted by hand on small cases."""

import numpy as np
import pytest

from liveaffect.models.dynamics.categories import stays
from liveaffect.models.dynamics.evidence import Blocks, Evidence, estimate_row
from liveaffect.models.dynamics.mirroring import mirrored, onsets
from liveaffect.models.dynamics.offset import offset
from liveaffect.models.dynamics.turns import speech_runs, turns
from liveaffect.models.errors import BadInput


def _distributions(categories: list[int | None]) -> np.ndarray:
    rows = np.full((5 * len(categories), 8), np.nan)
    for second, category in enumerate(categories):
        if category is not None:
            rows[5 * second : 5 * second + 5] = 0.02
            rows[5 * second : 5 * second + 5, category] = 0.86
    return rows


def test_shares_and_transitions_are_of_seconds_that_follow_each_other() -> None:
    found = stays(_distributions([0, 0, 1, None, 1, 0]))
    assert found.seconds == 5
    assert found.shares is not None
    assert found.shares[:2].tolist() == [0.6, 0.4]
    assert (found.transitions[0, 0], found.transitions[0, 1], found.transitions[1, 0]) == (1, 1, 1)
    assert found.transitions.sum() == 3


def test_seconds_are_those_of_the_clock_whatever_the_first_block() -> None:
    late = _distributions([0, 1])[3:]
    assert stays(late, first_block=3).seconds == 1
    assert stays(np.full((7, 8), np.nan)).shares is None


def test_an_onset_is_a_rise_from_rest_and_not_a_face_that_comes_into_view_smiling() -> None:
    x = np.zeros(60)
    x[10:20], x[30:33], x[33:36] = 2.0, 0.3, 2.0
    assert onsets(x).tolist() == [10, 33]
    x[:10] = np.nan
    assert onsets(x).tolist() == [33]


def test_answered_smiles_are_beyond_chance_and_unanswered_ones_are_not() -> None:
    first, second = np.zeros(1000), np.zeros(1000)
    for at in range(40, 960, 77):
        first[at : at + 8] = second[at + 3 : at + 9] = 2.0
    found, back = mirrored(first, second), mirrored(second, first)
    assert found is not None
    assert back is not None
    assert (found.onsets, found.answered) == (12, 12)
    assert found.p <= 0.05
    assert found.chance < 3
    assert back.answered == 0
    assert back.p > 0.5


def test_mirroring_needs_half_a_minute_and_an_onset_in_each() -> None:
    assert mirrored(np.zeros(100), np.zeros(100)) is None
    assert mirrored(np.zeros(1000), np.zeros(1000)) is None


def test_turns_gaps_and_overlaps_are_those_that_were_made() -> None:
    a, b = np.zeros(300), np.zeros(300)
    a[10:50] = a[52:60] = 1.0  # one turn with a breath
    b[65:100] = 1.0  # a gap of a second
    a[95:140] = 1.0  # begins a second before the other ends
    b[120:123] = 1.0  # within the other's turn: it takes no floor
    found = turns(a, b)
    assert found is not None
    assert speech_runs(a) == [(10, 60), (95, 140)]
    assert found.turns == (2, 2)
    assert found.changes == 2
    assert found.offset_s == pytest.approx(0.0)
    assert found.overlap_s == pytest.approx((5 + 3) * 0.2)
    assert turns(np.full(5, np.nan), np.zeros(5)) is None


@pytest.mark.parametrize("begins", [-7.3, 0.0, 12.41])
def test_the_offset_of_two_recordings_is_found_through_noise_and_another_level(begins: float) -> None:
    rng = np.random.default_rng(5)
    syllables = np.repeat(rng.gamma(0.5, 1.0, 700), rng.integers(8, 25, 700))
    start, late = 1000, 1000 + round(begins * 100)
    first = syllables[start : start + 4000] + 0.05 * rng.random(4000)
    second = 0.1 * syllables[late : late + 3000] + 0.01 * rng.random(3000)
    found = offset(first, second)
    assert found.seconds == pytest.approx(begins, abs=0.02)
    assert found.sure


def test_two_other_conversations_are_not_taken_for_one() -> None:
    rng = np.random.default_rng(6)
    one, other = (np.repeat(rng.gamma(0.5, 1.0, 400), rng.integers(8, 25, 400)) for _ in range(2))
    assert not offset(one, other).sure
    with pytest.raises(BadInput, match="10 s"):
        offset(one[:500], other)
    with pytest.raises(BadInput, match="silent"):
        offset(np.zeros(3000), other)


def test_blocks_are_means_of_their_frames_and_missing_ones_are_missing() -> None:
    blocks = Blocks(1)
    for block, value in ((3, 1.0), (3, 2.0), (5, 4.0)):
        blocks.add(block, (value,))
    blocks.close(6)
    assert np.array_equal(blocks.dense(2, 7)[:, 0], [np.nan, 1.5, np.nan, 4.0, np.nan], equal_nan=True)
    assert (blocks.count(0, 9), blocks.span) == (2, (3, 5))
    with pytest.raises(BadInput, match="order of capture"):
        blocks.add(2, (0.0,))


def test_one_modality_counts_and_never_a_mixture() -> None:
    one = Evidence.empty()
    row = estimate_row(0.1, 0.2, 0.3, 0.4, [0.125] * 8)
    for block in range(10):
        one.face.add(block, row)
        if block < 4:
            one.voice.add(block, row)
    one.close(10)
    assert one.by(0, 10) == "face"
    one.face.forget(100)
    assert one.by(20, 30) == "face"
