"""A sensor and its readers on two machines: keys, a bad way, a cut, clocks apart, a reader that stands still.

Two networks joined by a relay that delays, shuffles and drops packets, and a time namespace
(tests/helpers/devices/two_machines.py).
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from devices.two_machines import AHEAD_S, HERE, TwoMachines, why_not
from paths import HELPERS

from liveaffect.stream.client.access import make_keys

pytestmark = [
    pytest.mark.soak,
    pytest.mark.processes,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="two machines are made on Linux"),
]
DELAY_S, JITTER_S, LOSS = 0.1, 0.01, 0.05
PPM = 200.0
RIGHT_MS = 2.0 + 1000 * JITTER_S / 2
MOST_MB = 16.0
TOY = ("toy/count", "toy/slow", "toy/sum")


class Place:
    """The two machines, the sensor on one of them, and who reads it."""

    def __init__(self, between: TwoMachines, folder: Path) -> None:
        self.between, self.folder = between, folder
        self.keys = folder / "keys"
        make_keys(self.keys)
        make_keys(folder / "wrong")
        (folder / "wrong" / "server.key").write_bytes((self.keys / "server.key").read_bytes())
        table = {
            **{name: {"type": f"toy_nodes:{name.title()}"} for name in ("counter", "delay", "adder")},
            "camera": {
                "type": "liveaffect.nodes.camera:CameraNode", "source": "lavfi:testsrc2=size=320x240:rate=15,realtime",
            },
            "graph": {"gateway": "tcp://0.0.0.0:7890", "keys": str(self.keys), "announce": False},
        }  # fmt: skip
        (folder / "graph.json").write_text(json.dumps(table), "utf-8")
        serve = [sys.executable, str(HELPERS / "live_soak.py"), "--serve", str(folder / "graph.json")]
        self.sensor = between.start("sensor", serve, cwd=HELPERS)
        assert answer_of(self.sensor)["gateway"] == "tcp://0.0.0.0:7890"
        self.near, _ = self.reader("sensor", "toy/sum,health")
        self._heard: list[list[Any]] = []
        """Of the reader beside the sensor."""

    def reader(
        self, machine: str, topics: str, *more: str, keys: str = "keys"
    ) -> "tuple[subprocess.Popen[str], dict[str, Any]]":
        """A reader, and what it said first."""
        address = f"tcp://{HERE if machine == 'reader' else '127.0.0.1'}:7890"
        words = [sys.executable, str(HELPERS / "far_reader.py"), address, topics, *more]
        words += ["--keys", str(self.folder / keys)] if keys else []
        program = self.between.start(machine, words, cwd=HELPERS)
        return program, answer_of(program)

    def memory_mb(self) -> float:
        """Of the sensor's supervisor, which holds what waits for readers."""
        return psutil.Process(self.sensor.pid).memory_info().rss / 1e6

    def dropped(self, what: str = "overflow") -> int:
        """Results that found no room at a reader (or pictures "skipped"), as the sensor tells."""
        near = report_of(self.near)
        self._heard += near["heard"]
        return int(near["gateway"]["dropped"].get(what, 0))

    def heard_near(self) -> int:
        """How much the reader beside the sensor has heard since the last time: nothing is missing from it."""
        self.dropped()
        heard, self._heard = self._heard, self._heard[-1:]
        assert gaps_of(heard, ("toy/sum",)) == 0
        return len(heard)

    def end(self) -> list[str]:
        """Ends the sensor; who died before."""
        assert self.sensor.stdin is not None
        self.sensor.stdin.close()
        return list(answer_of(self.sensor)["deaths"])


def answer_of(program: "subprocess.Popen[str]") -> dict[str, Any]:
    assert program.stdout is not None
    return dict(json.loads(program.stdout.readline()))


def report_of(program: "subprocess.Popen[str]") -> dict[str, Any]:
    """What a reader heard and saw since the last time."""
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()
    return answer_of(program)


def wait(seconds: float) -> None:
    """What is measured here is measured over time."""
    threading.Event().wait(seconds)


def gaps_of(heard: list[list[Any]], topics: tuple[str, ...] = TOY) -> int:
    """How many were left out between those that came; fails where one came twice or before an older one."""
    missing = 0
    for topic in topics:
        seqs = [seq for name, _, seq, _ in heard if name == topic]
        assert len(seqs) > 1, f"{topic} did not come"
        assert all(b > a for a, b in pairwise(seqs)), f"{topic}: doubled, or out of order"
        missing += sum(b - a - 1 for a, b in pairwise(seqs))
    return missing


