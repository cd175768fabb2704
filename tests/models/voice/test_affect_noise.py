"""What the voice model states of itself as speech drowns: wider deviations, of valence above all."""

from pathlib import Path

import numpy as np
import pytest
from made.voices import live, talker

from liveaffect.models.voice.affect import VoiceAffectModel
from liveaffect.models.voice.encoder import ENCODED
from liveaffect.models.voice.mel import HOP
from liveaffect.models.voice.window import WINDOW_HOPS

pytestmark = pytest.mark.long

DROWNED = 0.61
"""Deviation of valence of speech that drowns: `training/voice/train.py`."""
TALKERS = ("grid_f_brbk7n.mpg", "grid_m_swiz3n.mpg")


def in_noise(sound: np.ndarray, snr_db: float) -> np.ndarray:
    """White noise against the loud part of the speech: 85 in a hundred hops are softer."""
    hops = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    loud = np.sqrt(np.percentile(hops.var(axis=1), 85))
    noise = np.random.default_rng(0).normal(0.0, loud * 10 ** (-snr_db / 20), len(sound))
    return (sound + noise).astype(np.float32)


def of_reach(model: VoiceAffectModel, reach_db: list[float]) -> np.ndarray:
    """Deviations (n, 2) that the heads give one and the same speech, were it to stand out so far."""
    n = len(reach_db)
    encoded = np.random.default_rng(1).normal(0.0, 0.1, ENCODED).astype(np.float32)
    nothing = np.zeros((n, ENCODED), np.float32)
    heard = np.column_stack([np.full(n, WINDOW_HOPS), reach_db]).astype(np.float32)
    zero = np.zeros((n, 1), np.float32)
    return model.net.run(
        {
            "encoded": np.repeat(encoded[None], n, axis=0), "heard": heard, "usual": nothing, "usual_weight": zero,
            "calm": nothing, "weight": zero,
        }
    )[2]  # fmt: skip


@pytest.mark.parametrize("name", TALKERS)
def test_the_deviation_of_valence_grows_as_noise_is_added(model: VoiceAffectModel, shared: Path, name: str):
    sound = talker(shared, name)
    clean, some, much = (
        float(np.nanmean(model.predict(heard).valence_sd))
        for heard in (sound, in_noise(sound, 10.0), in_noise(sound, 0.0))
    )
    assert clean < some < much
    assert much == pytest.approx(DROWNED, abs=0.02)


def test_the_deviation_of_valence_widens_smoothly_to_a_bound_and_not_where_speech_is_clear(model: VoiceAffectModel):
    reach_db = np.arange(0.0, 80.0, 0.5)
    sd = of_reach(model, reach_db.tolist())[:, 0]
    assert (np.diff(sd) <= 1e-6).all()
    assert (np.abs(np.diff(sd)) <= 0.03).all()
    assert sd[0] == pytest.approx(DROWNED, abs=0.001)
    assert sd[reach_db == 50.0][0] == pytest.approx(sd[-1], rel=0.01)


def test_noise_moves_what_is_said_live_and_of_the_whole_signal_alike(model: VoiceAffectModel, shared: Path):
    sound = in_noise(talker(shared, TALKERS[0]), 5.0)
    said = live(model, sound, shared)
    sds = np.array([np.nan if one is None else one.valence_sd for one in said], np.float32)
    assert np.isfinite(sds).any()
    np.testing.assert_array_equal(sds, model.predict(sound).valence_sd[: len(sds)])
