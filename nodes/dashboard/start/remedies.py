"""What a person can do about a camera or microphone that gives nothing, by operating system.

The words for macOS and Windows follow their makers' settings; nobody has tried them there yet.
"""

import contextlib
import errno
import getpass
import os
import sys
from pathlib import Path
from typing import Literal

Device = Literal["camera", "microphone"]

MAC = (
    "System Settings → Privacy & Security → {pane}: allow the terminal or program that started liveaffect, start again"
)
WINDOWS = "Settings → Privacy & security → {pane}: allow desktop apps to use it, then choose the device again"
PANES = {"camera": "Camera", "microphone": "Microphone"}


def remedy(kind: Device, source: str, error: str, *, system: str = sys.platform) -> str:
    """What to do next about `error`, as said by a capture node for `source`; "" where the error says it itself."""
    said = error.lower()
    refused = any(word in said for word in ("permission", "not permitted", "access denied", "not authorized"))
    busy = any(word in said for word in (os.strerror(errno.EBUSY).lower(), "unavailable", "in use", "resource busy"))
    if system == "darwin" and (refused or busy):
        return MAC.format(pane=PANES[kind])
    if system == "win32" and (refused or busy):
        return WINDOWS.format(pane=PANES[kind])
    if refused and system.startswith("linux"):
        return _allow(kind, source)
    if busy:
        who = ", ".join(users_of(source)) if kind == "camera" else ""
        return f"Close the program that uses it{f': {who}' if who else ', such as a browser or a meeting'}."
    if "input/output" in said or "has sent n" in said:
        return "Unplug it and plug it in again, into a port of the computer itself rather than a hub."
    return ""


def absent(kind: Device, *, system: str = sys.platform) -> str:
    """What to do where this machine has no such device at all."""
    if kind == "camera":
        first = "Plug a camera in, or choose a file or a network camera."
        if system.startswith("linux"):
            first += " In a virtual machine or container the device must be passed through (/dev/video0)."
    else:
        first = "Plug a microphone in, start the sound server, or go on without sound."
    if system == "darwin":
        first += f" If there is one: {MAC.format(pane=PANES[kind])}."
    elif system == "win32":
        first += f" If there is one: {WINDOWS.format(pane=PANES[kind])}."
    return first


def users_of(source: str) -> list[str]:
    """Programs of this user that hold a Linux camera open, as "name (process 123)"; others cannot be seen."""
    path = Path(f"/dev/video{source}" if source.isdigit() else source)
    found: list[str] = []
    with contextlib.suppress(OSError):
        device = path.resolve(strict=True)
        for process in Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if any(link.readlink() == device for link in (process / "fd").iterdir()):
                    found.append(f"{(process / 'comm').read_text().strip()} (process {process.name})")
    return found


def _allow(kind: Device, source: str) -> str:
    group = "video" if kind == "camera" else "audio"
    path = Path(f"/dev/video{source}" if source.isdigit() else source)
    with contextlib.suppress(OSError, KeyError, ImportError):
        group = path.group()
    return f"Let your user use it: sudo usermod -aG {group} {getpass.getuser()}, then log out and in again."
