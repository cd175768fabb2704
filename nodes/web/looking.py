"""Where people look, as the page tells it: the newest gaze and attention, and words of the last second."""

from collections.abc import Mapping
from typing import Any

from liveaffect.models.attention.words import Attending
from liveaffect.nodes.web.told import number
from liveaffect.stream import messages as m

HELD_NS = 1_000_000_000
"""What is older than the estimate by this is not told with it."""


class Looking:
    """The newest of the topics `face/observation` and `attention`."""

    def __init__(self) -> None:
        self._seen: m.FaceObservation | None = None
        self._said: m.Attention | None = None
        self._words = Attending()

    def take(self, message: m.FaceObservation | m.Attention) -> None:
        """The next one."""
        if isinstance(message, m.FaceObservation):
            self._seen = message
        else:
            self._said = message
            self._words.take(message)

    def told(self, t_ns: int, names: Mapping[int, str]) -> dict[int, dict[str, Any]]:
        """Person -> the fields `gaze`, `eye_contact`, `looks`, `looks_words`, at the instant of an estimate."""
        seen = self._seen if self._seen is not None and abs(t_ns - self._seen.t_ns) < HELD_NS else None
        said = self._said if self._said is not None and abs(t_ns - self._said.t_ns) < HELD_NS else None
        words = {} if said is None else self._words.words(max(t_ns, said.t_ns), names)
        gazes = {} if seen is None else {face.id: _gaze(face) for face in seen.faces}
        people = {} if said is None else {one.id: one for one in said.people}
        mutual = {} if said is None else {frozenset((one.first, one.second)): one.p for one in said.mutual}
        return {
            who: {
                "gaze": gazes.get(who),
                "eye_contact": number(people[who].eye_contact) if who in people else None,
                "looks": [
                    {"at": look.at, "p": number(look.p), "mutual": number(mutual.get(frozenset((who, look.at))))}
                    for look in (people[who].looks if who in people else ())
                ],
                "looks_words": words.get(who, ""),
            }
            for who in {*names, *gazes, *people}
        }


def _gaze(face: m.Face) -> dict[str, float | None] | None:
    """Yaw and pitch with their deviations in degrees; None where there is no direction."""
    if face.gaze_yaw_deg is None or face.gaze_pitch_deg is None:
        return None
    return {
        "yaw": number(face.gaze_yaw_deg),
        "pitch": number(face.gaze_pitch_deg),
        "yaw_sd": number(face.gaze_sd_deg),
        "pitch_sd": number(face.gaze_pitch_sd_deg),
    }
