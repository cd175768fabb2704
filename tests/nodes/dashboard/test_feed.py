"""The feed on a real graph: processes, sockets, gateway."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from runs.live import LiveRun, live_run, wait_for

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.status import record_status
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import TransportError

pytestmark = pytest.mark.processes

WAIT_MS = 120_000


def table(folder: Path) -> dict[str, Any]:
    source = "lavfi:testsrc2=size=320x240:rate=30,realtime"
    return {
        "camera": {"type": "liveaffect.nodes.camera:CameraNode", "process": "camera", "source": source},
        "face_affect": {"type": "estimate_nodes:Brightness", "process": "face"},
        "fusion": {"type": "liveaffect.nodes.fusion:FusionNode", "process": "face"},
        "recorder": {"type": "liveaffect.nodes.recorder:RecorderNode", "process": "recorder", "folder": str(folder)},
    }


class Listening:
    """A feed and the address that it finds."""

    def __init__(self, *, pixels: bool = True) -> None:
        self.address = ""
        self.node = DashboardNode(pixels=pixels)
        self.node.open()
        self.feed = GatewayFeed(self.node, self._find)
        self.scene = self.node.scene

    def _find(self) -> str:
        if not self.address:
            raise TransportError("nothing is running here")
        return self.address

    def ask(self, qtbot: QtBot, verb: str, **arguments: Any) -> Reply:
        got: list[Reply] = []
        self.feed.ask(verb, on_reply=got.append, **arguments)
        qtbot.waitUntil(lambda: bool(got), timeout=WAIT_MS)
        return got[0]


@pytest.fixture
def listening(app: Any) -> Iterator[Listening]:
    listening = Listening()
    listening.feed.start()
    yield listening
    listening.feed.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[LiveRun]:
    with live_run(table(tmp_path / "session")) as run:
        yield run


def test_estimates_and_pixels_arrive_and_commands_are_answered(
    run: LiveRun, listening: Listening, qtbot: QtBot, tmp_path: Path
) -> None:
    scene = listening.scene
    wait_for(lambda: scene.trouble == "nothing is running here", "the reason")
    with qtbot.waitSignal(listening.feed.arrived, timeout=WAIT_MS):
        listening.address = run.supervisor.gateway_address
    wait_for(lambda: scene.person is not None and scene.frames._frames, "an estimate and its picture")
    assert scene.connected
    wait_for(lambda: "recorder" in scene.health, "the recorder's health")
    reply = listening.ask(qtbot, "record", action="start", folder=str(tmp_path / "s"))
    assert reply.ok, reply.text
    said = wait_for(lambda: (told := record_status(scene)) and told.recording and told, "REC")
    assert abs(listening.feed.sensor_now_ns() - said.since_ns) < 60e9
    assert said.free_mb > 0
    assert listening.ask(qtbot, "mark", label="here", t_ns=listening.feed.sensor_now_ns()).ok
    wait_for(lambda: [one.label for one in scene.markers] == ["here"], "the marker")
    assert listening.ask(qtbot, "record", action="stop").ok
    assert not listening.ask(qtbot, "record", action="stop").ok
    assert scene.offset_ns is not None
    assert abs(scene.offset_ns) < 5e9  # half of the quickest of several exchanges, however busy the machine
    assert not scene.strange


def test_pixels_flow_only_while_they_are_wanted(run: LiveRun, listening: Listening) -> None:
    scene = listening.scene
    listening.feed.want_pixels(False)
    listening.address = run.supervisor.gateway_address
    wait_for(lambda: len(scene.answered) > 20, "estimates")
    assert not scene.frames._frames
    listening.feed.want_pixels(True)
    wait_for(lambda: scene.frames._frames, "pixels")
    listening.feed.want_pixels(False)
    assert not scene.frames._frames
    before = len(scene.answered)
    wait_for(lambda: len(scene.answered) > before + 20, "more estimates")
    assert not scene.frames._frames


def test_a_sensor_that_ends_is_told_and_one_that_comes_back_is_found(listening: Listening, tmp_path: Path) -> None:
    scene = listening.scene
    for number in range(2):
        with live_run(table(tmp_path / str(number))) as run:
            listening.address = run.supervisor.gateway_address
            wait_for(lambda: scene.connected and scene.heard_ns, "the connection")
            heard = scene.heard_ns
            wait_for(lambda heard=heard: scene.heard_ns > heard, "news")
        wait_for(lambda: not scene.connected, "the end")
        assert scene.trouble


def test_a_question_without_a_sensor_is_answered_with_the_reason(listening: Listening, qtbot: QtBot) -> None:
    reply = listening.ask(qtbot, "record", action="start")
    assert not reply.ok
    assert reply.text == "nothing is running here"


def test_what_a_panel_shows_comes_while_it_is_open_only(listening: Listening, tmp_path: Path) -> None:
    dynamics = {"type": "liveaffect.nodes.dynamics:DynamicsNode", "process": "dynamics"}
    scene = listening.scene
    with live_run(table(tmp_path / "session") | {"dynamics": dynamics}) as run:
        listening.address = run.supervisor.gateway_address
        wait_for(lambda: "dynamics" in scene.health and scene.affect is not None, "an estimate")
        assert scene.over.dynamics is None
        listening.feed.want_panel(("dynamics", "together"))
        wait_for(lambda: scene.over.dynamics is not None and scene.over.together is not None, "what the panel shows")
        listening.feed.want_panel(())
        seen = wait_for(lambda: scene.health["dynamics"].seq + 2, "its health")
        wait_for(lambda: scene.health["dynamics"].seq >= seen, "two more seconds")
        last = scene.over.dynamics
        wait_for(lambda: scene.health["dynamics"].seq >= seen + 3, "three more seconds")
        assert scene.over.dynamics is last


def test_what_was_asked_before_the_window_closed_is_still_asked(
    run: LiveRun, listening: Listening, tmp_path: Path
) -> None:
    listening.address = run.supervisor.gateway_address
    wait_for(lambda: "recorder" in listening.scene.health, "the recorder's health")
    for number in range(3):
        listening.feed.ask("mark", label=f"last {number}")
    listening.feed.ask("record", action="start", folder=str(tmp_path / "s"))
    listening.feed.close(wait_s=WAIT_MS / 1000)
    wait_for((tmp_path / "s").exists, "the recording that was asked for last")
