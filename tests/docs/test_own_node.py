"""The node that docs/own-node.md shows does what it says."""

import re
from pathlib import Path

import pytest
from blink_rate import Blink, BlinkRate
from paths import ROOT
from runs.live import collect, live_run

from liveaffect.stream.graph import load_graph
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Face, FaceObservation, Message

EXAMPLES = ROOT / "docs" / "examples"


def _observed(frame: int, lids: float | None) -> FaceObservation:
    shapes = None if lids is None else (0.0,) * 9 + (lids, lids) + (0.0,) * 41
    face = Face(id=0, state="ok" if shapes else "no_face", blendshapes=shapes)
    return FaceObservation(t_ns=frame * 33_333_333, frame_seq=frame, faces=(face,))


def test_blinks_are_counted_per_minute_of_seen_face() -> None:
    frames = [_observed(i, 0.9 if i % 90 in (5, 6, 7) else 0.1) for i in range(900)]
    answers = run_nodes(BlinkRate(), inputs=frames, of=Blink)
    assert len(answers) == 900
    assert answers[100].per_minute is None
    assert answers[-1].per_minute == pytest.approx(20.0, rel=0.03)


def test_without_a_face_there_is_no_number() -> None:
    answers = run_nodes(BlinkRate(window_s=5.0), inputs=[_observed(i, None) for i in range(300)], of=Blink)
    assert {answer.per_minute for answer in answers} == {None}


def test_the_launch_file_of_the_example_is_valid() -> None:
    graph = load_graph(EXAMPLES / "blink_rate.toml")
    assert graph.depth["blink"] == 2
    assert graph.entries["blink_rate"].process == "face"


def test_the_page_lists_every_field_of_a_face_and_of_its_frame() -> None:
    page = (ROOT / "docs" / "own-node.md").read_text("utf-8")
    listed = [line.split("|")[1] for line in page.splitlines() if line.strip().startswith("| `")]
    names = set(re.findall(r"`(\w+)`", " ".join(listed)))
    own = {*Face.__struct_fields__, *FaceObservation.__struct_fields__} - {*Message.__struct_fields__, "faces"}
    assert own <= names
    assert names - own <= {"rate_hz", "queue", "record", "delay_ms"}  # of the table of topics


@pytest.mark.processes
def test_the_example_runs_live_on_a_real_clip(clips: Path, tmp_path: Path) -> None:
    table = load_graph(EXAMPLES / "blink_rate.toml").table()
    table["camera"] |= {"source": str(clips / "pyfeat_single_face.mp4"), "loop": True}
    with live_run(table) as run, run.client("blink") as client:
        assert collect(client, lambda got: len(got) >= 20)
