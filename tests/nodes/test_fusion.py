"""The fusion node: who is there, what is missing and why, whose voice it is."""

from collections.abc import Iterable
from typing import Any, get_args

import pytest

from liveaffect.models.files import manifest
from liveaffect.models.fusion.people import HIDDEN
from liveaffect.models.fusion.states import STATES
from liveaffect.nodes.fusion import FusionNode
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes

MS = 1_000_000
HAPPY = (0.05, 0.85, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)
ANGRY = (0.05, 0.02, 0.02, 0.02, 0.85, 0.02, 0.01, 0.01)


def _face(ms: float, *ids: int, state: m.State = "ok", valence: float = 0.7, motion: float = 0.0) -> m.FaceAffect:
    numbers: dict[str, Any] = {}
    if state == "ok":
        numbers = {"valence": valence, "valence_sd": 0.2, "arousal": 0.3, "arousal_sd": 0.2, "emotions": HAPPY}
    faces = tuple(m.FaceEstimate(id=i, state=state, mouth_motion=motion, **numbers) for i in ids)
    whole: m.State = state if ids else "no_face"
    return m.FaceAffect(t_ns=int(ms * MS), seq=int(ms), frame_seq=int(ms), state=whole, faces=faces)


def _voice(ms: int) -> m.VoiceAffect:
    return m.VoiceAffect(
        t_ns=ms * MS, seq=ms, state="ok", valence=-0.6, valence_sd=0.3, arousal=0.8, arousal_sd=0.2, emotions=ANGRY
    )


def _sound(start: int, end: int, speech: float) -> list[m.Message]:
    return [m.VoiceDescriptors(t_ns=t * MS, seq=t, speech_prob=speech) for t in range(start, end, 10)]


def _ticks(start: int, end: int) -> list[m.Message]:
    return [m.Tick(t_ns=t * MS, seq=t) for t in range(start, end, 100)]


def _run(messages: Iterable[m.Message], **settings: Any) -> list[m.Affect]:
    ordered = sorted(messages, key=lambda x: x.t_ns)
    return [x for x in run_nodes(FusionNode(**settings), inputs=ordered) if isinstance(x, m.Affect)]


def test_every_frame_is_answered_with_everyone_in_it() -> None:
    said = _run([_face(t, 0, 3) for t in range(0, 500, 33)])
    assert [x.frame_seq for x in said] == list(range(0, 500, 33))
    assert {tuple(p.id for p in x.people) for x in said} == {(0, 3)}
    assert all(p.valence is not None and p.face_weight == 1.0 for x in said for p in x.people)


def test_a_lost_face_is_carried_on_for_a_moment_and_then_is_not_a_number() -> None:
    said = _run([*(_face(t, 0) for t in range(0, 330, 33)), *(_face(t) for t in range(330, 1320, 33))], coast_s=0.4)
    last_seen = 297
    for x in said:
        gone = x.t_ns / MS - last_seen
        if gone <= 0:
            assert x.people[0].valence is not None
        elif gone <= 400:
            assert x.people[0].coasting
            assert x.face_state == "no_face"
        else:
            assert x.people == ()
            assert x.state == "no_face"


def test_intervals_widen_while_a_face_is_carried_on() -> None:
    said = _run([_face(0, 0), _face(33, 0), *(_face(t) for t in range(66, 400, 33))])
    widths = [x.people[0].valence_sd for x in said[1:]]
    assert widths == sorted(widths)  # type: ignore[type-var]
    assert widths[-1] > widths[0]  # type: ignore[operator]


def test_an_unclear_face_has_a_state_and_no_numbers() -> None:
    person = _run([_face(0, 0, state="low_quality")])[0].people[0]
    assert person.state == "low_quality"
    assert (person.valence, person.emotions, person.discord) == (None, None, None)


def test_a_still_image_is_answered_without_shrinkage() -> None:
    photo = _face(0, 0, valence=0.9)
    photo.still = True
    person = _run([photo])[0].people[0]
    assert (person.valence, person.valence_sd, person.emotions) == (0.9, 0.2, pytest.approx(HAPPY))


