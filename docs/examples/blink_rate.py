"""Blinks per minute over a sliding window: an example of a node of your own."""

from collections import deque
from itertools import pairwise

from liveaffect.models.face.action_units import BLENDSHAPES
from liveaffect.stream.messages import FaceObservation, Message
from liveaffect.stream.node import Node, Positive, on
from liveaffect.stream.topics import FACE, Topic

CLOSED, OPEN = 0.5, 0.3
"""Blendshape eyeBlink: above the first the lids are closed, below the second open again."""
LEFT, RIGHT = BLENDSHAPES.index("eyeBlinkLeft"), BLENDSHAPES.index("eyeBlinkRight")
LONGEST_NS = 200_000_000
"""A longer gap between clear frames is not time in which a blink would have been seen."""


class Blink(Message):
    """Blink rate of the person with the lowest id; null until a face was seen for five seconds of the window."""

    per_minute: float | None = None


BLINK = Topic("blink", Blink, rate_hz=30)


class BlinkRate(Node):
    """Counts closings of both eyes over a sliding window, per minute of seen face."""

    window_s: Positive = 30.0
    """Length of the window, in seconds."""

    def open(self) -> None:
        self._seen: deque[tuple[int, bool]] = deque()  # (time, a blink begins here)
        self._closed = False

    @on(FACE, emits=BLINK)
    def step(self, observation: FaceObservation) -> Blink:
        """One answer per frame; a frame without a clear face adds nothing."""
        faces = [face for face in observation.faces if face.blendshapes is not None]
        if faces:
            shapes = min(faces, key=lambda face: face.id).blendshapes or ()
            lids = (shapes[LEFT] + shapes[RIGHT]) / 2
            begins = lids > CLOSED and not self._closed
            self._closed = lids > OPEN if self._closed else begins
            self._seen.append((observation.t_ns, begins))
        while self._seen and observation.t_ns - self._seen[0][0] > self.window_s * 1e9:
            self._seen.popleft()
        times = [t_ns for t_ns, _ in self._seen]
        seen_s = sum(min(b - a, LONGEST_NS) for a, b in pairwise(times)) / 1e9
        rate = 60.0 * sum(begins for _, begins in self._seen) / seen_s if seen_s >= 5.0 else None
        return Blink(t_ns=observation.t_ns, per_minute=rate)
