"""The face affect model as shipped: what goes in, what comes out, and what never does."""

import subprocess
import sys

import numpy as np
import pytest
from paths import ROOT

from liveaffect.models.circumplex import COORDINATES
from liveaffect.models.errors import BadInput
from liveaffect.models.face import affect as fa
from liveaffect.models.face import align, rules
from liveaffect.models.face.affect import FaceAffectModel
from liveaffect.models.face.geometry import GEOMETRY_SIZE, mirror
from liveaffect.models.face.neutral import relative
from liveaffect.models.face.population import NEUTRAL_MEAN

WEIGHTS = ROOT / "models" / "weights" / "face-affect.onnx"
FIELDS = ("valence", "arousal", "valence_sd", "arousal_sd", "emotions", "embedding")


@pytest.fixture(scope="module")
def model() -> FaceAffectModel:
    return FaceAffectModel(WEIGHTS)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def portrait():
    """Cuts from a public-domain portrait: (scale, shift x, shift y in sides of the aligned crop, angle in radians)."""
    astronaut = pytest.importorskip("skimage.data").astronaut()
    centre, side = np.array([224.5, 116.5]), 127.6  # where the aligned crop lies, measured once with landmarks

    def cut(scale: float, x: float, y: float, angle: float) -> np.ndarray:
        c, s = np.cos(angle) * scale * side / 320, np.sin(angle) * scale * side / 320
        linear = np.array([[c, -s], [s, c]])
        place = centre + side * np.array([x, y]) - linear @ np.array([160, 160])
        return align.warp(astronaut, np.column_stack([linear, place]), 320)

    return cut


def finite(result: fa.FaceAffectResult) -> bool:
    return all(np.isfinite(getattr(result, name)).all() for name in FIELDS)


def test_shapes_ranges_and_probabilities_that_sum_to_one(model, crops):
    result = model.predict(crops)
    assert result.valence.shape == result.arousal.shape == result.valence_sd.shape == result.arousal_sd.shape == (5,)
    assert result.emotions.shape == (5, 8)
    assert result.embedding.shape[0] == 5
    assert np.allclose(result.emotions.sum(1), 1, atol=1e-5)
    assert (np.abs([result.valence, result.arousal]) <= 1).all()
    assert (result.valence_sd > 0).all()
    assert (result.arousal_sd > 0).all()


def test_the_same_crops_give_the_same_bytes_alone_or_in_company(model, crops):
    vectors = np.tile(NEUTRAL_MEAN, (5, 1))
    first, second = model.predict(crops, vectors), model.predict(crops, vectors)
    alone = model.predict(crops[2:3], vectors[2:3])
    for name in FIELDS:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
        assert np.allclose(getattr(first, name)[2:3], getattr(alone, name), atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (48, 48), (64, 64), (31, 57), (400, 300)])
def test_crops_of_any_size_are_taken(model, size):
    assert finite(model.predict(np.full((2, *size, 3), 128, np.uint8)))


@pytest.mark.parametrize("level", [0, 255])
def test_a_black_or_white_crop_gives_numbers_and_never_nan(model, level):
    assert finite(model.predict(np.full((1, 96, 96, 3), level, np.uint8)))


def test_extreme_geometry_gives_numbers_and_never_nan(model, crops):
    assert finite(model.predict(crops, np.full((5, GEOMETRY_SIZE), 1e6, np.float32)))


def test_a_face_without_landmarks_is_judged_as_if_none_were_given(model, crops):
    vectors = np.tile(NEUTRAL_MEAN, (5, 1))
    vectors[3] = np.nan
    mixed, bare = model.predict(crops, vectors), model.predict(crops)
    assert np.allclose(mixed.emotions[3], bare.emotions[3], atol=1e-5)
    assert not np.allclose(mixed.emotions[0], bare.emotions[0], atol=1e-3)


def test_raw_geometry_means_the_population_for_a_neutral(model, crops):
    vectors = np.tile(NEUTRAL_MEAN, (5, 1)) + np.float32(0.05)
    assert np.array_equal(model.predict(crops, vectors).emotions, model.predict(crops, relative(vectors)).emotions)


def test_no_faces_give_empty_arrays(model):
    result = model.predict(np.zeros((0, 96, 96, 3), np.uint8))
    assert result.valence.shape == (0,)
    assert result.emotions.shape == (0, 8)
    assert result.embedding.shape == (0, 96)


def test_a_smile_in_the_geometry_raises_happiness_and_valence(model, crops):
    calm = np.tile(NEUTRAL_MEAN, (5, 1))
    smile = calm.copy()
    smile[:, [44, 45]] = 0.9
    before, after = model.predict(crops, calm), model.predict(crops, smile)
    assert after.emotions[:, 1].mean() > before.emotions[:, 1].mean()
    assert after.valence.mean() > before.valence.mean()


def test_the_uniform_prior_lifts_the_rare_categories(model, crops):
    natural, uniform = model.predict(crops), model.predict(crops, prior="uniform")
    assert np.allclose(uniform.emotions.sum(1), 1, atol=1e-5)
    rare = fa.PRIOR < 0.05
    assert (uniform.emotions[:, rare].sum(1) > natural.emotions[:, rare].sum(1)).all()
    assert np.isclose(fa.PRIOR.sum(), 1, atol=1e-3)


