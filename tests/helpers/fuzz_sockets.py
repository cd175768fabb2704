"""Malformed messages by the hundred thousand at every socket of a live graph, with fixed seeds, resumable.

    python tests/helpers/fuzz_sockets.py --count 100000 [--state FILE]

Prints one JSON object: what was sent, what was refused, deaths, memory, and the age of results before and meanwhile.
"""

import argparse
import contextlib
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import zmq

HELPERS = Path(__file__).resolve().parent
TABLE: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter"},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}
BATCH = 100
WARM = 20_000
QUIET_S = 10.0
GOOD = {"verb": "reset", "target": "adder", "arguments": {"to": 3}, "id": 5}
REPORT = {"run": "x", "process": "delay", "incarnation": 0, "kind": "ended", "progress": 1}


def serve() -> None:
    """The graph, in a program of its own: says where everything listens, and runs until its input ends."""
    from liveaffect.stream.graph import build_graph
    from liveaffect.stream.live.supervisor import Supervisor

    supervisor = Supervisor(build_graph(TABLE), log=lambda line: print(line, file=sys.stderr, flush=True))

    def tell() -> None:
        while not supervisor.epoch_ns:
            time.sleep(0.02)
        inside = [end for address in supervisor.addresses.by_name.values() for end in address.split()]
        told = {
            "gateway": supervisor.gateway_address,
            "inside": inside,
            "control": supervisor._processes._control_address,
            "pids": supervisor.pids(),
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        supervisor.stop()

    threading.Thread(target=tell, daemon=True).start()
    supervisor.run(handle_signals=False)
    print(json.dumps({"deaths": supervisor.deaths, "reports": supervisor._processes.refused}), flush=True)


def requests(rng: random.Random) -> list[bytes]:
    """One malformed request, as parts."""
    body = bytearray(msgspec.msgpack.encode(GOOD))
    kind = rng.randrange(8)
    if kind == 0:
        return [rng.randbytes(rng.randrange(300))]
    if kind == 1:
        for _ in range(rng.randint(1, 8)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        return [bytes(body)]
    if kind == 2:
        return [bytes(body[: rng.randrange(len(body))])]
    if kind == 3:
        return [
            rng.choice([b"\x81\xa1a", b"\x91", b"\xdd\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff"]) * rng.randint(1, 9000)
        ]
    if kind == 4:
        odd = rng.choice([float("nan"), float("inf"), 1 << 63, -(1 << 63), "\0", "x" * 5000, b"y", {1: 2}, [[]] * 3000])
        return [msgspec.msgpack.encode({"verb": rng.choice(["reset", "mark", "settings"]), "arguments": {"t_ns": odd}})]
    if kind == 5:
        return [bytes(body)] * rng.randint(2, 2000)
    if kind == 6:
        return [rng.randbytes(rng.randint(60_000, 90_000))]
    return [msgspec.msgpack.encode({"verb": "".join(rng.choices("abcdef ", k=rng.randint(0, 200)))})]


def words(rng: random.Random) -> list[bytes]:
    """One word at a socket that takes subscriptions; none that a reader could say."""
    topic = rng.choice([b"toy/sum", b"health", b"", b"command", rng.randbytes(rng.randrange(200))])
    first = rng.choice([b"\0", b"\1", b"\2", b"\xff", b""])
    return [first + topic, *[b"x"] * rng.choice([0, 0, 0, 1, 500])]


def reports(rng: random.Random) -> list[bytes]:
    """One report that is none, or of another run."""
    body = bytearray(msgspec.msgpack.encode(REPORT))
    for _ in range(rng.randrange(4)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return [bytes(body)] if rng.random() < 0.8 else [rng.randbytes(rng.randrange(5000))]


def raw(rng: random.Random) -> bytes:
    """Bytes that are no ZeroMQ, or the beginning of some."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
    start = greeting[: rng.choice([0, 5, 11, 64])]
    return start + rng.randbytes(rng.randrange(400))


class Attack:
    """Sends the messages of one seed each, in batches over fresh connections."""

    def __init__(self, told: dict[str, Any], events: str) -> None:
        self._told, self._events = told, events
        self._context = zmq.Context()

    def batch(self, first: int) -> None:
        """BATCH messages, numbered from `first`; the number is the seed."""
        rng = random.Random(first)
        kind = rng.choices(["requests", "words", "inside", "control", "raw"], [6, 2, 2, 2, 1])[0]
        if kind == "raw":
            for number in range(first, first + BATCH):
                self._raw(random.Random(number))
            return
        places = {
            "requests": (zmq.DEALER, self._told["gateway"], requests),
            "words": (zmq.XSUB, self._events, words),
            "inside": (zmq.XSUB, rng.choice(self._told["inside"]), words),
            "control": (zmq.PUSH, self._told["control"], reports),
        }
        socket_kind, address, make = places[kind]
        sock = self._context.socket(socket_kind)
        sock.setsockopt(zmq.LINGER, 2000)
        sock.setsockopt(zmq.SNDTIMEO, 200)
        sock.set_hwm(10 * BATCH)
        sock.connect(address)
        for number in range(first, first + BATCH):
            with contextlib.suppress(zmq.Again):
                sock.send_multipart(make(random.Random(number)))
        if kind == "requests":
            quiet = time.monotonic() + 1.0
            while time.monotonic() < quiet and sock.poll(50):
                sock.recv_multipart()
        sock.close()

    def _raw(self, rng: random.Random) -> None:
        address = rng.choice([self._told["gateway"], self._events])
        with socket.socket(socket.AF_UNIX) as one, contextlib.suppress(OSError):
            one.connect(address.removeprefix("ipc://"))
            one.sendall(raw(rng))

    def close(self) -> None:
        self._context.destroy(linger=500)


class Watcher:
    """A well-behaved reader: the age of results when they are published, and the newest health of the gateway."""

    def __init__(self, address: str) -> None:
        sys.path.append(str(HELPERS))
        import toy_nodes  # noqa: F401 (declares its topics)

        from liveaffect.stream.client.connection import Client

        self.client = Client(address, ["toy/sum", "health"])
        self.ages: list[float] = []
        self.last = -1
        self.missed = 0
        self.refused: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for message in self.client:
            if type(message).__name__ == "Sum":
                self.ages.append((message.pub_ns - message.t_ns) / 1e6)
                self.missed += max(0, message.seq - self.last - 1) if self.last >= 0 else 0
                self.last = message.seq
            elif message.node == "gateway":
                self.refused = message.info["refused"]

    def take(self) -> list[float]:
        """The ages since the last call, in ms, sorted."""
        found, self.ages = sorted(self.ages), []
        return found


def run(count: int, state: Path | None) -> dict[str, Any]:
    """Sends `count` messages, from where `state` says the last run stopped, and measures what they did."""
    begun = json.loads(state.read_text())["next"] if state and state.exists() else 0
    with _graph() as (program, told):
        watcher = Watcher(told["gateway"])
        attack = Attack(told, watcher.client.facts["events"])
        for first in range(0, WARM, BATCH):  # buffers and code are taken once
            attack.batch(first)
        time.sleep(QUIET_S)
        watcher.take()
        time.sleep(QUIET_S)
        before, memory, started = watcher.take(), _memory(program.pid, told), time.monotonic()
        course: list[float] = []
        for first in range(begun, count, BATCH):
            attack.batch(first)
            if len(course) < 10 * (first - begun) / (count - begun):
                course.append(round(_memory(program.pid, {"pids": {}})["supervisor"], 1))
            if state and first // BATCH % 10 == 0:
                state.write_text(json.dumps({"next": first}))
        seconds = time.monotonic() - started
        attack.close()
        during = watcher.take()
        time.sleep(QUIET_S)
        after = _memory(program.pid, told)
        alive = {name: psutil.pid_exists(pid) for name, pid in told["pids"].items()}
        refused = dict(watcher.refused)
        assert program.stdin is not None
        watcher.client.close()
        program.stdin.close()
        assert program.stdout is not None
        ended = json.loads(program.stdout.readline())
    return {
        "messages": count - begun,
        "seconds": round(seconds, 1),
        "refused": refused,
        "reports_refused": ended["reports"],
        "deaths": ended["deaths"],
        "all_alive": all(alive.values()),
        "memory_mb": {name: [round(memory[name], 1), round(after[name], 1)] for name in memory},
        "supervisor_mb": course,
        "age_p99_ms": [_p99(before), _p99(during)],
        "results": [len(before), len(during)],
        "missed": watcher.missed,
    }


@contextlib.contextmanager
def _graph() -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    words_ = [sys.executable, __file__, "--serve"]
    program = subprocess.Popen(words_, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HELPERS)
    assert program.stdout is not None
    try:
        yield program, json.loads(program.stdout.readline())
        program.wait(30)
    finally:
        if program.poll() is None:
            program.kill()
        program.wait()
        program.stdout.close()


def _memory(pid: int, told: dict[str, Any]) -> dict[str, float]:
    pids = {"supervisor": pid, **told["pids"]}
    return {name: psutil.Process(one).memory_info().rss / 1e6 for name, one in pids.items()}


def _p99(ages: list[float]) -> float | None:
    return round(ages[int(0.99 * len(ages))], 1) if ages else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--state", type=Path)
    asked = parser.parse_args()
    if asked.serve:
        serve()
    else:
        print(json.dumps(run(asked.count, asked.state), indent=1))
