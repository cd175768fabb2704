"""What the streams look like: names, channels with units, and what a reader must know of them. Nothing of LSL here."""

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.files import manifest
from liveaffect.models.voice.columns import COLUMNS
from liveaffect.stream.messages import State
from liveaffect.stream.topics import AFFECT, ATTENTION, FACE, VOICE

CODES: dict[str, int] = {name: code for code, name in enumerate(get_args(State))}
"""State -> number in the channel `state`: 0 is ok."""
MISSING = "NaN where there is no number; the channel state says why"
STAMPS = "capture time on the machine's monotonic clock, as LSL's local_clock; irregular: nothing is dejittered"
VOICE_PERSON = "voice"
_UNITS = {
    "_db": "dB", "_hz": "Hz", "_db_per_hz": "dB/Hz", "_s": "s", "_prob": "1", "_ratio": "1", "_semitone": "semitone",
    "_sone": "sone", "_local": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """One channel: as XDF files call it, what it counts in, of which kind it is, and what it means."""

    label: str
    unit: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Layout:
    """One stream: numbers (float32), or texts."""

    name: str
    type: str
    channels: tuple[Channel, ...]
    text: bool = False
    models: tuple[str, ...] = ()
    """Names of the models that made what it carries."""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


def layouts(base: str, people: int, written: Collection[str], graph: Mapping[str, Any]) -> dict[str, Layout]:
    """Every stream of a sensor, by what it carries: "affect 1", "units 1", "voice", "states", "markers" ...

    Parameters
    ----------
    base: the beginning of every name.
    people: how many people have streams of their own.
    written: names of the topics that this graph writes; what nobody writes has no stream.
    graph: the settings of every node, which say what models run.
    """
    found: dict[str, Layout] = {}
    seats = [str(seat) for seat in range(1, people + 1)] if FACE.name in written else []
    nets = _models(graph)
    if AFFECT.name in written:
        for seat in [*seats, *([VOICE_PERSON] if VOICE.name in written else [])]:
            found[f"affect {seat}"] = Layout(f"{base}-affect-{seat}", "Affect", _affect(), models=nets)
        found["states"] = Layout(f"{base}-states", "States", _states(seats), text=True)
    for seat in seats:
        faces = tuple(name for name in nets if not name.startswith(("voice", "silero")))
        found[f"units {seat}"] = Layout(f"{base}-action-units-{seat}", "ActionUnits", _units(), models=faces)
        if ATTENTION.name in written:
            found[f"attention {seat}"] = Layout(f"{base}-attention-{seat}", "Attention", _attention(), models=faces)
    if VOICE.name in written:
        speech = tuple(name for name in nets if name.startswith("silero"))
        found["voice"] = Layout(f"{base}-voice", "VoiceDescriptors", _voice(), models=speech)
    label = Channel("label", "", "Marker", "set in this sensor, not heard over LSL")
    found["markers"] = Layout(f"{base}-markers", "Markers", (label,), text=True)
    return found


def source_id(base: str, key: str) -> str:
    """The same for the same stream of the same machine, start after start: readers find it again by that."""
    return f"{base}-{platform.node()}-{key.replace(' ', '-')}"


def model_facts(name: str) -> dict[str, str]:
    """Version and sha256 of a model; {} for one that no manifest knows."""
    entry = manifest.entries().get(name)
    return {} if entry is None else {"version": entry.version, "sha256": entry.sha256}


def _models(graph: Mapping[str, Any]) -> tuple[str, ...]:
    """The models that nodes of the graph run: those that their settings name, and those that always belong to one."""
    known = manifest.entries()
    named = [str(keys.get("model")) for keys in graph.values() if isinstance(keys, Mapping)]
    always = [("face", "face-landmarker"), ("voice", "silero-vad")]
    names = [*(name for node, name in always if node in graph), *named]
    return tuple(dict.fromkeys(name for name in names if name in known))


def _state() -> Channel:
    return Channel("state", "code", "State", ", ".join(f"{code} {state}" for state, code in CODES.items()))


def _person() -> Channel:
    return Channel(
        "person", "id", "Id", "the same as long as it is the same person; -1 a voice without a face, -2 nobody yet"
    )


def _affect() -> tuple[Channel, ...]:
    said = "after fusion and causal smoothing"
    return (
        _person(),
        Channel("valence", "1", "Affect", f"-1 unpleasant to 1 pleasant, {said}"),
        Channel("valence_sd", "1", "StandardDeviation", "of the valence"),
        Channel("arousal", "1", "Affect", f"-1 calm to 1 excited, {said}"),
        Channel("arousal_sd", "1", "StandardDeviation", "of the arousal"),
        *(Channel(f"p_{name}", "1", "Probability", f"of {name}; the eight sum to 1") for name in EMOTIONS),
        Channel("face_weight", "1", "Weight", "how much of the estimate came from the face"),
        Channel("voice_weight", "1", "Weight", "how much of the estimate came from the voice"),
        Channel("discord", "bit", "Divergence", "Jensen-Shannon, of face and voice: 0 they agree, to 1"),
        Channel("speaking_prob", "1", "Probability", "that this person speaks"),
        _state(),
    )


def _units() -> tuple[Channel, ...]:
    graded = "FACS A to E as 1 to 5"
    return (
        _person(),
        *(Channel(unit, graded, "ActionUnit", f"{name}, 0 to 5") for unit, name in ACTION_UNITS.items()),
        Channel("yaw", "degree", "HeadPose", "head turn; positive towards the right edge of the image"),
        Channel("pitch", "degree", "HeadPose", "head nod; positive down"),
        Channel("roll", "degree", "HeadPose", "head tilt; positive anticlockwise in the image"),
        Channel("mouth_motion", "face heights/s", "Motion", "speed of lip opening"),
        Channel("quality", "1", "Quality", "of the face: 0 useless, to 1"),
        *_eyes(),
        _state(),
    )  # fmt: skip


def _eyes() -> tuple[Channel, ...]:
    camera = "against the line from the face to the camera; 0, 0 looks into the lens"
    return (
        Channel("eye_yaw", "degree", "Gaze", "eyes in the head; positive towards the person's left"),
        Channel("eye_pitch", "degree", "Gaze", "eyes in the head; positive down"),
        Channel("gaze_yaw", "degree", "Gaze", f"{camera}; positive towards the right edge of the image"),
        Channel("gaze_pitch", "degree", "Gaze", f"{camera}; positive down"),
        Channel("gaze_sd", "degree", "StandardDeviation", "of the gaze's yaw"),
        Channel("gaze_pitch_sd", "degree", "StandardDeviation", "of the gaze's pitch"),
        Channel("eye_open_left", "1", "Eye", "the person's left eye: 0 closed, 1 open"),
        Channel("eye_open_right", "1", "Eye", "the person's right eye: 0 closed, 1 open"),
        Channel("distance", "m", "Distance", "from the camera to the eyes"),
        Channel("distance_sd", "m", "StandardDeviation", "of the distance"),
    )


def _attention() -> tuple[Channel, ...]:
    return (
        _person(),
        Channel("eye_contact", "1", "Probability", "of a look at the camera"),
        Channel("gaze_by_eyes", "1", "Gaze", "1 the gaze rests on the eyes, 0 on the head alone"),
        Channel("looks_at", "id", "Id", "person who is likeliest looked at, of the others in the picture"),
        Channel("looks_at_p", "1", "Probability", "of a look at that person"),
        Channel("mutual_gaze", "1", "Probability", "that these two look at each other"),
        Channel("openness", "1", "Eye", "of the eyes, as a share of the person's own open level"),
        Channel("blinks_per_min", "1/min", "Eye", "rate of blinks in the last minute of seen eyes"),
        Channel("perclos", "1", "Eye", "share of that time with eyes at least 80 % closed"),
        Channel("blinks", "1", "Count", "blinks since the person was first seen"),
        Channel("nods", "1", "Count", "nods of the head since then"),
        Channel("shakes", "1", "Count", "shakes of the head since then"),
        _state(),
    )


def _voice() -> tuple[Channel, ...]:
    columns = (Channel(c.name, _unit(c.name), "VoiceDescriptor", c.meaning) for c in COLUMNS)
    speech = Channel("speech_prob", "1", "Probability", "that anyone speaks")
    return (*columns, speech, _state())


def _unit(name: str) -> str:
    endings = sorted((ending for ending in _UNITS if name.endswith(ending)), key=len)
    return _UNITS[endings[-1]] if endings else "1"


def _states(seats: Collection[str]) -> tuple[Channel, ...]:
    words = "one of " + ", ".join(CODES)
    whose = ("face", "voice", *(f"person {seat}" for seat in seats))
    return tuple(Channel(who, "", "State", words) for who in whose)
