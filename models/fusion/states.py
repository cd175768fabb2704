"""The words that say why a number is there or is not, and which of them a fused person carries."""

from typing import Final, Literal, get_args

from liveaffect.models.errors import BadInput

State = Literal["ok", "no_face", "low_quality", "occluded", "silence", "no_device", "stale", "node_down", "more_voices"]
"""The words of `stream.messages.State`; neither floor knows the other, and a test holds them together."""
STATES: Final[tuple[State, ...]] = get_args(State)


def person_state(has_numbers: bool, face_state: State | None, voice_state: State | None) -> State:
    """The state of a fused person: "ok" exactly where there are numbers, otherwise the reason there are none.

    Parameters
    ----------
    has_numbers: whether the filter gave numbers; while it coasts it does.
    face_state: the word of the face this person has, None for a person who is only heard.
    voice_state: the word of the voice, None where no voice was ever expected.

    Returns
    -------
    One of `STATES`. The face's reason goes before the voice's. Inputs that call themselves ok although nothing
    came of them for longer than the coasting time are "stale".

    Raises
    ------
    BadInput: a word that is not in `STATES`.
    """
    for word in (face_state, voice_state):
        if word is not None and word not in STATES:
            raise BadInput(f"{word!r} is no state; use one of {STATES}")
    if has_numbers:
        return "ok"
    if face_state is not None:
        return face_state if face_state != "ok" else "stale"
    return voice_state if voice_state is not None and voice_state != "ok" else "stale"
