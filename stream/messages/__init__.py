"""Every message of the sensor. Units stand in field names; a number is finite or None, never a filler.

New fields get defaults, so that an old recording always loads. Arrays are C-contiguous and read-only once published.
"""

from liveaffect.stream.messages.header import SHORT_STATE_WORDS, STATE_WORDS, Array, Message, Part, State
from liveaffect.stream.messages.host import (
    DOWN,
    OPEN,
    Ack,
    Command,
    Drop,
    Health,
    Log,
    Marker,
    MediaSpan,
    Playback,
    Tick,
)
from liveaffect.stream.messages.sensor import (
    Affect,
    AudioChunk,
    Baseline,
    Face,
    FaceAffect,
    FaceCrop,
    FaceEstimate,
    FaceMesh,
    FaceObservation,
    Person,
    VideoFrame,
    VoiceAffect,
    VoiceDescriptors,
)
from liveaffect.stream.messages.status import BaselineStatus, RecordStatus, ReplayStatus, Status

__all__ = [
    "DOWN",
    "OPEN",
    "SHORT_STATE_WORDS",
    "STATE_WORDS",
    "Ack",
    "Affect",
    "Array",
    "AudioChunk",
    "Baseline",
    "BaselineStatus",
    "Command",
    "Drop",
    "Face",
    "FaceAffect",
    "FaceCrop",
    "FaceEstimate",
    "FaceMesh",
    "FaceObservation",
    "Health",
    "Log",
    "Marker",
    "MediaSpan",
    "Message",
    "Part",
    "Person",
    "Playback",
    "RecordStatus",
    "ReplayStatus",
    "State",
    "Status",
    "Tick",
    "VideoFrame",
    "VoiceAffect",
    "VoiceDescriptors",
]
