"""The window that is told later where the sensor is."""

import io
import sys
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from liveaffect.cli.windows.desktop import Told
from liveaffect.nodes.dashboard.feed import GatewayFeed, Starting
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow

LIMIT_MS = 120_000


def test_u9_a_window_says_what_it_waits_for_and_shows_itself_when_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.StringIO('{"show": "The film is being made: 5 %"}\nnoise\n')
    monkeypatch.setattr(sys, "stdin", lines)
    node = DashboardNode()
    node.open()
    told = Told()
    window = MainWindow(GatewayFeed(node, told.find))
    qtbot.addWidget(window)
    ended: list[int] = []
    app: Any = type("App", (), {"quit": lambda _: ended.append(1)})()
    window.start()
    told.listen(window, app)
    assert not window.isVisible()
    qtbot.waitUntil(window.isVisible, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: node.scene.trouble == "The film is being made: 5 %", timeout=LIMIT_MS)
    window.presenter.picture()
    reason = window.video._reason
    assert reason is not None
    assert (reason.headline, reason.words) == ("Starting", "The film is being made: 5 %")
    qtbot.waitUntil(lambda: ended == [1], timeout=LIMIT_MS)
    with pytest.raises(Starting):
        told.find()
    window.feed.close()
