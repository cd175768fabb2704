"""Windows without a display, and the first window on sources that any machine has."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from windows.gui import BARS, LIMIT_MS, TONE

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.microphone import MicrophoneNode


@pytest.fixture(scope="session")
def dressed(qapp: Any) -> Any:
    """The program, dressed once as when it starts."""
    from liveaffect.nodes.dashboard.look import palette

    palette.follow(qapp)
    return qapp


@pytest.fixture
def app(dressed: Any) -> Iterator[Any]:
    """The dressed program, light."""
    from liveaffect.nodes.dashboard.look import palette

    palette.force("light")
    yield dressed
    palette.force(None)


@pytest.fixture
def open_window(app: Any, qtbot: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes windows on test sources; "default" is a tone."""
    from liveaffect.nodes.dashboard.start.device_field import Choice
    from liveaffect.nodes.dashboard.start.preferences import Preferences
    from liveaffect.nodes.dashboard.start.surroundings import Surroundings
    from liveaffect.nodes.dashboard.start.window import FirstWindow

    standard = {
        "cameras": [Choice(BARS, "Bars"), Choice("/dev/video77", "Brio", "Permission denied")],
        "microphones": [Choice("default", "System default (Tone)"), Choice(TONE, "Tone")],
    }
    made: list[FirstWindow] = []

    def make(
        kept: Preferences | None = None,
        cameras: list[Choice] | None = None,
        microphones: list[Choice] | None = None,
        trouble: str = "",
        notice: str = "",
    ) -> FirstWindow:
        around = Surroundings(
            cameras=lambda: (standard["cameras"] if cameras is None else cameras, ""),
            microphones=lambda: (standard["microphones"] if microphones is None else microphones, trouble),
            camera=lambda source: CameraNode(source=source, loop=True),
            microphone=lambda source: MicrophoneNode(source=TONE if source == "default" else source, loop=True),
            sessions=tmp_path / "sessions",
            holds=lambda _: (True, True),
        )
        window = FirstWindow(around, kept or Preferences(), notice)
        qtbot.addWidget(window)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        made.append(window)
        qtbot.waitUntil(lambda: window.camera.listed and window.microphone.listed, timeout=LIMIT_MS)
        return window

    yield make
    for window in made:
        window.reject()
    names = [t.name for t in threading.enumerate() if t.name.startswith("preview-")]
    assert names == [], "a preview outlived its window"
