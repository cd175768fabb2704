"""The encoder is free; what tells more than one voice is a file of its own, for research, and can be done without."""

from pathlib import Path

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.errors import LicenceRefused, ModelBroken, ModelMissing
from liveaffect.models.files import manifest
from liveaffect.models.voice.affect import VoiceAffectModel
from liveaffect.models.voice.together import VoiceTogetherModel
from liveaffect.models.voice.window import SpeechWindow
from liveaffect.nodes.voice_affect import VoiceAffectNode

ROWS = np.random.default_rng(1).normal(-40, 10, (151, 80)).astype(np.float32)


def test_the_encoder_is_free_and_the_net_for_two_voices_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercial")
    encoder = registry.load("voice-encoder")
    assert [tensor.name for tensor in encoder.net.outputs] == ["means", "positions"]
    means, positions = encoder.hear(ROWS)
    assert (means.shape, positions.shape) == ((1152,), (1, 26, 1152))
    with pytest.raises(LicenceRefused, match="voice-together"):
        registry.load("voice-together")
    assert {one.entry.name: one.state for one in registry.status()}["voice-together"] == "refused"
    node = VoiceAffectNode(model="voice-rules")
    node.open()
    assert node.notice() == ""
    node.close()


def test_positions_are_what_the_means_are_of() -> None:
    encoder = registry.load("voice-encoder")
    one, at_one = encoder.hear(ROWS[:2])  # a single position
    assert at_one.shape == (1, 1, 1152)
    np.testing.assert_allclose(at_one[0, 0], one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("error", [LicenceRefused("forbidden"), ModelMissing("not there")])
def test_without_it_a_run_goes_on_and_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    path = registry.path

    def without(name: str) -> Path:
        if name == "voice-together":
            raise error
        return path(name)

    whole = registry.load("voice-affect")
    monkeypatch.setattr(registry, "path", without)
    node = VoiceAffectNode()
    node.open()
    assert "nobody is called more than one voice" in node.notice()
    node.close()
    bare = registry.load("voice-affect")
    assert isinstance(bare, VoiceAffectModel)
    assert bare.together is None
    window = SpeechWindow()
    for row in ROWS:
        window.push(np.zeros(26), row, 1.0)
    monkeypatch.setattr(whole.together, "share", lambda _: 0.4)
    told, untold = whole.run(window, None), bare.run(window, None)
    assert (told.more_voices, untold.more_voices) == (True, False)
    assert (told.valence, told.arousal, told.emotions) == (untold.valence, untold.arousal, untold.emotions)


def test_a_net_of_another_encoder_is_refused() -> None:
    with pytest.raises(ModelBroken, match="positions"):
        VoiceTogetherModel(registry.load("voice-encoder").net)


def test_all_weights_of_the_voice_are_small() -> None:
    found = [one for name, one in manifest.entries().items() if name.startswith("voice-") and one.bytes]
    assert {one.name for one in found} == {"voice-encoder", "voice-together", "voice-affect"}
    assert sum(one.bytes or 0 for one in found) <= 12_000_000
