"""Sound devices by PortAudio: listing them, finding one by name, and starting PortAudio anew.

PortAudio lists devices once, when it starts: a microphone plugged in later, or a sound server that came back, is seen
only after it was started anew. That ends every stream of the process, so a process has one microphone.
"""

import atexit
import contextlib
from dataclasses import dataclass
from typing import Any

from liveaffect.stream.errors import DeviceError


@dataclass(frozen=True)
class MicrophoneInfo:
    """One sound input: `id` or `name` is what the setting `source` takes."""

    id: str
    name: str
    channels: int
    rate: float
    """The device's own rate in Hz."""
    default: bool = False
    note: str = ""


def portaudio() -> Any:
    """The sounddevice module; raises DeviceError where PortAudio is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(f"PortAudio is not installed ({error}): on Debian, apt install libportaudio2") from None
    return sounddevice


def list_microphones() -> list[MicrophoneInfo]:
    """Sound inputs of this machine; empty where there is none. Never fails.

    With a sound server that hangs this may take as long as the server does.
    """
    try:
        return _inputs(portaudio())
    except Exception:
        return []


def restart() -> None:
    """Starts PortAudio anew, so that it sees what is there now; ends all its streams. May block as long as a frozen
    sound server does."""
    module = portaudio()
    with contextlib.suppress(Exception):
        module._terminate()  # noqa: SLF001 - PortAudio looks for devices only when it starts
    module._initialize()  # noqa: SLF001


def leave() -> None:
    """Keeps a hanging PortAudio from holding up the end of the process: the kernel closes it instead."""
    module = portaudio()
    handler = getattr(module, "_exit_handler", None)
    if handler is not None:
        atexit.unregister(handler)


def find(source: str) -> MicrophoneInfo:
    """The input that a `source` setting names; raises DeviceError listing what there is."""
    inputs = _inputs(portaudio())
    if not inputs:
        raise DeviceError(
            "this machine has no microphone that PortAudio can see: plug one in, or start the sound server"
        )
    if source in ("", "default"):
        return next((i for i in inputs if i.default), inputs[0])
    wanted = source.lower()
    for test in (
        lambda i: i.id == source,
        lambda i: i.name == source,
        lambda i: i.name.lower() == wanted,
        lambda i: wanted in i.name.lower(),
    ):
        for item in inputs:
            if test(item):
                return item
    known = ", ".join(f"{i.id} ({i.name})" for i in inputs)
    raise DeviceError(f"no microphone is called '{source}'; this machine has: {known}")


def _inputs(module: Any) -> list[MicrophoneInfo]:
    default = module.default.device[0]
    return [
        MicrophoneInfo(
            id=str(index),
            name=str(device["name"]),
            channels=int(device["max_input_channels"]),
            rate=float(device["default_samplerate"]),
            default=index == default,
        )
        for index, device in enumerate(module.query_devices())
        if device["max_input_channels"] > 0
    ]
