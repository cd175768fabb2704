"""The window that is told later where the sensor is."""

import os
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from liveaffect.cli.windows.desktop import Told
from liveaffect.nodes.dashboard.feed import GatewayFeed, Starting
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow

LIMIT_MS = 120_000


def test_u9_a_window_says_what_it_waits_for_and_shows_itself_when_told(qtbot: QtBot) -> None:
    there, here = os.pipe()
    os.write(here, b'{"show": "The film is being made: 5 %"}\nnoise\n')
    os.close(here)
    node = DashboardNode()
    node.open()
    told = Told(there)
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
    told.close()
    os.close(there)
    window.feed.close()


def test_the_thread_that_hears_the_keeper_ends_with_the_window(qtbot: QtBot) -> None:
    there, here = os.pipe()
    told = Told(there)
    heard: list[dict[str, str]] = []
    told.said.connect(heard.append)
    told._thread.start()
    os.write(here, b'{"show": "soon"}\nno json\n{"addr')
    os.write(here, b'ess": "ipc://x"}\n')
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=60_000)
    assert heard == [{"show": "soon"}, {"address": "ipc://x"}]
    told.close()  # the keeper still holds its end
    assert not told._thread.is_alive()
    os.close(here)
    os.close(there)
