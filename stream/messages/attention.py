"""Messages about attention: eyelids, eye contact, who looks at whom; docs/attention.md says what each number means."""

from typing import Literal

from liveaffect.stream.messages.header import Message, Part, State


class Look(Part):
    """How likely it is that somebody looks at this face."""

    at: int
    p: float


class PersonAttention(Part):
    """One person since the message before; None where it could not be told."""

    id: int
    state: State = "ok"
    by: Literal["eyes", "head", ""] = ""
    """What the direction of the gaze rests on; "" where neither was seen."""
    eye_contact: float | None = None
    """Probability of a look at the camera."""
    looks: tuple[Look, ...] = ()
    """Probabilities for every other face whose distance is known; () where nobody else is, or that is not told."""
    elsewhere: float | None = None
    """What is left: none of these. With eye contact and looks the sum is 1."""
    openness: float | None = None
    """Of the eyes in the last frame, as a share of the person's own open level, 0 to about 1.2."""
    closed: bool | None = None
    """The eyes are at least 80 % closed."""
    seconds: float = 0.0
    """Time of the last minute in which the eyelids could be told."""
    eye_contact_share: float | None = None
    blinks_per_min: float | None = None
    perclos: float | None = None
    """Of the last minute: mean probability of eye contact; rate of blinks; share of the time with closed eyes."""
    blinks: int = 0
    nods: int = 0
    shakes: int = 0
    """So many since the person was first seen."""


class MutualGaze(Part):
    """How likely it is that two people look at each other's face."""

    first: int
    second: int
    p: float


class Attention(Message):
    """Everyone in view five times a second, about the frames since the message before, this one included."""

    frame_seq: int
    people: tuple[PersonAttention, ...] = ()
    mutual: tuple[MutualGaze, ...] = ()


class Blinked(Message):
    """A blink that has ended; `t_ns` is the frame that showed it."""

    id: int
    begin_ns: int
    end_ns: int
    """When the eyes passed half of their open level."""
    depth: float
    """How far they closed, 0 to 1."""


class Gesture(Message):
    """A nod or a shake of the head that has ended; `t_ns` is the frame that told it."""

    id: int
    kind: Literal["nod", "shake"]
    begin_ns: int
    end_ns: int
    cycles: float
    """There and back: 1.5 is down, up, down."""
    amplitude_deg: float
    """Mean size of its swings, from one turning point to the next."""
    hz: float
