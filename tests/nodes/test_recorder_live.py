"""Recording a live graph: the recorder, the supervisor or everything is killed, and the ledger says what is missing."""

import os
import signal
from pathlib import Path

import pytest
from recorder_kills import adds_up, one, run, table
from runs.live import collect, live_run, wait_for

from liveaffect.stream.messages import Health
from liveaffect.stream.session.info import SessionInfo, load_info
from liveaffect.stream.session.reader import SessionReader

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _adds_up(info: SessionInfo) -> None:
    assert adds_up(info), info.ledger


def test_a_live_run_is_recorded_from_its_first_message_to_its_last(tmp_path: Path) -> None:
    graph = table(tmp_path / "s")
    graph["counter"]["limit"] = 100
    with live_run(graph) as live:
        live.join()
    info = load_info(tmp_path / "s")
    assert info.state == "COMPLETE"
    _adds_up(info)
    for topic in ("toy/count", "toy/slow", "toy/sum"):
        account = info.ledger[topic]
        assert (account.published, account.recorded, account.gaps) == (100, 100, [])
    assert info.models["face-landmarker"]["sha256"]


def test_recording_starts_and_stops_by_command_from_outside(tmp_path: Path) -> None:
    with live_run(table(tmp_path / "s", autostart=False)) as live, live.client("toy/sum", "health") as client:
        assert client.receive(120)
        started = client.request("record", target="recorder", action="start")
        assert started.ok, started.text
        client.mark("stimulus on")
        collect(client, lambda got: sum(not isinstance(message, Health) for message in got) >= 40)
        for _ in range(2):  # what a node says of itself is in the recording from the first time on that it says so
            collect(client, lambda got: got and isinstance(got[-1], Health) and got[-1].node == "gateway")
        stopped = client.request("record", target="recorder", action="stop")
        assert "COMPLETE" in stopped.text
    info = load_info(tmp_path / "s")
    _adds_up(info)
    assert not info.from_start
    assert set(info.nodes) >= {"gateway"}
    assert info.ledger["toy/sum"].recorded >= 35
    assert info.ledger["marker"].recorded == 1
    assert info.ledger["ack"].recorded >= 1


def written(folder: Path) -> int:
    """How many results a session that is being written holds by now."""
    if not (folder / "session.mcap").exists():
        return 0
    return sum(1 for _ in SessionReader(folder).messages(["toy/sum"]))


def test_a_killed_recorder_comes_back_into_the_same_session_and_the_hole_is_in_the_ledger(tmp_path: Path) -> None:
    with live_run(table(tmp_path / "s")) as live, live.client("toy/sum") as client:
        for _ in range(60):
            client.receive(120)
        wait_for(lambda: written(tmp_path / "s") > 20, "messages on the disk")
        first = live.supervisor.pids()["recorder"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: live.supervisor.pids().get("recorder", first) != first, "the recorder's return")
        wait_for(lambda: len(load_info(tmp_path / "s").writers) == 2, "the second start")
        before = written(tmp_path / "s")
        wait_for(lambda: written(tmp_path / "s") > before + 20, "messages of the second start on the disk")
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


@pytest.mark.parametrize(
    ("whom", "video"), [("supervisor", "no"), ("everything", "no"), ("supervisor", "h264"), ("recorder", "lossless")]
)
def test_after_a_kill_a_second_is_missing_at_most_pixels_included(tmp_path: Path, whom: str, video: str) -> None:
    assert one(tmp_path / "s", whom, video, 20_000)["broken"] == []


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_kills_at_random_instants_each_cost_a_second_at_most() -> None:
    cases = run(Path(os.environ.get("LIVEAFFECT_SOAK", "out/soak")) / "recorder-kills", 360)
    assert [case for case in cases if case["broken"]] == []
