"""Malformed messages by the hundred thousand at every socket of a live graph, with fixed seeds, resumable.

    python tests/helpers/fuzz_sockets.py --count 100000 [--state FILE] [--source FILM]

Prints one JSON object: what was sent, what was refused, deaths, memory, and the age of results while the same
messages go to nobody (the same load) and while they go to the sensor, in turns. With --source the whole sensor runs on
that film.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

HELPERS = Path(__file__).resolve().parent
TABLE: dict[str, Any] = {
    "counter": {"type": "toy_nodes:Counter"},
    "delay": {"type": "toy_nodes:Delay"},
    "adder": {"type": "toy_nodes:Adder"},
}
WARM = 20_000
ROUND, CONTROL = 20_000, 5_000
"""So many to the sensor, then so many to nobody, and so on."""


def table_of(source: str) -> dict[str, Any]:
    """The graph: three small nodes, or the sensor on a film."""
    if not source:
        return TABLE
    from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH

    table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    table["camera"].update(source=source, loop=True)
    table["microphone"].update(source=source, loop=True)
    return table


def serve(source: str) -> None:
    """The graph, in a program of its own: says where everything listens, and runs until its input ends."""
    from liveaffect.stream.graph import build_graph
    from liveaffect.stream.live.supervisor import Supervisor

    supervisor = Supervisor(build_graph(table_of(source)), log=lambda line: print(line, file=sys.stderr, flush=True))

    def tell() -> None:
        while not supervisor.epoch_ns:
            time.sleep(0.02)
        inside = [end for address in supervisor.addresses.by_name.values() for end in address.split()]
        told = {
            "gateway": supervisor.gateway_address,
            "inside": inside,
            "control": supervisor._processes._control_address,
            "pids": supervisor.pids(),
            "answers": True,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        supervisor.stop()

    threading.Thread(target=tell, daemon=True).start()
    supervisor.run(handle_signals=False)
    print(json.dumps({"deaths": supervisor.deaths, "reports": supervisor._processes.refused}), flush=True)


class Watcher:
    """A well-behaved reader: the age of results when they are published and when they are here, and the newest health
    of the gateway."""

    def __init__(self, address: str, topic: str) -> None:
        sys.path.append(str(HELPERS))
        import toy_nodes  # noqa: F401 (declares its topics)

        from liveaffect.stream.client.connection import Client

        self.client = Client(address, [topic, "health"], reconnect=True)
        self.ages: dict[str, list[float]] = {"published": [], "here": []}
        self.last = -1
        self.missed = 0
        self.refused: dict[str, int] = {}
        self.away = 0.0
        """Seconds that this program itself waited for a core at most: what the machine adds to every age."""
        for work in (self._read, self._wait):
            threading.Thread(target=work, daemon=True).start()

    def _wait(self) -> None:
        while True:
            since = time.monotonic()
            time.sleep(0.05)
            self.away = max(self.away, time.monotonic() - since - 0.05)

    def _read(self) -> None:
        for message in self.client:
            if type(message).__name__ != "Health":
                self.ages["published"].append((message.pub_ns - message.t_ns) / 1e6)
                self.ages["here"].append((time.monotonic_ns() - message.t_ns) / 1e6)
                self.missed += max(0, message.seq - self.last - 1) if self.last >= 0 else 0
                self.last = message.seq
            elif message.node == "gateway":
                self.refused = message.info["refused"]

    def take(self) -> dict[str, list[float]]:
        """The ages since the last call, in ms."""
        found, self.ages, self.away = self.ages, {"published": [], "here": []}, 0.0
        return found


def run(count: int, state: Path | None, source: str = "") -> dict[str, Any]:
    """Sends `count` messages, from where `state` says the last run stopped, and measures what they did."""
    begun = json.loads(state.read_text())["next"] if state and state.exists() else 0
    serving = [str(HELPERS / "fuzz_sockets.py"), "--serve", *(["--source", source] if source else [])]
    with (
        program(serving) as (graph, told),
        program([str(HELPERS / "fuzz_messages.py"), "--sink"]) as (_, nobody),
        program([str(HELPERS / "fuzz_messages.py")], speaks=False) as (attacker, _),
    ):
        watcher = Watcher(told["gateway"], "affect" if source else "toy/sum")
        told["events"] = watcher.client.facts["events"]

        away = 0.0

        def send(where: dict[str, Any], first: int, many: int) -> dict[str, list[float]]:
            watcher.take()
            tell(attacker, where | {"first": first, "count": many})
            nonlocal away
            away = watcher.away
            return watcher.take()

        send(told, 0, WARM)  # buffers and code are taken once
        alone: dict[str, list[float]] = {"published": [], "here": []}
        under: dict[str, list[float]] = {"published": [], "here": []}
        memory, started = _memory(graph.pid, told), time.monotonic()
        course: list[dict[str, float]] = []
        seconds = 0.0
        for first in range(begun, count, ROUND):
            _add(alone, send(nobody, first, CONTROL))
            since = time.monotonic()
            _add(under, send(told, first, min(ROUND, count - first)))
            seconds += time.monotonic() - since
            course.append(_memory(graph.pid, told))
            gone = [name for name, pid in told["pids"].items() if not psutil.pid_exists(pid)]
            assert not gone, f"{gone} ended between message {first} and {first + ROUND}"
            if state:  # what stands there was survived by everybody
                state.write_text(json.dumps({"next": min(first + ROUND, count)}))
            print(first + ROUND, course[-1], watcher.missed, f"{away:.2f} s", file=sys.stderr, flush=True)
        time.sleep(2.0)  # the gateway says once a second what it refused
        after = _memory(graph.pid, told)
        alive = {name: psutil.pid_exists(pid) for name, pid in told["pids"].items()}
        refused = dict(watcher.refused)
        watcher.client.close()
        assert graph.stdin is not None
        assert graph.stdout is not None
        graph.stdin.close()
        ended = json.loads(graph.stdout.readline())
    return {
        "messages": count - begun,
        "seconds": round(seconds, 1),
        "wall_s": round(time.monotonic() - started, 1),
        "refused": refused,
        "reports_refused": ended["reports"],
        "deaths": ended["deaths"],
        "all_alive": all(alive.values()),
        "memory_mb": {name: [memory[name], after[name]] for name in memory},
        "supervisor_mb": [one["supervisor"] for one in course],
        "age_p99_ms": {kind: [_p99(alone[kind]), _p99(under[kind])] for kind in alone},
        "age_p50_ms": {kind: [_p99(alone[kind], 0.5), _p99(under[kind], 0.5)] for kind in alone},
        "results": [len(alone["here"]), len(under["here"])],
        "missed": watcher.missed,
    }


@contextlib.contextmanager
def program(words: list[str], *, speaks: bool = True) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A program that says in one line of JSON where it is, and ends with its input."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": HELPERS}
    program = subprocess.Popen([sys.executable, *words], **pipes)
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        yield program, json.loads(program.stdout.readline()) if speaks else {}
        program.stdin.close()
        program.wait(120)
    finally:
        if program.poll() is None:
            program.kill()
        program.wait()
        program.stdout.close()


def tell(program: "subprocess.Popen[str]", order: dict[str, Any]) -> None:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(msgspec.json.encode(order).decode() + "\n")
    program.stdin.flush()
    assert program.stdout.readline() == "done\n", "the attacker has ended"


def _memory(pid: int, told: dict[str, Any]) -> dict[str, float]:
    pids = {"supervisor": pid, **told["pids"]}
    return {name: round(psutil.Process(one).memory_info().rss / 1e6, 1) for name, one in pids.items()}


def _add(to: dict[str, list[float]], more: dict[str, list[float]]) -> None:
    for kind, ages in more.items():
        to[kind] += ages


def _p99(ages: list[float], share: float = 0.99) -> float | None:
    return round(sorted(ages)[int(share * len(ages))], 1) if ages else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--source", default="")
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.source)
    else:
        print(json.dumps(run(asked.count, asked.state, asked.source), indent=1))
