"""`liveaffect mark` against a live graph: its label, its time, its refusals; and the same from a plain socket."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from runs.live import LiveRun, collect, live_run, wait_for

from liveaffect.cli.main import main
from liveaffect.stream.client.connection import Client
from liveaffect.stream.messages import Marker, Message
from liveaffect.stream.session.reader import SessionReader

pytestmark = pytest.mark.processes

COUNTER: dict[str, Any] = {"counter": {"type": "toy_nodes:Counter"}}


def _mark(run: LiveRun, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["mark", *words, "--address", run.supervisor.gateway_address])
    return int(ended.value.code or 0)


@contextmanager
def _listening(run: LiveRun) -> Iterator[Client]:
    """A client whose subscription has reached the publisher; ZeroMQ does not say when: marks go out until one comes."""
    with run.client("marker") as client:
        wait_for(lambda: client.mark("hear me").ok and client.receive(0.1), "the subscription")
        yield client


def _next(client: Client, label: str) -> Marker:
    def is_it(messages: list[Message]) -> bool:
        return bool(messages) and isinstance(messages[-1], Marker) and messages[-1].label == label

    marker = collect(client, is_it)[-1]
    assert isinstance(marker, Marker)
    return marker


def test_a_marker_from_the_shell_arrives_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with live_run(COUNTER) as run, _listening(run) as client:
        before = time.monotonic_ns()
        assert _mark(run, "stimulus on") == 0
        marker = _next(client, "stimulus on")
        assert (marker.label, marker.source) == ("stimulus on", "liveaffect mark")
        assert before <= marker.t_ns <= time.monotonic_ns()
        assert capsys.readouterr().out == f"{marker.t_ns}\n"
        earlier = str(time.monotonic_ns() - 5_000_000_000)
        assert _mark(run, "earlier", "--at", earlier) == 0
        assert _next(client, "earlier").t_ns == int(earlier)
        assert _mark(run, "") == 1
        assert "1 to 500 characters" in capsys.readouterr().err


def test_a_marker_is_recorded_with_its_own_time(tmp_path: Path) -> None:
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode", "folder": str(tmp_path / "s"), "autostart": True}
    with live_run({**COUNTER, "recorder": recorder}) as run, _listening(run) as client:
        at = time.monotonic_ns() - 2_000_000_000
        assert _mark(run, "stimulus off", "--at", str(at)) == 0
        _next(client, "stimulus off")
    marks = [m for _, m in SessionReader(tmp_path / "s").messages(["marker"])]
    found = [m.t_ns for m in marks if isinstance(m, Marker) and m.label == "stimulus off"]
    assert found == [at]


def test_the_documented_message_sets_a_marker_from_any_program() -> None:
    with live_run(COUNTER) as run, _listening(run) as client:
        context = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(run.supervisor.gateway_address)
        dealer.send(msgspec.msgpack.encode({"verb": "mark", "arguments": {"label": "trial 7", "source": "lab"}}))
        assert dealer.poll(120_000)
        reply = msgspec.msgpack.decode(dealer.recv())
        context.destroy(linger=0)
        marker = _next(client, "trial 7")
        assert (marker.label, marker.source) == ("trial 7", "lab")
        assert reply["ok"]
        assert reply["facts"]["t_ns"] == marker.t_ns


def test_where_nothing_runs_the_marker_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["mark", "x", "--address", f"ipc://{tmp_path}/nobody"])
    assert ended.value.code == 1
    assert "no answer" in capsys.readouterr().err
