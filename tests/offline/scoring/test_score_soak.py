"""An hour of film in `score`: memory that does not grow with the film, and stays within its budget (`make soak`)."""

import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import psutil
import pytest
from made.media import repeat_clip

PROCESS_MB = 600
GROWTH_MB = 40
"""An hour's table is 108,000 rows of 250 bytes, 27 MB; held in memory it took 70 MB more than a minute's."""


def peaks(film: Path, table: Path) -> list[list[float]]:
    """Scores a film by the command; resident memory (MB) of each process that took part, twice a second."""
    command = [sys.executable, "-m", "liveaffect.cli.main", "score", str(film), "--out", str(table)]
    ended, seen = threading.Event(), dict[int, list[float]]()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        parent = psutil.Process(process.pid)

        def watch() -> None:
            while not ended.wait(0.5):
                try:
                    family = [parent, *parent.children(recursive=True)]
                    for one in family:
                        seen.setdefault(one.pid, []).append(one.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            _, said = process.communicate()
        finally:
            ended.set()
            watcher.join()
    assert process.returncode == 0, said
    return list(seen.values())


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_an_hour_of_film_takes_hardly_more_memory_than_a_minute(tmp_path: Path, demo_clip: Path) -> None:
    short, long = (repeat_clip(demo_clip, 60 * minutes, tmp_path / f"{minutes}.mkv") for minutes in (1, 60))
    minute = peaks(short, tmp_path / "1.parquet")
    hour = peaks(long, tmp_path / "60.parquet")
    for name, found in (("minute", minute), ("hour", hour)):
        print(name, [f"{max(line):.0f} MB" for line in found])
    worker = max(hour, key=max)
    sixths = [max(worker[len(worker) * k // 6 : len(worker) * (k + 1) // 6]) for k in range(6)]
    print("worker, sixths of the hour:", [f"{peak:.0f}" for peak in sixths])
    assert max(max(line) for line in hour) <= PROCESS_MB
    for short_run, long_run in zip(minute, hour, strict=True):  # the command, what starts its workers, the worker
        assert max(long_run) - max(short_run) <= GROWTH_MB
    assert sixths[4] - sixths[1] <= GROWTH_MB / 4
    table = pl.read_parquet(tmp_path / "60.parquet")
    assert table["t_s"].n_unique() == 180 * 600
    assert table["t_s"].is_sorted()
