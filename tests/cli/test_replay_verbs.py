"""The verbs replay and recover: what they print, their exit codes, and what reaches programs outside."""

import json
from pathlib import Path
from typing import Any

import pytest
from runs.command import command
from runs.live import LiveRun

from liveaffect.cli.main import main
from liveaffect.cli.replay import print_report, replay_table
from liveaffect.offline.verifying.compare import Difference, Verdict, VerifyReport
from liveaffect.offline.verifying.known import Trust
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import FaceObservation, Marker
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.info import SourceFile, load_info
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import FACE, MARKER


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """One second of faces and a marker."""
    context = SessionContext(graph={"graph": {}, "x": {"type": "toy_nodes:Adder"}})
    writer = SessionWriter(tmp_path / "s", context, min_free=0)
    t_ns = 0
    for seq in range(30):
        t_ns = 5_000_000_000 + seq * 33_000_000
        writer.write(FACE, FaceObservation(t_ns=t_ns, pub_ns=t_ns, seq=seq, incarnation=2, frame_seq=seq + 4))
    writer.write(MARKER, Marker(t_ns=t_ns, pub_ns=t_ns, seq=0, label="end"))
    writer.close()
    return tmp_path / "s"


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


@pytest.mark.processes
def test_a_program_outside_gets_every_recorded_message_with_its_own_header(session: Path) -> None:
    run = LiveRun(build_graph(replay_table(session)), None)
    run.start()
    got: list[Any] = []
    with run.client("face/observation", "marker") as client:
        while (received := client.receive(120)) is not None:
            got.append(received[1])
            if isinstance(received[1], Marker):
                break
    run.join()
    faces = [m for m in got if isinstance(m, FaceObservation)]
    assert faces[-1].seq == 29
    assert [(m.t_ns, m.incarnation, m.frame_seq) for m in faces] == [
        (5_000_000_000 + m.seq * 33_000_000, 2, m.seq + 4) for m in faces
    ]
    assert got[-1].label == "end"


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "101"])
def test_a_speed_that_makes_no_sense_is_refused(session: Path, speed: str) -> None:
    with pytest.raises(UsageError, match="write a number"):
        replay_table(session, speed=speed)


def test_nodes_that_run_again_have_their_topics_left_out(session: Path) -> None:
    info = load_info(session)
    info.wiring = {"x": {"reads": ["toy/count"], "writes": ["toy/sum"]}}
    info.save(session)
    table = replay_table(session, rerun=["x"], trust=Trust(nodes=("toy_nodes:Adder",)))
    assert table["x"] == {"type": "toy_nodes:Adder"}
    assert table["replay"]["without"] == ["toy/sum"]
    assert table["replay"]["shift"]
    with pytest.raises(UsageError, match="no such node; it has x"):
        replay_table(session, rerun=["y"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nope.mpg", "nope.mpg: there is no such file or folder"),
        ("other.mpg", "other.mpg is not what this session played: that was /films/talk.mpg"),
    ],
)
def test_a_film_that_is_not_there_or_another_is_refused(
    session: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    info = load_info(session)
    info.sources = [SourceFile(node="camera", path="/films/talk.mpg", bytes=3)]
    info.save(session)
    (tmp_path / "other.mpg").write_bytes(b"abc")
    assert _run("replay", str(session), "--verify", "--source", str(tmp_path / name)) == 2
    assert words in capfd.readouterr().err


@pytest.mark.processes
def test_verify_says_in_words_that_nothing_could_be_verified(
    session: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = {
        "camera": {
            "type": "liveaffect.nodes.camera:CameraNode",
            "source": "lavfi:testsrc=size=32x32:rate=5:duration=1",
        },
        "recorder": {
            "type": "liveaffect.nodes.recorder:RecorderNode",
            "folder": str(tmp_path / "v"),
            "autostart": True,
            "min_free_mb": 0,
        },
    }
    for _ in LockstepHost(build_graph(table)).run():
        pass
    assert _run("replay", str(tmp_path / "v"), "--verify", "--json") == 1
    report = json.loads(capfd.readouterr().out)
    assert report["ok"] is False
    assert report["verdicts"][0]["status"] == "input"
    assert _run("replay", str(tmp_path / "nothing"), "--verify") == 1
    assert "does not exist" in capfd.readouterr().err


@pytest.mark.processes
def test_topics_of_a_node_of_ones_own_are_named_and_verified_with_its_launch_file(tmp_path: Path) -> None:
    """The verification has not imported its module: to it, the topics have no name."""
    toys = {"counter": {"type": "toy_nodes:Counter", "limit": 50}, "delay": {"type": "toy_nodes:Delay"}}
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "folder": str(tmp_path / "v"), "autostart": True}
    for _ in LockstepHost(build_graph({**toys, "recorder": {**recorder, "min_free_mb": 0}})).run():
        pass
    info = load_info(tmp_path / "v")
    info.graph["fusion"] = {"type": "liveaffect.nodes.fusion:FusionNode", "process": "fusion"}
    info.save(tmp_path / "v")
    done = command("replay", tmp_path / "v", "--verify")
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stderr
    assert "toy/slow: its class 'toy_nodes:Delay' is not one of liveaffect's" in said
    assert "add `--node toy_nodes:Delay`, or `--with` and the launch file that names it" in said
    assert said.count("not verified") == 2
    launch = tmp_path / "mine.toml"
    launch.write_text("\n".join(f'[{name}]\ntype = "{table["type"]}"' for name, table in toys.items()), "utf-8")
    done = command("replay", tmp_path / "v", "--verify", "--with", launch)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "toy/slow" in done.stdout
    assert done.stdout.split()[-1] == "verified"


def test_a_divergence_is_printed_with_time_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    first = Difference(t_ns=3_500_000_000, seq=9, path="people[0].valence", recorded=0.25, recomputed=0.5)
    bad = Verdict("affect", "fusion", "diverges", 100, 100, "ab", 0.25, 1, [3_500_000_000], first)
    blind = Verdict("face/mesh", "face", "not verified", 100, why="pixels not recorded")
    print_report(VerifyReport("s", "COMPLETE", 1_000_000_000, False, [bad, blind]), as_json=False)
    out = " ".join(capsys.readouterr().out.split())
    assert "first divergence at 2.500000 s (t_ns 3500000000, seq 9): people[0].valence was 0.25, is 0.5" in out
    assert "1 of 100 messages have another decision, first at 2.500 s" in out
    assert "face/mesh: pixels not recorded" in out
    assert out.endswith("NOT verified")


def test_what_was_not_verified_is_named_where_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    good = Verdict("affect", "fusion", "identical", 100, 100, "ab")
    blind = Verdict("face/mesh", "face", "not verified", 100, why="pixels not recorded")
    none = Verdict("baseline", "baseline", "not verified", 0)
    print_report(VerifyReport("s", "COMPLETE", 0, True, [good, blind, none]), as_json=False)
    assert capsys.readouterr().out.endswith("\nverified, but for face/mesh: why stands above\n")
    print_report(VerifyReport("s", "COMPLETE", 0, True, [good, none]), as_json=False)
    assert capsys.readouterr().out.endswith("\nverified\n")


def test_recover_prints_the_ledger_and_what_is_missing(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = session / "session.mcap"
    path.write_bytes(path.read_bytes()[:-400])
    info = load_info(session)
    info.state = "RECORDING"
    info.save(session)
    assert _run("recover", str(session)) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "INCOMPLETE, recovered" in out
    assert "face/observation" in out
    assert "missing: everything from" in out
    assert _run("recover", str(session / "no")) == 1
