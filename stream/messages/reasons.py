"""Messages about why: which measured cues carried an estimate."""

from typing import Literal

from liveaffect.stream.messages.header import Message, Part, State


class Unit(Part):
    """One action unit where a cue lies."""

    name: str
    """Such as "AU12"."""
    value: float
    """Raw intensity, 0 to 5."""
    rest: float | None = None
    """The person's own at rest; None while it is not known."""


class Cue(Part):
    """One cue of a person, put to rest before the model that gave the estimate."""

    name: str
    """A region of the face ("brows", "eyes", "cheeks", "nose", "mouth", "chin"), "head", or of the voice "pitch",
    "loudness", "rate", "pauses"."""
    valence: float
    arousal: float
    category: float
    """By how much valence, arousal and the share of the likeliest category are higher than with this cue at rest."""
    modality: Literal["face", "voice"] = "face"
    units: tuple[Unit, ...] = ()
    """Action units beyond rest there, the strongest first."""
    value: float | None = None
    rest: float | None = None
    """What was measured of a voice, in `unit`, and its usual."""
    unit: str = ""


class Heard(Part):
    """What the voice's model says of the last seconds of speech, and the cues of the voice that carried it."""

    valence: float
    arousal: float
    category: str
    share: float
    cues: tuple[Cue, ...] = ()
    ways: tuple[int, ...] = ()
    """As `Reason.ways`."""


class Reason(Part):
    """Why the models said of one person what they said at this instant."""

    id: int
    state: State = "ok"
    valence: float | None = None
    arousal: float | None = None
    category: str = ""
    share: float | None = None
    """What the face's model says of this frame: the estimate that the cues of the face are measured on."""
    face_weight: float | None = None
    voice_weight: float | None = None
    """How much of the fused estimate came from each."""
    cues: tuple[Cue, ...] = ()
    """Every cue of the face that was measured."""
    ways: tuple[int, ...] = ()
    """For valence, arousal and the category 1 where the cues that raise it carried it, -1 where those that lower it: of
    several together, since effects do not add up. () in recordings of before."""
    heard: Heard | None = None
    """The voice's part, where it has weight and was taken apart."""
    missing: tuple[str, ...] = ()
    """What could not be measured, in words, such as "mouth hidden"."""


class Reasons(Message):
    """The reasons for one frame, of one person a time: with several in view they take turns."""

    frame_seq: int
    model: str = ""
    people: tuple[Reason, ...] = ()


class Discord(Message):
    """A stretch in which face and voice of one person differed though both were sure; sent when it has ended."""

    id: int
    begin_ns: int
    end_ns: int
    size: float
    """Mean Jensen-Shannon divergence over it, bit, 0 to 1."""
    face: tuple[float, ...]
    voice: tuple[float, ...]
    """Mean distributions over it, in the order of `liveaffect.models.circumplex.EMOTIONS`."""
