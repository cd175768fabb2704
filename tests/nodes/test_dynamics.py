"""The dynamics node: what it says follows from the nets' evidence and from nothing else, the same each time."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
from made import affect as made

from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.nodes.dynamics import DynamicsNode
from liveaffect.stream import messages as m
from liveaffect.stream.lockstep import run_nodes

pytestmark = pytest.mark.long

P = (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05)
STEP_NS = 100_000_000
AU12 = list(ACTION_UNITS).index("AU12")


def _conversation(seconds: int, *, follows: float = 0.9, shift_at: float | None = None) -> Iterator[m.Message]:
    """Two faces at 10 frames a second; the second does what the first did 0.8 s before. They take turns of 3 s."""
    rng = np.random.default_rng(11)
    n = seconds * 10
    leads, own = (0.2 * made.wander(n + 8, 0.1, 3.0, rng) for _ in range(2))
    people = np.stack([leads[8:], follows * leads[:-8] + np.sqrt(1 - follows**2) * own[8:]], 1)
    people = np.clip(people + 0.03 * rng.standard_normal(people.shape), -1, 1)
    if shift_at is not None:
        people[round(shift_at * 10) :, 0] -= 0.5 * np.sign(people[:, 0].mean() or 1.0)
    for k, row in enumerate(np.clip(people, -1, 1).tolist()):
        numbers = [{"valence": v, "valence_sd": 0.2, "arousal": v / 2, "arousal_sd": 0.2, "emotions": P} for v in row]
        t_ns, speaks = k * STEP_NS, k // 30 % 2
        au = [tuple(2.0 if u == AU12 and (k - 8 * who) % 70 < 12 else 0.1 for u in range(22)) for who in range(2)]
        yield m.FaceObservation(
            t_ns=t_ns, seq=k, frame_seq=k, state="ok", faces=tuple(m.Face(id=i, state="ok", au=au[i]) for i in range(2))
        )
        faces = tuple(m.FaceEstimate(id=i, state="ok", **numbers[i]) for i in range(2))  # type: ignore[arg-type]
        yield m.FaceAffect(t_ns=t_ns, seq=k, frame_seq=k, state="ok", faces=faces)
        said = tuple(m.Person(id=i, state="ok", speaking_prob=float(speaks == i)) for i in range(2))
        yield m.Affect(t_ns=t_ns, seq=k, frame_seq=k, state="ok", face_state="ok", people=said)


@pytest.fixture(scope="module")
def said() -> list[m.Message]:
    return list(run_nodes(DynamicsNode(), inputs=list(_conversation(150))))


def test_once_a_second_everyone_and_every_pair_is_said(said: list[m.Message]) -> None:
    people = [x for x in said if isinstance(x, m.Dynamics)]
    pairs = [x for x in said if isinstance(x, m.Together)]
    assert [x.t_ns // 10**9 for x in people] == list(range(1, 150))
    assert len(pairs) == len(people)
    assert {tuple(p.id for p in x.people) for x in people[1:]} == {(0, 1)}


def test_before_half_a_minute_there_is_no_inertia_and_after_it_there_is(said: list[m.Message]) -> None:
    early, late = (next(x for x in said if isinstance(x, m.Dynamics) and x.t_ns // 10**9 == t) for t in (28, 149))
    assert all(p.valence is None or p.valence.inertia_s is None for p in early.people)
    for person in late.people:
        assert person.by == "face"
        assert person.valence is not None
        assert person.valence.inertia_s is not None
        assert person.valence.inertia_s.low < 4.0
        assert person.valence.inertia_s.high > 2.0
        assert person.shares is not None
        assert person.transitions is not None
        assert len(person.transitions) == 64


def test_who_follows_whom_and_whose_smile_is_answered(said: list[m.Message]) -> None:
    last = [x for x in said if isinstance(x, m.Together)][-1].pairs[0]
    assert (last.first, last.second) == (0, 1)
    assert last.valence is not None
    assert last.valence.lag_s == pytest.approx(0.8, abs=0.15)
    assert last.valence.share > 0.2
    assert last.second_smiles_back is not None
    assert last.second_smiles_back.onsets >= 18
    assert last.second_smiles_back.answered >= last.second_smiles_back.onsets - 1  # the last one may just have begun
    assert last.first_smiles_back is not None
    assert last.first_smiles_back.answered == 0
    assert last.turns is not None
    assert last.turns.changes > 20
    assert last.valence_coupling is not None
    assert last.valence_coupling.second_by_first.rate.value > last.valence_coupling.first_by_second.rate.value


def test_the_same_messages_give_the_same_bits() -> None:
    runs = [list(run_nodes(DynamicsNode(), inputs=list(_conversation(75)))) for _ in range(2)]
    assert len(runs[0]) > 100
    assert [repr(x) for x in runs[0]] == [repr(x) for x in runs[1]]


def test_a_shift_is_said_with_its_time_and_size() -> None:
    run = run_nodes(DynamicsNode(), inputs=list(_conversation(60, shift_at=40.0)))
    shifts = [x for x in run if isinstance(x, m.Shift) and x.id == 0 and x.dimension == "valence"]
    assert len(shifts) == 1
    assert shifts[0].at_ns / 1e9 == pytest.approx(40.0, abs=0.6)
    assert shifts[0].t_ns / 1e9 <= 41.5
    assert abs(shifts[0].after - shifts[0].before) == pytest.approx(0.5, abs=0.3)


def test_a_replay_that_goes_back_starts_anew() -> None:
    once = list(_conversation(5))
    twice = [*once, *once]
    node = DynamicsNode()
    node.open()
    last = None
    for message in twice:
        if isinstance(message, m.FaceObservation):
            node.observed(message)
        elif isinstance(message, m.FaceAffect):
            node.face(message)
        elif isinstance(message, m.Affect):
            for one in cast("Iterator[m.Message]", node.affect(message)):
                last = one
    assert isinstance(last, m.Together)
    assert last.t_ns == 4 * 10**9


def test_a_face_that_is_not_clear_gives_nothing() -> None:
    node = DynamicsNode()
    node.open()
    for k in range(100):
        t_ns = k * STEP_NS
        face = m.FaceEstimate(id=0, state="low_quality")
        node.face(m.FaceAffect(t_ns=t_ns, frame_seq=k, state="low_quality", faces=(face,)))
        affect = m.Affect(t_ns=t_ns, frame_seq=k, face_state="low_quality")
        found = list(cast("Iterator[m.Message]", node.affect(affect)))
        assert all(not x.people for x in found if isinstance(x, m.Dynamics))
