"""The live graph with real processes and sockets: order, faults, ends, the gateway."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from paths import HELPERS
from runs.live import LiveRun, collect, free_port, live_run, wait_for

from liveaffect.stream.client.access import make_keys
from liveaffect.stream.client.connection import connect
from liveaffect.stream.errors import LiveAffectError, TransportError
from liveaffect.stream.graph import build_graph
from liveaffect.stream.live.supervisor import Supervisor
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import Drop, Health, Marker, Message, Tick
from liveaffect.stream.topics import topic_of

pytestmark = pytest.mark.processes

TABLE: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter"},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}


@pytest.fixture(params=["ipc", "tcp"])
def table(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The graph, once per transport."""
    return {**TABLE, "graph": {"transport": request.param}}


def _is_health(message: Message, node: str, state: str) -> bool:
    return isinstance(message, Health) and (message.node, message.state) == (node, state)


def _numbers(messages: list[Message]) -> list[Any]:
    return [message for message in messages if type(message).__name__ == "Sum"]


def test_live_equals_lockstep_over_the_recorded_inputs(table: dict[str, Any]) -> None:
    table["counter"] = {**TABLE["counter"], "limit": 120}
    with live_run(table) as run, run.client("toy/", "tick", "drop", "health") as client:
        collected = collect(client, lambda m: any(s.number == 119 for s in _numbers(m)))
        ended_ns = collected[-1].pub_ns  # what was late until then is told before the next sign of health
        told = lambda m: bool(m) and _is_health(m[-1], "adder", "ok") and m[-1].pub_ns > ended_ns  # noqa: E731
        got = collected + collect(client, told)
    live = _numbers(got)
    recorded = [m for m in got if type(m).__name__ in ("Count", "Tick")]
    first = min(s.number for s in live)
    numbers = {(topic_of(m).name, m.seq): m.number for m in got if type(m).__name__ in ("Count", "Slow")}  # type: ignore[attr-defined]
    dropped = [(d, seq) for d in got if isinstance(d, Drop) for seq in range(d.first_seq, d.last_seq + 1)]
    late = {(d.node, d.topic, numbers.get((d.topic, seq))) for d, seq in dropped}  # what is made anew is counted anew
    graph = build_graph(table)
    replay = graph.only(["delay", "adder"])
    host = LockstepHost(
        replay,
        inputs=sorted(recorded, key=lambda m: (m.t_ns, isinstance(m, Tick))),  # ticks last, as in stream order
        ticks="inputs",
        skip=lambda node, topic, message: (node, topic, getattr(message, "number", -1)) in late,
    )
    again = {s.number: s for s in _numbers([m for _, m in host.run()])}
    counted = [s for s in live if s.number >= first + 20]
    assert len(counted) > 50
    assert [(s.number, s.slow) for s in counted] == [(s.number, again[s.number].slow) for s in counted]
    assert not [m for m in recorded if isinstance(m, Tick) and m.node != "adder"]


