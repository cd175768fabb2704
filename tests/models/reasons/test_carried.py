"""What a cue carried is measured on the model; a hidden mouth is never a cue, and sentences hold against numbers."""

from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.sentence_check import check
from PIL import Image

from liveaffect.models import registry
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face import align, own
from liveaffect.models.face.affect import SIDE
from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.neutral import relative
from liveaffect.models.face.population import NEUTRAL_MEAN
from liveaffect.models.reasons.carried import LEAST, NAMED, against, measure, named
from liveaffect.models.reasons.prosody import CUES, UNITS
from liveaffect.models.reasons.regions import _COLUMNS, REGIONS, at_rest, hidden
from liveaffect.models.reasons.sentence import sentences, shares
from liveaffect.stream import messages as m

CALM = relative(NEUTRAL_MEAN.astype(np.float32))


@pytest.fixture(scope="module")
def net() -> Any:
    return registry.load("face-affect")


def made_face(seed: int = 0) -> np.ndarray:
    """Something with contrast everywhere, of the size of a crop."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(30, 220, (12, 12, 3)).astype(np.uint8)
    return np.array(Image.fromarray(rough).resize((96, 96)))


def test_a_region_at_rest_changes_its_own_pixels_and_geometry_alone() -> None:
    crop, vector = made_face(), CALM.copy()
    vector[GEOMETRY_SIZE:] += 0.3
    vector[:GEOMETRY_SIZE] += 0.3
    covered, calm = at_rest(crop, vector, ("mouth",))
    changed = np.argwhere((covered != crop).any(axis=2)) / 96
    assert changed[:, 0].min() > 0.55
    assert 0.2 < changed[:, 1].min() < changed[:, 1].max() < 0.8
    moved = calm != vector
    assert 0 < moved[:GEOMETRY_SIZE].sum() == moved[GEOMETRY_SIZE:].sum() < 80
    assert not moved[GEOMETRY_SIZE - 2 : GEOMETRY_SIZE].any()
    np.testing.assert_allclose(calm[:GEOMETRY_SIZE] - calm[GEOMETRY_SIZE:], vector[:GEOMETRY_SIZE] - 0.3, atol=1e-5)


def test_every_part_of_the_geometry_belongs_to_one_cue() -> None:
    vector = CALM.copy()
    vector[GEOMETRY_SIZE:] = 1.0
    _, calm = at_rest(made_face(), vector, tuple(REGIONS))
    left = np.flatnonzero(calm[GEOMETRY_SIZE:])
    assert left.tolist() == [0]  # the blendshape that MediaPipe calls neutral


def test_what_a_cue_carried_is_the_models_own_difference(net: Any) -> None:
    crop = made_face(1)
    found = measure(net, crop, CALM)
    assert found is not None
    assert set(found.effects) == set(REGIONS) - {"head"}
    crop = align.resize(crop, SIDE)
    covered, calm = at_rest(crop, CALM, ("mouth",))
    said = net.predict(np.stack([crop, covered]), geometry=np.stack([CALM, calm]))
    assert found.effects["mouth"][0] == pytest.approx(said.valence[0] - said.valence[1], abs=1e-5)
    assert found.effects["mouth"][2] == pytest.approx(
        said.emotions[0, found.category] - said.emotions[1, found.category], abs=1e-5
    )


def test_a_turned_head_is_a_cue_that_is_measured(net: Any) -> None:
    vector = CALM.copy()
    vector[[GEOMETRY_SIZE - 2, -2]] += 0.4
    found = measure(net, made_face(1), vector)
    assert found is not None
    assert "head" in found.effects


@pytest.mark.parametrize("part", ["mouth", "eyes"])
def test_a_hidden_part_is_never_a_cue(net: Any, part: str) -> None:
    crop = made_face(2)
    top, bottom, left, right = (int(edge * 96) for edge in REGIONS[part].boxes[0])
    crop[top : bottom + 1, left : right + 1] = 128
    assert hidden(crop) == (part,)
    found = measure(net, crop, CALM)
    assert found is not None
    assert part not in found.effects
    assert found.hidden == (part,)


def test_effects_of_an_answer_beside_the_persons_own_are_taken_beside_it_too(net: Any) -> None:
    """Otherwise every cue would carry what was taken off the face as it is."""
    crop, vector = made_face(), CALM.copy()
    shift = np.array([1.0, 0, 0, -1.0, 0, 0, 0, 0])
    answer = net.predict(crop[None], geometry=vector[None])
    told = own.beside(answer, shift[None])
    estimate = np.array([told.valence[0], told.arousal[0], *told.emotions[0]], np.float64)
    found, raw = measure(net, crop, vector, estimate=estimate), measure(net, crop, vector)
    assert found is not None
    assert raw is not None
    assert not np.allclose(found.estimate, raw.estimate, atol=0.02)
    for name, effect in found.effects.items():
        covered, calm = at_rest(crop, vector, (name,))
        rest = own.beside(net.predict(covered[None], geometry=calm[None]), shift[None])
        assert effect[0] == pytest.approx(estimate[0] - rest.valence[0], abs=1e-4)
        assert effect[2] == pytest.approx(estimate[2 + found.category] - rest.emotions[0, found.category], abs=1e-4)


EFFECTS = st.dictionaries(
    st.sampled_from(list(REGIONS)), st.tuples(*[st.floats(-0.8, 0.8)] * 3), min_size=0, max_size=len(REGIONS)
)


@given(EFFECTS, st.integers(0, 2))
def test_named_cues_move_the_estimate_one_way_and_no_other_three_more(
    effects: dict[str, tuple[float, float, float]], target: int
) -> None:
    first = named(effects, target)
    moves = [effects[name][target] for name in first]
    assert len(first) <= NAMED
    assert all(abs(move) >= LEAST for move in moves)
    assert all(move > 0 for move in moves) or all(move < 0 for move in moves)
    assert moves == sorted(moves, key=abs, reverse=True)
    for sign in (1, -1):
        others = sorted((sign * e[target] for e in effects.values() if sign * e[target] >= LEAST), reverse=True)
        assert abs(sum(moves)) >= sum(others[:NAMED]) - 1e-9
    assert all(effects[name][target] * moves[0] < 0 for name in against(effects, target))


class Tangled:
    """A net whose brows, eyes and cheeks each raise valence, together no more than one of them; mouth and chin lower it
    by little each, together by much. It keeps how many faces it was asked about."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, crops: Any, geometry: Any = None, prior: Any = "natural", quality: Any = None) -> Any:
        del prior, quality
        self.asked.append(len(crops))
        there = [{name for name, at in _COLUMNS.items() if row[GEOMETRY_SIZE + at].any()} for row in geometry]
        up = [0.05 * max(0, len(one & {"brows", "eyes", "cheeks"}) - 2) for one in there]
        down = [0.24 if len(one & {"mouth", "chin"}) == 2 else 0.2 if one & {"mouth", "chin"} else 0.0 for one in there]
        eight = np.full((len(there), 8), 0.125)
        return SimpleNamespace(valence=np.array(up) - np.array(down), arousal=np.zeros(len(there)), emotions=eight)


