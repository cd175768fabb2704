"""A source that is a whole sensor: two people and a voice, made of the number of the frame."""

import math
import time
from collections.abc import Iterator

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.voice.columns import NAMES
from liveaffect.stream.messages import (
    Affect,
    Face,
    FaceObservation,
    Message,
    Person,
    VoiceDescriptors,
)
from liveaffect.stream.node import Node, Positive, SourceContext, source
from liveaffect.stream.topics import AFFECT, FACE, VOICE

HOPS = 3
"""Hops of sound a frame."""
AWAY = range(40, 60)
"""In these frames of every hundred the second person is not in view."""


class MadePeopleNode(Node):
    """Frames at a steady rate until they are enough; each hop of sound a third of a frame after the one before."""

    rate_hz: Positive = 30.0
    frames: int = 1_000_000
    model: str = "face-affect"
    """As a node that runs one says it."""

    @source(emits=(FACE, AFFECT, VOICE))
    def play(self, context: SourceContext) -> Iterator[Message | None]:
        for number in range(self.frames):
            t_ns = context.epoch_ns + int(number * 1e9 / self.rate_hz)
            while context.now_ns() < t_ns:
                time.sleep(min(0.02, max(0.0, (t_ns - context.now_ns()) / 1e9)))
                if context.now_ns() < t_ns:
                    yield None
            if context.stopping():
                return
            yield from frame(number, t_ns)
            step_ns = int(1e9 / self.rate_hz / HOPS)
            yield from (hop(HOPS * number + k, t_ns + k * step_ns) for k in range(HOPS))


def frame(number: int, t_ns: int) -> tuple[FaceObservation, Affect]:
    """What the sensor says of one frame."""
    ids = [0] if number % 100 in AWAY else [0, 1]
    faces = tuple(
        Face(id=one, state="ok", au=tuple(0.01 * ((number + k + one) % 500) for k in range(22)), yaw_deg=float(one))
        for one in ids
    )
    people = tuple(
        Person(
            id=one,
            state="ok",
            valence=math.sin(number / 30 + one),
            valence_sd=0.1,
            arousal=math.cos(number / 30 + one),
            arousal_sd=0.2,
            emotions=tuple(0.3 if k == number % 8 else 0.1 for k in range(len(EMOTIONS))),
            face_weight=0.75,
        )
        for one in ids
    )
    said = FaceObservation(t_ns=t_ns, frame_seq=number, state="ok", faces=faces, width=640, height=480)
    return said, Affect(t_ns=t_ns, frame_seq=number, state="ok", face_state="ok", people=people)


def hop(number: int, t_ns: int) -> VoiceDescriptors:
    """What the sensor says of one hop of sound; every fourth is unvoiced."""
    values = {
        name: None if number % 4 == 0 and name == "f0_hz" else 100.0 + k + number % 50 for k, name in enumerate(NAMES)
    }
    return VoiceDescriptors(t_ns=t_ns, first_sample=160 * number, state="ok", speech_prob=0.5, values=values)
