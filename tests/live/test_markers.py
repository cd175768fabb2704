"""Markers set live at the own times of frames: recorded and exported, each has its frame's t_s to the last bit."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from runs.live import LiveRun, live_run, wait_for

from liveaffect.offline import export, open_session, report
from liveaffect.stream.errors import TransportError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.messages import Affect, Message

MARKS = 60


GRAPH: dict[str, dict[str, Any]] = {
    "camera": {"type": "liveaffect.nodes.camera:CameraNode", "source": "lavfi:color=gray:s=64x48:r=20"},
    "face_affect": {"type": "estimate_nodes:Brightness", "process": "face"},
    "fusion": {"type": "liveaffect.nodes.fusion:FusionNode", "process": "face"},
    "recorder": {"type": "liveaffect.nodes.recorder:RecorderNode", "autostart": True},
}


def graph_to(folder: Path) -> dict[str, dict[str, Any]]:
    return GRAPH | {"recorder": GRAPH["recorder"] | {"folder": str(folder)}}


@pytest.mark.timeout(300)
@pytest.mark.processes
def test_m04_sixty_markers_at_frames_of_a_live_session_have_their_t_s_everywhere(tmp_path: Path) -> None:
    marked: list[int] = []
    with live_run(graph_to(tmp_path / "s")) as run, run.client("affect") as client:
        while len(marked) < MARKS:
            received = client.receive(120.0)
            assert received is not None
            message: Message = received[1]
            if isinstance(message, Affect) and message.frame_seq >= 0:
                assert client.mark(f"frame {message.frame_seq}", t_ns=message.t_ns).ok
                marked.append(message.t_ns)
    session = open_session(tmp_path / "s")
    rows, marks = session.table(markers=True), session.markers()
    times = dict(zip(rows["t_ns"], rows["t_s"], strict=True))
    assert marks["t_ns"].to_list() == sorted(marked)
    assert marks["t_s"].to_list() == [times[t_ns] for t_ns in sorted(marked)]
    assert rows["t_s"][0] == (rows["t_ns"][0] - session.zero_ns) / 1e9 >= 0.0
    first, _ = next(session.messages("video/frame"))  # which a busy machine may not have answered
    assert first == 0.0
    files = export(session, tmp_path / "x.csv")
    assert pl.read_csv(files[1])["t_s"].to_list() == marks["t_s"].to_list()
    assert set(marks["t_s"]) <= set(pl.read_csv(files[0])["t_s"])
    page = report(session, tmp_path / "x.html").read_text("utf-8")
    assert [float(t) for t in re.findall(r'<time title="t_s ([^"]+)"', page)] == marks["t_s"].to_list()
    assert rows.filter(pl.col("t_ns") == marked[0])["marker"].to_list()[0].startswith("frame ")


@pytest.mark.timeout(300)
@pytest.mark.processes
def test_a_marker_set_while_the_nodes_still_open_is_recorded_once_at_its_own_time(tmp_path: Path) -> None:
    run = LiveRun(build_graph(graph_to(tmp_path / "s")), None)
    run._thread.start()

    def client() -> Any:
        try:
            return run.client("affect")
        except TransportError:
            return None

    with wait_for(client, "the gateway") as sensor:
        early = sensor.mark("lights off")
        assert early.ok
        assert "as soon as the recorder runs" in early.text, "the recorder cannot run yet"
        frames = 0
        while frames < 20:  # of one frame a report says less
            message = sensor.receive(120.0)[1]
            frames += isinstance(message, Affect) and message.frame_seq >= 0
        late = sensor.mark("stimulus on")
        assert late.text == "marked 'stimulus on'"
    run.supervisor.stop("enough")
    run.join()
    session = open_session(tmp_path / "s")
    marks = session.markers()
    assert marks["label"].to_list() == ["lights off", "stimulus on"]
    assert marks["t_ns"].to_list() == [early.facts["t_ns"], late.facts["t_ns"]]
    assert marks["t_s"][0] < 0.0 < marks["t_s"][1], "seconds from the first frame"
    shown = pl.read_csv(export(session, tmp_path / "x.csv")[1])
    assert shown["t_s"].to_list() == marks["t_s"].to_list()
    assert "lights off" in report(session, tmp_path / "x.html").read_text("utf-8")
