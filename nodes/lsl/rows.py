"""Messages as rows of the streams in `layout.py`, and who has which stream."""

import math
from collections.abc import Iterable

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.voice.columns import NAMES
from liveaffect.nodes.lsl.layout import CODES
from liveaffect.stream import messages as m

NAN = math.nan
NOBODY = -2
"""In the channel `person`: nobody has this stream yet."""


class Seats:
    """Which of a few streams a person has: the same one as long as they come back before somebody else needs it.

    Parameters
    ----------
    count: how many there are.
    """

    def __init__(self, count: int) -> None:
        self._ids: list[int | None] = [None] * count
        self._seen_ns = [0] * count

    def seat(self, ids: Iterable[int], t_ns: int) -> dict[int, int]:
        """Id -> number of the seat, from 0. Who is new takes a free one, else that of who has been away longest."""
        here = list(ids)
        for seat, known in enumerate(self._ids):
            if known in here:
                self._seen_ns[seat] = max(t_ns, self._seen_ns[seat])
        for one in here:
            if one in self._ids:
                continue
            away = [seat for seat, known in enumerate(self._ids) if known not in here]
            if not away:
                continue
            seat = min(away, key=lambda seat: (self._ids[seat] is not None, self._seen_ns[seat], seat))
            self._ids[seat], self._seen_ns[seat] = one, t_ns
        return {one: self._ids.index(one) for one in here if one in self._ids}

    def ids(self) -> list[int | None]:
        """Whose each seat is."""
        return list(self._ids)


def affect_row(person: m.Person | None, state: m.State, whose: int | None) -> list[float]:
    """The channels of an "Affect" stream; where there is no person, `state` says why."""
    if person is None:
        return [NOBODY if whose is None else whose, *[NAN] * (8 + len(EMOTIONS)), CODES[state]]
    emotions = person.emotions or (None,) * len(EMOTIONS)
    numbers = (
        *(person.valence, person.valence_sd, person.arousal, person.arousal_sd, *emotions),
        *(person.face_weight, person.voice_weight, person.discord, person.speaking_prob),
    )
    return [float(person.id), *map(_number, numbers), CODES[person.state]]


def face_row(face: m.Face | None, state: m.State, whose: int | None) -> list[float]:
    """The channels of an "ActionUnits" stream."""
    if face is None:
        return [NOBODY if whose is None else whose, *[NAN] * (len(ACTION_UNITS) + 15), CODES[state]]
    units = face.au or (None,) * len(ACTION_UNITS)
    numbers = (
        *(*units, face.yaw_deg, face.pitch_deg, face.roll_deg, face.mouth_motion, face.quality),
        *(face.eye_yaw_deg, face.eye_pitch_deg, face.gaze_yaw_deg, face.gaze_pitch_deg),
        *(
            face.gaze_sd_deg,
            face.gaze_pitch_sd_deg,
            face.eye_open_left,
            face.eye_open_right,
            face.distance_m,
            face.distance_sd_m,
        ),
    )
    return [float(face.id), *map(_number, numbers), CODES[face.state]]


def attention_row(
    person: m.PersonAttention | None, mutual: Iterable[m.MutualGaze], state: m.State, whose: int | None
) -> list[float]:
    """The channels of an "Attention" stream."""
    if person is None:
        return [NOBODY if whose is None else whose, *[NAN] * 11, CODES[state]]
    best = max(person.looks, key=lambda look: look.p, default=None)
    pair = {person.id, None if best is None else best.at}
    numbers = (
        *(person.eye_contact, float(person.by == "eyes") if person.by else None),
        *((None, None) if best is None else (best.at, best.p)),
        next((one.p for one in mutual if {one.first, one.second} == pair), None),
        *(person.openness, person.blinks_per_min, person.perclos, person.blinks, person.nods, person.shakes),
    )
    return [float(person.id), *map(_number, numbers), CODES[person.state]]


def voice_row(hop: m.VoiceDescriptors) -> list[float]:
    """The channels of the "VoiceDescriptors" stream."""
    return [*(_number(hop.values.get(name)) for name in NAMES), _number(hop.speech_prob), CODES[hop.state]]


def gone(state: m.State) -> m.State:
    """What is said of somebody who is not in a frame: why there is no face at all, or that theirs is not there."""
    return "no_face" if state == "ok" else state


def _number(value: float | None) -> float:
    return NAN if value is None else value
