"""Batches for a GPU: looking ahead changes neither the order of the stream nor, but for rounding, a number."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

SCRIPT = """
import sys
from pathlib import Path
from liveaffect.nodes.face.privacy import close_door
close_door()
from liveaffect.cli.pipeline import FileRun, ScoreSettings
from liveaffect.nodes.face_affect import FaceAffect

clip, out = Path(sys.argv[1]), Path(sys.argv[2])
most = 0
prepare = FaceAffect.prepare

def counted(node, crops):
    global most
    most = max(most, len(crops))
    prepare(node, crops)

FaceAffect.prepare = counted
for name, ahead, words in (("one", 0, ()), ("many", 16, ()), ("gpu", 0, ("face_affect.provider=cuda",))):
    settings = ScoreSettings(overrides=words)
    order = FileRun(clip, "clip", settings, ahead=ahead)
    (out / f"{name}.txt").write_text(
        "\\n".join(f"{t.name} {m.t_ns} {m.seq} {getattr(m, 'frame_seq', 0)}" for t, m in order.messages()))
    run = FileRun(clip, "clip", settings, ahead=ahead)
    run.write(out / f"{name}.parquet")
    (out / f"{name}.warnings").write_text("\\n".join(run.warnings()))
    print(name, type(run.host).__name__, most)
    most = 0
"""


@pytest.fixture(scope="module", params=["intel_head-pose-face-detection-female-and-male.gif", "grid_f_brbk7n.mpg"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clips: Path) -> tuple[Path, str]:
    """A clip scored frame by frame, sixteen frames at a time, and with a GPU asked for that may not be there."""
    out = tmp_path_factory.mktemp("tables")
    command = [sys.executable, "-c", SCRIPT, str(clips / request.param), str(out)]
    return out, subprocess.run(command, capture_output=True, text=True, timeout=110, check=True).stdout


def test_the_net_gets_many_frames_at_once_and_on_a_cpu_one(runs: tuple[Path, str]) -> None:
    said = runs[1].splitlines()
    assert said[0] == "one LockstepHost 0"
    assert said[1] == "many AheadHost 16"
    assert said[2].startswith("gpu AheadHost ")


def test_the_order_of_the_stream_is_that_of_one_host(runs: tuple[Path, str]) -> None:
    one = (runs[0] / "one.txt").read_text("utf-8")
    assert one.count("face/affect") >= 50
    assert (runs[0] / "many.txt").read_text("utf-8") == one
    assert (runs[0] / "gpu.txt").read_text("utf-8") == one


def test_numbers_are_the_same_but_for_rounding(runs: tuple[Path, str]) -> None:
    one = pl.read_parquet(runs[0] / "one.parquet")
    assert one["face_valence"].drop_nulls().len() > 40
    for name in ("many", "gpu"):
        other = pl.read_parquet(runs[0] / f"{name}.parquet")
        assert other.schema == one.schema
        assert other.height == one.height
        for column, kind in one.schema.items():
            assert (other[column].is_null() == one[column].is_null()).all(), column
            if kind.is_numeric():
                np.testing.assert_allclose(other[column].to_numpy(), one[column].to_numpy(), rtol=0, atol=1e-3)
            else:
                assert (other[column] == one[column]).all(), column


def test_a_net_that_runs_elsewhere_than_asked_is_told_and_gives_the_numbers_of_one_frame_at_a_time(
    runs: tuple[Path, str],
) -> None:
    said = (runs[0] / "gpu.warnings").read_text("utf-8")
    if not said:  # there is a GPU
        pytest.skip("the GPU that was asked for is there")
    assert "not on CUDAExecutionProvider as asked" in said
    assert pl.read_parquet(runs[0] / "gpu.parquet").equals(pl.read_parquet(runs[0] / "one.parquet"))
