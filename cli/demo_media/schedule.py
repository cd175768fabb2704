"""What the demo's person does and when: the data that draws the face, speaks the voice, and lets a test check both."""

import math
from typing import NamedTuple

from liveaffect.cli.demo_media.face import Pose

FPS = 30
DURATION_S = 20.0


class Segment(NamedTuple):
    """A stretch of the clip: what face and voice do from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    face: str
    """A key of `FACES`, or `gone`: the camera looks at the wall."""
    voice: str
    """A key of `TONES`, or `silence`."""


SCHEDULE: tuple[Segment, ...] = (
    Segment(0.0, 2.0, "neutral", "silence"),
    Segment(2.0, 4.0, "neutral", "calm"),
    Segment(4.0, 7.5, "smile", "lively"),
    Segment(7.5, 8.5, "neutral", "silence"),
    Segment(8.5, 10.5, "surprise", "excited"),
    Segment(10.5, 11.0, "neutral", "silence"),
    Segment(11.0, 14.0, "frown", "low"),
    Segment(14.0, 15.0, "gone", "silence"),
    Segment(15.0, 16.5, "gone", "calm"),
    Segment(16.5, 17.0, "neutral", "silence"),
    Segment(17.0, 19.0, "stern", "loud"),
    Segment(19.0, 20.0, "smile", "silence"),
)

FACES: dict[str, dict[str, float]] = {
    "neutral": {},
    "smile": {"smile": 1.0},
    "surprise": {"brows_up": 1.0, "eyes_wide": 1.0, "round": 1.0},
    "frown": {"frown": 1.0, "brows_sad": 1.0},
    "stern": {"brows_down": 1.0, "lips_pressed": 0.7, "frown": 0.4},
    "gone": {},
}
"""Moves of the face and their strengths, 0 to 1."""

_GAPE = {"surprise": 0.45}  # how far the mouth hangs open without speech
_RAMP_S = 0.4  # an expression comes and goes in this time
_PAN_S = 0.5


def at(t_s: float) -> Segment:
    """The segment that holds the instant `t_s`; the last one at and after the end."""
    return next((segment for segment in SCHEDULE if t_s < segment.end_s), SCHEDULE[-1])


def moves(t_s: float) -> dict[str, float]:
    """Strength of every move of the face at `t_s`, 0 to 1, eased in and out within its segment."""
    strengths: dict[str, float] = {}
    for segment in SCHEDULE:
        share = _share(segment, t_s)
        for name, strength in FACES[segment.face].items():
            strengths[name] = max(strengths.get(name, 0.0), share * strength)
    return strengths


def gape(t_s: float) -> float:
    """How far the mouth is open at `t_s` apart from speech, 0 to 1."""
    return max(_share(segment, t_s) * _GAPE.get(segment.face, 0.0) for segment in SCHEDULE)


def pose(t_s: float) -> Pose:
    """Head and camera at `t_s`: a slow drift, a turn with each expression, a pan away while `gone`."""
    lively = sum(moves(t_s).values())
    gone = [segment for segment in SCHEDULE if segment.face == "gone"]
    start, end = gone[0].start_s, gone[-1].end_s
    away = min(_ease((t_s - start) / _PAN_S + 0.5), _ease((end - t_s) / _PAN_S + 0.5))
    return Pose(
        dx=3.0 * math.sin(0.9 * t_s) + 1.2 * math.sin(2.3 * t_s + 1.0),
        dy=2.0 * math.sin(0.7 * t_s + 2.0) + 0.5 * lively * math.sin(5.0 * t_s),
        roll=0.025 * math.sin(0.6 * t_s + 0.5),
        yaw=0.07 * math.sin(0.5 * t_s + 0.3) + 0.02 * math.sin(1.7 * t_s),
        pan=away,
    )


def _share(segment: Segment, t_s: float) -> float:
    """How much of a segment's face shows at `t_s`: up within its first moments, down within its last."""
    return min(_ease((t_s - segment.start_s) / _RAMP_S), _ease((segment.end_s - t_s) / _RAMP_S))


def _ease(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)
