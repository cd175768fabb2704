"""Long films in segments: fixed by media time, the same bytes with any number of jobs, ids joined at the seams."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_video
from runs.here_workers import HereWorker

from liveaffect.cli.score import seconds
from liveaffect.offline import ScoreSettings, score_batch
from liveaffect.offline.scoring.segments import Ids, Part, Places, parts_of_film
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import Face, FaceObservation

FPS = 5


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("launch") / "launch.toml"
    path.write_text(LAUNCH, "utf-8")
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three and a half minutes of slowly changing brightness, black (no face) for two seconds in each minute."""
    grey = 120 + 60 * np.sin(np.arange(210 * FPS) / 40)
    grey[(np.arange(len(grey)) % (60 * FPS)) < 2 * FPS] = 0
    images = [np.full((48, 64, 3), g, np.uint8) for g in grey]
    return write_video(tmp_path_factory.mktemp("film") / "long.mp4", images, fps=FPS)


def test_segments_are_fixed_by_media_time() -> None:
    settings = ScoreSettings(split_s=60.0)
    assert [(p.from_s, p.to_s) for p in parts_of_film(210.0, settings)] == [(0, 60), (60, 120), (120, 180), (180, None)]
    assert [(p.from_s, p.to_s) for p in parts_of_film(205.0, settings)] == [(0, 60), (60, 120), (120, None)]
    assert [p.to_s for p in parts_of_film(20.0, settings)] == [None]
    assert [p.to_s for p in parts_of_film(None, settings)] == [None]
    part = parts_of_film(210.0, settings)[1]
    assert part.begin_s < 60 - 5
    assert part.end_s > 120 + 0.5


@pytest.mark.processes
def test_the_bytes_do_not_depend_on_the_jobs_and_the_rows_are_those_of_the_whole(
    tmp_path: Path, launch: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, split = ScoreSettings(launch), ScoreSettings(launch, split_s=60.0)
    batches = [score_batch([str(film)], tmp_path / "3.parquet", settings=split, jobs=3)]
    monkeypatch.setattr("liveaffect.offline.scoring.workers._Worker", HereWorker)
    batches += [score_batch([str(film)], tmp_path / "1.parquet", settings=split, jobs=1)]
    batches += [score_batch([str(film)], tmp_path / "whole.parquet", settings=whole)]
    assert not any(batch.failures for batch in batches)
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "3.parquet").read_bytes()
    one, parts = pl.read_parquet(tmp_path / "whole.parquet"), pl.read_parquet(tmp_path / "1.parquet")
    assert parts["t_s"].to_list() == one["t_s"].to_list()
    assert parts["state"].to_list() == one["state"].to_list()
    away = (parts["valence"] - one["valence"]).abs()
    assert (away.drop_nulls() <= 0.02).mean() >= 0.99  # type: ignore[operator]
    assert parts.group_by("segment", maintain_order=True).agg(pl.col("t_s").min())["t_s"].to_list() == [0, 60, 120, 180]


@pytest.mark.long
@pytest.mark.usefixtures("score_here")
def test_extras_go_through_the_seams(tmp_path: Path, launch: Path, film: Path) -> None:
    settings = ScoreSettings(launch, split_s=60.0, smooth_lag_s=1.0, rate_hz=2.0)
    score_batch([str(film)], tmp_path / "t.parquet", settings=settings, jobs=2)
    table = pl.read_parquet(tmp_path / "t.parquet")
    assert table["t_s"].to_list() == pytest.approx([np.ceil(k * FPS / 2) / FPS for k in range(420)])
    ok = table.filter(pl.col("state") == "ok")
    assert ok["smooth_valence"].null_count() == 0


def watched(part: Part, faces: dict[int, float], at_s: list[float]) -> dict[str, Any]:
    """What a run of a segment notes of faces, each at one place."""
    places = Places(part)
    for t_s in at_s:
        shown = tuple(Face(id=i, state="ok", box=(x, 0.4, 0.1, 0.1)) for i, x in faces.items())
        places.add(FaceObservation(t_ns=round(t_s * 1e9), frame_seq=0, faces=shown))
    return {"head": places.head, "tail": places.tail}


def test_ids_are_joined_by_place_at_the_seam_and_new_ones_count_on() -> None:
    first, second, third = parts_of_film(180.0, ScoreSettings(split_s=60.0))
    seam = [59.0 + k / 10 for k in range(15)]
    ids = Ids()
    assert ids.of_next([0, 1, 2], watched(first, {0: 0.1, 2: 0.7}, seam)) == {0: 0, 1: 1, 2: 2}
    later = [119.0 + k / 10 for k in range(15)]
    head = watched(second, {0: 0.7, 1: 0.1}, seam)
    tail = watched(second, {5: 0.1, 1: 0.71}, later)
    found = ids.of_next([0, 1, 4, 5], {"head": head["head"], "tail": tail["tail"]})
    assert found == {0: 2, 1: 0, 4: 3, 5: 4}
    assert ids.of_next([0, 1], watched(third, {0: 0.1, 1: 0.4}, later)) == {0: 4, 1: 5}


def test_a_length_is_written_as_people_write_it() -> None:
    assert [seconds(text) for text in ("5min", "300", "300s", "1h", "1.5 m", None)] == [300, 300, 300, 3600, 90, None]
    with pytest.raises(UsageError, match="write a length"):
        seconds("soon")
    with pytest.raises(UsageError, match=r"split_s \(--split\) is 1"):
        ScoreSettings(split_s=1.0)


@pytest.mark.parametrize(
    ("settings", "word", "why"),
    [
        (ScoreSettings(), "camera.source=other.mp4", "what is scored is named"),
        (ScoreSettings(), "microphone.source=other.wav", "what is scored is named"),
        (ScoreSettings(rate_hz=10.0), "camera.measure_hz=5", "--rate says so already"),
        (ScoreSettings(split_s=30.0), "camera.from_s=2", "--split divides the film"),
        (ScoreSettings(split_s=30.0), "microphone.to_s=9", "--split divides the film"),
    ],
)
def test_a_setting_that_would_undo_what_the_verb_sets_is_refused(
    tmp_path: Path, settings: ScoreSettings, word: str, why: str
) -> None:
    film = write_video(tmp_path / "film.mp4", np.zeros((4, 32, 32, 3), np.uint8), fps=FPS)
    with pytest.raises(UsageError, match=rf"--set {word}: leave it out, {why}"):
        score_batch([str(film)], tmp_path / "t.parquet", settings=replace(settings, overrides=(word,)))
    assert not (tmp_path / "t.parquet").exists()
