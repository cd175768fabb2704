"""What the first window gets from the rest of the program, and how it asks for devices without waiting."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.start.device_field import Choice
from liveaffect.stream.node import Node

Ask = Callable[[], tuple[list[Choice], str]]


@dataclass(frozen=True)
class Surroundings:
    """What the window needs from the rest of the program."""

    cameras: Ask
    microphones: Ask
    """Devices, and why they cannot be listed; called in a thread, may block, must not raise."""
    camera: Callable[[str], Node]
    microphone: Callable[[str], Node]
    """Capture nodes for a `source`, for the preview."""
    sessions: Path
    """Where recordings go unless a folder is chosen."""
    shown: Callable[[str], str] = str
    """How a file or an address is written where others see it."""
    tools: Tools | None = None
    """Read sessions and score files; None leaves both out."""
    holds: Callable[[Path], tuple[bool, bool]] = lambda _: (True, False)
    """Whether a file holds pictures, and sound; called on the window's thread, must not raise."""


class Finder(QObject):
    """Asks for devices in a thread of its own; `found` comes on the thread of the window."""

    found = Signal(list, str)

    def __init__(self, ask: Ask, parent: QObject) -> None:
        super().__init__(parent)
        self._ask = ask
        self._busy = self._again = False
        self.found.connect(self._free)

    def look(self) -> None:
        """Starts to look; while it is looking, it will look once more."""
        self._again = self._busy
        if not self._busy:
            self._busy = True
            threading.Thread(target=self._look, name="devices", daemon=True).start()

    def _look(self) -> None:
        devices, trouble = self._ask()
        try:
            self.found.emit(devices, trouble)
        except RuntimeError:  # the window is gone
            return

    def _free(self) -> None:
        self._busy = False
        if self._again:
            self.look()
