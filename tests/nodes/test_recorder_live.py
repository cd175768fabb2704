"""Recording a live graph: the recorder, the supervisor or everything is killed, and the ledger says what is missing."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from live_run import live_run, wait_for
from paths import HELPERS

from liveaffect.stream.session.info import SessionInfo, load_info
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _table(folder: Path, **settings: Any) -> dict[str, Any]:
    recorder = {"type": "liveaffect.nodes.recorder:Recorder", "min_free_mb": 0, "folder": str(folder), **settings}
    return {
        "counter": {"type": "toy_nodes:Counter"},
        "delay": {"type": "toy_nodes:Delay"},
        "adder": {"type": "toy_nodes:Adder"},
        "recorder": {"autostart": True, **recorder},
    }


def _adds_up(info: SessionInfo) -> None:
    assert info.ledger
    for account in info.ledger.values():
        assert account.captured == account.published + sum(account.lost_at_source.values())
        assert account.recorded + account.not_recorded == account.published
        assert account.not_recorded == sum(gap.last_seq - gap.first_seq + 1 for gap in account.gaps)
        for reader in account.readers.values():
            assert reader.processed + sum(reader.dropped.values()) + reader.pending == account.published


def test_a_live_run_is_recorded_from_its_first_message_to_its_last(tmp_path: Path) -> None:
    table = _table(tmp_path / "s")
    table["counter"]["limit"] = 100
    with live_run(table) as run:
        run.join()
    info = load_info(tmp_path / "s")
    assert info.state == "COMPLETE"
    _adds_up(info)
    for topic in ("toy/count", "toy/slow", "toy/sum"):
        account = info.ledger[topic]
        assert (account.published, account.recorded, account.gaps) == (100, 100, [])
    assert set(info.nodes) >= {"recorder"}
    assert info.models["face-landmarker"]["sha256"]


def test_recording_starts_and_stops_by_command_from_outside(tmp_path: Path) -> None:
    with live_run(_table(tmp_path / "s", autostart=False)) as run, run.client("toy/sum") as client:
        assert client.receive(20)
        started = client.request("record", target="recorder", action="start")
        assert started.ok, started.text
        client.mark("stimulus on")
        for _ in range(40):
            client.receive(10)
        stopped = client.request("record", target="recorder", action="stop")
        assert "COMPLETE" in stopped.text
    info = load_info(tmp_path / "s")
    _adds_up(info)
    assert not info.from_start
    assert info.ledger["toy/sum"].recorded >= 35
    assert info.ledger["marker"].recorded == 1
    assert info.ledger["ack"].recorded >= 1


def test_a_killed_recorder_comes_back_into_the_same_session_and_the_hole_is_in_the_ledger(tmp_path: Path) -> None:
    with live_run(_table(tmp_path / "s")) as run, run.client("toy/sum") as client:
        for _ in range(60):
            client.receive(10)
        first = run.supervisor.pids()["recorder"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: run.supervisor.pids().get("recorder", first) != first, "the recorder's return")
        wait_for(lambda: len(load_info(tmp_path / "s").writers) == 2, "the second start")
        for _ in range(60):
            client.receive(10)
    info = load_info(tmp_path / "s")
    _adds_up(info)
    assert info.state == "INCOMPLETE"
    account = info.ledger["toy/sum"]
    assert account.not_recorded > 0
    hole = [gap for gap in account.gaps if gap.first_seq > 0]
    assert len(hole) == 1
    seqs = [m.seq for _, m in SessionReader(tmp_path / "s").messages(["toy/sum"])]
    assert set(range(hole[0].first_seq, hole[0].last_seq + 1)).isdisjoint(seqs)
    assert hole[0].first_seq - 1 in seqs
    assert hole[0].last_seq + 1 in seqs


def _killed(tmp_path: Path, whom: str, bytes_before: int, then_s: float = 0.0) -> None:
    """Records in processes of its own, kills, recovers, and holds what is left against the instant of the kill.

    whom: "recorder" (the others follow before it can come back), "supervisor" or "everything".
    bytes_before, then_s: the kill comes so many seconds after so many bytes are on the disk.
    """
    folder = tmp_path / "s"
    script = (
        f"import sys; sys.path.insert(0, {str(HELPERS)!r})\n"
        "from liveaffect.stream.graph import build_graph\n"
        "from liveaffect.stream.live.supervisor import Supervisor\n"
        f"Supervisor(build_graph({_table(folder)!r})).run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as run:
        path = folder / "session.mcap"
        wait_for(lambda: path.exists() and path.stat().st_size > bytes_before, "a recording")
        threading.Event().wait(then_s)
        family = psutil.Process(run.pid).children(recursive=True)
        if whom == "recorder":
            (writer,) = load_info(folder).writers
            first = [process for process in family if process.pid == writer]
        else:
            first = family if whom == "everything" else []
        for process in first:
            process.kill()
        if whom != "recorder":
            run.kill()
        killed_ns = time.monotonic_ns()
        run.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    info = recover(folder)
    _adds_up(info)
    newest = max(message.pub_ns for _, message in SessionReader(folder).messages())
    assert killed_ns - newest <= 1_000_000_000
    assert scan(path).finished
    if whom != "supervisor":  # the recorder ends by itself when it loses its supervisor
        assert info.state == "INCOMPLETE"
        assert info.missing[0].topic == "*"
        assert info.missing[0].to_s is not None
        assert info.missing[0].from_s is not None
        assert info.missing[0].to_s - info.missing[0].from_s <= 1.0


@pytest.mark.parametrize("whom", ["supervisor", "everything"])
def test_after_a_kill_of_the_supervisor_or_of_everything_a_second_is_missing_at_most(tmp_path: Path, whom: str) -> None:
    _killed(tmp_path, whom, 20_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("whom", ["recorder", "supervisor", "everything"])
def test_sixty_kills_at_random_instants_each_cost_a_second_at_most(tmp_path: Path, whom: str, seed: int) -> None:
    _killed(tmp_path, whom, 4_000, random.Random(f"{whom} {seed}").uniform(0.0, 5.0))
