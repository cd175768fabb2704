"""What a node is at, for whoever comes later too: part of its health, told every second and after every command."""

from typing import Any

import msgspec

from liveaffect.stream.messages.header import Part
from liveaffect.stream.messages.sensor import Baseline


class RecordStatus(Part, tag="record"):
    """What the recorder is at."""

    recording: bool = False
    privacy: bool = False
    """True while neither pixels nor sound are stored because somebody asked for that."""
    session: str = ""
    """Folder of the recording, of the last one while none goes on; "" before the first."""
    since_ns: int | None = None
    """When that recording began, on the clock of the sensor's machine."""
    free_mb: int | None = None
    """Room on the disk of the recordings (MiB)."""


class BaselineStatus(Part, tag="baseline"):
    """What the baseline node is at."""

    capturing: bool = False
    in_force: Baseline | None = None
    """The baseline that was captured last, None where there is none or it was cleared."""
    doubt: str = ""
    """Why it may no longer fit, in words: another person, another camera, other light; "" while it fits."""


class ReplayStatus(Part, tag="replay"):
    """What a replayer plays; where it stands is on the topic `playback`."""

    session: str = ""
    length_s: float = 0.0
    can_change_speed: bool = True
    markers: tuple[tuple[float, str], ...] = ()
    """Seconds since the first message, and the label."""
    missing: tuple[tuple[float, float, str], ...] = ()
    """From, to and why there are no estimates (a state's name)."""


class GatewayStatus(Part, tag="gateway"):
    """What programs outside may be told."""

    assistant: bool = False
    """Somebody has allowed that an assistant (`liveaffect mcp`) is told what is seen."""


Status = RecordStatus | BaselineStatus | ReplayStatus | GatewayStatus


def status_of_info(info: dict[str, Any]) -> Status | None:
    """The status that earlier recordings keep among the free facts of health; None where there is none."""
    try:
        if "recording" in info:
            return msgspec.convert({"type": "record", **info}, RecordStatus)
        if "capturing" in info:
            told = {"type": "baseline", "capturing": info["capturing"], "in_force": info.get("standing")}
            return msgspec.convert(told, BaselineStatus)
    except msgspec.ValidationError:
        return None
    return None
