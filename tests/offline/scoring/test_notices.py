"""What was done to a file is said where its table is: on the terminal, and in the table's metadata."""

import json
from pathlib import Path

import polars as pl
import pytest
from made.media import grey_ramp, write_video
from runs.command import command

from liveaffect.offline.tables.files import NOTICES, notices, notices_of, write_table


def test_what_is_said_of_each_input_is_kept_beside_the_rows(tmp_path: Path) -> None:
    table = pl.LazyFrame({"a": [1]})
    write_table(table, tmp_path / "a.parquet", notices({"a.mov": ["mirrored, as it says"]}))
    write_table(table, tmp_path / "b.parquet", notices({"b.mov": []}))
    write_table(table, tmp_path / "c.parquet", notices({"c.wav": ["clipped", "mended"]}))
    both = notices_of([tmp_path / f"{name}.parquet" for name in "abc"])
    assert json.loads(both[NOTICES]) == {"a.mov": ["mirrored, as it says"], "c.wav": ["clipped", "mended"]}
    assert NOTICES not in pl.read_parquet_metadata(tmp_path / "b.parquet")


@pytest.mark.processes
@pytest.mark.usefixtures("warm_workers")
@pytest.mark.parametrize("together", [False, True])
def test_m10_a_guessed_rate_is_on_the_terminal_and_in_the_table(tmp_path: Path, together: bool) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_video(folder / "a.mjpeg", grey_ramp(64, 64, 5), codec="mjpeg", pix_fmt="yuvj420p")
    out = tmp_path / ("t.parquet" if together else "tables")
    done = command("score", folder / "a.mjpeg", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "camera.rate" in done.stderr
    (path,) = [out] if together else out.glob("*.parquet")
    (said,) = json.loads(pl.read_parquet_metadata(path)[NOTICES])["a.mjpeg"]
    assert said.startswith("a bare stream without times: 25 frames a second were assumed")
