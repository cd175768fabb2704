"""A phone is paired by a code in the window, which a reader of codes reads."""

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from windows.gui import picture

from liveaffect.cli.outside.page import links, modules
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.nodes.dashboard.window.pair import PairDialog, Pairing
from liveaffect.nodes.web.address import Listen

pytestmark = pytest.mark.processes
LINK = "https://192.0.2.7:7895/?token=0123456789abcdef0123456789abcdef"
READ = """
import cv2, io, sys, numpy as np
print(cv2.QRCodeDetector().detectAndDecode(np.load(io.BytesIO(sys.stdin.buffer.read())))[0])
"""


@pytest.fixture
def window(app: Any, qtbot: QtBot) -> Iterator[MainWindow]:
    node = DashboardNode()
    node.open()
    window = MainWindow(GatewayFeed(node, lambda: ""))
    window.feed.ask = lambda *_, **__: None  # type: ignore[method-assign]
    qtbot.addWidget(window)
    window.show()
    yield window
    window.view_menu.menu_.close()
    window.feed.close()


def test_a_code_is_shown_on_the_sensors_own_machine_alone_and_can_be_read(window: MainWindow) -> None:
    window.view_menu.open()
    assert not window.view_menu.phone.isVisible(), "no page is served"
    window.scene.facts = {"web": "0.0.0.0:7895"}
    window.view_menu.open()
    assert not window.view_menu.phone.isVisible(), "nobody here knows the link"
    window.view_menu.pair = lambda web: Pairing(LINK, modules(LINK), f"fingerprint of {web}")
    window.view_menu.open()
    assert window.view_menu.phone.isVisible()
    window.view_menu.phone.trigger()
    dialog = next(one for one in window.findChildren(PairDialog))
    picture(dialog, "pair_a_phone")
    shot = dialog.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), shot.bytesPerLine())
    assert read(rows[:, : 3 * shot.width()].reshape(shot.height(), shot.width(), 3)) == LINK
    dialog.close()


def test_the_code_in_the_terminal_can_be_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveaffect.cli.outside.page.link_of", lambda _: LINK)
    lines = [line for line in links(Listen("127.0.0.1", 7895), secret=True) if set(line) <= set("█▀▄ ")]
    upper, lower = set("█▀"), set("█▄")  # light, as a terminal with a dark ground paints them
    dark = [[letter not in half for letter in line] for line in lines for half in (upper, lower)]
    grey = np.kron(np.where(np.array(dark), 0, 255).astype(np.uint8), np.ones((8, 8), np.uint8))
    assert read(np.stack([grey] * 3, axis=-1)) == LINK


def read(pixels: np.ndarray[Any, Any]) -> str:
    """What a reader makes of a picture, in a process of its own: OpenCV never comes into one with windows."""
    held = io.BytesIO()
    np.save(held, pixels)
    done = subprocess.run([sys.executable, "-c", READ], input=held.getvalue(), capture_output=True, check=True)
    return done.stdout.decode().strip()
