"""`score --cluster`: the same tables as in one process, a dying worker, and what is said where there is no cluster."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from estimate_nodes import LAUNCH
from made.media import write_clip, write_video

from liveaffect.cli.main import main
from liveaffect.offline.scoring import cluster
from liveaffect.offline.scoring.pipeline import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Task
from liveaffect.stream.errors import TransportError

pytestmark = pytest.mark.processes


def _films(folder: Path) -> list[Path]:
    folder.mkdir()
    greys = (30, 90, 150, 210)
    return [write_video(folder / f"{grey}.mp4", [np.full((48, 64, 3), grey, np.uint8)] * 6, fps=10) for grey in greys]


def _launch(folder: Path) -> Path:
    path = folder / "launch.toml"
    path.write_text(LAUNCH, "utf-8")
    return path


def _score(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["score", *words])
    return int(ended.value.code or 0)


def die_once(task: Task, settings: ScoreSettings) -> tuple[Outcome, bytes]:
    """Kills its worker in the middle of the first file that is tried."""
    flag = settings.launch.with_name("died")
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _score_here(task, settings)


_score_here: Any = cluster._score_here


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("score_here")
def test_a_cluster_writes_the_bytes_that_one_process_writes(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    films = _films(tmp_path / "films")
    broken = tmp_path / "films" / "broken.mp4"
    broken.write_bytes(b"\0" * 64)
    long = write_clip(
        tmp_path / "films" / "long.mkv",
        [np.full((48, 64, 3), 99, np.uint8)] * 130,
        np.zeros(65 * 16000),
        fps=2,
        rate=16000,
    )
    launch = _launch(tmp_path)
    launch.write_text(f'{LAUNCH}[microphone]\ntype = "liveaffect.nodes.microphone:MicrophoneNode"\n', "utf-8")
    words = [str(tmp_path / "films"), "--launch", str(launch), "--split", "30s"]
    assert _score(*words, "-o", str(tmp_path / "one")) == 1  # the broken one
    assert _score(*words, "-o", str(tmp_path / "many"), "--cluster", "local", "--jobs", "2") == 1
    one, many = ({p.name: p.read_bytes() for p in (tmp_path / n).glob("*.parquet")} for n in ("one", "many"))
    assert len(one) == len(films) + 1
    assert one == many
    table = pl.read_parquet(tmp_path / "many" / f"{long.name}.parquet")
    assert table.group_by("segment", maintain_order=True).len()["len"].to_list() == [60, 70]


@pytest.mark.timeout(900)
def test_a_worker_that_is_killed_costs_its_file_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "_score_here", die_once)
    films = _films(tmp_path / "films")
    tasks = [Task(file, file.name, tmp_path / f"{file.name}.parquet") for file in films]
    found = list(cluster.score_on_cluster(tasks, "local", 1, ScoreSettings(_launch(tmp_path))))
    assert (tmp_path / "died").exists()
    assert sorted(outcome.task.file for outcome in found) == sorted(films)
    assert [outcome.failure for outcome in found] == [""] * len(films)
    assert [pl.read_parquet(task.target).height for task in tasks] == [6] * len(films)


def test_where_no_scheduler_answers_the_message_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    with pytest.raises(TransportError, match="dask scheduler"):
        list(cluster.score_on_cluster([], "tcp://127.0.0.1:9", 1, ScoreSettings(_launch(tmp_path))))


def test_without_dask_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    film, launch = _films(tmp_path / "films")[0], _launch(tmp_path)
    code = _score(str(film), "-o", str(tmp_path / "t.csv"), "--launch", str(launch), "--cluster", "local")
    assert code == 2
    assert "liveaffect[cluster]" in capsys.readouterr().err
