"""The first window as a program: asks for camera, microphone and recording, prints the choice as one line of JSON."""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from PySide6.QtWidgets import QApplication

from liveaffect.cli.machine.checks import sound_inputs
from liveaffect.cli.windows.helpers import tools
from liveaffect.nodes.camera import CameraNode, devices, list_cameras
from liveaffect.nodes.dashboard import CLOSED
from liveaffect.nodes.dashboard.start import preferences
from liveaffect.nodes.dashboard.start.device_field import Choice
from liveaffect.nodes.dashboard.start.surroundings import Surroundings
from liveaffect.nodes.dashboard.start.window import FirstWindow
from liveaffect.nodes.microphone import MicrophoneNode
from liveaffect.nodes.recorder import sessions_folder
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import LiveAffectError


def choose(app: QApplication) -> int:
    """Shows the window until a choice is made; exit code 0 after the line was printed, 3 where there is none."""
    _silence_libraries()
    kept, notice = preferences.load()
    window = FirstWindow(surroundings(), kept, notice)
    window.finished.connect(app.exit)
    window.show()
    app.exec()
    if window.choice is None:
        return CLOSED
    words = preferences.save(window.preferences)
    if words:
        print(words, file=sys.stderr)
    print(json.dumps(window.choice), flush=True)
    return 0


def surroundings() -> Surroundings:
    """The real devices of this machine."""
    return Surroundings(
        cameras=cameras,
        microphones=microphones,
        camera=lambda source: CameraNode(source=source, loop=True),
        microphone=lambda source: MicrophoneNode(source=source, loop=True),
        sessions=sessions_folder(),
        shown=shown,
        tools=tools(),
        holds=holds,
    )


def holds(path: Path) -> tuple[bool, bool]:
    """Whether a file holds pictures, and sound."""
    try:
        found = probe(path)
    except (LiveAffectError, OSError):
        return False, False
    return found.has_video, found.has_audio


def shown(source: str) -> str:
    """A file by its name first, an address without its password."""
    path = Path(source)
    if not path.is_file():
        return devices.shown(source)
    home, folder = Path.home(), path.resolve().parent
    inside = folder.is_relative_to(home) and home != Path("/")
    return f"{path.name} · {Path('~') / folder.relative_to(home) if inside else folder}"


def cameras() -> tuple[list[Choice], str]:
    """Cameras to choose from, by name where a name says which one; and why they cannot be listed."""
    listed = list_cameras()
    count = Counter(camera.name for camera in listed)
    found: list[Choice] = []
    for camera in listed:
        named = count[camera.name] == 1 and not camera.name.isdigit() and devices.kind_of(camera.name) == "device"
        name = camera.name if count[camera.name] == 1 else f"{camera.name} ({camera.id})"
        found.append(Choice(camera.name if named else camera.id, name, camera.note, camera.id))
    return found, ""


def microphones() -> tuple[list[Choice], str]:
    """Sound inputs to choose from, the system's own default first; and why they cannot be listed."""
    listed, trouble = sound_inputs()
    if not listed:
        return [], "" if trouble is None else f"{trouble.what}: {trouble.detail}. {trouble.remedy}".strip()
    count = Counter(device["name"] for device in listed)
    default = next((device for device in listed if device["default"]), listed[0])
    found = [Choice("default", f"System default ({default['name']})")]
    for device in listed:
        one = count[device["name"]] == 1 and not device["name"].isdigit()
        name = device["name"] if one else f"{device['name']} ({device['id']})"
        found.append(Choice(device["name"] if one else device["id"], name, device["note"]))
    return found, ""


def _silence_libraries() -> None:
    """Sound and video libraries write to stderr from C, at length; what Python says stays visible."""
    said = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    sys.stderr = os.fdopen(said, "w", buffering=1)
