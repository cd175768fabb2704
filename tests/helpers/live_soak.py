"""A live graph with a recorder, and a fault every few seconds that a seed chooses; everything has to come back.

    python tests/helpers/live_soak.py OUT [--seconds 3600] [--segment 600] [--every 5]

Runs in segments, one supervisor each: one line of JSON per segment in OUT/segments.jsonl, and goes on where an earlier
run stopped. Sessions lie on a small file system of their own (where one may be mounted) that some faults fill.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import toy_nodes  # noqa: F401 (declares its topics)
from fuzz_messages import Attack
from fuzz_sockets import program
from recorder_kills import adds_up, lines_of, table
from runs.live import wait_for

from liveaffect.stream.client.connection import Client
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.session.info import load_info
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.reader import SessionReader

DISK_MB, KEEP_MB = 96, 8
"""Of the file system, and what is left of it when a recording ends."""
BACK_S = 120.0
"""Whatever was done, everything runs again after so long, on a machine with many times the load of its cores too."""
FAULTS = {"kill": 6, "stop": 3, "reconnect": 3, "flood": 3, "mute": 2, "disk": 2, "record": 2, "settings": 1}
"""What is done, and how often among the others."""


def serve(path: Path) -> None:
    """The graph of `path`, in a program of its own, until its input ends."""
    from liveaffect.stream.graph import build_graph
    from liveaffect.stream.live.supervisor import Supervisor

    graph = build_graph(json.loads(path.read_text("utf-8")))
    supervisor = Supervisor(graph, log=lambda line: print(line, file=sys.stderr, flush=True))

    def tell() -> None:
        while not supervisor.epoch_ns:
            time.sleep(0.02)
        print(json.dumps({"gateway": supervisor.gateway_address, "answers": True}), flush=True)
        sys.stdin.read()
        supervisor.stop()

    threading.Thread(target=tell, daemon=True).start()
    supervisor.run(handle_signals=False)
    print(json.dumps({"deaths": supervisor.deaths, "given_up": supervisor._processes.given_up}), flush=True)


class Reader:
    """A well-behaved reader, that may be told to come anew."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.heard_ns = 0
        """Publication of the newest result."""
        self.come()

    def come(self) -> None:
        """Connects, anew."""
        self.client = Client(self._address, ["toy/sum"])
        threading.Thread(target=self._read, args=(self.client,), daemon=True).start()

    def _read(self, client: Client) -> None:
        with contextlib.suppress(LiveAffectError):  # told below, where it is asked for its answers
            for message in client:
                self.heard_ns = message.pub_ns


