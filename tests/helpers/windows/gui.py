"""What tests of windows share: a clean Qt, and pictures of every state under out/pictures."""

import os
from pathlib import Path
from typing import Any

from paths import ROOT

BARS = "lavfi:testsrc=size=320x240:rate=30"
TONE = "lavfi:sine=frequency=300:sample_rate=48000"
SILENCE = "lavfi:anullsrc=r=16000:cl=mono"
LIMIT_MS = 120_000
PICTURES = ROOT / "out" / "pictures"
QUICKLY = 85
"""Of a PNG: packed a little less, in a fraction of the time."""


def prepare() -> None:
    """Call before the QApplication is made: no display is needed, and Qt finds its own plugins."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # importing cv2 points them at its own Qt
        os.environ.pop(name, None)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def picture(widget: Any, name: str) -> Path:
    """Writes what the widget looks like now, light and dark, and returns the path of the light one."""
    from PySide6.QtWidgets import QApplication

    from liveaffect.nodes.dashboard.look import palette

    PICTURES.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for scheme in ("light", "dark"):
        palette.force(scheme)
        QApplication.processEvents()  # labels of several lines get their height in a second round
        QApplication.processEvents()
        paths.append(PICTURES / f"{name}_{scheme}.png")
        assert widget.grab().save(str(paths[-1]), quality=QUICKLY)
    palette.force("light")
    return paths[0]


def pick(window: Any, kind: str, words: str) -> None:
    """Opens a drop-down with the keyboard and goes down to the item that begins with `words`."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    box = getattr(window, kind).field.box
    box.setFocus()
    box.showPopup()
    row = next(i for i in range(box.count()) if box.itemText(i).startswith(words))
    view = box.view()
    QTest.keyClick(view, Qt.Key.Key_Home)
    while view.currentIndex().row() != row:
        before = view.currentIndex().row()
        QTest.keyClick(view, Qt.Key.Key_Down)
        assert view.currentIndex().row() > before, f"{words} cannot be reached"
    QTest.keyClick(view, Qt.Key.Key_Return)
