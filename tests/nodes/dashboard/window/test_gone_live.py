"""Two windows on a sensor of its own process that is stopped, goes on, is killed, and is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from live_run import wait_for
from paths import HELPERS
from pytestqt.qtbot import QtBot

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.lost import SILENT_NS
from liveaffect.nodes.dashboard.scene.node import Dashboard
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream.live.addresses import free_port

pytestmark = pytest.mark.processes
WAIT_MS = 60_000
GRAPH = """
[graph]
gateway = "tcp://127.0.0.1:{port}"
announce = false
[camera]
type = "liveaffect.nodes.camera:{camera}"
process = "camera"
source = "lavfi:testsrc2=size=160x120:rate=15,realtime"
[face_affect]
type = "estimate_nodes:Brightness"
process = "face"
[fusion]
type = "liveaffect.nodes.fusion:{fusion}"
process = "face"
"""


class Sensor:
    """A run in a process group of its own, at one address."""
