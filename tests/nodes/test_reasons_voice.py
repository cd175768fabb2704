"""Reasons of a voice: its model's own answers are taken apart; silence and too little speech yield no cue."""

from collections.abc import Iterable

import numpy as np
import pytest
from made.sentence_check import check

from liveaffect.cli.demo_media.schedule import SCHEDULE
from liveaffect.cli.demo_media.voice import RATE, controls, synthesise
from liveaffect.models import registry
from liveaffect.models.reasons.carried import TARGETS, named
from liveaffect.models.reasons.heard import USUAL_LEAST_S, VoiceFollower
from liveaffect.models.reasons.prosody import at_rest
from liveaffect.models.voice.descriptors.whole import mono_16k
from liveaffect.nodes.reasons import ReasonsNode
from liveaffect.nodes.reasons.listening import ASKED_NS, Listening
from liveaffect.nodes.voice import VoiceNode
from liveaffect.nodes.voice_affect import VoiceAffectNode
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes

pytestmark = pytest.mark.long

HOP, HOP_NS = 160, 10_000_000


def hops(sound: np.ndarray) -> list[m.VoiceDescriptors]:
    chunks = [
        m.AudioChunk(t_ns=k * HOP_NS, seq=k, first_sample=k * HOP, samples=sound[k * HOP : (k + 1) * HOP])
        for k in range(len(sound) // HOP)
    ]
    return run_nodes(VoiceNode(), inputs=chunks, of=m.VoiceDescriptors)


@pytest.fixture(scope="module")
def spoken() -> list[m.VoiceDescriptors]:
    """18 s of the demo's voice, most of it speech, calm and excited."""
    sound = mono_16k(synthesise(controls()), sample_rate=RATE)
    talks = [piece for piece in SCHEDULE if piece.voice != "silence"]
    parts = [sound[round(16000 * one.start_s) : round(16000 * one.end_s)] for one in talks]
    return hops(np.concatenate([*parts, *parts[:2]]).astype(np.float32))


def fused(count: int, weight: float) -> Iterable[m.Affect]:
    """A voice without a face, ten times a second, as fusion tells it."""
    for k in range(count):
        person = m.Person(id=-1, state="ok", voice_weight=weight, face_weight=0.0)
        yield m.Affect(
            t_ns=k * 10 * HOP_NS, seq=k, frame_seq=-1, state="ok", face_state="no_device", voice_state="ok",
            people=(person,),
        )  # fmt: skip


@pytest.fixture(scope="module")
def said(spoken: list[m.VoiceDescriptors]) -> list[m.Message]:
    return run_nodes(VoiceAffectNode(), ReasonsNode(), inputs=[*spoken, *fused(len(spoken) // 10, 1.0)])


def test_what_is_taken_apart_is_the_answer_that_the_voices_model_gave(said: list[m.Message]) -> None:
    answers = {(one.valence, one.arousal) for one in said if isinstance(one, m.VoiceAffect)}
    reasons = [one for one in said if isinstance(one, m.Reasons)]
    assert len(reasons) > 5
    for one in reasons:
        (reason,) = one.people
        assert (reason.id, reason.valence, reason.cues) == (-1, None, ())
        assert reason.heard is not None
        assert (reason.heard.valence, reason.heard.arousal) in answers
        assert {cue.name for cue in reason.heard.cues} <= {"pitch", "loudness", "rate", "pauses"}
        check(reason)
    named = [cue for one in reasons for cue in one.people[0].heard.cues]  # type: ignore[union-attr]
    assert max(abs(cue.arousal) for cue in named) > 0.02
    assert {cue.name for cue in named} >= {"pitch", "loudness", "rate"}


def test_a_voice_is_taken_apart_every_two_seconds_anew_for_another_person_and_sooner_for_whom_somebody_asked(
    spoken: list[m.VoiceDescriptors], said: list[m.Message]
) -> None:
    listening = Listening({"model": "voice-affect"})
    answers = {one.t_ns: one for one in said if isinstance(one, m.VoiceAffect) and one.state == "ok"}
    told: list[tuple[m.VoiceAffect, m.Heard]] = []
    for hop in spoken[:1500]:
        listening.hop(hop)
        found = listening.heard(answers[hop.t_ns])[0] if hop.t_ns in answers else None
        if found is not None:
            told.append((answers[hop.t_ns], found))
    assert len(told) > 40
    assert 2 <= len({heard.valence for _, heard in told}) <= 1 + len(told) / 20
    last, of_before = told[-1]
    assert last.valence != of_before.valence
    assert [listening.heard(last, *of)[0].valence == last.valence for of in ((-1,), (3,), (3,))] == [False, True, True]  # type: ignore[union-attr]
    assert listening.heard(last, -1, ASKED_NS)[0].valence == last.valence  # type: ignore[union-attr]


def test_the_cues_named_first_move_the_voices_estimate_more_than_the_others(spoken: list[m.VoiceDescriptors]) -> None:
    net = registry.load("voice-affect")
    follower, wins, contests = VoiceFollower(net), 0, 0
    for k, hop in enumerate(spoken):
        follower.push(hop.values, hop.mel_db, hop.speech_prob)
        said = follower.estimate() if k % 10 == 9 else None
        found = follower.measure(said) if said is not None and k % 50 == 49 else None
        if said is None or found is None:
            continue
        whole = np.array([said.estimate.valence, said.estimate.arousal, said.estimate.emotions[found.category]])
        for target in range(len(TARGETS)):
            first = named(found.effects, target, found.ways[target])
            others = [cue for cue in found.effects if cue not in first]
            by: list[float] = []
            for cues in (first, others):
                calm = at_rest(said.rows, said.values, said.speech, cues, said.now, said.rest) if cues else None
                if calm is not None:
                    again = net.judge(calm, net.encode(calm), None, said.usual)
                    by.append(abs(whole - (again.valence, again.arousal, again.emotions[found.category]))[target])
            if len(by) == 2:
                wins, contests = wins + (by[0] > by[1]), contests + 1
    assert contests >= 6
    assert wins >= 0.9 * contests


def test_nothing_is_unusual_before_the_usual_is_known(spoken: list[m.VoiceDescriptors], said: list[m.Message]) -> None:
    heard = np.cumsum([(hop.speech_prob or 0.0) >= 0.5 for hop in spoken]) / 100.0
    first = next(one for one in said if isinstance(one, m.Reasons))
    known = next(k for k, seconds in enumerate(heard) if seconds > 0.8 * USUAL_LEAST_S)
    assert first.t_ns >= spoken[known].t_ns


def test_the_same_hops_give_the_same_bits(spoken: list[m.VoiceDescriptors], said: list[m.Message]) -> None:
    again = run_nodes(VoiceAffectNode(), ReasonsNode(), inputs=[*spoken[:1500], *fused(145, 1.0)], of=m.Reasons)
    before = [repr(one) for one in said if isinstance(one, m.Reasons)]
    assert len(again) > 3
    assert [repr(one) for one in again] == before[: len(again)]


@pytest.mark.parametrize("weight", [0.0, 0.01])
def test_a_voice_without_weight_is_not_taken_apart(spoken: list[m.VoiceDescriptors], weight: float) -> None:
    few = spoken[:1300]
    assert run_nodes(VoiceAffectNode(), ReasonsNode(), inputs=[*few, *fused(130, weight)], of=m.Reasons) == []


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_silent_input_never_yields_a_prosodic_cue(spoken: list[m.VoiceDescriptors], noise: float) -> None:
    """Even where much was heard before, and fusion is said to give the voice all the weight."""
    quiet = hops((noise * np.random.default_rng(1).standard_normal(16000 * 3)).astype(np.float32))
    spoken = spoken[:1400]
    start = spoken[-1].t_ns + HOP_NS
    after = [
        m.VoiceDescriptors(
            t_ns=start + hop.t_ns, seq=len(spoken) + k, first_sample=(len(spoken) + k) * HOP, state=hop.state,
            speech_prob=hop.speech_prob, values=hop.values, mel_db=hop.mel_db,
        )
        for k, hop in enumerate(quiet)
    ]  # fmt: skip
    both = [*spoken, *after]
    told = run_nodes(VoiceAffectNode(), ReasonsNode(), inputs=[*both, *fused(len(both) // 10, 1.0)], of=m.Reasons)
    assert told
    assert max(one.t_ns for one in told) < start + 1_500_000_000  # the last words' answer ends with its hangover
    assert not [one for one in told if one.t_ns > start + 1_500_000_000]


def test_a_gap_is_followed_like_the_model_follows_it(spoken: list[m.VoiceDescriptors]) -> None:
    at = len(spoken) // 2
    broken = [
        m.VoiceDescriptors(
            t_ns=hop.t_ns, seq=hop.seq, first_sample=hop.first_sample, state=hop.state, speech_prob=hop.speech_prob,
            values=hop.values, mel_db=hop.mel_db, gap=k == at,
        )
        for k, hop in enumerate(spoken)
    ]  # fmt: skip
    told = run_nodes(VoiceAffectNode(), ReasonsNode(), inputs=[*broken, *fused(len(broken) // 10, 1.0)], of=m.Reasons)
    assert all(one.t_ns < spoken[at].t_ns + 1_000_000_000 or one.t_ns > spoken[at].t_ns + 6e9 for one in told)
