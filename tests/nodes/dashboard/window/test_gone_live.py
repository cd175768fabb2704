"""Two windows on a sensor of its own process that is stopped, goes on, is killed, and is started again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from devices.slow_relay import HERE, SlowRelay
from paths import HELPERS
from pytestqt.qtbot import QtBot
from runs.live import free_port
from windows.gui import PICTURES

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.lost import FILM_ENDED, SILENT_NS
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream.client.access import make_keys

pytestmark = pytest.mark.processes
WAIT_MS = 90_000
GRAPH = """
[graph]
gateway = "{address}"
announce = false
[camera]
type = "liveaffect.nodes.camera:CameraNode"
process = "camera"
source = "lavfi:testsrc2=size=160x120:rate=15{more},realtime"
[face_affect]
type = "estimate_nodes:Brightness"
process = "face"
[fusion]
type = "liveaffect.nodes.fusion:FusionNode"
process = "face"
"""


class Sensor:
    """A run in processes of its own, always at one address."""

    def __init__(self, folder: Path, more: str = "", address: str = "", keys: str = "") -> None:
        self.address = address or f"ipc://{folder / 's'}"
        self._file = folder / "graph.toml"
        text = GRAPH.format(address=self.address, more=more)
        self._file.write_text(text.replace("[camera]", f'keys = "{keys}"\n[camera]' if keys else "[camera]"), "utf-8")
        self._run: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Begins a run."""
        words = [sys.executable, "-m", "liveaffect.cli.main", "run", str(self._file), "--headless"]
        self._run = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(HELPERS)}, stderr=subprocess.DEVNULL)

    def send(self, number: int) -> None:
        """A signal to all of its processes, the first one first."""
        assert self._run is not None
        first = psutil.Process(self._run.pid)
        for process in [first, *first.children(recursive=True)]:
            process.send_signal(number)
        if number == signal.SIGKILL:
            self._run.wait()

    @property
    def over(self) -> bool:
        """It has ended by itself."""
        return self._run is not None and self._run.poll() is not None


class View:
    """A window on the sensor, and what it shows second by second."""

    def __init__(self, address: str, keys: str = "") -> None:
        node = DashboardNode()
        node.open()
        self.window = MainWindow(GatewayFeed(node, lambda: address, keys))
        self.window.start()
        self.window.show()

    @property
    def lively(self) -> bool:
        """It shows numbers as of now."""
        window = self.window
        return window.circumplex._person is not None and not window.circumplex.gone

    @property
    def grey(self) -> bool:
        """All of it is greyed, and says why."""
        window = self.window
        panels = (window.circumplex, window.emotions, window.units, window.voice, window.weights, window.traces)
        dots = {dot.kind for dot in window.status.dots._dots}
        reason = window.video._reason
        return all(panel.gone for panel in panels) and window.video.gone and dots <= {"unknown"} and reason is not None

    def row(self) -> str:
        """In words."""
        return "grey" if self.grey else "numbers" if self.lively else "waits"

    def quiet_ns(self) -> int:
        """How long nothing has been heard."""
        scene = self.window.scene
        return scene.clock() - scene.heard_ns if scene.heard_ns else 0


@pytest.fixture
def sensor() -> Iterator[Sensor]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        sensor = Sensor(Path(folder))
        yield sensor
        sensor.send(signal.SIGKILL)


