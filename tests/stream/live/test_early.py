"""Processes that have imported what they run before anybody has said with which settings."""

import sys
from pathlib import Path

import psutil
import pytest
from runs.live import wait_for

from liveaffect.stream.graph import Graph, build_graph
from liveaffect.stream.live import process
from liveaffect.stream.live.early import EarlyProcesses

pytestmark = pytest.mark.processes

BARS = "lavfi:testsrc=size=320x240:rate=30"
CAMERA = {"type": "liveaffect.nodes.camera:CameraNode", "process": "camera", "source": BARS}
FUSION = {"type": "liveaffect.nodes.fusion:FusionNode", "process": "fusion"}
ECHO = "import sys; print('.', flush=True); sys.stdin.readline(); sys.stdin.readline()"
"""Says that it has imported, hears where its words go and what it is to be, and ends."""


def graph(**nodes: dict[str, str]) -> Graph:
    """The nodes that a test needs, whatever they would read."""
    return build_graph(dict(nodes), origin="test", partial=True)


def made(early: EarlyProcesses) -> dict[str, int]:
    """Process name -> id of those that nobody has taken."""
    return {name: one.pid for name, one in early._made.items()}


def test_they_have_imported_their_nodes_and_become_the_processes_of_the_graph(tmp_path: Path) -> None:
    early, before = EarlyProcesses(), graph(camera=CAMERA)
    early.prepare(before)
    pid = made(early)["camera"]
    maps = Path(f"/proc/{pid}/maps")
    if maps.exists():
        assert "libavcodec" in maps.read_text(), "the camera's reader is loaded before its source is known"
    handle = early.maker(tmp_path, graph(camera={**CAMERA, "source": "0"}))("camera", False)
    handle.start(b"no spec")
    assert handle.pid == pid
    wait_for(lambda: not handle.alive, "its end")
    assert "JSON is malformed" in (tmp_path / "camera.log").read_text("utf-8"), "its words lie where the others' do"
    handle.start(b"no spec")
    assert handle.pid != pid, "a second start is a new one"
    handle.collect(10.0)


def test_they_have_one_thread_for_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    early = EarlyProcesses()
    early.prepare(graph(camera=CAMERA))
    assert psutil.Process(made(early)["camera"]).environ()["OPENBLAS_NUM_THREADS"] == "1"
    early.close()


def test_those_that_the_choice_leaves_out_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-P", "-c", ECHO))
    early = EarlyProcesses()
    early.prepare(graph(camera=CAMERA, fusion=FUSION))
    pids = made(early)
    early.maker(tmp_path, graph(camera=CAMERA))
    assert not psutil.pid_exists(pids["fusion"])
    assert made(early) == {"camera": pids["camera"]}
    early.close()
    assert not psutil.pid_exists(pids["camera"])
    early.prepare(graph(camera=CAMERA))
    assert not made(early), "none comes after the end"


def test_one_that_died_meanwhile_is_started_as_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-P", "-c", "print('.')"))
    early = EarlyProcesses()
    early.prepare(graph(camera=CAMERA))
    wait_for(lambda: early._made["camera"].poll() is not None, "its death")
    pid = made(early)["camera"]
    handle = early.maker(tmp_path, graph(camera=CAMERA))("camera", False)
    handle.start(b"spec")
    assert handle.pid != pid
    handle.collect(10.0)


def test_code_of_others_is_not_run_before_it_is_asked_for() -> None:
    early = EarlyProcesses()
    early.prepare(graph(mine={"type": "toy_nodes:Counter", "process": "mine"}))
    assert not made(early)
