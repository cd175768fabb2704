"""The two halves of the first window: a field, a live preview, and what is to be said about the device."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import label, say
from liveaffect.nodes.dashboard.start.device_field import Choice, DeviceField
from liveaffect.nodes.dashboard.start.level import Level
from liveaffect.nodes.dashboard.start.level_meter import NOTHING, LevelMeter
from liveaffect.nodes.dashboard.start.picture import PictureView
from liveaffect.nodes.dashboard.start.preview import Preview
from liveaffect.nodes.dashboard.start.remedies import Device, absent, remedy
from liveaffect.stream.messages import Array, AudioChunk, Message, VideoFrame
from liveaffect.stream.node import Node

Make = Callable[[str], Node]
Shown = Callable[[str], str]
BLACK = 6.0
"""Mean of uint8 below which a picture is called black."""
BLACK_FRAMES = 60


class DevicePanel(QWidget):
    """What both have in common: which device, remembered or chosen by hand, and its preview.

    Parameters
    ----------
    make: gives the capture node for a `source`; it runs in the preview's thread.
    remembered: the choice of the last time, None for no device; `chosen` is False where nobody has chosen yet.
    """

    changed = Signal()
    kind: Device

    def __init__(self, make: Make, remembered: str | None, *, chosen: bool, typed: list[str], shown: Shown) -> None:
        super().__init__()
        self._make, self._remembered, self._chosen = make, remembered, chosen
        self._by_hand = self.listed = False
        self._notice = self._trouble_listing = self._remedy = ""
        self._remedy_for = ("", "")
        self.field = DeviceField(self.kind, shown)
        self.field.offer([], typed)
        self.words = label(kind="dim", wrap=True)
        self.preview = Preview(f"preview-{self.kind}", self._keep)
        self.field.changed.connect(self._switch)

    def offer(self, devices: Sequence[Choice], trouble: str = "") -> None:
        """A new list of devices, or why there is none. Until somebody chooses by hand, it decides what is shown."""
        self._trouble_listing = trouble
        self.field.offer(devices)
        first, self.listed = not self.listed, True
        if self._by_hand:
            return
        wanted, self._notice = self._remembered, ""
        if not self.field.has(wanted):
            wanted = self.field.first()
            if self._chosen and self._remembered:
                instead = (
                    f"this is “{next(d.name for d in devices if d.value == wanted)}”" if wanted else "there is none"
                )
                self._notice = f"“{self._remembered}”, chosen last time, is not connected: {instead}."
        self.field.blockSignals(True)
        before = self.field.value
        self.field.choose(wanted)
        self.field.blockSignals(False)
        if first or wanted != before:
            self._show()

    @property
    def value(self) -> str | None:
        """As the setting `source`; None for no device."""
        return self.field.value

    @property
    def blocked(self) -> str:
        """Why the sensor cannot start with this, "" where it can."""
        if self.field.value == "":
            return f"Type a file or an address for the {self.kind}, or choose another"
        if self.preview.failed:
            return f"The {self.kind} cannot be used: choose another, or “No {self.kind}”"
        return ""

    def tick(self) -> None:
        """Shows the newest; called by the window's timer."""
        raise NotImplementedError

    def _switch(self) -> None:
        self._by_hand, self._notice = True, ""
        self._show()

    def _show(self) -> None:
        source = self.field.value
        self.preview.show((lambda: self._make(source)) if source else None)
        self._clear()  # after it: nothing of the device before can come any more
        self.changed.emit()

    def _trouble(self) -> tuple[str, str]:
        """The error as the sensor says it, and what to do; empty where all is well."""
        error = self.preview.error
        key = (self.field.device_id, error)
        if key != self._remedy_for:  # finding out who uses a device takes a while
            self._remedy_for, self._remedy = key, remedy(self.kind, *key) if error else ""
        return _capital(error), self._remedy

    def _absent(self) -> str:
        """What to do where no device was found and nobody has asked for that."""
        if not self.listed or self.field.count or self._by_hand or not self._remembered:
            return ""
        return _capital(self._trouble_listing) or absent(self.kind)

    def _say(self, words: str, *, problem: bool = False) -> None:
        say(self.words, words, "warn" if problem else "dim")

    def _clear(self) -> None:
        raise NotImplementedError

    def _keep(self, message: Message) -> None:
        raise NotImplementedError