def hold_clock(looks: list[dict[str, Any]], ahead_ms: float, what: str) -> None:
    """Times are right, and the error that is told with them holds them too."""
    off = [abs(look["off_ms"]) for look in looks]
    beyond = [abs(look["off_ms"]) - look["error_ms"] for look in looks]
    shown = [abs(look["window_off_ms"]) for look in looks if "window_off_ms" in look]
    error, bound = (max(look[name] for look in looks) for name in ("error_ms", "bound_ms"))
    print(
        f"{what}: {len(looks)} looks, times off by at most {max(off):.2f} ms (in the window {max(shown):.2f}), told to "
        f"be at most {error:.2f} (bound {bound:.0f})"
    )
    assert max(off) <= RIGHT_MS
    assert max(shown) <= RIGHT_MS
    assert max(beyond) <= 1000 * JITTER_S / 2
    assert all(look["bound_ms"] >= abs(look["off_ms"]) for look in looks)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if why := why_not():
        pytest.skip(f"two machines cannot be made here: {why}")
    with TwoMachines(seed=12) as between:
        place = Place(between, tmp_path_factory.mktemp("between"))
        yield place
        assert place.end() == [], "somebody died"


def test_who_has_the_keys_gets_in_from_another_machine_and_nobody_else(place: Place) -> None:
    place.between.way(DELAY_S, JITTER_S, LOSS)
    program, told = place.reader("reader", "toy/sum")
    assert "pid" in told, told
    program.kill()
    for keys, words in (("wrong", "do the keys fit"), ("", "needs keys"), ("nowhere", "needs server.key")):
        _, told = place.reader("reader", "toy/sum", keys=keys)
        assert words in told.get("error", ""), told
    assert place.heard_near()


def test_a_bad_way_a_clock_an_hour_ahead_that_drifts_and_a_cut_of_twenty_seconds(place: Place) -> None:
    between = place.between
    between.way(DELAY_S, JITTER_S, LOSS)
    reader, told = place.reader("reader", ",".join(TOY), "--ppm", str(PPM), "--window")
    assert "pid" in told, told
    wait(5)
    report_of(reader)
    wait(120)
    lost, carried = between.lost, between.carried
    dropped = place.dropped()
    before = report_of(reader)
    assert before["facts"] != "", "the sensor names its clock"
    hold_clock(before["looks"], AHEAD_S * 1000, "two minutes")
    assert before["looks"][-1]["drift_ppm"] == pytest.approx(-PPM, abs=60.0)
    assert not any(look["gone"] for look in before["looks"])
    assert gaps_of(before["heard"]) == 0
    print(f"{lost} of {lost + carried} packets lost, {len(before['heard'])} results, none missing")

    between.cut(True)
    wait(20)
    cut = report_of(reader)
    between.cut(False)
    said = [look["gone"] for look in cut["looks"] if look["gone"]]
    assert said[-1].startswith("No word from the sensor since")
    assert not cut["looks"][-1]["connected"]
    heard, looks = before["heard"] + cut["heard"], cut["looks"]
    for _ in range(24):
        wait(5)
        after = report_of(reader)
        heard, looks = heard + after["heard"], looks + after["looks"]
        last = after["looks"][-1]
        if len(after["heard"]) > 100 and last["connected"] and not last["gone"]:
            break
    wait(15)
    after = report_of(reader)
    hold_clock(looks + after["looks"], AHEAD_S * 1000, "a cut of 20 s and after it")
    assert not after["looks"][-1]["gone"]
    missing, dropped = gaps_of(heard + after["heard"]), place.dropped() - dropped
    print(f"a cut of 20 s: {missing} results missing, {dropped} told to be")
    assert missing == dropped
    reader.kill()
    assert place.heard_near()


def test_a_reader_that_stands_still_for_a_minute_costs_the_sensor_nothing(place: Place) -> None:
    between = place.between
    between.way(0.005, 0.001)
    reader, told = place.reader("reader", ",".join((*TOY, "video/frame")))
    wait(10)
    place.heard_near()
    before = report_of(reader)
    assert before["kinds"]["video/frame"] > 20
    memory, dropped, skipped = place.memory_mb(), place.dropped(), place.dropped("skipped")
    os.kill(told["pid"], signal.SIGSTOP)
    wait(60)
    held, near = place.memory_mb(), place.heard_near()
    os.kill(told["pid"], signal.SIGCONT)
    print(f"a minute of standing still: supervisor {memory:.1f} to {held:.1f} MB, {near} results beside it")
    assert near > 60 * 50 * 0.5
    assert held < memory + MOST_MB
    wait(15)
    after = report_of(reader)
    missing = gaps_of(before["heard"] + after["heard"])
    dropped, skipped = place.dropped() - dropped, place.dropped("skipped") - skipped
    print(f"{missing} results missing, {dropped} told to be, {skipped} pictures skipped; {after['kinds']}")
    assert missing == dropped
    assert skipped > 60 * 15 * 0.5
    pictures = [seq for name, _, seq, _ in before["heard"] + after["heard"] if name == "video/frame"]
    assert all(b > a for a, b in pairwise(pictures))
    assert after["kinds"]["video/frame"] > 20
    reader.kill()
