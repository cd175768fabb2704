"""The ten lines of docs/python.md, run as a user runs them: a script without a guard, that ends in a plot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from paths import GOLDEN, ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.S)


@pytest.mark.timeout(900)
@pytest.mark.processes
def test_the_ten_lines_end_in_a_plot(tmp_path: Path, shared: Path) -> None:
    assert len(BLOCKS[0].splitlines()) <= 11
    (tmp_path / "interview.mp4").symlink_to(shared / "clips" / "pyfeat_single_face.mp4")
    (tmp_path / "plot.py").write_text(BLOCKS[0], "utf-8")
    environment = {**os.environ, "LIVEAFFECT_MODELS": str(shared / "models"), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "plot.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "interview.png").read_bytes().startswith(b"\x89PNG")


def test_the_other_lines_run_on_a_recorded_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/p01").symlink_to(GOLDEN)
    names: dict[str, object] = {}
    exec(compile(BLOCKS[1], "docs/python.md", "exec"), names)
    rows = names["rows"]
    assert isinstance(rows, pl.DataFrame)
    Path("tables").mkdir()
    rows.write_parquet("tables/p01.parquet")
    Path("labels.csv").write_text(f"file,t_s,valence\n{rows['file'][0]},1.0,0.5\n", "utf-8")
    exec(compile(BLOCKS[2], "docs/python.md", "exec"), names)
    assert Path("p01.html").is_file()
    assert pl.read_csv("p01.csv").height == rows.height