def test_u1_two_views_on_a_sensor_that_is_stopped_goes_on_is_killed_and_started_again(
    app: object, qtbot: QtBot, sensor: Sensor
) -> None:
    views = [View(sensor.address), View(sensor.address)]
    for view in views:
        qtbot.addWidget(view.window)
    table: list[str] = []
    wrong: list[str] = []

    def until(what: str, holds: Callable[[View], bool]) -> None:
        def looked() -> bool:
            rows = [view.row() for view in views]
            quiet = [view.quiet_ns() for view in views]
            line = f"{what:<12}" + "".join(f"{row:>10}" for row in rows)
            if not table or table[-1] != line:
                table.append(line)
            for view, row, ns in zip(views, rows, quiet, strict=True):
                late_ns = view.window._ticks.interval() * 2_000_000 + 500_000_000 * 4  # on a machine that is slow
                if row == "numbers" and ns > SILENT_NS + late_ns:
                    wrong.append(f"{what}: numbers after {ns / 1e9:.1f} s of silence")
            return all(holds(view) for view in views)

        qtbot.waitUntil(looked, timeout=WAIT_MS)

    until("running", lambda view: view.lively)
    sensor.send(signal.SIGSTOP)
    until("stopped", lambda view: view.grey)
    sensor.send(signal.SIGCONT)
    until("goes on", lambda view: view.lively)
    before = views[0].window.scene.facts["run"]
    sensor.send(signal.SIGKILL)
    until("killed", lambda view: view.grey)
    sensor.start()
    until("again", lambda view: view.lively and view.window.scene.facts["run"] != before)
    assert not wrong
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / "gone_table.txt").write_text("\n".join(table) + "\n", "utf-8")
    for view in views:
        view.window.feed.close()


def test_u3_a_film_that_has_ended_says_so_in_a_window_that_stays(app: object, qtbot: QtBot) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        film = Sensor(Path(folder), ":duration=6")
        view = View(film.address)
        qtbot.addWidget(view.window)
        qtbot.waitUntil(lambda: film.over and view.grey, timeout=WAIT_MS)
        reason = view.window.video._reason
        assert reason is not None
        assert reason.headline == FILM_ENDED
        assert view.window.isVisible()
        view.window.feed.close()


SECONDS = 24
PLAN: dict[int, str] = {3: "link down", 8: "link up", 10: "stopped", 14: "goes on", 16: "killed", 20: "started"}
"""Second of the table -> what happens at its beginning."""


@pytest.mark.soak
def test_u1_second_by_second_what_two_views_show_of_a_sensor_whose_link_is_cut_that_is_stopped_and_killed(
    app: object, qtbot: QtBot
) -> None:
    """One view beside the sensor, one at the end of a cable: nothing that looks alive after 2 s of silence.

    The table goes to out/pictures/gone_seconds.txt.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, port = Path(name), two_ports()
        make_keys(folder / "keys")
        keys = str(folder / "keys")
        sensor = Sensor(folder, address=f"tcp://127.0.0.1:{port}", keys=keys)
        with SlowRelay([port, port + 1], 0.01) as cable:
            views = {"beside": View(sensor.address, keys), "far": View(f"tcp://{HERE}:{port}", keys)}
            for view in views.values():
                qtbot.addWidget(view.window)
            qtbot.waitUntil(lambda: all(view.lively for view in views.values()), timeout=WAIT_MS)
            happens = {
                "link down": lambda: cable.cut(True), "link up": lambda: cable.cut(False),
                "stopped": lambda: sensor.send(signal.SIGSTOP), "goes on": lambda: sensor.send(signal.SIGCONT),
                "killed": lambda: sensor.send(signal.SIGKILL), "started": sensor.start,
            }  # fmt: skip
            table = ["second  what happens  " + "".join(f"{name:>44}" for name in views)]
            wrong: list[str] = []
            for second in range(SECONDS):
                what = PLAN.get(second, "")
                if what:
                    happens[what]()
                qtbot.wait(1000)
                cells: list[str] = []
                for name, view in views.items():
                    row, quiet_s = view.row(), view.quiet_ns() / 1e9
                    cells.append(f"{row}, quiet {quiet_s:.1f} s, {view.window.status.rec._words}")
                    if row == "numbers" and quiet_s > SILENT_NS / 1e9 + 0.6:
                        wrong.append(f"second {second}, {name}: numbers after {quiet_s:.1f} s of silence")
                table.append(f"{second:>6}  {what:<12}  " + "".join(f"{cell:>44}" for cell in cells))
            qtbot.waitUntil(lambda: all(view.lively for view in views.values()), timeout=WAIT_MS)
            table.append("   end  both live again")
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / "gone_seconds.txt").write_text("\n".join(table) + "\n", "utf-8")
            for view in views.values():
                view.window.feed.close()
            sensor.send(signal.SIGKILL)
        assert not wrong, wrong
        assert sum(line.count("grey") for line in table) >= 10, table


def two_ports() -> int:
    """A port that is free, and the next one too."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
