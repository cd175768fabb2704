"""People without messages: who is there, why nobody is, and what an observer of the filters is shown."""

from typing import Any

from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.people import HIDDEN, FaceSeen, People, PeopleSettings
from liveaffect.models.fusion.states import State

MS = 1_000_000
HAPPY = (0.05, 0.85, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)


class Witness:
    """Keeps what it is shown, and steps filters of its own with it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.filters: dict[int, PersonFilter] = {}
        self.same = True

    def stepped(
        self, person: int, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool, said: Fused
    ) -> None:
        self.calls.append(("step", person))
        mine = self.filters.setdefault(person, PersonFilter(FusionSettings()))
        self.same &= mine.step(t_s, face, voice, still=still) == said

    def asked(self, person: int, t_s: float) -> None:
        self.calls.append(("ask", person))

    def left(self, person: int) -> None:
        self.calls.append(("left", person))
        del self.filters[person]


def seen(number: int, state: State = "ok") -> FaceSeen:
    estimate = Estimate(0.7, 0.3, 0.2, 0.2, HAPPY) if state == "ok" else None
    return FaceSeen(number, state, estimate, HAPPY if state == "ok" else None, 0.0)


def people(**settings: Any) -> tuple[People, Witness]:
    witness = Witness()
    return People(PeopleSettings(FusionSettings(), **settings), "stale", "no_device", witness), witness


def test_an_observer_with_filters_of_its_own_has_the_same_answers() -> None:
    group, witness = people(forget_s=0.2)
    for k in range(30):
        faces = [seen(0), *([seen(1)] if k < 10 else [])]
        group.frame(k * 33 * MS, "ok", faces, gap=k == 20)
    assert witness.same
    assert witness.calls[:2] == [("step", 0), ("step", 1)]
    assert ("ask", 1) in witness.calls, "whoever is away is asked for"
    assert witness.calls.count(("left", 1)) == 1, "and then forgotten"
    assert witness.calls.count(("left", 0)) == 1, "a gap is the end of everyone"
    assert len(group) == 1


def test_the_voice_of_nobody_in_view_is_a_person_of_its_own() -> None:
    group, witness = people()
    for k in range(100):
        group.sound(k * 10 * MS, k * 10 * MS, 1.0, None)
    group.voice(990 * MS, "ok", Estimate(-0.6, 0.8, 0.3, 0.2, HAPPY), HAPPY)
    said = group.tick(1000 * MS)
    assert said is not None
    assert [(person.id, person.state) for person in said] == [(HIDDEN, "ok")]
    assert witness.calls == [("step", HIDDEN), ("ask", HIDDEN)]


def test_why_nobody_has_numbers() -> None:
    group, _ = people()
    assert group.state([]) == "stale"
    said = group.frame(0, "ok", [seen(0, "occluded")])
    assert [person.state for person in said] == ["occluded"]
    assert group.tick(50 * MS) is None, "an answer was just given"
    assert group.tick(700 * MS) == []
    assert (group.face_state, group.voice_state) == ("stale", "no_device")
    group.face_state = "no_device"
    assert group.state([]) == "no_device"
    group.voice_state = "ok"
    assert group.state([]) == "silence"
