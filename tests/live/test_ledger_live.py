"""The ledger of live runs, with drops of every kind forced, held against what the nodes themselves wrote down."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from paths import HELPERS
from runs.live import collect, live_run, wait_for
from witness_nodes import witnessed

from liveaffect.stream.messages import Health
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.ledger import TopicAccount

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def table(folder: Path) -> dict[str, Any]:
    """A camera that overruns, a reader that skips, a burst that overflows its reader; everything recorded."""
    folder.mkdir()
    names = {"filmer": "Filmer", "looker": "Looker", "burster": "Burster", "taker": "Taker"}
    nodes = {name: {"type": f"witness_nodes:{kind}", "folder": str(folder)} for name, kind in names.items()}
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "folder": str(folder / "s"), "min_free_mb": 0}
    return {**nodes, "recorder": {"autostart": True, **recorder}}


def overflowed(said: Health) -> bool:
    """The taker has told that messages never reached it."""
    return said.node == "taker" and "overflow" in said.dropped


def adds_up(ledger: dict[str, TopicAccount]) -> None:
    """Every identity of the ledger, for every topic."""
    assert {"video/frame", "witness/looked", "witness/burst", "health", "drop"} <= set(ledger)
    for name, account in ledger.items():
        assert account.captured == account.published + sum(account.lost_at_source.values()), name
        assert account.published == account.recorded + account.not_recorded, name
        assert account.not_recorded == sum(gap.last_seq - gap.first_seq + 1 for gap in account.gaps), name
        for reader in account.readers.values():
            assert account.published == reader.processed + sum(reader.dropped.values()) + reader.pending, name
            assert min(reader.processed, reader.pending, *reader.dropped.values(), 0) == 0, name


def test_a_live_run_with_drops_adds_up_to_what_its_nodes_wrote_down(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with live_run(table(folder)) as run:
        wait_for(lambda: len(witnessed(folder, "looked")) > 40, "forty frames")
        first = run.supervisor.pids()["looker"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: run.supervisor.pids().get("looker", first) != first, "the looker's return")
        wait_for(lambda: sum(start == 1 for start, _ in witnessed(folder, "looked")) > 40, "forty frames more")
        wait_for(lambda: len(witnessed(folder, "burst")) > 8010, "the end of the burst")
        wait_for(lambda: witnessed(folder, "taken")[-1][1] > 8005, "the taker's way through it")
        with run.client("health") as client:  # what a node dropped is told once a second
            collect(client, lambda got: isinstance(said := got and got[-1], Health) and overflowed(said))
        second = run.supervisor.pids()["taker"]
        os.kill(second, signal.SIGKILL)
        wait_for(lambda: witnessed(folder, "taken")[-1][0] == 1, "the taker's return")
    info = load_info(folder / "s")
    adds_up(info.ledger)
    frames, burst = info.ledger["video/frame"], info.ledger["witness/burst"]
    assert frames.published == len(witnessed(folder, "filmed"))
    assert frames.captured == frames.published + len(witnessed(folder, "overrun"))
    assert frames.lost_at_source == {"overrun": len(witnessed(folder, "overrun"))}
    looker = frames.readers["looker"]
    assert {"skipped", "down"} <= set(looker.dropped)
    killed_at_work = len(witnessed(folder, "looked")) - looker.processed
    assert 0 <= killed_at_work <= 1
    assert looker.pending == 0
    assert burst.published == len(witnessed(folder, "burst"))
    taker = burst.readers["taker"]
    assert taker.dropped["overflow"] > 0
    assert taker.dropped["down"] > 0
    unsaid = len(witnessed(folder, "taken")) - taker.processed  # ten messages a second
    assert -1 <= unsaid <= 12


def test_of_a_killed_run_recover_tells_what_its_nodes_wrote_down(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    script = (
        f"import sys; sys.path.insert(0, {str(HELPERS)!r})\n"
        "from liveaffect.stream.graph import build_graph\n"
        "from liveaffect.stream.live.supervisor import Supervisor\n"
        f"Supervisor(build_graph({table(folder)!r})).run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as run:
        wait_for(lambda: len(witnessed(folder, "burst")) > 8010, "the end of the burst")
        wait_for(lambda: len(witnessed(folder, "looked")) > 100, "a hundred frames")
        family = [*psutil.Process(run.pid).children(recursive=True), psutil.Process(run.pid)]
        for process in family:
            process.kill()
    _, alive = psutil.wait_procs(family, timeout=120)
    assert not alive
    command = [sys.executable, "-m", "liveaffect.cli.main", "recover", str(folder / "s")]
    known = {**os.environ, "PYTHONPATH": str(HELPERS), "COLUMNS": "200"}
    told = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True, env=known).stdout
    info = load_info(folder / "s")
    assert info.state == "INCOMPLETE"
    adds_up(info.ledger)
    frames, burst = info.ledger["video/frame"], info.ledger["witness/burst"]
    assert 0 <= len(witnessed(folder, "filmed")) - frames.published <= 100
    assert 0 <= len(witnessed(folder, "looked")) - frames.readers["looker"].processed <= 100 / 2.5
    assert 0 <= len(witnessed(folder, "burst")) - burst.published <= 11
    assert "missing: everything from" in told
    lines = [line.split() for line in told.splitlines()]
    for name, account in info.ledger.items():
        counts = [account.captured, account.published, account.recorded, account.not_recorded]
        assert [int(n) for n in next(line for line in lines if line[:1] == [name])[1:5]] == counts
        for node, reader in account.readers.items():
            found = next(line for line in lines if line[:2] == [node, name])
            assert [int(n) for n in found[2:4]] == [reader.processed, sum(reader.dropped.values()) + reader.pending]
            assert all(f"{count} {cause}" in " ".join(found) for cause, count in reader.dropped.items())
