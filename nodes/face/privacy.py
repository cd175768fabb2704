"""The closed door: MediaPipe reports usage to its maker unless its way out is blocked before it is loaded.

Measured with a system-call trace over 75 s and the close: with these variables set it only knocks at a closed port of
this machine, and never asks for a name. They must be in place in the process that runs MediaPipe before it is imported,
and that process must not be the caller's own: call `close_door()` first thing in a child process, or start the child
with `closed_environment()`.
"""

import os
import sys
from collections.abc import Mapping

from liveaffect.stream.errors import LiveAffectError

NOWHERE = "http://127.0.0.1:9"
"""The discard port of this machine: nothing listens there."""
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_EXCEPTIONS = ("NO_PROXY", "no_proxy")


class DoorOpenError(LiveAffectError):
    """MediaPipe would have run with a way out of this machine."""


def closed_environment() -> dict[str, str]:
    """Variables to put over the environment of a child process that will run MediaPipe."""
    return {**dict.fromkeys(_PROXIES, NOWHERE), **dict.fromkeys(_EXCEPTIONS, "")}


def close_door() -> None:
    """Closes it for this process. Raises DoorOpenError where MediaPipe has been loaded already."""
    if "mediapipe" in sys.modules and not door_is_closed():
        raise DoorOpenError(
            "MediaPipe is already loaded in this process with a way out of the machine; "
            "start a new process and call close_door() before anything imports mediapipe"
        )
    os.environ.update(closed_environment())


def door_is_closed(environ: Mapping[str, str] | None = None) -> bool:
    """True when every way out of this process (or of `environ`) leads nowhere."""
    found = os.environ if environ is None else environ
    return all(found.get(name, "") == value for name, value in closed_environment().items())


def require_closed_door() -> None:
    """Raises DoorOpenError unless the door of this process is closed."""
    if not door_is_closed():
        raise DoorOpenError(
            "MediaPipe reports usage to its maker, and this process lets it: run the face node in a process of its "
            "own that calls liveaffect.nodes.face.privacy.close_door() before it imports anything else"
        )
