"""Verified replay: identical where it is, the first divergence where it is not, and why where it cannot be."""

import os
import signal
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from runs.live import live_run, wait_for

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.offline.verifying.compare import Tally, VerifyReport
from liveaffect.offline.verifying.known import NODES, Trust
from liveaffect.offline.verifying.verify import verify as verify_session
from liveaffect.stream.errors import RecordError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import Affect, Health, Person
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.writer import McapWriter
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.recover import recover

TOYS: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter", "limit": 200},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}


TRUST = Trust(nodes=("toy_nodes:Counter", "toy_nodes:Delay", "toy_nodes:Adder", "toy_pixels:Mean"))


def verify(folder: Path, trust: Trust = TRUST) -> VerifyReport:
    return verify_session(folder, trust=trust)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _recorder(folder: Path) -> dict[str, Any]:
    return {
        "type": "liveaffect.nodes.recorder:RecorderNode",
        "folder": str(folder),
        "autostart": True,
        "min_free_mb": 0,
    }


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Four seconds of toys, recorded in lockstep."""
    table = {**TOYS, "recorder": _recorder(tmp_path / "s")}
    for _ in LockstepHost(build_graph(table)).run():
        pass
    return tmp_path / "s"


def _edit(folder: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Writes the recording anew with each message's JSON passed through `change` (None leaves it out)."""
    path = folder / "session.mcap"
    records = list(SessionReader(folder).raw())
    path.unlink()
    writer = McapWriter(path)
    for topic, record in records:
        data = change(topic, record.data)
        if data is not None:
            channel = writer.channel(topic, topic, b'{"type": "object"}')
            writer.add(channel, record.log_time, record.publish_time, record.sequence, data)
    writer.finish()
    _resize(folder)


def _resize(folder: Path) -> None:
    """Tells the manifest that the recording was meant to be changed."""
    info = load_info(folder)
    info.files["session.mcap"] = (folder / "session.mcap").stat().st_size
    info.save(folder)


def _statuses(report: VerifyReport) -> dict[str, str]:
    return {verdict.topic: verdict.status for verdict in report.verdicts}


def test_what_is_recomputed_is_identical_and_all_of_it_is_covered(session: Path) -> None:
    report = verify(session)
    assert _statuses(report) == {"toy/count": "input", "toy/slow": "identical", "toy/sum": "identical"}
    assert [verdict.coverage for verdict in report.verdicts[1:]] == [1.0, 1.0]
    assert report.ok
    again = verify(session)
    assert [v.digest for v in again.verdicts] == [v.digest for v in report.verdicts]


