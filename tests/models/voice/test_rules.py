"""Arousal of the voice by rule: allowed where the net is not, arousal alone, calm below angry on real speech."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from liveaffect.models import registry
from liveaffect.models.errors import LicenceRefused
from liveaffect.models.voice.baseline import VoiceBaseline
from liveaffect.models.voice.descriptors import NAMES
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.rules import VoiceRulesModel
from liveaffect.models.voice.window import SUMMARY_NAMES
from liveaffect.nodes.voice_affect import VoiceAffectNode
from liveaffect.stream import messages as m


@pytest.fixture
def rules(shared: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceRulesModel:
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercial")
    return registry.load("voice-rules")


@pytest.fixture(scope="module")
def speaker(shared: Path) -> dict[str, list[np.ndarray]]:
    """Six calm and six angry utterances of one Polish speaker."""
    found: dict[str, list[np.ndarray]] = {"neutral": [], "anger": []}
    with zipfile.ZipFile(shared / "data" / "speech" / "nemo_7_speakers.zip") as archive:
        for line in archive.read("manifest.csv").decode().splitlines()[1:]:
            file, label, *rest = line.split(",")
            if "IC0" in rest and len(found.get(label, [None] * 6)) < 6:
                found[label].append(soundfile.read(io.BytesIO(archive.read(file)), dtype="float32")[0])
    return found


def test_a_commercial_profile_refuses_the_net_and_names_the_rules(rules: VoiceRulesModel) -> None:
    with pytest.raises(LicenceRefused, match=r"voice-affect.*use `voice-rules` instead"):
        registry.load("voice-affect")


@pytest.mark.long
@pytest.mark.parametrize("known", [False, True])
def test_anger_is_more_aroused_than_neutral(
    rules: VoiceRulesModel, speaker: dict[str, list[np.ndarray]], known: bool
) -> None:
    baseline = rules.baseline(speaker["neutral"][:3]) if known else None
    assert baseline is None or baseline.seconds > 3.0
    angry, calm = (
        [np.nanmean(rules.predict(sound, baseline=baseline).arousal) for sound in sounds]
        for sounds in (speaker["anger"], speaker["neutral"][3:])
    )
    assert np.mean([a > c for a in angry for c in calm]) >= 0.8


def test_valence_and_emotions_are_not_told(rules: VoiceRulesModel, speaker: dict[str, list[np.ndarray]]) -> None:
    said = rules.predict(speaker["anger"][0])
    spoken = np.isfinite(said.arousal)
    assert spoken.any()
    assert (said.arousal_sd[spoken] >= 0.3).all()
    assert (np.abs(said.arousal[spoken]) <= 1).all()
    for column in (said.valence, said.valence_sd, said.emotions):
        assert np.isnan(column).all()


def test_speech_like_the_calm_speech_is_calm(rules: VoiceRulesModel) -> None:
    values = np.random.default_rng(0).uniform(20, 40, (200, len(NAMES))).astype(np.float32)
    stream = rules.stream()
    for row in values:
        stream.push(row, np.zeros(N_MELS), 0.9)
    from liveaffect.models.voice.window import summary

    calm = VoiceBaseline(functionals=summary(values), seconds=1e6)
    assert rules.run(stream.window, calm).arousal == pytest.approx(0.2, abs=1e-3)
    higher = calm.functionals.copy()
    higher[SUMMARY_NAMES.index("f0_semitone_at50")] += 3.0
    assert rules.run(stream.window, VoiceBaseline(functionals=higher, seconds=1e6)).arousal < 0.1


def test_the_node_says_arousal_and_null_for_the_rest(rules: VoiceRulesModel) -> None:
    node = VoiceAffectNode(model="voice-rules")
    node.open()
    assert node.info()["model"] == "voice-rules 1"
    said = None
    for hop in range(60):
        heard = m.VoiceDescriptors(
            t_ns=hop * 10**7, state="ok", first_sample=hop * 160, values=dict.fromkeys(NAMES, 30.0),
            mel_db=(-40.0,) * N_MELS, speech_prob=0.9,
        )  # fmt: skip
        said = node.step(heard) or said
    assert isinstance(said, m.VoiceAffect)
    assert said.state == "ok"
    assert said.arousal is not None
    assert (said.valence, said.valence_sd, said.emotions) == (None, None, None)
