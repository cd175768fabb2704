"""Worker processes of `score`: what one file can do to the others (nothing), and what is said of it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_video

from liveaffect.cli.main import main
from liveaffect.offline.apart import start
from liveaffect.offline.scoring import workers
from liveaffect.offline.scoring.batch import Batch
from liveaffect.offline.scoring.output import ScoreOutput
from liveaffect.offline.scoring.pipeline import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Progress, Task, score_files

pytestmark = pytest.mark.processes

COLOURS = {"dark": (40, 40, 40), "bright": (200, 200, 200), "deadly": (255, 0, 0), "black": (0, 0, 0)}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ScoreSettings:
    launch = tmp_path_factory.mktemp("launch") / "launch.toml"
    launch.write_text(LAUNCH, "utf-8")
    return ScoreSettings(launch)


def films(folder: Path, *names: str) -> list[Path]:
    """Six frames of one colour each, at 10 frames a second."""
    paths: list[Path] = []
    for number, name in enumerate(names):
        image = np.broadcast_to(np.array(COLOURS[name], np.uint8), (48, 64, 3))
        paths.append(write_video(folder / f"{number}_{name}.mp4", [image] * 6, fps=10))
    return paths


Events = list[Progress | Outcome]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, settings: ScoreSettings) -> dict[int, Events]:
    """What happened to seven files, two of which kill their worker and one of which is no film: by number of jobs."""
    folder = tmp_path_factory.mktemp("films")
    files = films(folder, "dark", "deadly", "bright", "deadly", "black", "dark")
    broken = folder / "6_broken.mp4"
    broken.write_bytes(b"\x00" * 64)
    events: dict[int, Events] = {}
    for jobs in (1, 2):
        tables = folder / f"{jobs}"
        tables.mkdir()
        tasks = [Task(file, file.name, tables / f"{file.name}.parquet") for file in [*files, broken]]
        events[jobs] = list(score_files(tasks, jobs, settings))
    return events


def outcomes(events: Events) -> dict[str, Outcome]:
    """The outcome of each file, of which there is one."""
    found = [event for event in events if isinstance(event, Outcome)]
    assert len({outcome.task.name for outcome in found}) == len(found)
    return {outcome.task.name: outcome for outcome in found}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_kills_its_worker_costs_itself_alone(runs: dict[int, Events], jobs: int) -> None:
    found = outcomes(runs[jobs])
    assert {name for name, outcome in found.items() if "SIGKILL" in outcome.failure} == {"1_deadly.mp4", "3_deadly.mp4"}
    told = {name: outcome.written.rows for name, outcome in found.items() if outcome.written is not None}
    heights = {name: pl.read_parquet(found[name].task.target).height for name in told}
    assert heights == told
    assert heights == {"0_dark.mp4": 6, "2_bright.mp4": 6, "4_black.mp4": 6, "5_dark.mp4": 6}


def test_an_unreadable_file_is_a_failure_in_words(runs: dict[int, Events]) -> None:
    broken = outcomes(runs[2])["6_broken.mp4"]
    assert broken.written is None
    assert not broken.task.target.exists()
    assert str(broken.task.file) in broken.failure


def test_two_jobs_give_the_tables_of_one(runs: dict[int, Events]) -> None:
    one, two = outcomes(runs[1]), outcomes(runs[2])
    for name, outcome in one.items():
        assert outcome.written == two[name].written
        if outcome.written is not None:
            assert outcome.task.target.read_bytes() == two[name].task.target.read_bytes()


def test_a_file_tells_how_far_it_has_come(runs: dict[int, Events]) -> None:
    told = [e for e in runs[1] if isinstance(e, Progress) and e.task.name == "0_dark.mp4"]
    assert [event.done_s for event in told] == sorted(event.done_s for event in told)
    assert all(0 < event.done_s <= event.of_s == pytest.approx(0.6) for event in told)
    assert told


def test_more_jobs_than_files_score_every_file_once(tmp_path: Path, settings: ScoreSettings) -> None:
    [file] = films(tmp_path, "bright")
    found = outcomes(list(score_files([Task(file, file.name, tmp_path / "table")], 9, settings)))
    assert found[file.name].written is not None


def test_a_worker_is_replaced_after_some_files_for_every_file_leaves_something_in_it(
    tmp_path: Path, settings: ScoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def counted(*words: Any) -> Any:
        process, connection = start(*words)
        started.append(process.pid or 0)
        return process, connection

    monkeypatch.setattr(workers, "start", counted)
    monkeypatch.setattr(workers, "MOST_FILES", 2)
    files = films(tmp_path, "dark", "bright", "black")
    events = list(
        score_files([Task(file, file.name, tmp_path / f"{file.name}.parquet") for file in files], 1, settings)
    )
    assert [found.failure for found in outcomes(events).values()] == [""] * 3
    assert len(started) == 2


def test_a_run_that_lost_a_file_resumes_with_that_file_only(tmp_path: Path, settings: ScoreSettings) -> None:
    files, out = films(tmp_path, "dark", "deadly", "bright"), tmp_path / "out"
    output = ScoreOutput(out, files, settings)
    run = Batch(files, output)
    run.score([file for file in files if not output.is_done(file)], 2, settings)
    assert list(run.failures) == [files[1]]
    assert not list(out.glob(".*.rows"))
    again = ScoreOutput(out, files, settings)
    assert [file for file in files if not again.is_done(file)] == [files[1]]
    assert sorted(path.name for path in out.glob("*.parquet")) == ["0_dark.mp4.parquet", "2_bright.mp4.parquet"]


def test_a_changed_file_or_setting_is_scored_again(tmp_path: Path, settings: ScoreSettings) -> None:
    [file] = films(tmp_path, "dark")
    out = tmp_path / "out"
    output = ScoreOutput(out, [file], settings)
    Batch([file], output).score([file], 1, settings)
    assert output.is_done(file)
    assert not ScoreOutput(out, [file], ScoreSettings(settings.launch, smooth_lag_s=1.0)).is_done(file)
    film = pl.read_parquet(output.path_of(file))
    assert set(film["state"]) == {"ok"}
    films(tmp_path, "bright")[0].replace(file)
    assert not output.is_done(file)


def test_an_interrupted_run_into_one_table_goes_on_where_it_stopped(
    tmp_path: Path, settings: ScoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    files, out = films(tmp_path, "dark", "bright", "black"), tmp_path / "table.csv"
    Batch(files, ScoreOutput(out, files, settings)).score(files[:1], 1, settings)
    words = ["score", *map(str, files), "--launch", str(settings.launch), "--out", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "1 of 3 files are already done" in said
    assert "12 rows from 2 of 2 files" in said
    found = pl.read_csv(out)
    assert found["file"].to_list() == [file.name for file in files for _ in range(6)]
    assert sorted(path.name for path in tmp_path.glob("*table*")) == ["table.csv"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_full_disk_fails_the_file_with_the_folder_and_a_remedy_and_leaves_nothing(
    tmp_path: Path, settings: ScoreSettings, capsys: pytest.CaptureFixture[str], small_disk: Path, ending: str
) -> None:
    image = np.full((48, 64, 3), 90, np.uint8)
    film = write_video(tmp_path / "long.mp4", [image] * 900, fps=30)
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free - (64 << 10)))
    with pytest.raises(SystemExit) as ended:
        main(["score", str(film), "--launch", str(settings.launch), "--out", str(small_disk / f"t.{ending}")])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "cannot be written (No space left on device" in said
    assert "make room, or choose another place" in said
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
