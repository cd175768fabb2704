"""The one table of topics: name, message, nominal rate, delay, queue policy, recorded or not.

A package of yours adds its own row by creating a `Topic` at import; rows of one name from two places are refused.
"""

import inspect
from typing import Any, Generic, Literal, TypeVar

from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError

M = TypeVar("M", bound=m.Message)

REGISTRY: "dict[str, Topic[Any]]" = {}
_BY_MESSAGE: "dict[type[m.Message], Topic[Any]]" = {}


class Topic(Generic[M]):
    """One row of the table.

    Parameters
    ----------
    name: what travels on the wire, such as "face/affect".
    message: the struct; one struct belongs to one topic.
    rate_hz: nominal messages per second.
    delay_ms: how long after `t_ns` the content is used downstream: look-ahead plus room for transport. 0 means at once.
    queue: "latest" (a slow reader skips to the newest) or "all" (bounded to 5 s, overflow counted).
    record: "full", "header" (everything but the arrays), or "no".
    host: written by the hosts themselves, so it may have many writers.
    """

    __slots__ = ("declared_in", "delay_ms", "host", "message", "name", "queue", "rate_hz", "record")

    def __init__(
        self,
        name: str,
        message: type[M],
        *,
        rate_hz: float,
        delay_ms: int = 0,
        queue: Literal["latest", "all"] = "all",
        record: Literal["full", "header", "no"] = "full",
        host: bool = False,
    ) -> None:
        self.declared_in = _caller()
        known = REGISTRY.get(name)
        if known is not None and not self._again(known, message):
            raise UsageError(
                f"topic '{name}' is declared twice, in {known.declared_in} and in {self.declared_in}: "
                "give one of them another name"
            )
        if message in _BY_MESSAGE:
            raise UsageError(f"{message.__name__} already belongs to topic '{_BY_MESSAGE[message].name}'")
        for other in REGISTRY.values():
            short, long = sorted((name, other.name), key=len)
            if other.queue != queue and short != long and long.startswith(short):
                raise UsageError(
                    f"topic '{long}' continues the name of '{short}', which has another queue: whoever asks for one by "
                    "its beginning would get the other twice. Give it another name"
                )
        self.name, self.message, self.rate_hz, self.delay_ms = name, message, rate_hz, delay_ms
        self.queue, self.record, self.host = queue, record, host
        REGISTRY[name] = self
        _BY_MESSAGE[message] = self

    def _again(self, known: "Topic[Any]", message: type[m.Message]) -> bool:
        """True where the same declaration is run once more: its file was imported under a second name, or reloaded,
        or its cell of a notebook was run again. The newest counts."""
        same = known.message.__qualname__ == message.__qualname__
        place = (self.declared_in, message.__module__)
        return same and (place[0] == known.declared_in or place[1] == known.message.__module__)

    @property
    def delay_ns(self) -> int:
        """The delay in nanoseconds."""
        return self.delay_ms * 1_000_000

    def __repr__(self) -> str:
        return f"Topic({self.name!r})"


def _caller() -> str:
    """The file whose code calls the function that calls this one."""
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame.f_back if frame is not None else None
    return frame.f_code.co_filename if frame is not None else ""


def topic_of(message: m.Message) -> "Topic[Any]":
    """The topic a message belongs to."""
    try:
        return _BY_MESSAGE[type(message)]
    except KeyError:
        raise UsageError(
            f"{type(message).__name__} belongs to no topic: declare Topic(name, {type(message).__name__}, ...)"
        ) from None


def writer_of(topic: "Topic[Any]", message: m.Message) -> str:
    """Which process counted `seq` of a message on a host topic; "" for topics with one writer."""
    if not topic.host:
        return ""
    if isinstance(message, m.Health) and message.state in m.OWN:
        return message.process
    return "supervisor" if isinstance(message, m.Health | m.Command | m.Marker) else ""


VIDEO = Topic("video/frame", m.VideoFrame, rate_hz=30, queue="latest", record="header")
AUDIO = Topic("audio/chunk", m.AudioChunk, rate_hz=100, record="header")
FACE = Topic("face/observation", m.FaceObservation, rate_hz=30)
MESH = Topic("face/mesh", m.FaceMesh, rate_hz=30, queue="latest", record="header")
CROP = Topic("face/crop", m.FaceCrop, rate_hz=30, record="header")
FACE_AFFECT = Topic("face/affect", m.FaceAffect, rate_hz=30)
VOICE = Topic("voice/descriptors", m.VoiceDescriptors, rate_hz=100, delay_ms=250)
VOICE_AFFECT = Topic("voice/affect", m.VoiceAffect, rate_hz=10, delay_ms=350)
AFFECT = Topic("affect", m.Affect, rate_hz=30)
REASONS = Topic("reasons", m.Reasons, rate_hz=2)
DISCORD = Topic("discord", m.Discord, rate_hz=0.1)
ATTENTION = Topic("attention", m.Attention, rate_hz=5)
BLINKED = Topic("attention/blink", m.Blinked, rate_hz=0.5)
GESTURE = Topic("attention/gesture", m.Gesture, rate_hz=0.1)
DYNAMICS = Topic("dynamics", m.Dynamics, rate_hz=1)
TOGETHER = Topic("together", m.Together, rate_hz=1)
SHIFT = Topic("shift", m.Shift, rate_hz=0.1)
BASELINE = Topic("baseline", m.Baseline, rate_hz=0.1, delay_ms=1000)
MARKER = Topic("marker", m.Marker, rate_hz=0.1, host=True)
NOTED = Topic("noted", m.Noted, rate_hz=0.1, record="no", host=True)
"""From nodes to the sensor, which makes a `marker` of it."""
COMMAND = Topic("command", m.Command, rate_hz=0.1, host=True)
ACK = Topic("ack", m.Ack, rate_hz=0.1, host=True)
TICK = Topic("tick", m.Tick, rate_hz=10, host=True)
TICK_NS = round(1e9 / TICK.rate_hz)
HEALTH = Topic("health", m.Health, rate_hz=1, host=True)
DROP = Topic("drop", m.Drop, rate_hz=1, host=True)
LOG = Topic("log", m.Log, rate_hz=1, record="no", host=True)
PLAYBACK = Topic("playback", m.Playback, rate_hz=10, record="no")
MEDIA = Topic("record/media", m.MediaSpan, rate_hz=1, record="no", host=True)
"""Written into recordings by the recorder itself; never on the wire."""
