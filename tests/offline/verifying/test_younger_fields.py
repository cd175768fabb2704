"""A recording that is older than a field of its messages is verified by what it holds."""

import msgspec

from liveaffect.offline.verifying.compare import Tally, fields_of
from liveaffect.stream.messages import Affect, FaceObservation, Person
from liveaffect.stream.wire import to_json


def test_a_field_that_the_recording_lacks_is_not_compared() -> None:
    said = FaceObservation(t_ns=1, frame_seq=1, width=64, height=48, unmeasured=3)
    old = msgspec.json.decode(to_json(said, arrays=False))
    del old["unmeasured"]
    fields = fields_of(msgspec.json.encode(old))
    recorded = msgspec.structs.replace(said, unmeasured=0)
    tally = Tally(fields=fields)
    tally.add(recorded, said)
    assert (tally.compared, tally.differing) == (1, 0)
    tally.add(recorded, msgspec.structs.replace(said, width=65))
    assert tally.first is not None
    assert tally.first.path == "width"


def test_a_field_that_the_recording_holds_is_compared() -> None:
    said = FaceObservation(t_ns=1, frame_seq=1, unmeasured=3)
    tally = Tally(fields=fields_of(to_json(said, arrays=False)))
    tally.add(msgspec.structs.replace(said, unmeasured=0), said)
    assert tally.first is not None
    assert tally.first.path == "unmeasured"
    assert fields_of(b"[1]") is None


def test_a_field_that_recorded_parts_lack_is_not_compared() -> None:
    person = Person(id=0, state="ok", valence=0.5, likely=("happiness",))
    said = Affect(t_ns=1, people=(person,))
    old = msgspec.json.decode(to_json(said, arrays=False))
    del old["people"][0]["likely"]
    nobody = to_json(Affect(t_ns=0), arrays=False)
    tally = Tally(fields=fields_of(nobody, msgspec.json.encode(old)))
    tally.add(Affect(t_ns=1, people=(msgspec.structs.replace(person, likely=()),)), said)
    assert (tally.compared, tally.differing) == (1, 0)
    tally.add(said, Affect(t_ns=1, people=(msgspec.structs.replace(person, valence=0.6),)))
    assert tally.first is not None
    assert tally.first.path == "people[0].valence"
