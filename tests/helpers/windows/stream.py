"""A stream made up for tests and benchmarks of the window: every message that it shows, frame by frame."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from liveaffect.models.face.action_units import ACTION_UNITS, BLENDSHAPES
from liveaffect.nodes.dashboard.views.avatar import BROWS, EYES, IRISES, LIPS_INNER, LIPS_OUTER, OVAL
from liveaffect.stream import messages as m

FRAME_NS = 33_333_333
HOP_NS = 10_000_000
START_NS = 5_000_000_000_000
WIDTH, HEIGHT = 640, 480
BOX = (0.15, 0.3)
"""Width and height of a face."""


def instant(i: int) -> int:
    """Capture time of frame `i`."""
    return START_NS + i * FRAME_NS


def place(face: int) -> tuple[float, float]:
    """Left upper corner of a face, as fractions of the frame."""
    return 0.03 + 0.19 * (face % 5), 0.12 + 0.4 * (face // 5)


def frame(i: int, image: Any = None, **header: Any) -> m.VideoFrame:
    """A picture whose every value is the number of the frame, modulo 256, unless one is given."""
    shown = np.full((HEIGHT, WIDTH, 3), i % 256, np.uint8) if image is None else image
    return m.VideoFrame(t_ns=instant(i), seq=i, image=shown, **header)


def face(face_id: int = 0, *, state: m.State = "ok", reason: str = "") -> m.Face:
    """One face where `place` says."""
    x, y = place(face_id)
    units = tuple(0.2 * (n % 7) for n in range(len(ACTION_UNITS))) if state == "ok" else None
    shapes = (0.1,) * len(BLENDSHAPES) if state == "ok" else None
    return m.Face(id=face_id, state=state, box=(x, y, *BOX), quality=0.8, reason=reason, au=units, blendshapes=shapes)


def observation(i: int, faces: tuple[m.Face, ...] | None = None, state: m.State = "ok") -> m.FaceObservation:
    """What was found in frame `i`: face 0 unless others are given."""
    found = (face(),) if faces is None else faces
    return m.FaceObservation(t_ns=instant(i), frame_seq=i, width=WIDTH, height=HEIGHT, state=state, faces=found)


def mesh(i: int, ids: tuple[int, ...] = (0,)) -> m.FaceMesh:
    """Landmarks of faces drawn with a pair of compasses."""
    marks = np.stack([_egg() * (*BOX, 0.1) + (*place(one), 0) for one in ids]).astype(np.float32)
    return m.FaceMesh(t_ns=instant(i), frame_seq=i, ids=ids, landmarks=marks)


def _egg() -> Any:
    """(478, 3) within the unit square: every line of a face as an ellipse."""
    marks = np.full((478, 3), (0.5, 0.6, 0.0))
    rings = [(OVAL, 0.5, 0.5, 0.5, 0.5), (LIPS_OUTER, 0.5, 0.76, 0.2, 0.08), (LIPS_INNER, 0.5, 0.76, 0.14, 0.03)]
    for side, x in enumerate((0.29, 0.71)):
        rings += [(EYES[side], x, 0.4, 0.11, 0.045), (BROWS[side], x, 0.29, 0.14, 0.025)]
        centre, rim = IRISES[side]
        marks[centre, :2], marks[rim, :2] = (x, 0.4), (x + 0.04, 0.4)
    for line, x, y, wide, high in rings:
        turn = np.linspace(0, 2 * np.pi, len(line), endpoint=False)
        marks[list(line), 0], marks[list(line), 1] = x + wide * np.sin(turn), y - high * np.cos(turn)
    return marks


def person(i: int, face_id: int = 0, **changes: Any) -> m.Person:
    """Someone whose valence and arousal swing slowly."""
    swing = math.sin(i / 40 + face_id)
    facts: dict[str, Any] = {
        "state": "ok", "valence": 0.6 * swing, "valence_sd": 0.12, "arousal": 0.4 * math.cos(i / 55), "arousal_sd": 0.1,
        "emotions": (0.3, 0.4, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05), "face_weight": 0.8, "voice_weight": 0.2,
        "discord": 0.1, "speaking_prob": 0.2,
    }  # fmt: skip
    return m.Person(id=face_id, **(facts | changes))


def affect(i: int, people: tuple[m.Person, ...] | None = None, **changes: Any) -> m.Affect:
    """Everyone's estimate for frame `i`: person 0 unless others are given."""
    there = (person(i),) if people is None else people
    facts: dict[str, Any] = {
        "frame_seq": i, "state": "ok" if there else "no_face", "face_state": "ok" if there else "no_face",
        "voice_state": "ok", "pub_ns": instant(i) + 16_000_000,
    }  # fmt: skip
    return m.Affect(t_ns=instant(i), people=there, **(facts | changes))


def hop(n: int, **changes: Any) -> m.VoiceDescriptors:
    """10 ms of sound, `n` counted from the first frame."""
    voiced = n % 60 < 40
    values = {"f0_hz": 180.0 + 30 * math.sin(n / 20) if voiced else None, "loudness_sone": 1.0 + math.sin(n / 9)}
    facts: dict[str, Any] = {"values": values, "speech_prob": 0.9 if voiced else 0.1}
    return m.VoiceDescriptors(t_ns=START_NS + n * HOP_NS, **(facts | changes))


def health(node: str = "face", i: int = 0, **changes: Any) -> m.Health:
    """A node that does well."""
    facts: dict[str, Any] = {"process": node, "state": "ok", "rate_hz": 30.0, "latency_p50_ms": 12.0}
    return m.Health(t_ns=instant(i), node=node, **(facts | changes))


def stream(frames: range, *, faces: int = 1, image: Any = None) -> Iterator[m.Message]:
    """All of it, in order: pictures, faces, landmarks, estimates, sound, health."""
    ids = tuple(range(faces))
    for i in frames:
        yield frame(i, image)
        yield observation(i, tuple(face(one) for one in ids))
        yield mesh(i, ids)
        yield affect(i, tuple(person(i, one) for one in ids))
        for n in range(i * 10 // 3, (i + 1) * 10 // 3):
            yield hop(n)
        if i % 30 == 0:
            for node in ("camera", "face", "voice", "fusion", "recorder"):
                yield health(node, i, status=m.RecordStatus() if node == "recorder" else None)
