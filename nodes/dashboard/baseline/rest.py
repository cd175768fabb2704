"""Whether a face is at rest, said while a person holds still for a baseline. No Qt here."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from liveaffect.stream.messages import Face

WINDOW_S = 1.5
LEAST = 8
"""Fewer looks than this in the window say nothing yet."""
RESTLESS_AU = 0.15
"""Mean over all action units of their spread in the window, in intensity steps. Measured on clips: a still face 0.06, a
turning head 0.09 to 0.20, a talking one 0.21 to 0.29, one that begins to smile 0.4."""
AWAY_DEG = 20.0
SIDES = ("left", "middle", "right")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell the person now."""

    words: str
    good: bool


class RestWatch:
    """Looks at one face several times a second."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=200)
        self.seen = self.clear = 0
        """Looks so far, and those with a clear face."""

    def look(self, face: Face | None, t_s: float) -> Verdict:
        """Takes the face as it is at `t_s` (None: not in view) and says how it does."""
        self.seen += 1
        if face is None:
            self._looks.clear()
            return Verdict("No face in view: sit in front of the camera", False)
        if face.state != "ok" or face.au is None:
            self._looks.clear()
            reason = f": {face.reason}" if face.reason else ""
            return Verdict(f"The face is not clear{reason}", False)
        self.clear += 1
        self._looks.append((t_s, face.au))
        if any(abs(angle) > AWAY_DEG for angle in (face.yaw_deg, face.pitch_deg) if angle is not None):
            return Verdict("Turn to the camera", False)
        recent = [au for look_s, au in self._looks if look_s > t_s - WINDOW_S]
        if len(recent) >= LEAST and float(np.std(np.array(recent), axis=0).mean()) > RESTLESS_AU:
            return Verdict("The face moves: hold still, do not talk", False)
        return Verdict("Clear and at rest", True)

    @property
    def clear_share(self) -> float | None:
        """Part of the looks with a clear face, None before any."""
        return self.clear / self.seen if self.seen else None


def place_words(face: Face) -> str:
    """Where in the picture a face is: "left", "middle" or "right" as the camera sees it; "" where nobody knows."""
    if face.box is None:
        return ""
    centre = face.box[0] + face.box[2] / 2
    return SIDES[min(2, max(0, int(centre * 3)))]