def test_a_voice_goes_to_the_face_whose_mouth_moves() -> None:
    faces: list[m.Message] = []
    for t in range(0, 4000, 33):
        frame = _face(t, 0, 1)
        frame.faces[0].mouth_motion = 0.4 if (t // 120) % 2 else 0.1
        frame.faces[1].mouth_motion = 0.01
        faces.append(frame)
    said = _run([*faces, *_sound(0, 4000, 0.98), *(_voice(t) for t in range(1000, 3500, 100))])
    talker, listener = said[-1].people
    assert talker.speaking_prob is not None
    assert talker.speaking_prob > 0.8 > 0.2 > (listener.speaking_prob or 0.0)
    assert (talker.voice_weight or 0) > 0.05
    assert listener.voice_weight == 0.0
    assert talker.discord is not None
    assert listener.discord is None


def test_a_voice_that_fits_no_visible_mouth_belongs_to_no_face() -> None:
    still_mouth = [_face(t, 0, motion=0.005) for t in range(0, 4000, 33)]
    said = _run([*still_mouth, *_sound(0, 4000, 0.98), *(_voice(t) for t in range(1000, 3500, 100))])
    assert {p.id for p in said[-1].people} == {0, HIDDEN}
    face = next(p for p in said[-1].people if p.id == 0)
    assert face.voice_weight == 0.0


def test_sound_alone_is_answered_every_tick() -> None:
    said = _run([*_sound(0, 3000, 0.95), *(_voice(t) for t in range(500, 2900, 100)), *_ticks(0, 3000)])
    assert len(said) == 30
    assert said[-1].people[0].id == HIDDEN
    assert said[-1].people[0].valence is not None
    assert said[-1].state == "ok"
    assert said[0].state in ("no_device", "silence")


def test_silence_of_a_stream_is_noticed_and_a_dead_node_is_named() -> None:
    down = m.Health(t_ns=1500 * MS, seq=0, node="face", process="face", state="node_down")
    said = _run([*(_face(t, 0) for t in range(0, 330, 33)), down, *_ticks(400, 2500)])
    states = {x.t_ns // MS: x.face_state for x in said}
    assert states[500] == "ok"
    assert states[1000] == "stale"
    assert states[2000] == "node_down"
    assert all(x.people == () for x in said if x.t_ns >= 1000 * MS)


def test_the_same_messages_give_the_same_bits() -> None:
    def inputs() -> list[m.Message]:
        faces = [_face(t, 0, motion=0.3 * (t % 5)) for t in range(0, 2000, 33)]
        return [*faces, *_sound(0, 2000, 0.7), *(_voice(t) for t in range(500, 1600, 100)), *_ticks(0, 2000)]

    first, second = _run(inputs()), _run(inputs())
    assert [x.people for x in first] != []
    for one, two in zip(first, second, strict=True):
        assert [(p.valence, p.arousal, p.emotions) for p in one.people] == [
            (p.valence, p.arousal, p.emotions) for p in two.people
        ]


def _named(*asked: dict[str, Any]) -> list[m.Message]:
    """What is said when, before each of the frames after the first, a request comes."""
    given: list[m.Message] = [_face(0, 0, 1)]
    for i, arguments in enumerate(asked, 1):
        given.append(m.Command(t_ns=i * 33_000_000 - 1, verb="people", arguments=arguments, request_id=str(i)))
        given.append(_face(i * 33, 0, 1))
    return run_nodes(FusionNode(), inputs=given)


def test_people_have_the_names_they_were_given_from_the_next_frame_on() -> None:
    said = _named({"action": "name", "face": 1, "name": " P01 "}, {"action": "name", "face": 1}, {"action": "clear"})
    names = [[person.name for person in one.people] for one in said if isinstance(one, m.Affect)]
    assert names == [["", ""], ["", "P01"], ["", ""], ["", ""]]
    acks = [one for one in said if isinstance(one, m.Ack)]
    assert [(ack.ok, ack.text) for ack in acks] == [
        (True, "face 1 is P01"), (True, "face 1 has no name"), (True, "nobody has a name"),
    ]  # fmt: skip


def test_a_name_belongs_to_one_person() -> None:
    said = _named({"action": "name", "face": 0, "name": "P01"}, {"action": "name", "face": 1, "name": "P01"})
    acks = [one for one in said if isinstance(one, m.Ack)]
    assert [ack.ok for ack in acks] == [True, False]
    assert "face 0 is called 'P01' already" in acks[1].text
    assert not _acks(_named({"action": "name", "name": "P01"}))[0].ok
    refused = _acks(_named({"action": "name", "face": 7, "name": "P07"}))[0]
    assert (refused.ok, refused.text) == (False, "people: there is no face 7 in this run; faces so far: 0, 1")


def _acks(said: list[m.Message]) -> list[m.Ack]:
    return [one for one in said if isinstance(one, m.Ack)]


def test_messages_and_models_mean_the_same_by_a_state() -> None:
    assert get_args(m.State) == STATES
    assert set(m.STATE_WORDS) == set(STATES)


def test_a_distribution_is_told_as_a_compound_and_as_a_set_of_what_raters_would_say() -> None:
    torn = (0.04, 0.46, 0.45, 0.01, 0.01, 0.01, 0.01, 0.01)
    frame = _face(0, 0)
    frame.model, frame.faces[0].emotions = f"face-affect {manifest.entry('face-affect').version}", torn
    (person,) = _run([frame])[0].people
    assert person.compound == "happily surprised"
    assert "surprise" in person.likely
    frame.faces[0].valence_sd = 0.45  # hardly more than that somebody is there
    (unsure,) = _run([frame])[0].people
    assert (unsure.compound, unsure.likely) == ("", ())
