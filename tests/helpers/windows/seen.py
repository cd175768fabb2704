"""What a user in front of a window does without hands: waits, finds a window, takes a picture."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from windows.gui import PICTURES

LIMIT_S = 600.0


def wait(condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> None:
    """Lets the window run until the condition holds."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            for number, widget in enumerate(w for w in QApplication.topLevelWidgets() if w.isVisible()):
                shoot(widget, f"failed_{number}")
            raise AssertionError(f"{what} did not come within {limit_s:.0f} s")
        QTest.qWait(15)


def shoot(widget: QWidget, name: str) -> None:
    """A picture of a state, into STORY_PICTURES if that is set."""
    folder = Path(os.environ.get("STORY_PICTURES", PICTURES))
    folder.mkdir(parents=True, exist_ok=True)
    QTest.qWait(150)
    assert widget.grab().save(str(folder / f"{name}.png"))


def find(kind: type[Any], title: str = "") -> Any:
    """The window of a kind, as soon as it is there and has the keyboard."""
    found: list[QWidget] = []

    def there() -> bool:
        found[:] = [
            w for w in QApplication.topLevelWidgets()
            if isinstance(w, kind) and w.isVisible() and title in w.windowTitle()
        ]  # fmt: skip
        return bool(found)

    wait(there, f"{kind.__name__} {title}")
    found[0].activateWindow()  # no window manager does it here
    wait(found[0].isActiveWindow, f"{kind.__name__} in front")
    return found[0]
