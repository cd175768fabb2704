"""A session of 20 s as a recorder leaves it: somebody named, a passer-by, a marker, nobody at the end."""

from pathlib import Path

from liveaffect.stream.messages import (
    Affect,
    Face,
    FaceAffect,
    FaceEstimate,
    FaceObservation,
    Marker,
    Message,
    Person,
    VideoFrame,
)
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import topic_of

ZERO_NS, STEP_NS, FRAMES, AWAY_FROM = 7_000_000_000, 100_000_000, 200, 150


def recorded(folder: Path, *, sd: float = 0.1) -> Path:
    """20 s at 10 frames a second: P01 for 15 s, a passer-by for half a second, then nobody; sound is silent."""
    writer = SessionWriter(folder, min_free=0)
    for k in range(FRAMES):
        t_ns, here = ZERO_NS + k * STEP_NS, k < AWAY_FROM
        ids = [0, *([1] if 10 <= k < 15 else [])] if here else []
        state = "ok" if here else "no_face"
        people = [
            Person(id=i, state="ok", valence=0.2 if k % 2 else 0.4, valence_sd=sd, arousal=-0.1, arousal_sd=0.2,
                   name="P01" if i == 0 and k > 100 else "", face_weight=1.0, voice_weight=0.0)
            for i in ids
        ]  # fmt: skip
        said: list[Message] = [
            VideoFrame(t_ns=t_ns, seq=k, frame_index=k),
            FaceObservation(t_ns=t_ns, seq=k, frame_seq=k, state=state,
                            faces=tuple(Face(id=i, state="ok") for i in ids)),
            FaceAffect(t_ns=t_ns, seq=k, frame_seq=k, state=state,
                       faces=tuple(FaceEstimate(id=i, state="ok", valence=0.1) for i in ids)),
            Affect(t_ns=t_ns, seq=k, frame_seq=k, state=state, face_state=state, voice_state="silence",
                   people=tuple(people)),
        ]  # fmt: skip
        for message in said:
            writer.write(topic_of(message), message)
    mark = Marker(t_ns=ZERO_NS + 30 * STEP_NS, seq=0, label="film on", source="lab")
    writer.write(topic_of(mark), mark)
    writer.close()
    return folder
