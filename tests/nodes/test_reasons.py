"""The reasons node: whose turn it is, what it says, and that silence and a lost face yield nothing."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from liveaffect.models.face.population import NEUTRAL_MEAN
from liveaffect.nodes.reasons import ReasonsNode
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes

pytestmark = pytest.mark.long

FRAME_NS = 100_000_000


def frames(count: int, ids: tuple[int, ...] = (0,), state: m.State = "ok", **person: Any) -> list[m.Message]:
    """`count` frames at 10 Hz as the nodes before this one would tell them."""
    rough = np.random.default_rng(5).integers(30, 220, (12, 12, 3)).astype(np.uint8)
    crop = np.asarray(Image.fromarray(rough).resize((96, 96)))
    emotions = (0.1, 0.8, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)
    units = tuple(3.0 if i == 8 else 0.1 for i in range(22))  # AU12
    out: list[m.Message] = []
    for i in range(count):
        head: dict[str, Any] = {"t_ns": i * FRAME_NS, "seq": i, "frame_seq": i}
        faces = tuple(m.Face(id=k, state=state, au=units if state == "ok" else None) for k in ids)
        said = tuple(m.FaceEstimate(id=k, state=state, valence=0.5, valence_sd=0.1, arousal=0.2, arousal_sd=0.1,
                                    emotions=emotions) for k in ids)  # fmt: skip
        numbers = {"face_weight": 1.0, "voice_weight": 0.0, **person}
        people = tuple(m.Person(id=k, state="ok", valence=0.5, **numbers) for k in ids)
        geometry = np.stack([NEUTRAL_MEAN] * len(ids)).astype(np.float32) if ids else None
        crops = np.stack([crop] * len(ids)) if ids else None
        out += [
            m.FaceCrop(state="ok", faces=faces, crops=crops, geometry=geometry, **head),
            m.FaceObservation(state="ok", faces=faces, **head),
            m.FaceAffect(state="ok", faces=said, **head),
            m.Affect(state="ok", face_state="ok", voice_state="silence", people=people, **head),
        ]
    return out


def run(*messages: m.Message) -> list[m.Reasons]:
    return run_nodes(ReasonsNode(), inputs=messages, of=m.Reasons)


def test_one_person_is_explained_twice_a_second_with_units_against_their_own_rest() -> None:
    said = run(*frames(21))
    assert [one.t_ns for one in said] == [0, 500_000_000, 1_000_000_000, 1_500_000_000, 2_000_000_000]
    (reason,) = said[-1].people
    assert (reason.category, reason.valence, reason.share) == ("happiness", 0.5, 0.8)
    mouth = next(cue for cue in reason.cues if cue.name == "mouth")
    assert {cue.modality for cue in reason.cues} == {"face"}
    assert reason.missing == ("voice: silence",)
    assert mouth.units == ()  # this face has it all the time: its rest
    first = next(cue for cue in said[0].people[0].cues if cue.name == "mouth")
    assert [(unit.name, unit.value, unit.rest) for unit in first.units] == [("AU12", 3.0, None)]


def test_people_in_view_take_turns_and_a_request_keeps_to_one() -> None:
    assert [one.people[0].id for one in run(*frames(26, ids=(2, 5, 9)))] == [2, 5, 9, 2, 5, 9]
    asked = m.Command(t_ns=1, seq=0, request_id="a", verb="why", arguments={"face": 5})
    assert [one.people[0].id for one in run(*frames(26, ids=(2, 5, 9)), asked)] == [2, 5, 5, 5, 5, 5]
    asked = m.Command(t_ns=1, seq=0, request_id="a", verb="why", arguments={"face": 5, "for_s": 1.2})
    assert [one.people[0].id for one in run(*frames(26, ids=(2, 5, 9)), asked)] == [2, 5, 5, 9, 2, 5], "then in turn"


def test_without_a_measured_face_nothing_is_said() -> None:
    assert run(*frames(12, state="low_quality")) == []
    assert run(*frames(12, ids=())) == []


def test_two_runs_say_the_same_to_the_bit() -> None:
    one, other = run(*frames(8, ids=(0, 1))), run(*frames(8, ids=(0, 1)))
    assert [(cue.name, cue.valence) for r in one for p in r.people for cue in p.cues] == [
        (cue.name, cue.valence) for r in other for p in r.people for cue in p.cues
    ]


@pytest.mark.parametrize(
    ("weight", "words"),
    [(0.0, "voice: silence"), (0.02, "voice: weighs too little"), (0.4, "the voice is not taken apart")],
)
def test_without_a_voice_in_the_graph_no_prosodic_cue_is_named(weight: float, words: str) -> None:
    (reason,) = run(*frames(3, face_weight=1 - weight, voice_weight=weight))[0].people
    assert words in reason.missing
    assert reason.heard is None


def test_a_stretch_in_which_face_and_voice_differ_is_told_when_it_has_ended() -> None:
    seen = frames(40)
    for message in seen:
        if isinstance(message, m.Affect) and 10 <= message.frame_seq < 25:
            message.people[0].discord = 0.6
    angry = (0.1, 0.02, 0.02, 0.02, 0.8, 0.02, 0.01, 0.01)
    heard = m.VoiceAffect(t_ns=0, seq=0, state="ok", emotions=angry)
    (told,) = run_nodes(ReasonsNode(), inputs=[*seen, heard], of=m.Discord)
    assert (told.id, told.begin_ns // FRAME_NS, told.end_ns // FRAME_NS) == (0, 10, 24)
    assert told.t_ns > told.end_ns
    assert max(told.face) == told.face[1]
    assert max(told.voice) == told.voice[4]
