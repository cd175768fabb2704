"""Conformal sets: coverage on made faces, and the file beside the weights."""

from pathlib import Path

import numpy as np
import pytest

from liveaffect.models.categories.likely import COVERAGE, LikelySets, calibrate
from liveaffect.models.categories.telling import Telling, Words
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput, ModelBroken
from liveaffect.models.files import manifest

GROUPS = (0, 1, 2, 3, 4, 5, 5, 5)


def made(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distributions of a model that is too sure of itself, and what raters say."""
    labels = rng.choice(8, n, p=(0.3, 0.25, 0.13, 0.12, 0.1, 0.04, 0.04, 0.02))
    logits = 1.5 * rng.standard_normal((n, 8))
    logits[np.arange(n), labels] += rng.uniform(0, 5, n)
    p = np.exp(1.5 * logits)
    return p / p.sum(1, keepdims=True), labels


def test_sets_hold_the_label_of_nine_in_ten_of_every_category() -> None:
    rng = np.random.default_rng(3)
    sets = LikelySets(tuple(calibrate(*made(6000, rng), GROUPS, COVERAGE)))
    p, labels = made(6000, rng)
    inside = np.array([EMOTIONS[k] in sets.of(row) for k, row in zip(labels, p.tolist(), strict=True)])
    assert 0.88 < inside.mean() < 0.92
    for k in range(5):
        assert 0.86 < inside[labels == k].mean() < 0.94, EMOTIONS[k]
    assert 0.86 < inside[labels > 4].mean() < 0.94


def test_a_group_with_too_few_faces_is_in_every_set() -> None:
    p, labels = made(400, np.random.default_rng(1))
    rare = labels == 7
    keep = ~rare | (np.cumsum(rare) < 5)
    least = calibrate(p[keep], labels[keep], range(8), COVERAGE)
    assert least[7] == 0.0
    assert all("contempt" in LikelySets(tuple(least)).of(row) for row in p[:20].tolist())


def test_a_set_is_never_empty_and_likeliest_first() -> None:
    sets = LikelySets((0.5,) * 8)
    assert sets.of([0.3, 0.4, 0.3, 0, 0, 0, 0, 0]) == ("happiness",)
    assert LikelySets((0.1,) * 8).of([0.2, 0.5, 0.3, 0, 0, 0, 0, 0]) == ("happiness", "surprise", "neutral")
    with pytest.raises(BadInput):
        sets.of([0.0] * 8)


def test_the_thresholds_beside_the_weights_are_those_of_the_shipped_model() -> None:
    label = f"face-affect {manifest.entry('face-affect').version}"
    for prior in ("natural", "uniform"):
        sets = LikelySets.load(label, prior)
        assert sets is not None, "run python -m training.face.sets --release after a new face-affect"
        assert all(0 < t < 1 for t in sets.least)
    assert LikelySets.load("somebody's 1.0", "natural") is None


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "sets.json"
    for text in ("{", '{"model": "m 1", "coverage": 0.9, "faces": 1, "least": {"natural": {"anger": 1}}}'):
        file.write_text(text)
        with pytest.raises(ModelBroken, match=r"sets\.json"):
            LikelySets.load("m 1", "natural", file)


def test_sets_are_told_of_a_calibrated_model_where_the_face_carries_the_estimate() -> None:
    happy = (0.04, 0.9, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01)
    telling = Telling()
    assert telling.of(happy, 1.0) == Words("", ())
    telling.model(f"face-affect {manifest.entry('face-affect').version}")
    assert telling.of(happy, 1.0).likely[0] == "happiness"
    assert telling.of(happy, 0.3) == telling.of(None, 1.0) == Words("", ())