def test_a_session_is_read_a_few_times_however_many_messages_it_holds(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[object] = []
    raw = SessionReader.raw

    def counted(self: SessionReader, *args: Any, **named: Any) -> Any:
        readings.append(args)
        return raw(self, *args, **named)

    monkeypatch.setattr(SessionReader, "raw", counted)
    assert sum(verdict.compared for verdict in verify(session).verdicts) == 400
    assert len(readings) < 40


def test_a_change_of_one_bit_is_found_with_its_time_and_its_values(session: Path) -> None:
    def flip(topic: str, data: bytes) -> bytes:
        changed = data.replace(b'"number":100,', b'"number":101,')  # 4 -> 5: one bit
        return changed if topic == "toy/sum" else data

    _edit(session, flip)
    report = verify(session)
    assert _statuses(report)["toy/slow"] == "identical"
    (bad,) = report.diverging
    assert bad.topic == "toy/sum"
    assert bad.first is not None
    assert (bad.first.t_ns, bad.first.seq, bad.first.path) == (2_000_000_000, 100, "number")
    assert (bad.first.recorded, bad.first.recomputed) == (101, 100)
    assert not report.ok


def test_on_another_machine_small_differences_are_allowed_and_few_flipped_decisions(session: Path) -> None:
    def nudge(topic: str, data: bytes) -> bytes:
        return data.replace(b'"number":100,', b'"number":101,') if topic == "toy/sum" else data

    _edit(session, nudge)
    info = load_info(session)
    info.machine["processor"] = "another"
    info.save(session)
    report = verify(session)
    verdict = report.verdicts[-1]
    assert (verdict.status, verdict.flipped, verdict.flips) == ("within tolerance", 1, [2_000_000_000])
    assert report.ok
    _edit(session, lambda topic, data: data.replace(b'"number":50,', b'"number":51,') if "sum" in topic else data)
    assert not verify(session).ok  # 2 of 200 are too many


def test_a_recorded_message_that_nothing_produces_diverges(session: Path) -> None:
    extra = b'{"t_ns":3000000000,"seq":200,"number":7,"slow":7,"ticks":7}'
    path = session / "session.mcap"
    writer = McapWriter(path, resume=True)
    writer.add(writer.channel("toy/sum", "Sum", b"{}"), 4_000_000_000, 0, 200, extra)
    writer.finish()
    (bad,) = verify(session).diverging
    assert "was not recomputed" in bad.why


def test_an_output_that_the_recorder_missed_is_not_a_divergence(session: Path) -> None:
    _edit(session, lambda topic, data: None if topic == "toy/sum" and b'"seq":50,' in data else data)
    report = verify(session)
    assert report.ok
    assert report.verdicts[-1].compared == 199


def test_an_input_that_was_not_recorded_ends_what_can_be_verified_and_says_why(session: Path) -> None:
    _edit(session, lambda topic, data: None if topic == "toy/count" and b'"seq":50,' in data else data)
    report = verify(session)
    assert report.ok
    for verdict in report.verdicts[1:]:
        assert verdict.status == "identical"
        assert verdict.compared == 50
        assert "1 inputs on toy/count were not recorded (from seq 50)" in verdict.why


def test_e37_what_nodes_had_seen_before_a_recording_is_said_to_be_missing(session: Path) -> None:
    _edit(session, lambda _, data: None if b'"seq":0,' in data or b'"seq":1,' in data else data)
    info = load_info(session)
    info.from_start = False  # begun by a button
    info.save(session)
    report = verify(session)
    for verdict in report.verdicts[1:]:
        assert verdict.status == "not verified"
        assert "the recording began while" in verdict.why


def test_a_session_without_its_graph_cannot_be_verified(session: Path) -> None:
    info = load_info(session)
    info.graph = {}
    info.save(session)
    with pytest.raises(RecordError, match="does not name its launch graph"):
        verify(session)


@pytest.mark.processes
def test_a_live_run_verifies_though_a_node_was_killed_in_it(tmp_path: Path) -> None:
    table = {**TOYS, "counter": {"type": "toy_nodes:Counter"}, "recorder": _recorder(tmp_path / "s")}
    with live_run(table) as run, run.client("toy/sum") as client:
        for _ in range(60):
            client.receive(120)
        os.kill(run.supervisor.pids()["adder"], signal.SIGKILL)
        wait_for(lambda: run.supervisor.pids().get("adder"), "the adder's return")
        while (received := client.receive(120)) is not None and received[1].incarnation == 0:
            pass
        for _ in range(80):
            client.receive(120)
    report = verify(tmp_path / "s")
    assert not report.diverging
    assert _statuses(report) == {"toy/count": "input", "toy/slow": "identical", "toy/sum": "identical"}
    compared = {verdict.topic: verdict.compared for verdict in report.verdicts}
    assert compared["toy/sum"] > 80, [v.why for v in report.verdicts]  # more than the second start
    ledger = load_info(tmp_path / "s").ledger
    for account in ledger.values():
        assert account.recorded + account.not_recorded == account.published
        for reader in account.readers.values():
            assert reader.processed + sum(reader.dropped.values()) + reader.pending == account.published
    assert ledger["toy/sum"].starts == 2


def test_pixels_that_are_nowhere_are_named_as_the_reason(tmp_path: Path) -> None:
    table = {
        "camera": {
            "type": "liveaffect.nodes.camera:CameraNode",
            "source": "lavfi:testsrc=size=64x48:rate=10:duration=1",
        },
        "viewer": {"type": "toy_pixels:Mean"},
        "recorder": _recorder(tmp_path / "s"),
    }
    for _ in LockstepHost(build_graph(table)).run():
        pass
    assert _statuses(verify(tmp_path / "s")) == {"video/frame": "input", "toy/mean": "identical"}
    info = load_info(tmp_path / "s")
    info.graph["viewer"]["gain"] = 1.0001
    info.save(tmp_path / "s")
    assert _statuses(verify(tmp_path / "s"))["toy/mean"] == "diverges"  # a setting is part of it
    info.graph["camera"]["source"] = "0"
    info.save(tmp_path / "s")
    report = verify(tmp_path / "s")
    assert report.verdicts[1].status == "not verified"
    assert report.verdicts[1].why == "pixels not recorded"
    assert not report.ok


@pytest.mark.parametrize("video", ["lossless", "h264"])
def test_lossless_video_is_enough_to_recompute_and_h264_is_not(tmp_path: Path, video: str) -> None:
    table = {
        "camera": {
            "type": "liveaffect.nodes.camera:CameraNode",
            "source": "lavfi:testsrc=size=64x48:rate=10:duration=2",
        },
        "viewer": {"type": "toy_pixels:Mean"},
        "recorder": {**_recorder(tmp_path / "s"), "video": video},
    }
    for _ in LockstepHost(build_graph(table)).run():
        pass
    info = load_info(tmp_path / "s")
    info.graph["camera"]["source"] = "0"  # as if it had been a camera
    info.save(tmp_path / "s")
    verdict = verify(tmp_path / "s").verdicts[1]
    assert verdict.status == ("identical" if video == "lossless" else "not verified")
    assert verdict.compared == (20 if video == "lossless" else 0)


def _affect(valence: float, happy: float) -> Affect:
    emotions = (1 - happy, happy, *(0.0,) * 6)
    person = Person(id=0, state="ok", valence=valence, emotions=emotions)
    return Affect(t_ns=7, seq=3, people=(person,))


def test_numbers_apart_and_flipped_decisions_are_told_apart() -> None:
    tally = Tally()
    tally.add(_affect(0.5, 0.4), _affect(0.50005, 0.4))
    assert (tally.differing, tally.flipped) == (1, 0)
    assert abs(tally.max_error - 5e-5) < 1e-9
    assert tally.first is not None
    assert tally.first.path == "people[0].valence"
    tally.add(_affect(0.5, 0.4999999), _affect(0.5, 0.5000001))
    assert (tally.flipped, tally.flips) == (1, [7])
    assert tally.max_error < 1e-4


def test_publication_time_clock_and_start_do_not_count() -> None:
    tally = Tally()
    live = msgspec.structs.replace(_affect(0.1, 0.2), pub_ns=99, clock="boot", incarnation=4)
    tally.add(live, _affect(0.1, 0.2))
    assert (tally.compared, tally.differing) == (1, 0)


def _as_if_killed(folder: Path) -> None:
    info = load_info(folder)
    info.clock, info.state = "a boot", "INCOMPLETE"
    info.save(folder)


def _health(folder: Path, node: str, after: int) -> None:
    """Adds the word of a process that it is well, after so many messages of its own."""
    path = folder / "session.mcap"
    records = list(SessionReader(folder).raw())
    path.unlink()
    writer = McapWriter(path)
    said = msgspec.json.encode(Health(t_ns=1, seq=0, node=node, process=node, state="ok"))
    count = 0
    for topic, record in records:
        writer.add(
            writer.channel(topic, topic, b"{}"), record.log_time, record.publish_time, record.sequence, record.data
        )
        count += topic == "toy/sum"
        if count == after and topic == "toy/sum":
            writer.add(writer.channel("health", "Health", b"{}"), record.log_time, 0, 0, said)
    writer.finish()
    _resize(folder)


def test_e43_a_run_killed_before_anybody_reported_its_drops_gives_no_false_alarm(session: Path) -> None:
    # as if it had skipped an input in its first second, which no report tells of: another number came out
    _edit(session, lambda topic, data: data.replace(b'"number":7,', b'"number":9,') if topic == "toy/sum" else data)
    _as_if_killed(session)
    report = verify(session)
    assert not report.diverging
    assert {v.status for v in report.verdicts} == {"input", "not verified"}
    assert not report.ok


def test_e43_results_whose_inputs_a_kill_took_away_do_not_diverge(session: Path) -> None:
    def lose(topic: str, data: bytes) -> bytes | None:
        number = int(data.partition(b'"seq":')[2].partition(b",")[0])
        return None if topic in ("toy/count", "toy/slow") and number >= 120 else data

    _edit(session, lose)
    _health(session, "adder", 160)
    assert verify(session).diverging  # of a session that nobody killed it is one
    _as_if_killed(session)
    report = verify(session)
    assert not report.diverging, [(v.topic, v.why, v.first) for v in report.diverging]
    found = {verdict.topic: verdict for verdict in report.verdicts}
    assert found["toy/sum"].status == "identical"
    assert found["toy/sum"].compared >= 119
    assert "lost with the kill" in found["toy/sum"].why


def test_e29_one_flipped_bit_is_never_verified(session: Path) -> None:
    assert verify(session).ok
    path = session / "session.mcap"
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 16
    path.write_bytes(data)
    report = verify(session)
    assert report.faults
    assert report.state == "DAMAGED"
    assert not report.ok
    recover(session)
    assert verify(session).state == "INCOMPLETE"


def test_e31_a_session_runs_no_class_and_opens_no_file_that_the_user_did_not_name(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stranger_of_verify.py").write_text("raise SystemExit('this ran')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    info = load_info(session)
    info.graph["x"] = {"type": "stranger_of_verify:A"}
    info.wiring["x"] = {"reads": [], "writes": ["toy/nobody"]}
    info.graph["voice_affect"] = {"type": "liveaffect.nodes.voice_affect:VoiceAffectNode", "baseline": "/etc/hostname"}
    info.graph["again"] = {"type": "liveaffect.nodes.replayer:ReplayerNode", "session": "/somewhere"}
    info.save(session)
    assert _statuses(verify(session))["toy/sum"] == "identical"
    with pytest.raises(RecordError, match=r"toy_nodes:Counter.*--node"):
        verify(session, Trust())


@pytest.mark.parametrize(
    ("graph", "may"),
    [
        ("lavfi:testsrc=size=64x48:rate=10:duration=1", True),
        ("lavfi:testsrc2,scale=64:48", True),
        ("lavfi:movie=/etc/passwd", False),
        ("lavfi:testsrc,drawtext=textfile=/etc/passwd", False),
        ("lavfi:testsrc[a];amovie=x[b];[a][b]concat", False),
        ("lavfi:cellauto=filename=/etc/passwd", False),
        ("lavfi:color=c='red',lut3d=/x", False),
    ],
)
def test_e31_a_filter_graph_of_a_session_opens_no_file(graph: str, may: bool) -> None:
    assert Trust().graph(graph) is may
    assert Trust(sources=(graph,)).graph(graph)


def test_every_node_of_the_default_graph_is_known() -> None:
    table = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    assert {entry["type"] for name, entry in table.items() if name != "graph"} <= NODES
