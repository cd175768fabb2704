"""A session of 6 s with pictures, sound, a mesh, two people and markers, as a recorder leaves it."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.stream.messages import (
    Affect,
    AudioChunk,
    Face,
    FaceAffect,
    FaceEstimate,
    FaceMesh,
    FaceObservation,
    Marker,
    Message,
    Person,
    VideoFrame,
)
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.info import Persisted
from liveaffect.stream.session.media.keeper import MediaKeeper
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import topic_of

ZERO_NS, FPS, FRAMES = 5_000_000_000, 25, 150
WIDTH, HEIGHT = 160, 120
LATE_S = 0.5
"""Sound begins so long after the pictures."""
AWAY = range(60, 75)
"""Frames without a face."""


def shade(k: int) -> int:
    """Brightness of frame k, by which it is known again."""
    return 40 + k


def tone(at_s: float) -> float:
    """Loudness of the sound at an instant: silence but for 0.2 s at 2 s and at 4 s."""
    return 0.5 if 2.0 <= at_s < 2.2 or 4.0 <= at_s < 4.2 else 0.0


def filmed(
    folder: Path, video: Literal["no", "h264", "lossless"] = "no", *, audio: bool = False, mesh: bool = False
) -> Path:
    """Writes it and gives the folder back."""
    kept = Persisted(video=video, audio=audio, mesh=mesh)
    writer = SessionWriter(folder, SessionContext(persisted=kept), min_free=0)
    media = MediaKeeper(writer)
    for k in range(FRAMES):
        for message in _of_frame(k, mesh):
            if isinstance(message, VideoFrame):
                media.store(message)
            writer.write(topic_of(message), message, arrays=isinstance(message, FaceMesh))
    for k in range(round((FRAMES / FPS - LATE_S) * 100)):
        at_s = LATE_S + k / 100
        times = at_s + np.arange(160) / 16_000
        samples = np.array([tone(t) for t in times]) * np.sin(2 * np.pi * 440 * times)
        chunk = AudioChunk(
            t_ns=ZERO_NS + round(at_s * 1e9), seq=k, first_sample=160 * k, samples=samples.astype(np.float32)
        )
        media.store(chunk)
        writer.write(topic_of(chunk), chunk)
    for seq, (at_s, label) in enumerate(((1.0, 'film "one" start'), (3.5, "film two & more"))):
        mark = Marker(t_ns=ZERO_NS + round(at_s * 1e9), seq=seq, label=label, source="lab")
        writer.write(topic_of(mark), mark)
    writer.close()
    return folder


def valence_of(k: int, person: int) -> float:
    return round(float((0.4 if person == 0 else -0.3) * np.sin(k / 20) + 0.1), 4)


def _of_frame(k: int, mesh: bool) -> list[Message]:
    header: dict[str, Any] = {"t_ns": ZERO_NS + k * (10**9 // FPS), "seq": k}
    ids = () if k in AWAY else (0, 1) if k >= 100 else (0,)
    state = "ok" if ids else "no_face"
    image = np.full((HEIGHT, WIDTH, 3), shade(k), np.uint8)
    units = tuple(((k + n) % 50) / 10 for n in range(len(ACTION_UNITS)))
    faces = tuple(
        Face(id=i, state="ok", box=(0.1 + 0.4 * i, 0.2, 0.3, 0.5), au=units, yaw_deg=10.0 * i + 5, pitch_deg=-4.0,
             roll_deg=2.0, gaze_yaw_deg=12.0 - 20.0 * i, gaze_pitch_deg=5.0, gaze_sd_deg=4.0, gaze_pitch_sd_deg=8.0)
        for i in ids
    )  # fmt: skip
    people = []
    for i in ids:
        top = (k // 30 + i) % len(EMOTIONS)
        p = tuple(0.65 if n == top else 0.05 for n in range(len(EMOTIONS)))
        v = valence_of(k, i)
        people.append(
            Person(id=i, state="ok", valence=v, valence_sd=0.1, arousal=-v / 2, arousal_sd=0.1, emotions=p,
                   name="Anna" if i == 0 else "", face_weight=1.0, voice_weight=0.0,
                   speaking_prob=0.9 if i == 0 and 25 <= k < 50 else 0.1)
        )  # fmt: skip
    found: list[Message] = [
        VideoFrame(**header, frame_index=k, image=image),
        FaceObservation(**header, frame_seq=k, width=WIDTH, height=HEIGHT, state=state, faces=faces),
        FaceAffect(**header, frame_seq=k, state=state,
                   faces=tuple(FaceEstimate(id=i, state="ok", valence=0.1) for i in ids)),
        Affect(**header, frame_seq=k, state=state, face_state=state, voice_state="no_device", people=tuple(people)),
    ]  # fmt: skip
    if mesh and ids:
        points = np.stack([np.full((478, 3), 0.25 + 0.5 * i, np.float32) for i in ids])
        points[:, :, 1] = np.arange(478) / 1000
        found.append(FaceMesh(**header, frame_seq=k, ids=ids, landmarks=points))
    return found
