"""Messages of the hosts, the gateway and the recordings: time, health, commands, and what was not processed."""

from typing import Any, Literal

from liveaffect.stream.messages.header import Message
from liveaffect.stream.messages.status import Status


class Tick(Message):
    """Ten times a second: stream time of `node` has certainly reached `t_ns`. For nodes that must notice silence."""

    node: str = ""
    """Whom it is for; "" (offline) is everyone."""


class Marker(Message):
    """A labelled instant set by the user or by another program, with its own time."""

    label: str
    source: str = ""


class Noted(Message):
    """A labelled instant that a node learnt of from outside: the sensor checks it, and says it to all as a Marker."""

    label: str
    """1 to 500 characters in one line."""
    source: str = ""
    node: str = ""
    """Who says so."""


class Command(Message):
    """A request that the gateway accepted, as the nodes see it."""

    verb: str
    target: str = ""
    """Node name, or "" for every node."""
    arguments: dict[str, Any] = {}
    request_id: str = ""


class Ack(Message):
    """A node's answer to a Command."""

    request_id: str
    node: str
    ok: bool
    text: str = ""


class MediaSpan(Message):
    """Tells where a recording keeps pixels or sound: messages `first_seq` to `last_seq`, one after the other."""

    topic: str
    file: str
    first_seq: int
    last_seq: int
    source_incarnation: int = 0
    offset: int = 0
    """Where the first of them begins in `file`: number of the frame, or of the sample."""
    crcs: list[int] = []
    """CRC-32 of each frame's pixels, or one of the whole stretch of sound: what comes back is what was given."""
    packets: list[int] = []
    """CRC-32 of each frame as it is encoded, so that a film can be checked without being decoded."""


class Health(Message):
    """How one node is doing, once a second, after every command that changed something, and when its life changes."""

    node: str
    process: str
    state: Literal["starting", "ok", "hung", "node_down", "failed", "stopped"]
    rate_hz: float | None = None
    latency_p50_ms: float | None = None
    """Capture to end of handling, of the inputs that are not held back on purpose (`delay_ms`) where there are any."""
    latency_p99_ms: float | None = None
    received: int = 0
    processed: int = 0
    published: int = 0
    dropped: dict[str, int] = {}
    """Messages not processed, by cause (see Drop); of a source "topic cause"."""
    restarts: int = 0
    cpu_percent: float | None = None
    """Of one core, of the node's whole process."""
    rss_mb: float | None = None
    error: str = ""
    """What is wrong with it now, in words."""
    notice: str = ""
    """What differs from what was asked for, in words, such as a net that runs on the CPU instead."""
    status: Status | None = None
    """What it is at, of nodes that can be asked to do something: the recorder, the baseline node, a replayer."""
    info: dict[str, Any] = {}
    """Facts to be read by people: model, device, size. Nothing depends on them."""


OWN = ("ok", "stopped")
"""States of health that a node says of itself, with its process's numbers; the others the supervisor says of it."""
DOWN = ("node_down", "failed", "hung")
"""States of health in which nothing comes from a node."""
DOWN_WORDS: dict[str, str] = {
    "hung": "hangs and is being started again",
    "node_down": "has stopped and is being started again",
    "failed": "has stopped too often and was given up",
}
"""What a reader is told of a node in one of them, after its name."""


class Log(Message):
    """A line of what a process says of itself, also kept in the run's file (`liveaffect doctor --last`)."""

    process: str
    node: str = ""
    """Which of its nodes says it; "" is the process itself."""
    level: Literal["info", "warning", "error"] = "info"
    text: str = ""


OPEN = 1 << 53
"""As the last `seq` of a Drop: and whatever came after."""


class Drop(Message):
    """Messages that a node did not process: `first_seq` to `last_seq` of one topic, both included."""

    node: str
    topic: str
    first_seq: int
    last_seq: int
    cause: Literal["skipped", "late", "overflow", "invalid", "down", "ended"]
    """"down": published before this start of the node could hear it; "ended": still waiting when the node stopped."""
    source_incarnation: int = 0
    source: str = ""
    """Which of the many writers of a host topic they are from: a process, or "supervisor"."""


class Playback(Message):
    """Where a replay stands, ten times a second and at every change; `t_ns` is the replaying machine's own clock."""

    position_s: float
    """Seconds since the session's first message."""
    length_s: float
    speed: float = 1.0
    """0 is as fast as it goes."""
    state: Literal["playing", "paused", "ended"] = "playing"
    round: int = 0
    """Counts seeks and rounds of a loop: what comes after one is not the sequel of what came before."""