class Segment:
    """One run of the graph under faults."""

    def __init__(
        self, folder: Path, disk: bool, address: str, graph: psutil.Process, names: set[str], seed: int
    ) -> None:
        self._folder, self._mounted, self._names, self._graph = folder, disk, names, graph
        self._random = random.Random(f"segment {seed}")
        self.reader, self._address = Reader(address), address
        self.done: Counter[str] = Counter()
        self.broken: list[str] = []
        self.back_s: list[tuple[float, str]] = []
        self.meant = 0
        """Deaths that were asked for: kills, and processes that stood still too long."""
        self.held: list[tuple[float, int, int]] = []
        """Of the supervisor: MB, open descriptors, threads."""
        self.sessions = 0
        self._number = 0

    def fault(self) -> None:
        """One, and the wait for everything to run again."""
        kinds = [kind for kind in FAULTS if kind != "disk" or self._mounted]
        kind = self._random.choices(kinds, [FAULTS[kind] for kind in kinds])[0]
        self.done[kind] += 1
        try:
            what = getattr(self, f"_{kind}")()
            began, now_ns = time.monotonic(), time.monotonic_ns()
            wait_for(lambda: self.reader.heard_ns > now_ns and self._pids().keys() == self._names, what, BACK_S)
            wait_for(self._records, f"a recording after {what}", BACK_S)
            self.back_s.append((round(time.monotonic() - began, 2), what))
        except (AssertionError, LiveAffectError) as error:
            self.broken.append(f"{kind}: {type(error).__name__}: {error}")
        with self._graph.oneshot():
            self.held.append(
                (round(self._graph.memory_info().rss / 1e6, 1), self._graph.num_fds(), self._graph.num_threads())
            )

    def _pids(self) -> dict[str, int]:
        return dict(self.reader.client.request("hello").facts["pids"])

    def _ask(self, **arguments: Any) -> Any:
        return self.reader.client.request("record", target="recorder", **arguments)

    def _records(self) -> bool:
        """True while it records; what it had to end is begun again, in a folder of its own."""
        said = self._ask(action="status")
        if said.ok and "not recording" not in said.text:
            return True
        self.hold()
        self._number += 1
        self._ask(action="start", folder=str(self._folder / f"again-{self._number}"))
        return False

    def _victim(self) -> tuple[str, psutil.Process]:
        name, pid = self._random.choice(sorted(self._pids().items()))
        return name, psutil.Process(pid)

    def _kill(self) -> str:
        name, process = self._victim()
        with contextlib.suppress(psutil.Error):
            process.kill()
            self.meant += 1
        return f"{name} after a kill"

    def _stop(self) -> str:
        name, process = self._victim()
        for_s = self._random.choice([0.2, 1.0, 3.0, 12.0])
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGSTOP)
            threading.Event().wait(for_s)
            process.send_signal(signal.SIGCONT)
        self.meant += for_s > 3.0
        return f"{name} after standing still for {for_s} s"

    def _reconnect(self) -> str:
        self.reader.client.close()
        for _ in range(self._random.randrange(20)):
            Client(self._address, ["toy/", "health"]).close()
        self.reader.come()
        return "the reader's return"

    def _flood(self) -> str:
        events = self.reader.client.facts["events"]
        attack = Attack(
            {"gateway": self._address, "events": events, "inside": [events], "control": "", "answers": True}
        )
        first = 100 * self._random.randrange(10_000)
        for number in range(first, first + 1000, 100):
            attack.batch(number, ["requests", "words", "raw"])
        attack.close()
        return "results after a flood"

    def _mute(self) -> str:
        with Client(self._address, ["video/frame", "toy/"]):
            threading.Event().wait(3.0)
        return "results after a reader that stood still"

    def _disk(self) -> str:
        filler = self._folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        threading.Event().wait(2.0)
        filler.unlink()
        return "a recording after a full disk"

    def _record(self) -> str:
        self._ask(action="stop")
        return "a new recording"

    def _settings(self) -> str:
        self._ask(action="stop")
        values = {"rate_hz": self._random.choice([40.0, 50.0, 60.0])}
        self.reader.client.request("settings", action="set", node="counter", values=values)
        return "other settings"

    def hold(self, *, over: bool = False) -> None:
        """Every session that has ended is whole in itself; then it makes room."""
        for folder in sorted(path for path in self._folder.iterdir() if (path / "session.json").exists()):
            info = load_info(folder)
            if info.state == "RECORDING":
                self.broken += [f"{folder.name} is left open"] * over
                continue
            self.sessions += 1
            faults = [] if adds_up(info) else ["its ledger does not add up"]
            faults += list(SessionReader(folder).faults)
            faults += ["not a whole file"] * (info.state == "COMPLETE" and not scan(folder / "session.mcap").finished)
            if faults:
                self.broken.append(f"{folder.name} ({info.state}, {info.reason}): {faults}")
                shutil.move(folder, self._folder.parent / f"broken-{time.time():.0f}")
            else:
                shutil.rmtree(folder)


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """A small file system at `folder`; False where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def segment(out: Path, seconds: float, every: float, seed: int) -> dict[str, Any]:
    """One run of the graph; what it came to."""
    with disk(out / "disk") as mounted:
        graph = table(out / "disk" / "first", "h264", min_free_mb=KEEP_MB)
        graph["graph"] = {"restarts": 60}
        wanted = out / "graph.json"
        wanted.write_text(json.dumps(graph), "utf-8")
        with program([str(Path(__file__)), "--serve", str(wanted)]) as (run, told):
            names = set(graph) - {"graph"}
            one = Segment(out / "disk", mounted, told["gateway"], psutil.Process(run.pid), names, seed)
            end = time.monotonic() + seconds
            while (began := time.monotonic()) < end and run.poll() is None:
                one.fault()
                left = end - time.monotonic()
                print(f"{left:.0f} s left, {dict(one.done)}, {len(one.broken)} broken", file=sys.stderr, flush=True)
                threading.Event().wait(max(0.0, every - (time.monotonic() - began)))
            one.reader.client.close()
            assert run.stdin is not None
            assert run.stdout is not None
            run.stdin.close()
            ended = json.loads(run.stdout.readline() or '{"deaths": ["the supervisor ended"], "given_up": []}')
        one.hold(over=True)
    deaths = len(ended["deaths"])
    one.broken += [f"given up: {ended['given_up']}"] * bool(ended["given_up"])
    one.broken += [f"{deaths} deaths, {one.meant} asked for: {ended['deaths'][-5:]}"] * (deaths > one.meant)
    return {
        "seed": seed,
        "seconds": round(seconds),
        "faults": dict(one.done),
        "deaths": deaths,
        "asked_for": one.meant,
        "sessions": one.sessions,
        "back_s": max(one.back_s, default=None),
        "supervisor": one.held[:: max(1, len(one.held) // 10)],
        "broken": one.broken,
    }


def run(out: Path, seconds: float, length: float = 600.0, every: float = 5.0) -> list[dict[str, Any]]:
    """Runs the segments that OUT/segments.jsonl does not have yet; returns all of them."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ["XDG_CACHE_HOME"] = str(out / "cache")
    log = out / "segments.jsonl"
    done = lines_of(log)
    known = {one["seed"] for one in done}
    with log.open("a", encoding="utf-8") as lines:
        for seed in range(max(1, round(seconds / length))):
            if seed not in known:
                done.append(segment(out, min(length, seconds), every, seed))
                lines.write(json.dumps(done[-1]) + "\n")
                lines.flush()
                print(f"segment {seed}: {done[-1]}", file=sys.stderr, flush=True)
    return done


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("out", type=Path, nargs="?")
    words.add_argument("--serve", type=Path)
    words.add_argument("--seconds", type=float, default=3600.0)
    words.add_argument("--segment", type=float, default=600.0)
    words.add_argument("--every", type=float, default=5.0)
    asked = words.parse_args()
    if asked.serve:
        serve(asked.serve)
    else:
        found = run(asked.out, asked.seconds, asked.segment, asked.every)
        print(json.dumps(found, indent=1))
        sys.exit(any(one["broken"] for one in found))
