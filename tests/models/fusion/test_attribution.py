"""Giving a voice to a face: synthetic mouths and speech with known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.attribution import AttributionSettings, Attributor, Speaking

FPS, HOP_S = 30, 0.01


def talks(t: np.ndarray, on: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speeds of a mouth that opens and closes five times a second while `on`, and rests otherwise.

    Root mean square about 0.3 face heights per second, as in real talkers at 25 frames/s.
    """
    opening = 0.035 * np.abs(np.sin(np.pi * 5.0 * t)) * on * rng.uniform(0.6, 1.4, len(t))
    return np.abs(np.gradient(opening, t)) + rests(t, rng)


def rests(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speeds of a closed mouth: the tracker's noise."""
    return 0.02 * np.abs(rng.standard_normal(len(t)))


def play(speech: np.ndarray, mouths: dict[int, np.ndarray], *, start: float = 0.0) -> list[Speaking]:
    """The answers at every video frame, sound and frames given in the order of their times."""
    attributor, out, hop = Attributor(), [], 0
    for k in range(len(next(iter(mouths.values())))):
        while hop < len(speech) and hop * HOP_S <= k / FPS:
            attributor.add_speech(start + hop * HOP_S, float(speech[hop]))
            hop += 1
        motions = {face: None if np.isnan(m[k]) else float(m[k]) for face, m in mouths.items()}
        attributor.add_mouths(start + k / FPS, motions)
        out.append(attributor.speaking(start + k / FPS))
    return out


def spans(seconds: float, *on: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frame times, whether someone talks at each, and the probability of speech per hop."""
    t, hops = np.arange(0, seconds, 1 / FPS), np.arange(0, seconds, HOP_S)
    talking = np.any([(a <= t) & (t < b) for a, b in on], axis=0)
    speech = np.any([(a <= hops) & (hops < b) for a, b in on], axis=0)
    return t, talking, np.where(speech, 0.97, 0.02)


def course(answers: list[Speaking], face: int) -> np.ndarray:
    known = [answer.faces.get(face) for answer in answers]
    return np.array([np.nan if p is None else p for p in known])


def test_a_talking_face_gets_its_voice_within_a_second_and_loses_it_in_the_pause():
    t, on, speech = spans(8.0, (1.0, 4.0), (6.0, 8.0))
    p = course(play(speech, {7: talks(t, on, np.random.default_rng(0))}), 7)
    assert p[(t > 2.0) & (t < 4.0)].min() > 0.85
    assert p[(t > 4.3) & (t < 5.9)].max() < 0.05
    assert p[t > 7.0].min() > 0.9


@given(st.floats(0.0, 0.03), st.integers(0, 1000))
def test_a_still_mouth_never_gets_the_voice(noise: float, seed: int):
    t, _, speech = spans(5.0, (0.5, 4.5))
    rng = np.random.default_rng(seed)
    answers = play(speech, {1: noise * np.abs(rng.standard_normal(len(t)))})
    p = course(answers, 1)
    assert p.max() < 0.35
    assert p[t > 1.0].max() < 0.1
    assert np.mean([a.hidden or 0.0 for a, x in zip(answers, t, strict=True) if 1 < x < 4.5]) > 0.85


def test_of_several_faces_the_one_whose_lips_move_speaks():
    t, on, speech = spans(6.0, (1.0, 5.0))
    rng = np.random.default_rng(1)
    answers = play(speech, {1: rests(t, rng), 2: talks(t, on, rng), 3: rests(t, rng)})
    late = (t > 2.0) & (t < 5.0)
    assert course(answers, 2)[late].min() > 0.8
    assert course(answers, 1)[late].max() < 0.05
    assert answers[100].speaker() == 2


def test_the_voice_changes_hands_within_a_second():
    t, first, _ = spans(8.0, (1.0, 4.0))
    _, second, _ = spans(8.0, (4.0, 7.0))
    _, _, speech = spans(8.0, (1.0, 7.0))
    rng = np.random.default_rng(2)
    answers = play(speech, {1: talks(t, first, rng), 2: talks(t, second, rng)})
    assert course(answers, 1)[(t > 2.0) & (t < 4.0)].min() > 0.85
    assert course(answers, 2)[(t > 5.0) & (t < 7.0)].min() > 0.85
    assert course(answers, 1)[(t > 5.0) & (t < 7.0)].max() < 0.1


def test_chewing_through_silence_is_not_speaking_and_a_word_from_elsewhere_is_not_given_to_it():
    """The mouth moves all the time; someone out of view says a word now and then."""
    t, on, speech = spans(10.0, (4.0, 4.3), (6.0, 6.3), (8.0, 8.3))
    p = course(play(speech, {1: talks(t, np.ones_like(on), np.random.default_rng(3))}), 1)
    assert p[on].max() < 0.5
    assert p[~on].max() < 0.5


def test_the_probabilities_of_all_sources_add_up_to_that_of_speech():
    t, on, speech = spans(4.0, (1.0, 3.0))
    rng = np.random.default_rng(4)
    for k, answer in enumerate(play(speech, {1: talks(t, on, rng), 2: rests(t, rng)})):
        total = sum(p for p in answer.faces.values() if p is not None) + (answer.hidden or 0.0)
        if 1.2 < k / FPS < 2.9:
            assert total == pytest.approx(0.97)
        assert 0.0 <= total <= 1.0


def test_the_names_of_the_faces_do_not_matter():
    t, on, speech = spans(4.0, (0.5, 3.5))
    rng = np.random.default_rng(5)
    a, b = talks(t, on, rng), rests(t, rng)
    one, other = play(speech, {1: a, 2: b}), play(speech, {9: b, 4: a})
    assert course(one, 1).tolist() == course(other, 4).tolist()
    assert course(one, 2).tolist() == course(other, 9).tolist()


def test_a_shift_of_the_clock_changes_nothing():
    t, on, speech = spans(3.0, (0.5, 3.0))
    mouth = talks(t, on, np.random.default_rng(6))
    here, there = play(speech, {1: mouth}), play(speech, {1: mouth}, start=4096.0)
    np.testing.assert_allclose(course(here, 1), course(there, 1), atol=0.02)  # a hop may round across a bound


def test_the_future_changes_nothing():
    t, on, speech = spans(4.0, (1.0, 4.0))
    mouth = talks(t, on, np.random.default_rng(7))
    whole = play(speech, {1: mouth})
    half = play(speech[:200], {1: mouth[:60]})
    assert course(whole[:60], 1).tolist() == course(half, 1).tolist()


def test_lips_that_lead_the_sound_by_150_ms_are_still_its_source():
    t, on, speech = spans(5.0, (1.0, 4.0))
    lead = np.roll(on, -round(0.15 * FPS))
    p = course(play(speech, {1: talks(t, lead, np.random.default_rng(8))}), 1)
    assert p[(t > 2.0) & (t < 3.8)].min() > 0.9


def test_without_sound_there_is_no_probability():
    attributor = Attributor()
    for k in range(30):
        attributor.add_mouths(k / FPS, {1: 0.3})
        attributor.add_speech(k / FPS, None)
    answer = attributor.speaking(1.0)
    assert answer.faces == {1: None}
    assert answer.hidden is None
    assert answer.speaker() is None


def test_sound_that_stopped_coming_is_unknown_after_half_a_second():
    t, on, speech = spans(4.0, (0.5, 4.0))
    answers = play(speech[:200], {1: talks(t, on, np.random.default_rng(9))})
    assert answers[59].hidden is not None
    assert all(a.hidden is None for a, x in zip(answers, t, strict=True) if x > 2.5)


def test_a_face_that_left_is_forgotten_and_its_voice_is_hidden():
    t, on, speech = spans(6.0, (0.5, 6.0))
    rng = np.random.default_rng(10)
    gone = np.where(t < 2.0, talks(t, on, rng), np.nan)
    answers = play(speech, {1: gone, 2: rests(t, rng)})
    assert answers[62].faces[1] is not None  # 0.1 s later
    assert 1 not in answers[80].faces
    assert (answers[80].hidden or 0.0) > 0.7


def test_a_voice_with_no_face_in_view_is_hidden():
    attributor = Attributor()
    attributor.add_speech(0.0, 0.9)
    answer = attributor.speaking(0.0)
    assert answer.faces == {}
    assert answer.hidden == pytest.approx(0.9)


def test_what_cannot_be_is_refused():
    attributor = Attributor()
    attributor.add_speech(1.0, 0.5)
    attributor.add_mouths(1.0, {1: 0.1})
    with pytest.raises(BadInput, match="keep its order"):
        attributor.add_speech(0.9, 0.5)
    with pytest.raises(BadInput, match="keep their order"):
        attributor.add_mouths(0.9, {1: 0.1})
    with pytest.raises(BadInput, match=r"1\.5"):
        attributor.add_speech(2.0, 1.5)
    with pytest.raises(BadInput, match="face 1"):
        attributor.add_mouths(2.0, {1: -0.1})


@pytest.mark.parametrize(("key", "value"), [
    ("talking_speed", 0.01), ("moves_in_pauses", 0.5), ("hidden_prior", 1.0), ("turn_s", 0.0), ("voice_lag_s", 3.0),
])  # fmt: skip
def test_a_wrong_setting_is_refused_by_name(key: str, value: float):
    with pytest.raises(BadInput, match=key):
        AttributionSettings(**{key: value})
