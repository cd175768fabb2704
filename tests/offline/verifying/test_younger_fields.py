"""A recording that is older than a field of its messages is verified by what it holds."""

import msgspec

from liveaffect.offline.verifying.compare import Tally, fields_of
from liveaffect.stream.messages import FaceObservation
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
