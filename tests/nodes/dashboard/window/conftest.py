"""The main window at its least size."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow


@pytest.fixture
def small_window(app: Any, qtbot: QtBot) -> Iterator[MainWindow]:
    node = DashboardNode()
    node.open()
    window = MainWindow(GatewayFeed(node, lambda: ""))
    window.scene.connected = True
    qtbot.addWidget(window)
    window.resize(1024, 700)
    window.show()
    yield window
    window.feed.close()
