"""Face quality: falls with the light, the size, the sharpness and the turn, and says why."""

import numpy as np
import pytest

from liveaffect.models.face import align
from liveaffect.models.face.quality import LOW_QUALITY, face_quality


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """A crop with structure at every scale, as a face has."""
    rng = np.random.default_rng(0)
    field = sum(
        np.kron(rng.normal(0, 1, (96 // k, 96 // k)), np.ones((k, k))) * weight
        for k, weight in ((24, 30), (12, 15), (6, 10), (3, 8), (2, 6), (1, 4))
    )
    return np.repeat(np.clip(128 + field, 0, 255)[..., None], 3, 2).astype(np.uint8)


def test_a_well_lit_sharp_large_frontal_face_is_of_full_quality(crop):
    judged = face_quality(crop, 150, 5)
    assert judged.quality == 1
    assert not judged.low_quality
    assert judged.reasons == ()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((10, 0, 0), "small"),
        ((27, 0, 0), "small"),
        ((150, 75, 0), "turned"),
        ((150, -75, 0), "turned"),
        ((150, 0, 60), "turned"),
    ],
)
def test_a_small_or_turned_face_is_low_quality_for_that_reason(crop, arguments, reason):
    judged = face_quality(crop, *arguments)
    assert judged.low_quality
    assert judged.reasons == (reason,)


def test_darkness_overexposure_flatness_and_blur_are_named(crop):
    smooth = align.resize(align.resize(crop, 6), 96)
    assert "dark" in face_quality((crop * 0.02).astype(np.uint8), 150, 0).reasons
    assert "bright" in face_quality(np.maximum(crop, 252), 150, 0).reasons
    assert "flat" in face_quality(np.full_like(crop, 128), 150, 0).reasons
    assert "blurred" in face_quality(smooth, 150, 0).reasons


def test_quality_never_rises_as_the_face_gets_smaller_or_turns_away(crop):
    by_size = [face_quality(crop, px, 0).quality for px in (100, 40, 30, 20, 10)]
    by_yaw = [face_quality(crop, 100, yaw).quality for yaw in (0, 20, 40, 50, 70)]
    assert by_size == sorted(by_size, reverse=True)
    assert by_yaw == sorted(by_yaw, reverse=True)
    assert min(by_size + by_yaw) < LOW_QUALITY


def test_a_turn_or_size_that_is_not_finite_is_low_quality(crop):
    assert face_quality(crop, float("nan"), 0).low_quality
    assert face_quality(crop, 100, float("nan")).low_quality


def test_something_that_is_no_crop_is_refused(crop):
    with pytest.raises(ValueError, match="crop_face"):
        face_quality(crop[..., 0], 100, 0)
