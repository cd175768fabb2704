"""Which word a fused person carries."""

import pytest

from liveaffect.models.errors import BadInput
from liveaffect.models.fusion.states import STATES, State, person_state


@pytest.mark.parametrize("face", [None, *STATES])
@pytest.mark.parametrize("voice", [None, *STATES])
def test_a_person_is_ok_exactly_when_there_are_numbers(face: State | None, voice: State | None):
    assert person_state(True, face, voice) == "ok"
    assert person_state(False, face, voice) in set(STATES) - {"ok"}


@pytest.mark.parametrize(("face", "voice", "expected"), [
    ("no_face", "silence", "no_face"), ("occluded", "ok", "occluded"), ("node_down", "no_device", "node_down"),
    (None, "silence", "silence"), (None, "ok", "stale"), ("ok", "silence", "stale"), (None, None, "stale"),
])  # fmt: skip
def test_the_reason_is_the_faces_before_the_voices(face: State | None, voice: State | None, expected: State):
    assert person_state(False, face, voice) == expected


def test_a_word_that_is_no_state_is_refused():
    with pytest.raises(BadInput, match="sleepy"):
        person_state(False, "sleepy", None)  # type: ignore[arg-type]