def test_the_uniform_prior_moves_valence_with_the_emotions_and_says_so_in_the_deviation(model, crops):
    natural, uniform = model.predict(crops), model.predict(crops, prior="uniform")
    moved = (uniform.emotions - natural.emotions) @ COORDINATES
    assert np.abs(moved).max() > 0.02
    assert np.allclose(uniform.valence, np.clip(natural.valence + moved[:, 0], -1, 1), atol=1e-4)
    assert np.allclose(uniform.valence_sd**2, natural.valence_sd**2 + moved[:, 0] ** 2, atol=1e-4)
    assert np.allclose(uniform.arousal_sd**2, natural.arousal_sd**2 + moved[:, 1] ** 2, atol=1e-4)


def test_poor_quality_widens_the_standard_deviations_and_nothing_else(model, crops):
    sure, unsure = (model.predict(crops, quality=np.full(5, q, np.float32)) for q in (1.0, 0.2))
    assert (unsure.valence_sd > sure.valence_sd).all()
    assert (unsure.arousal_sd > sure.arousal_sd).all()
    assert np.array_equal(unsure.valence, sure.valence)
    assert np.array_equal(model.predict(crops).valence_sd, sure.valence_sd)


def test_wrong_input_is_refused_with_what_to_give(model, crops):
    with pytest.raises(BadInput, match="uint8 RGB"):
        model.predict(crops.astype(np.float32))
    with pytest.raises(BadInput, match="uint8 RGB"):
        model.predict(crops[0])
    with pytest.raises(BadInput, match="geometry"):
        model.predict(crops, np.zeros((5, 7), np.float32))
    with pytest.raises(BadInput, match="prior"):
        model.predict(crops, prior="flat")
    with pytest.raises(BadInput, match="quality"):
        model.predict(crops, quality=np.ones(4, np.float32))


def test_the_weights_are_small_enough_to_commit():
    assert WEIGHTS.stat().st_size <= 8_000_000


def test_rules_read_a_smile_a_gasp_and_a_frown_from_blendshapes():
    blend = np.zeros((4, 52), np.float32)
    blend[1, [44, 45]] = 0.8
    blend[2, [3, 4, 5, 25]] = 0.7
    blend[3, [1, 2, 36, 37]] = 0.8
    result = rules.FaceRulesModel().predict(None, blend)
    assert result.emotions.argmax(1).tolist() == [0, 1, 2, 4]
    assert result.valence[1] > 0.5 > result.valence[0] > result.valence[3]


def test_rules_without_landmarks_say_nothing_rather_than_neutral(crops):
    result = rules.FaceRulesModel().predict(crops)
    assert np.isnan(result.valence).all()
    assert np.isnan(result.emotions).all()


@pytest.mark.processes
def test_load_is_offered_by_the_package_and_importing_it_opens_nothing():
    code = "import sys; from liveaffect.models import load; print('numba' in sys.modules, 'onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_mirrored_face_gets_nearly_the_same_answer(model, portrait):
    """The net sees a face once: what is told of it and of its mirror image differs by far less than it says it may."""
    seen = np.stack([portrait(1.0, 0.0, 0.0, angle) for angle in (-0.1, 0.0, 0.1)])
    vectors = NEUTRAL_MEAN + np.random.default_rng(5).normal(0, 0.1, (3, GEOMETRY_SIZE)).astype(np.float32)
    for given in (None, vectors):
        one = model.predict(seen, given)
        other = model.predict(np.ascontiguousarray(seen[:, :, ::-1]), None if given is None else mirror(given))
        assert np.array_equal(one.emotions.argmax(1), other.emotions.argmax(1))
        assert np.all(np.abs(one.valence - other.valence) < 0.5 * one.valence_sd)
        assert np.all(np.abs(one.arousal - other.arousal) < 0.5 * one.arousal_sd)


def test_a_loose_shifted_turned_crop_gets_nearly_the_answer_of_the_aligned_one(model, portrait):
    """The portrait smiles; landmarks play no part. As such a crop comes, the net would take the smile for surprise or
    nothing from about twice the face's width on."""
    close = model.predict(portrait(1.0, 0.0, 0.0, 0.0)[None])
    assert close.emotions[0, 1] > 0.8
    for cut in ((0.75, 0.05, 0.0, 0.0), (1.4, 0.15, -0.1, 0.0), (2.0, -0.2, 0.2, 0.2), (2.8, 0.1, 0.1, -0.2)):
        loose = model.predict(portrait(*cut)[None])
        assert abs(loose.emotions[0, 1] - close.emotions[0, 1]) < 0.12, cut
        assert abs(loose.valence[0] - close.valence[0]) < 0.12, cut


def test_a_crop_of_other_proportions_is_cut_again_from_its_own_pixels(model, portrait):
    loose = portrait(2.4, 0.0, 0.0, 0.0)
    tall = model.predict(loose[:, 60:260][None])
    assert abs(tall.emotions[0, 1] - model.predict(portrait(1.0, 0.0, 0.0, 0.0)[None]).emotions[0, 1]) < 0.15


def test_a_crop_with_geometry_is_taken_for_aligned_and_never_cut_again(model, portrait):
    loose = portrait(2.0, 0.1, 0.1, 0.0)[None]
    known, alone = model.predict(loose, NEUTRAL_MEAN[None]), model.predict(loose)
    assert alone.emotions[0, 1] > 0.8 > known.emotions[0, 1]
