"""What a neutral capture was asked for, what it has collected, and whether it still fits the face."""

from collections import deque
from typing import Annotated, Literal

import msgspec

from liveaffect.stream.messages import Face, FaceObservation

FIT_FRAMES = 90
"""Three seconds: what lasts as long is no blink of the tracker."""
LESS_CLEAR = 0.25
"""Of the quality 0 to 1; a face that only moves a little changes by less than 0.1."""


class BaselineArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `baseline`."""

    action: Literal["capture", "gaze", "cancel", "clear"]
    seconds: Annotated[float, msgspec.Meta(ge=1.0, le=120.0)] = 10.0
    face: int | None = None
    folder: str = ""
    anyway: bool = False
    """Take it also from a face that does not look at rest: some never do."""
    dots: Annotated[tuple[tuple[float, float], ...], msgspec.Meta(max_length=25)] = ()
    """Of "gaze": where the dots are that are looked at in turn, cm to the right of the lens and below it, as the person
    sees the screen."""
    dot_s: Annotated[float, msgspec.Meta(ge=0.5, le=10.0)] = 1.5
    """How long each is there."""
    settle_s: Annotated[float, msgspec.Meta(ge=0.0, le=5.0)] = 0.5
    """How much of that the eyes take to get there: it does not count."""
    distance_cm: Annotated[float, msgspec.Meta(ge=0.0, le=500.0)] = 0.0
    """From the eyes to the lens; 0 is what the irises say."""


class Capture:
    """What has been collected since the command."""

    def __init__(self, asked: BaselineArguments, begun_ns: int) -> None:
        self.asked, self.begun_ns = asked, begun_ns
        self.end_ns = begun_ns + int(asked.seconds * 1e9)
        self.frames = 0
        self.rows: dict[int, list[tuple[float, float, tuple[float, ...]]]] = {}
        """Face id -> valence, arousal and action units of every frame in which all of them were there."""
        self.shares: dict[int, list[tuple[float, ...]]] = {}
        self.turned: dict[int, list[tuple[float, float]]] = {}
        self.fits: dict[int, Fit] = {}


class Fit:
    """How one face looked when its baseline was taken, against how it looks now."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._quality: list[float] = []
        self._now: deque[float] = deque(maxlen=FIT_FRAMES)
        self._reason = ""
        self._away = 0
        self._others: tuple[int, ...] = ()
        self._size_now = (0, 0)

    def taken(self, observation: FaceObservation, face: Face) -> None:
        """A frame of the capture."""
        self._size = (observation.width, observation.height)
        self._quality += [face.quality] if face.quality is not None else []

    def seen(self, observation: FaceObservation, face_id: int) -> None:
        """A frame since."""
        self._size_now = (observation.width, observation.height)
        face = next((face for face in observation.faces if face.id == face_id), None)
        self._others = tuple(face.id for face in observation.faces if face.id != face_id)
        self._away = self._away + 1 if face is None and self._others else 0
        if face is not None and face.quality is not None:
            self._now.append(face.quality)
            self._reason = face.reason

    def doubt(self, face_id: int) -> str:
        """Why the baseline may no longer fit; "" while it does."""
        if self._away >= FIT_FRAMES:
            return f"it is of face {face_id}, and face {self._others[0]} is in view" if self._others else ""
        if 0 not in (*self._size, *self._size_now) and self._size != self._size_now:
            sizes = " by ".join(map(str, self._size)), " by ".join(map(str, self._size_now))
            return f"it was taken from pictures of {sizes[0]}, and they are {sizes[1]} now: another camera?"
        if self._quality and len(self._now) == FIT_FRAMES:
            before, now = sum(self._quality) / len(self._quality), sum(self._now) / FIT_FRAMES
            if before - now > LESS_CLEAR:
                why = f" ({self._reason})" if self._reason else ""
                return f"the face is less clear than it was then{why}: other light, or another place?"
        return ""
