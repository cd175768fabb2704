"""The first window on a device file, for use with fake_v4l2.c preloaded (it is busy while anybody has it open).

LD_PRELOAD=fake.so QT_QPA_PLATFORM=offscreen python first_window_story.py /dev/shm/fakevideo
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from windows.gui import prepare

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.camera.devices import open_device
from liveaffect.nodes.dashboard.start.device_field import Choice
from liveaffect.nodes.dashboard.start.preferences import Preferences
from liveaffect.nodes.dashboard.start.surroundings import Surroundings
from liveaffect.nodes.dashboard.start.window import FirstWindow
from liveaffect.nodes.microphone import MicrophoneNode

LIMIT_S = 120.0


def wait(condition: Callable[[], bool], what: str, said: set[str], window: FirstWindow) -> None:
    """Lets the window run until the condition holds."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        said.add(window.camera.picture.words)
        if time.monotonic() > end:
            sys.exit(f"{what} did not come: {window.camera.picture.words}")
        QTest.qWait(5)


def main(device: Path) -> None:
    """Back and forth five times, unplugged and back, busy and free, then the start; prints what was said meanwhile."""
    prepare()
    app = QApplication([])
    around = Surroundings(
        cameras=lambda: ([Choice(str(device), "Fake")], ""),
        microphones=lambda: ([], ""),
        camera=lambda source: CameraNode(source=source, stall_s=0.5),
        microphone=lambda source: MicrophoneNode(source=source),
        sessions=device.parent,
    )
    window = FirstWindow(around, Preferences(camera=str(device), microphone=None, chosen=True))
    window.show()
    picture, field = window.camera.picture, window.camera.field
    switching: set[str] = set()
    wait(lambda: picture.showing, "the picture", switching, window)
    for _ in range(5):
        field.choose(None)
        field.choose(str(device))
        wait(lambda: picture.showing, "the picture again", switching, window)
    unplugged: set[str] = set()
    device.write_text("gone")
    wait(lambda: "No such device" in picture.words, "the loss", unplugged, window)
    device.write_text("run")
    wait(lambda: picture.showing, "the return", unplugged, window)
    field.choose(None)
    wait(lambda: not window.camera.preview.switching, "the release", unplugged, window)
    with open_device(str(device), width=640, height=480, fps=30, options={}):
        field.choose(str(device))
        wait(lambda: "Close the program that uses it" in picture.words, "the remedy", unplugged, window)
    wait(lambda: picture.showing, "the picture of a device that is no longer busy", unplugged, window)
    QTest.mouseClick(window.start, Qt.MouseButton.LeftButton)
    with open_device(str(device), width=640, height=480, fps=30, options={}) as container:
        size = container.streams.video[0].codec_context.width
    print(json.dumps({"choice": window.choice, "switching": sorted(switching), "width": size}))
    app.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