def test_which_way_it_went_is_measured_together_where_sums_would_mislead() -> None:
    vector = CALM.copy()
    vector[GEOMETRY_SIZE:] += 0.05
    net = Tangled()
    found = measure(net, made_face(), vector)
    assert found is not None
    assert sum(found.effects[name][0] for name in ("brows", "eyes", "cheeks")) == pytest.approx(0.15)
    assert sum(found.effects[name][0] for name in ("mouth", "chin")) == pytest.approx(-0.08)
    assert found.ways[0] == -1
    assert net.asked == [7, 2]
    assert named(found.effects, 0) == ["brows", "cheeks", "eyes"]
    assert named(found.effects, 0, found.ways[0]) == ["chin", "mouth"]
    assert set(against(found.effects, 0, found.ways[0])) <= {"brows", "eyes", "cheeks"}


def reason_of(effects: dict[str, tuple[float, float, float]], units: bool) -> m.Reason:
    unit = m.Unit(name="AU12", value=3.14, rest=0.4)
    cues = tuple(
        m.Cue(name=k, valence=v[0], arousal=v[1], category=v[2], units=(unit,) if units and k == "mouth" else ())
        for k, v in effects.items()
    )
    return m.Reason(
        id=0, valence=0.6, arousal=-0.2, category="happiness", share=0.9, cues=cues, face_weight=0.75,
        voice_weight=0.25, missing=("voice: silence",),
    )  # fmt: skip


