"""A file that takes too much of the machine is given up in words, and the others go on."""

from pathlib import Path

import pytest
from made.media import grey_ramp, write_video

from liveaffect.offline.scoring.guard import Limits, Watched, limits
from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.scoring.workers import Outcome, Task, score_files


@pytest.mark.parametrize(
    ("most", "words"), [(Limits(1 << 20), "more than 0.0 GB of memory"), (Limits(1 << 60, 0.0), "nothing came of it")]
)
@pytest.mark.processes
def test_a_file_that_takes_too_much_costs_itself_alone(tmp_path: Path, most: Limits, words: str) -> None:
    film = write_video(tmp_path / "a.avi", grey_ramp(48, 64, 5))
    tasks = [Task(film, name, tmp_path / f"{name}.parquet") for name in ("a", "b")]
    said = [event for event in score_files(tasks, 2, ScoreSettings(), most) if isinstance(event, Outcome)]
    assert sorted(outcome.task.name for outcome in said) == ["a", "b"]
    assert all(words in outcome.failure for outcome in said)
    assert not list(tmp_path.glob("*.parquet"))


def test_every_worker_gets_its_share_and_never_too_little() -> None:
    assert limits(1).memory > limits(1000).memory >= 3 << 30


def test_a_process_that_has_gone_takes_nothing() -> None:
    assert Watched(2**22 + 1, Limits(0, 1e9)).excess() == ""
