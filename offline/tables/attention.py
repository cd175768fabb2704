"""The columns of attention in a score table: what was said of the frames around a row, and events in its time."""

from bisect import bisect_left
from collections import deque
from typing import Any

import polars as pl

from liveaffect.models.attention.eyelids import LONGEST_NS
from liveaffect.models.attention.tracker import EVERY_NS
from liveaffect.stream import messages as m
from liveaffect.stream.messages import Message

WAIT_NS = LONGEST_NS + 250_000_000
"""So long after a row a blink that it is within has ended, and was told."""

EYES: dict[str, tuple[str, str, str]] = {
    "eye_yaw_deg": ("eyes in the head; positive towards the person's left, 0 straight ahead", "degree", "-90 to 90"),
    "eye_pitch_deg": ("eyes in the head; positive down", "degree", "-90 to 90"),
    "gaze_yaw_deg": ("eyes against the line to the camera; positive to the image's right edge", "degree", "-90 to 90"),
    "gaze_pitch_deg": (
        "eyes against the line to the camera; positive down; 0, 0: into the lens",
        "degree",
        "-90 to 90",
    ),
    "gaze_sd_deg": ("standard deviation of gaze_yaw_deg", "degree", "above 0"),
    "gaze_pitch_sd_deg": ("standard deviation of gaze_pitch_deg", "degree", "above 0"),
    "eye_open_left": ("the person's left eye: 0 closed, 1 open", "1", "0 to 1"),
    "eye_open_right": ("the person's right eye: 0 closed, 1 open", "1", "0 to 1"),
    "distance_m": ("from the camera to the eyes, by the iris and the angle of view (face.view_deg)", "m", "above 0"),
    "distance_sd_m": ("standard deviation of the distance", "m", "above 0"),
}
"""Columns of the eyes in one frame: meaning, unit and range."""
DICTIONARY: dict[str, tuple[str, str, str]] = {
    "eye_contact": ("probability of a look at the camera", "1", "0 to 1"),
    "gaze_by": ("what the direction of the gaze rests on; null where neither was seen", "", "eyes head"),
    "looks_at": ("face_id of whoever else in the picture is likeliest looked at; null where that is nobody", "", ""),
    "looks_at_p": ("probability of a look at that face", "1", "0 to 1"),
    "mutual_gaze": ("probability that these two look at each other", "1", "0 to 1"),
    "blink": ("1 in the rows of a blink, 0 in others; null where lids could not be told", "", "0 1"),
    "blinks_per_min": ("rate of blinks in the last minute of seen eyes", "1/min", "0 and up"),
    "perclos": ("share of the last minute of seen eyes in which they were at least 80 % closed", "1", "0 to 1"),
    "nod": ("cycles of a nod that was found to have ended at this row, else 0", "", "0 and up"),
    "shake": ("cycles of a shake of the head that was found to have ended at this row, else 0", "", "0 and up"),
}
"""Those of attention over time."""
KINDS: dict[str, Any] = {"gaze_by": pl.String, "looks_at": pl.Int64, "blink": pl.Int64}


class AttentionColumns:
    """Collects what the node says and fills rows with it, both in order of time."""

    def __init__(self) -> None:
        self._said: deque[m.Attention] = deque()
        self._blinks: deque[m.Blinked] = deque()
        self._gestures: deque[m.Gesture] = deque()
        self._first_ns = -EVERY_NS
        """Of the first row in the newest fifth of a second."""

    def add(self, message: Message) -> None:
        """Takes a message; others than those of attention are ignored."""
        if isinstance(message, m.Attention):
            self._said.append(message)
        elif isinstance(message, m.Blinked):
            self._blinks.append(message)
        elif isinstance(message, m.Gesture):
            self._gestures.append(message)

    def fill(self, row: dict[str, Any]) -> None:
        """Adds the columns to the row of a face, by its `t_ns` and `face_id`; forgets what no later row can want."""
        t_ns, who = row["t_ns"], row.get("face_id")
        for line in (self._said, self._blinks, self._gestures):
            while line and line[0].t_ns < t_ns - WAIT_NS:
                line.popleft()
        message = self._near(t_ns)
        said = None if message is None else next((one for one in message.people if one.id == who), None)
        if message is None or said is None:
            return
        row.update(blinks_per_min=said.blinks_per_min, perclos=said.perclos)
        if row.get("yaw_deg") is None:  # the frames around this one gave numbers, it did not
            return
        row.update(eye_contact=said.eye_contact, gaze_by=said.by or None)
        best = max(said.looks, key=lambda look: look.p, default=None)
        if best is not None:
            pair = {said.id, best.at}
            row.update(looks_at=best.at, looks_at_p=best.p)
            row["mutual_gaze"] = next((one.p for one in message.mutual if {one.first, one.second} == pair), None)
        if any(one.id == who and one.begin_ns <= t_ns <= one.end_ns for one in self._blinks):
            row["blink"] = 1
        elif said.openness is not None:
            row["blink"] = 0
        row.update(nod=self._cycles("nod", who, t_ns), shake=self._cycles("shake", who, t_ns))

    def _near(self, t_ns: int) -> m.Attention | None:
        """The report on this row's fifth of a second, which comes with the next one's first frame, which takes it too.

        None where it is missing: another report is about other frames.
        """
        turn = t_ns // EVERY_NS
        if turn != self._first_ns // EVERY_NS:
            self._first_ns = t_ns
        at = bisect_left(self._said, t_ns, key=lambda message: message.t_ns)
        if at == len(self._said):
            return None
        own = self._said[at].t_ns == t_ns
        next_one = t_ns != self._first_ns and self._said[at].t_ns // EVERY_NS == turn + 1
        return self._said[at] if own or next_one else None

    def _cycles(self, kind: str, who: int | None, t_ns: int) -> float:
        return sum(one.cycles for one in self._gestures if (one.kind, one.id, one.t_ns) == (kind, who, t_ns))
