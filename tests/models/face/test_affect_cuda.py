"""The face model on a GPU says what it says on the CPU. Skipped, with the reason, where there is no GPU to run it."""

import numpy as np
import pytest
from paths import ROOT

from liveaffect.models.face.affect import FaceAffectModel
from liveaffect.models.face.population import NEUTRAL_MEAN
from liveaffect.models.files.net import Net

WEIGHTS = ROOT / "models" / "weights" / "face-affect.onnx"
TOLERANCE = 5e-3  # layers of whole numbers, worked out as decimals: 0.002 on 75 faces


@pytest.fixture(scope="module")
def on_gpu() -> FaceAffectModel:
    session = Net(WEIGHTS, provider="cuda")
    if session.providers[0] != "CUDAExecutionProvider":
        pytest.skip(f"no GPU: {session.notice}")
    return FaceAffectModel(session, batch=256)


def test_a_gpu_gives_the_cpus_answers_for_single_faces_and_for_batches(on_gpu: FaceAffectModel) -> None:
    rng = np.random.default_rng(3)
    crops = rng.integers(0, 256, (300, 96, 96, 3)).astype(np.uint8)
    vectors = (NEUTRAL_MEAN + rng.normal(0, 0.1, (300, len(NEUTRAL_MEAN)))).astype(np.float32)
    vectors[::3] = np.nan
    on_cpu = FaceAffectModel(WEIGHTS)
    wanted, batched = on_cpu.predict(crops, vectors), on_gpu.predict(crops, vectors)
    single = on_gpu.predict(crops[:1], vectors[:1])
    for name in ("valence", "arousal", "valence_sd", "arousal_sd", "emotions"):
        np.testing.assert_allclose(getattr(batched, name), getattr(wanted, name), atol=TOLERANCE)
        np.testing.assert_allclose(getattr(single, name), getattr(wanted, name)[:1], atol=TOLERANCE)


def test_a_model_asked_onto_a_gpu_that_is_not_there_answers_from_the_cpu_and_says_so() -> None:
    session = Net(WEIGHTS, provider="cuda")
    if session.providers[0] == "CUDAExecutionProvider":
        pytest.skip("this machine has a GPU that starts")
    assert session.notice is not None
    crops = np.full((2, 64, 64, 3), 120, np.uint8)
    given, wanted = FaceAffectModel(session).predict(crops), FaceAffectModel(WEIGHTS).predict(crops)
    assert np.array_equal(given.emotions, wanted.emotions)
