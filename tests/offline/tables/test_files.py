"""Tables that come batch by batch are those that come at once, and memory holds a batch."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_video

from liveaffect.models.face.baseline import FaceBaseline
from liveaffect.offline.scoring.pipeline import FileRun, ScoreSettings
from liveaffect.offline.tables import score as table
from liveaffect.offline.tables.files import Parts, parts_of, write_table
from liveaffect.offline.tables.score import AU_COLUMNS, REL_COLUMNS, SMOOTH_COLUMNS

pytestmark = pytest.mark.long

BASELINE = FaceBaseline(
    face_id=1, from_s=0, to_s=1, rows=30, valence=0.1, arousal=0.0, valence_spread=0.0, arousal_spread=0.0,
    au=dict.fromkeys(AU_COLUMNS, 0.5),
)  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s at 30 frames a second, from dark to bright, with a second of black after half of it: nobody there."""
    folder = tmp_path_factory.mktemp("film")
    greys = [0 if 300 <= k < 330 else 40 + k // 3 for k in range(600)]
    return write_video(folder / "film.mp4", (np.full((48, 64, 3), grey, np.uint8) for grey in greys), fps=30)


def settings(folder: Path, *, smooth: bool, baseline: bool) -> ScoreSettings:
    launch = folder / "launch.toml"
    launch.write_text(LAUNCH, "utf-8")
    return ScoreSettings(launch, (), 1.0 if smooth else None, BASELINE if baseline else None)


@pytest.mark.parametrize(
    ("smooth", "baseline", "rows"), [(False, False, 47), (True, False, 7), (False, True, 47), (True, True, 7)]
)
def test_small_batches_give_the_bytes_of_one(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smooth: bool, baseline: bool, rows: int
) -> None:
    chosen = settings(tmp_path, smooth=smooth, baseline=baseline)
    whole = FileRun(film, "film", chosen).write(tmp_path / "whole")
    monkeypatch.setattr(table, "BATCH", rows)
    assert FileRun(film, "film", chosen).write(tmp_path / "batches") == whole
    assert (tmp_path / "batches").read_bytes() == (tmp_path / "whole").read_bytes()
    found = pl.read_parquet(tmp_path / "whole")
    assert (whole.rows, whole.seen) == (found.height, found.filter(pl.col("face_state") == "ok").height) == (600, 570)
    for name in (SMOOTH_COLUMNS if smooth else []) + (["valence_rel"] if baseline else []):
        assert (found[name].is_null() == found["valence"].is_null()).all(), name
    assert set(found.columns) >= {*(SMOOTH_COLUMNS if smooth else []), *(REL_COLUMNS if baseline else [])}


def test_rows_are_on_disk_while_a_film_is_scored_and_gone_afterwards(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "BATCH", 50)
    target, there = tmp_path / "table.parquet", list[int]()

    def look(*_: float) -> None:
        there.append(len(list(parts_of(target).glob("*.arrow"))))

    FileRun(film, "film", settings(tmp_path, smooth=True, baseline=False), progress=look).write(target)
    assert there == sorted(there)
    assert there[0] == 0
    assert there[-1] >= 4  # all but what the smoothing waits for
    assert sorted(path.name for path in tmp_path.iterdir()) == ["launch.toml", "table.parquet"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_that_fails_half_way_leaves_the_old_one(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"table.{ending}"
    write_table(pl.LazyFrame({"a": [1, 2]}), target, {})
    before = target.read_bytes()
    with Parts(tmp_path / "parts") as parts:
        parts.add(pl.DataFrame({"a": ["1", "x"]}))
        with pytest.raises(pl.exceptions.PolarsError):
            write_table(parts.scan().with_columns(pl.col("a").cast(pl.Int64)), target, {})
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_what_a_killed_run_left_is_not_taken_for_rows(tmp_path: Path) -> None:
    folder = tmp_path / ".table.rows"
    folder.mkdir()
    (folder / "7.arrow").write_bytes(b"half a batch")
    with Parts(folder) as parts:
        parts.add(pl.DataFrame({"a": [1]}))
        assert parts.scan().collect()["a"].to_list() == [1]
    assert not folder.exists()
