"""A machine with two busy loops for every core: nothing healthy is killed, and what hangs is still found."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs.live import collect, live_run

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.stream.messages import Affect, Health

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]
FOUND_WITHIN_S = 10.0


@pytest.fixture
def busy() -> Iterator[None]:
    """Twice as many loops as cores, that never wait for anything."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


@pytest.mark.parametrize("start", range(3))
def test_no_healthy_process_is_killed(busy: None, demo_clip: Path, tmp_path: Path, start: int) -> None:
    table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"].update(source=str(demo_clip), loop=True)
    table["microphone"].update(source=str(demo_clip), loop=True)
    table["recorder"].update(folder=str(tmp_path / "session"), autostart=True)
    with live_run(table) as run, run.client("affect") as client:
        collect(client, lambda got: sum(isinstance(m, Affect) for m in got) >= 400, 300.0)
        assert run.supervisor.deaths == []
    assert run.code == 0


@pytest.mark.parametrize("hang", ["sleeps", "spins", "grips"])
def test_a_loop_that_hangs_is_found_within_ten_seconds(busy: None, tmp_path: Path, hang: str) -> None:
    began = tmp_path / "began"
    table = {
        "counter": {"type": "toy_nodes:Counter"},
        "delay": {"type": "toy_nodes:Delay", "hang_at": 200, "hang": hang, "tell": str(began)},
    }
    with live_run(table) as run, run.client("toy/slow", "health") as client:
        got = collect(client, lambda m: any(isinstance(h, Health) and h.state == "hung" for h in m[-1:]), 120.0)
        found_s, load = (got[-1].t_ns - int(began.read_text("ascii"))) / 1e9, os.getloadavg()[0]
        print(f"{hang}: found after {found_s:.1f} s at load {load:.0f}")
        assert found_s < FOUND_WITHIN_S
        assert len(run.supervisor.deaths) <= 1
        assert collect(client, lambda m: any(type(s).__name__ == "Slow" for s in m[-1:]), 120.0)
