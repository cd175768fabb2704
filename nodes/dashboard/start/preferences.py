"""What is remembered between two starts of the desktop program: camera, microphone, the folder of recordings.

What a recording holds (pixels, sound) is not remembered: that is asked anew each time.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs

from liveaffect.stream.session.files import replace_with


class Preferences(msgspec.Struct, kw_only=True):
    """The last choice; None is "no camera" and "no microphone"."""

    camera: str | None = "0"
    """As `camera.source`: name, number, path or address."""
    microphone: str | None = "default"
    """As `microphone.source`."""
    folder: str = ""
    """Where sessions go, "" for the user's documents."""
    typed: list[str] = []
    """Files and addresses that were used before, newest first."""
    theme: str = "system"
    """ "system", "light" or "dark"; what is unknown is as the system."""
    size: Annotated[float, msgspec.Meta(ge=0.5, le=3.0)] = 1.0
    """Of all type, on top of what the window's own size gives."""
    chosen: bool = False
    """False until a person has chosen: the values above are then only defaults."""


def config_file() -> Path:
    """The file of this user."""
    return Path(platformdirs.user_config_dir("liveaffect")) / "desktop.json"


def load(path: Path | None = None) -> tuple[Preferences, str]:
    """The preferences, and a word where the file is there but could not be used (they are then the defaults)."""
    path = path or config_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Preferences), ""
    except FileNotFoundError:
        return Preferences(), ""
    except OSError as error:
        return Preferences(), f"{path} cannot be read ({error.strerror}): the last choice is forgotten"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Preferences(), f"{path} is damaged and was ignored: the last choice is forgotten"


def save(preferences: Preferences, path: Path | None = None) -> str:
    """Writes the file whole or not at all; returns "", or why it could not."""
    path = path or config_file()
    text = msgspec.json.format(msgspec.json.encode(preferences), indent=1) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_with(path, text, mode=0o600)  # an address of a camera may hold its password
    except OSError as error:
        return f"{path} cannot be written ({error.strerror}): this choice will be asked for again"
    return ""
