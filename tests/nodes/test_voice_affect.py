"""The voice model's node, driven by a plain list of messages."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from made.voices import talker

from liveaffect.models import registry
from liveaffect.nodes.voice import VoiceNode
from liveaffect.nodes.voice_affect import VoiceAffectNode
from liveaffect.stream import messages as m
from liveaffect.stream.node import messages_of

HOP = 160


def descriptors(shared: Path, sound: np.ndarray) -> list[m.VoiceDescriptors]:
    """What the voice node says of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
        node = VoiceNode()
        node.open()
        messages: list[m.VoiceDescriptors] = []
        for hop in range(len(sound) // HOP):
            chunk = m.AudioChunk(
                t_ns=hop * 10_000_000, samples=sound[hop * HOP : (hop + 1) * HOP], first_sample=hop * HOP
            )
            messages += [out for out in messages_of(node.step(chunk)) if isinstance(out, m.VoiceDescriptors)]
        node.close()
    return messages


@pytest.fixture(scope="module")
def heard(shared: Path) -> tuple[np.ndarray, list[m.VoiceDescriptors]]:
    """A real talker's sound and the voice node's messages on it."""
    sound = talker(shared, "grid_f_brbk7n.mpg")
    return sound, descriptors(shared, sound)


def run(messages: list[m.VoiceDescriptors]) -> list[m.VoiceAffect]:
    node = VoiceAffectNode()
    node.open()
    outputs = [out for message in messages for out in messages_of(node.step(message))]
    said = [out for out in outputs if isinstance(out, m.VoiceAffect)]
    node.close()
    return said


def test_it_speaks_every_100_ms_with_the_time_of_the_hop_that_ends_the_window(heard):
    _, messages = heard
    said = run(messages)
    assert [s.t_ns for s in said] == [message.t_ns for message in messages[9::10]]
    assert {s.state for s in said} == {"ok", "silence"}


def test_numbers_are_there_exactly_where_the_state_is_ok(heard):
    _, messages = heard
    for s in run(messages):
        numbers = (s.valence, s.arousal, s.valence_sd, s.arousal_sd, s.emotions)
        if s.state == "ok":
            assert s.emotions is not None
            assert np.isfinite([*numbers[:4], *s.emotions]).all()  # type: ignore[list-item]
            assert sum(s.emotions) == pytest.approx(1.0)
        else:
            assert numbers == (None,) * 5


def test_the_node_says_what_the_whole_signal_call_says(heard, shared: Path, monkeypatch: pytest.MonkeyPatch):
    sound, messages = heard
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    whole = registry.load("voice-affect").predict(sound)
    said = run(messages)
    assert len(said) <= len(whole)
    for live, valence, arousal in zip(said, whole.valence, whole.arousal, strict=False):
        if live.valence is None:
            assert np.isnan(valence)
        else:
            assert (live.valence, live.arousal) == (valence, arousal), "the same numbers to the bit"


def test_a_gap_forgets_what_was_heard(heard):
    _, messages = heard
    at = next(k for k in range(9, len(messages), 10) if run(messages[: k + 1])[-1].state == "ok")
    before = [m.VoiceDescriptors(**{f: getattr(x, f) for f in x.__struct_fields__}) for x in messages[: at + 1]]
    before[-1].gap = True
    assert run(before)[-1].state == "silence"


def test_no_device_is_passed_on_without_numbers():
    said = run([m.VoiceDescriptors(t_ns=5, state="no_device")])
    assert [(s.t_ns, s.state, s.valence) for s in said] == [(5, "no_device", None)]


def test_a_hop_without_its_log_mel_row_counts_as_silence(heard):
    _, messages = heard
    bare = [
        m.VoiceDescriptors(t_ns=x.t_ns, first_sample=x.first_sample, speech_prob=1.0, values=x.values) for x in messages
    ]
    assert {s.state for s in run(bare)} == {"silence"}


def test_descriptors_of_an_older_recording_are_no_speech_and_the_reason_is_said(heard):
    """Rows of forty bands, as versions before the speech encoder wrote them."""
    _, messages = heard
    older = [
        m.VoiceDescriptors(
            t_ns=x.t_ns, first_sample=x.first_sample, speech_prob=x.speech_prob, values=x.values, mel_db=x.mel_db[:40]
        )
        for x in messages
    ]
    node = VoiceAffectNode()
    node.open()
    said = [out for message in older for out in messages_of(node.step(message)) if isinstance(out, m.VoiceAffect)]
    assert {(s.state, s.valence) for s in said} == {("low_quality", None)}
    assert "older version" in node.notice()
    assert node.info()["providers"] == ["CPUExecutionProvider"]
    node.close()


def test_between_two_answers_of_the_model_the_last_one_stands(heard):
    _, messages = heard
    spoken = [s for s in run(messages) if s.state == "ok"]
    changes = sum(a.valence != b.valence for a, b in pairwise(spoken))
    assert 1 <= changes <= len(spoken) / 3


@pytest.mark.long
def test_two_who_speak_at_once_are_more_than_one_voice_and_get_no_numbers(
    shared: Path, monkeypatch: pytest.MonkeyPatch
):
    """Talkers and sentences of a corpus that nothing was learned from: at once, 5 dB apart, and in turn."""
    woman, man = talker(shared, "grid_f_brbk7n.mpg"), talker(shared, "grid_m_swiz3n.mpg")
    n = min(len(woman), len(man))
    woman, man = woman[:n], man[:n] * (woman[:n].std() / man[:n].std())
    said = run(descriptors(shared, woman + man))
    told = [s for s in said if s.state == "more_voices"]
    assert {s.state for s in said} == {"silence", "more_voices"}
    assert {(s.valence, s.arousal, s.valence_sd, s.arousal_sd, s.emotions) for s in told} == {(None,) * 5}
    apart = [s.state for s in run(descriptors(shared, woman + 0.56 * man))]
    assert apart.count("more_voices") > apart.count("ok")
    in_turn = {s.state for s in run(descriptors(shared, np.concatenate([woman, man])))}
    assert in_turn == {"silence", "ok"}
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    whole = registry.load("voice-affect").predict(woman + man)
    assert [bool(more) for more in whole.more_voices[: len(said)]] == [s.state == "more_voices" for s in said]
    assert np.isnan(whole.valence).all()
    assert whole.undefined == len(whole)


@pytest.mark.long
def test_a_baseline_leaves_out_where_two_speak_at_once(shared: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    woman, man = talker(shared, "grid_f_brbk7n.mpg"), talker(shared, "grid_m_swiz3n.mpg")
    n = min(len(woman), len(man))
    woman, both = woman[:n], woman[:n] + man[:n] * (woman[:n].std() / man[:n].std())
    model = registry.load("voice-affect")
    alone, mixed = model.baseline([woman]), model.baseline([woman, both])
    assert alone.seconds > 1.0
    assert alone.left_out_s == 0.0
    assert mixed.seconds == alone.seconds
    assert mixed.left_out_s > 1.0
    np.testing.assert_array_equal(mixed.encoded, alone.encoded)


def test_a_mixture_teaches_nothing_of_the_voice(shared: Path):
    stream = registry.load("voice-affect").stream()
    sound = talker(shared, "grid_f_brbk7n.mpg")
    man = talker(shared, "grid_m_swiz3n.mpg")
    n = min(len(sound), len(man))
    for both, learned in ((sound[:n] + man[:n] * (sound[:n].std() / man[:n].std()), False), (sound[:n], True)):
        stream.reset()
        for hop in descriptors(shared, both):
            stream.push(hop.values, hop.mel_db, hop.speech_prob)
            stream.estimate()
        assert (stream.usual.seconds > 0) == learned