@given(EFFECTS, st.booleans())
def test_a_sentence_says_what_the_numbers_say(effects: dict[str, tuple[float, float, float]], units: bool) -> None:
    reason = reason_of(effects, units)
    check(reason)


def test_a_sentence_reads_evidence_first_and_verdict_last() -> None:
    reason = reason_of({"mouth": (0.31, 0.0, 0.5), "brows": (-0.05, 0.0, 0.0)}, units=True)
    assert sentences(reason) == (
        "Mouth (AU12 lip corner puller 3.1 of 5 at rest 0.4) raises valence by 0.31; against it brows lower valence by "
        "0.05: valence +0.60.",
        "No single cue carries it: arousal -0.20.",
        "Mouth (AU12 lip corner puller 3.1 of 5 at rest 0.4) raises happiness by 0.50: happiness 0.90.",
    )
    assert shares(reason) == "Weight in the fused estimate: face 0.75, voice 0.25. Missing: voice: silence."
    assert sentences(msgspec.structs.replace(reason, valence=None)) == ()
    assert reason.category in EMOTIONS


VOICE = st.dictionaries(st.sampled_from(CUES), st.tuples(*[st.floats(-0.8, 0.8)] * 3), max_size=4)


@given(EFFECTS, VOICE)
def test_the_voice_has_sentences_of_its_own_behind_those_of_the_face(
    effects: dict[str, tuple[float, float, float]], voice: dict[str, tuple[float, float, float]]
) -> None:
    cues = tuple(
        m.Cue(name=k, valence=v[0], arousal=v[1], category=v[2], modality="voice", value=31.26, rest=4.0, unit=UNITS[k])
        for k, v in voice.items()
    )
    heard = m.Heard(valence=-0.1, arousal=0.44, category="anger", share=0.5, cues=cues)
    check(msgspec.structs.replace(reason_of(effects, units=False), heard=heard))
    alone = m.Reason(id=-1, heard=heard)
    check(alone)
    assert all("the voice's" in sentence for sentence in sentences(alone))


class Even:
    """A net whose mouth raises valence and arousal as much as its brows lower them: one cue each way."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, crops: Any, geometry: Any = None, prior: Any = "natural", quality: Any = None) -> Any:
        del prior, quality
        self.asked.append(len(crops))
        mouth, brows = (
            np.array([row[GEOMETRY_SIZE + _COLUMNS[name]].any() for row in geometry]) for name in ("mouth", "brows")
        )
        eight = np.full((len(geometry), 8), 0.125)
        return SimpleNamespace(valence=0.2 * mouth - 0.25 * brows, arousal=0.2 * mouth - 0.1 * brows, emotions=eight)


def test_a_side_of_one_cue_is_not_asked_about_twice() -> None:
    vector, net = CALM.copy(), Even()
    vector[GEOMETRY_SIZE:] += 0.05
    found = measure(net, made_face(), vector)
    assert found is not None
    assert found.ways[:2] == (-1, 1)
    assert net.asked == [7]