class CameraPanel(DevicePanel):
    """The camera: its picture, name, size and rate."""

    kind: Device = "camera"

    def __init__(self, make: Make, remembered: str | None, *, chosen: bool, typed: list[str], shown: Shown) -> None:
        self._image: Array | None = None
        self._fresh = False
        self._times: deque[int] = deque(maxlen=31)
        self._dark = 0
        super().__init__(make, remembered, chosen=chosen, typed=typed, shown=shown)
        self.picture = PictureView()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.picture, 1)
        column.addWidget(self.field)
        column.addWidget(self.words)

    def tick(self) -> None:
        image = self._image
        if image is not None and self._fresh:
            self._fresh = False
            self.picture.show_image(image)
            self._dark = self._dark + 1 if float(image[::16, ::16].mean()) < BLACK else 0
        if image is not None:
            dark = self._dark >= BLACK_FRAMES
            words = "The picture is black: is the lens covered?" if dark else self._facts(image)
            self._say(f"{self._notice} {words}".strip(), problem=dark or bool(self._notice))
            return
        error, what = self._trouble()
        self._say(self._notice, problem=True)
        if error:
            self.picture.say("No picture", f"{error}.\n\n{what}".strip(), problem=True)
        elif self.field.value is None and self._absent():
            self.picture.say("No camera found", self._absent())
        elif self.field.value is None:
            self.picture.say("No camera", "The face is not read.")
        elif self.field.value == "":
            self.picture.say("A file or a network address", "Type it below, or browse for a file.")
        else:
            self.picture.say("Opening…")

    def _facts(self, image: Array) -> str:
        times = list(self._times)
        rate = f", {(len(times) - 1) * 1e9 / (times[-1] - times[0]):.0f} frames per second" if len(times) > 15 else ""
        return f"{image.shape[1]} × {image.shape[0]} pixels{rate}"

    def _clear(self) -> None:
        self._image, self._fresh, self._dark = None, False, 0
        self._times.clear()

    def _keep(self, message: Message) -> None:
        if isinstance(message, VideoFrame):
            self._image, self._fresh = message.image, message.image is not None
            if message.image is None:
                self._times.clear()
            else:
                self._times.append(message.t_ns)


class MicrophonePanel(DevicePanel):
    """The microphone: its level."""

    kind: Device = "microphone"

    def __init__(self, make: Make, remembered: str | None, *, chosen: bool, typed: list[str], shown: Shown) -> None:
        self._level = Level()
        super().__init__(make, remembered, chosen=chosen, typed=[t for t in typed if Path(t).is_file()], shown=shown)
        self.meter = LevelMeter()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self.meter)
        column.addWidget(self.words)

    def tick(self) -> None:
        reading = self._level.read()
        self.meter.show_reading(reading)
        error, what = self._trouble()
        if reading.rms_db is not None and not self.preview.failed:
            words = f"{self._notice} {reading.words}".strip()
            self._say(words, problem=reading.problem or bool(self._notice))
        elif error:
            self._say(f"{self._notice} {error}. {what}".strip(), problem=True)
        elif self.field.value is None:
            self._say(self._absent() or "The voice is not read.")
        elif self.field.value == "":
            self._say("Type a path, or browse for a file with sound.")
        else:
            self._say("Listening…")

    def _clear(self) -> None:
        self._level.clear()
        self.meter.show_reading(NOTHING)

    def _keep(self, message: Message) -> None:
        if isinstance(message, AudioChunk):
            self._level.hear(message)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