def test_a_killed_process_is_named_and_comes_back_while_the_rest_goes_on(table: dict[str, Any]) -> None:
    with live_run(table) as run, run.client("toy/sum", "health") as client:
        collect(client, lambda m: len(_numbers(m)) >= 5)
        os.kill(run.supervisor.pids()["delay"], signal.SIGKILL)
        got = collect(client, lambda m: any(isinstance(h, Health) and h.state == "node_down" for h in m))
        down = got[-1]
        assert isinstance(down, Health)
        assert down.node == "delay"
        assert "killed by signal 9" in down.error
        slow = max(s.slow for s in _numbers(got)) if _numbers(got) else -1
        after = collect(client, lambda m: any(s.slow > slow + 20 for s in _numbers(m)))
        numbers = [s.number for s in _numbers(got + after)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the other processes missed a number"


def test_a_hung_process_is_found_and_started_again() -> None:
    table = {**TABLE, "delay": {**TABLE["delay"], "hang_at": 40}, "graph": {"hang_s": 1.0}}  # hangs once
    with live_run(table) as run, run.client("health") as client:
        collect(client, lambda m: any(isinstance(h, Health) and h.state == "hung" for h in m))
        again = collect(client, lambda m: any(_is_health(h, "delay", "ok") for h in m))
        assert isinstance(again[-1], Health)
        assert again[-1].restarts == 1


def test_a_crash_tells_the_reason_and_too_many_are_given_up() -> None:
    table = {**TABLE, "counter": {**TABLE["counter"], "fail_at": 3}, "graph": {"restarts": 1}}
    with live_run(table) as run, run.client("health") as client:
        got = collect(client, lambda m: any(isinstance(h, Health) and h.state == "failed" for h in m))
        assert isinstance(got[-1], Health)
        assert "the counter broke on purpose" in got[-1].error
        assert "given up after 1 restarts" in got[-1].error
        wait_for(lambda: any("given up" in line for line in run.lines), "the line in the log")


def test_a_node_that_cannot_start_ends_the_run_with_its_reason() -> None:
    run = LiveRun(build_graph({**TABLE, "broken": {"type": "toy_nodes:Broken"}}), None)
    run.start()
    with pytest.raises(LiveAffectError, match="cannot be opened on purpose"):
        run.join()


def test_the_run_ends_when_its_sources_have_ended() -> None:
    table = {**TABLE, "counter": {**TABLE["counter"], "limit": 10}}
    with live_run(table) as run:
        run.join()
        assert run.code == 0


def test_markers_and_commands_are_answered(table: dict[str, Any]) -> None:
    with live_run(table) as run, run.client("marker", "command") as client:
        marker = None
        while marker is None:  # a subscription takes a moment to arrive, and nothing says when it has
            assert client.mark("stimulus on", source="test").ok
            received = client.receive(0.2)
            marker = received[1] if received is not None else None
        assert isinstance(marker, Marker)
        assert (marker.label, marker.source) == ("stimulus on", "test")
        assert client.request("reset").ok
        assert "knows no 'resett'; did you mean 'reset'?" in client.request("resett", target="adder").text
        assert "node 'counter' takes no 'reset'; adder does" in client.request("reset", target="counter").text
        assert "Expected `int`, got `str`" in client.request("reset", to="much").text
        assert not client.mark("").ok
        offset, round_trip = client.clock_offset()
        assert abs(offset) <= round_trip


def test_malformed_requests_are_counted_and_change_nothing() -> None:
    with live_run(TABLE) as run, run.client("toy/sum") as client:
        context = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(run.supervisor.gateway_address)
        dealer.send(b"\xc1")
        assert dealer.poll(120_000)
        assert b"malformed" in dealer.recv()
        dealer.send(b"x" * (1 << 20))
        collect(client, lambda m: len(m) >= 5)
        context.destroy(linger=0)
        assert client.request("hello").ok


def test_e17_on_tcp_nobody_is_heard_inside_without_the_key_of_the_run() -> None:
    with live_run({**TABLE, "graph": {"transport": "tcp"}}) as run, run.client("toy/sum") as client:
        assert run.supervisor.gateway_address.startswith("tcp://127.0.0.1:")
        inside = [end for address in run.supervisor.addresses.by_name.values() for end in address.split()]
        assert len({*inside, run.supervisor.gateway_address}) == len(inside) + 1
        context, strangers = zmq.Context(), []
        for address in (*inside, run.supervisor._processes._control_address):
            assert "*" not in address
            for kind in (zmq.PUSH, zmq.XSUB):
                sock = context.socket(kind)
                strangers.append(sock)
                sock.connect(address)
                for _ in range(20):
                    with contextlib.suppress(zmq.Again):
                        sock.send(b"\x00toy/count", zmq.NOBLOCK)
        collect(client, lambda m: len(m) >= 20)
        context.destroy(linger=0)
        assert run.supervisor._processes.refused == 0, "not even read"
        assert not run.supervisor.deaths


def test_e17_what_is_no_report_is_counted_and_passed_over() -> None:
    with live_run(TABLE) as run, run.client("toy/sum") as client:
        context = zmq.Context()
        push = context.socket(zmq.PUSH)
        push.connect(run.supervisor._processes._control_address)
        wrong = (b"", b"\xc1", b"\x81" * 3000, b"\x82\xa3run\xa1\xff\xa7process\xa1x", b"x" * 200_000)
        for body in wrong[:-1]:
            push.send(body)
        wait_for(lambda: run.supervisor._processes.refused >= 4, "the refusals")
        push.send(wrong[-1])
        collect(client, lambda m: len(m) >= 20)
        context.destroy(linger=0)
        assert not run.supervisor.deaths


def test_an_address_in_use_is_named() -> None:
    table = {**TABLE, "graph": {"gateway": f"tcp://127.0.0.1:{free_port()}"}}
    with live_run(table):
        second = Supervisor(build_graph(table))
        with pytest.raises(TransportError, match=r"cannot listen at tcp://127\.0\.0\.1:\d+: the address is in use"):
            second.run(1.0, handle_signals=False)


def test_listening_beyond_this_machine_needs_keys() -> None:
    graph = build_graph({**TABLE, "graph": {"gateway": "tcp://0.0.0.0:17880"}})
    with pytest.raises(TransportError, match="liveaffect keys"):
        Supervisor(graph)


def test_with_keys_only_an_admitted_viewer_gets_through(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    make_keys(tmp_path / "stranger")
    (tmp_path / "stranger" / "server.key").write_bytes((tmp_path / "keys" / "server.key").read_bytes())
    gateway = f"tcp://127.0.0.1:{free_port()}"
    table = {**TABLE, "graph": {"gateway": gateway, "keys": str(tmp_path / "keys")}}
    with live_run(table):
        with connect(gateway, topics=["toy/sum"], keys=str(tmp_path / "keys")) as client:
            collect(client, lambda m: len(m) >= 3)
        with pytest.raises(TransportError, match="do the keys fit"):
            connect(gateway, keys=str(tmp_path / "stranger"))


PROGRAM = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
sys.path.append({helpers!r})
from liveaffect.stream.graph import build_graph
from liveaffect.stream.live.supervisor import Supervisor
supervisor = Supervisor(build_graph(json.loads({table!r})))
import threading, time
def tell():
    while not supervisor.epoch_ns:
        time.sleep(0.02)
    print(json.dumps(supervisor.pids()), flush=True)
threading.Thread(target=tell, daemon=True).start()
code = supervisor.run()
print("interruptible", signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
sys.exit(code)
"""


def _program() -> tuple[subprocess.Popen[str], dict[str, int]]:
    helpers = str(HELPERS)
    code = PROGRAM.format(helpers=helpers, table=json.dumps(TABLE))
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    return program, json.loads(program.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_e41_a_signal_ends_every_process(number: int) -> None:
    program, pids = _program()
    program.send_signal(number)
    assert program.wait(120) == 0
    assert not [pid for pid in pids.values() if psutil.pid_exists(pid)]
    assert program.stdout is not None
    assert program.stdout.read() == "interruptible True\n", "what follows a run can be ended by Ctrl-C"
    program.stdout.close()


def test_no_orphan_is_left_when_the_supervisor_is_killed() -> None:
    program, pids = _program()
    program.kill()
    program.wait(120)
    wait_for(lambda: not [pid for pid in pids.values() if psutil.pid_exists(pid)], "the end of the children")
    assert program.stdout is not None
    program.stdout.close()
