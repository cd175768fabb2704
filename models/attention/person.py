"""One person over time: lids, gestures of the head, where the gaze goes on average since it was last said."""

import math
from typing import NamedTuple

from liveaffect.models.attention.aims import HEAD_SD_DEG
from liveaffect.models.attention.eyelids import HALF, STEP_NS, BlinkFound, Eyelids
from liveaffect.models.attention.gestures import GestureFound, HeadGestures
from liveaffect.models.attention.lately import MOST_STEP_NS, Lately

MOST_YAW_DEG, MOST_PITCH_DEG = 35.0, 30.0
"""In a head that is turned further, lids are seen too much from the side to say how far they are open."""
MOST_SPEED = 90.0
"""Degrees a second; while a head turns faster, what looks like a blink may be blur."""
_SPEED_NS = 80_000_000  # over which it is measured


class Glimpse(NamedTuple):
    """What one frame shows of one person; every angle in degrees, None where it was not measured."""

    yaw: float | None = None
    pitch: float | None = None
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None
    gaze_sd: float | None = None
    gaze_pitch_sd: float | None = None
    open_left: float | None = None
    open_right: float | None = None


class Gaze(NamedTuple):
    """Where somebody looks."""

    yaw_deg: float
    pitch_deg: float
    sd_deg: tuple[float, float]
    """Of yaw and of pitch."""
    by_head: bool
    """The eyes were not seen: it is the head's direction."""


class Individual:
    """Takes what every frame shows of one person. Causal and deterministic."""

    def __init__(self) -> None:
        self.eyelids, self._gestures = Eyelids(), HeadGestures()
        self.shut, self.blinking, self.contact = Lately(), Lately(), Lately()
        """Time with closed eyes; blinks; time of looking at the camera, weighed by its probability."""
        self.blinks = self.nods = self.shakes = 0
        self.last_ns = -(2**62)
        self._before: tuple[int, float, float] | None = None
        self._speed = 0.0
        self._eyes: list[tuple[float, float, float, float]] = []
        self._head: list[tuple[float, float]] = []
        self._since_ns = 0

    def see(self, t_ns: int, seen: Glimpse) -> tuple[BlinkFound | None, list[GestureFound]]:
        """Takes one frame; gives the blink and the gestures that were found to have ended by it."""
        step = t_ns - self.last_ns
        follows = 0 < step <= MOST_STEP_NS
        self.last_ns = t_ns
        gestures = self._gestures.add(t_ns, seen.pitch, seen.yaw)
        for gesture in gestures:
            self.nods, self.shakes = self.nods + (gesture.kind == "nod"), self.shakes + (gesture.kind == "shake")
        blink = None
        had = self.eyelids.openness is not None
        if self._still(t_ns, seen):
            blink = self.eyelids.add(t_ns, seen.open_left, seen.open_right)
        else:
            self.eyelids.lose()
        shut = self.eyelids.shut
        if shut is not None and had and follows:
            self.shut.add(step, step * shut)
            self.blinking.add(step if step <= STEP_NS else 0, 0.0)
        if blink is not None:
            self.blinks += 1
            self.blinking.add(0, 1.0)
        self._look(step if follows else 0, seen)
        return blink, gestures

    def lose(self, t_ns: int) -> list[GestureFound]:
        """The face is not there, or not clear, in this frame; gives the gestures that this ended."""
        self.eyelids.lose()
        self._before, self.last_ns = None, t_ns - MOST_STEP_NS - 1
        return self._gestures.add(t_ns, None, None)

    def gaze(self) -> Gaze | None:
        """The mean since it was last asked for; None where neither eyes nor head were seen. Begins the next."""
        eyes, head = self._eyes, self._head
        self._eyes, self._head = [], []
        if eyes:
            n = len(eyes)
            yaw, pitch, yaw_var, pitch_var = (sum(one[k] for one in eyes) / n for k in range(4))
            return Gaze(yaw, pitch, (math.sqrt(yaw_var), math.sqrt(pitch_var)), False)
        if head:
            n = len(head)
            sd = HEAD_SD_DEG, HEAD_SD_DEG
            return Gaze(sum(one[0] for one in head) / n, sum(one[1] for one in head) / n, sd, True)
        return None

    def said(self, t_ns: int, contact: float | None) -> None:
        """Ends a stretch between two reports, in which the person looked at the camera with this probability."""
        if contact is not None:
            self.contact.add(self._since_ns, contact * self._since_ns)
        self._since_ns = 0
        for lately in (self.shut, self.blinking, self.contact):
            lately.close(t_ns)

    def _still(self, t_ns: int, seen: Glimpse) -> bool:
        """Whether the head is where lids can be told."""
        yaw, pitch = seen.yaw, seen.pitch
        if yaw is None or pitch is None:
            self._before = None
            return False
        before = self._before
        if before is None or t_ns - before[0] > MOST_STEP_NS:
            self._before, self._speed = (t_ns, yaw, pitch), 0.0
        elif t_ns - before[0] >= _SPEED_NS:
            self._speed = math.hypot(yaw - before[1], pitch - before[2]) / ((t_ns - before[0]) / 1e9)
            self._before = t_ns, yaw, pitch
        return abs(yaw) <= MOST_YAW_DEG and abs(pitch) <= MOST_PITCH_DEG and self._speed <= MOST_SPEED

    def _look(self, step_ns: int, seen: Glimpse) -> None:
        openness = self.eyelids.openness
        shut = openness is not None and openness < HALF
        if shut:
            return
        if seen.gaze_yaw is not None and seen.gaze_pitch is not None and seen.gaze_sd is not None:
            pitch_sd = seen.gaze_sd if seen.gaze_pitch_sd is None else seen.gaze_pitch_sd
            self._eyes.append((seen.gaze_yaw, seen.gaze_pitch, seen.gaze_sd**2, pitch_sd**2))
            self._since_ns += step_ns
        elif seen.yaw is not None and seen.pitch is not None:
            self._head.append((seen.yaw, seen.pitch))
            self._since_ns += step_ns
