"""A reader on another machine, and the window's own way of listening: both say what they heard, and what time it is.

    python tests/helpers/far_reader.py ADDRESS TOPICS [--keys FOLDER] [--ppm 200] [--window]

At every line that comes in it prints one line of JSON: what has been seen since the line before.
It ends with its input.

The truth about the sensor's clock, which a reader elsewhere cannot have, is here: the two machines are one, and the
kernel tells how far this program's time namespace is away.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import toy_nodes  # noqa: F401 (declares its topics)

from liveaffect.nodes.dashboard import feed as feed_of_the_window
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.lost import lost
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.stream.client import connection
from liveaffect.stream.client.connection import Client
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.topics import topic_of

LOOK_S = 0.25


class Drifting:
    """`time` of a machine whose monotonic clock runs faster than the others' by `ppm`."""

    def __init__(self, ppm: float) -> None:
        self._ppm, self._begun = ppm, time.monotonic_ns()

    def monotonic_ns(self) -> int:
        now = time.monotonic_ns()
        return now + round((now - self._begun) * self._ppm * 1e-6)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def ahead_ns() -> int:
    """How far this program's monotonic clock is ahead of the machine's: its time namespace says so."""
    for line in Path("/proc/self/timens_offsets").read_text("ascii").splitlines():
        name, seconds, nanoseconds = line.split()
        if name == "monotonic":
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return 0


class Reader:
    """One Client that waits for its sensor to come back, its clock, and where it is asked for the window's feed."""

    def __init__(self, address: str, topics: list[str], keys: str, ppm: float, window: bool) -> None:
        self.clock = Drifting(ppm)
        for module in (connection, feed_of_the_window):
            module.time = self.clock  # type: ignore[assignment, attr-defined]
        self._ahead = ahead_ns()
        self._lock = threading.Lock()
        self.heard: list[tuple[str, int, int, float]] = []
        """Topic, incarnation, sequence number, age in ms by this program's own idea of the sensor's clock."""
        self.looks: list[dict[str, Any]] = []
        self.gateway: dict[str, Any] = {}
        """What the gateway last said that it refused and dropped."""
        self.client = Client(address, topics, keys, reconnect=True)
        self._feed: GatewayFeed | None = None
        if window:
            node = DashboardNode(pixels=False)
            node.open()
            node.scene.clock = self.clock.monotonic_ns
            self._feed = GatewayFeed(node, lambda: address, keys)
            self._feed.start()
        for run in (self._read, self._look):
            threading.Thread(target=run, daemon=True).start()

    def _read(self) -> None:
        for message in self.client:
            self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Health):
            if message.node == "gateway":
                self.gateway = {"dropped": dict(message.dropped), **message.info}
            return
        age_ms = (self.clock.monotonic_ns() - self.client.clock.local_ns(message.pub_ns)) / 1e6
        with self._lock:
            self.heard.append((topic_of(message).name, message.incarnation, message.seq, round(age_ms, 1)))

    def _look(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            before = time.monotonic_ns()
            look: dict[str, Any] = {"at_s": (before - self._ahead) / 1e9}
            try:
                clock = self.client.clock
                here = self.clock.monotonic_ns()
                off = clock.local_ns(before - self._ahead) - here
                look |= {
                    "off_ms": off / 1e6, "error_ms": clock.error_ns / 1e6, "bound_ms": clock.bound_ns / 1e6,
                    "drift_ppm": clock.drift_ppm,
                }  # fmt: skip
            except (LiveAffectError, ValueError) as error:
                look["why"] = str(error)
            if self._feed is not None:
                look |= self._window(self._feed)
            if time.monotonic_ns() - before < 1_000_000:  # else it was put aside between its looks at the clocks
                with self._lock:
                    self.looks.append(look)

    def _window(self, feed: GatewayFeed) -> dict[str, Any]:
        scene = feed.scene
        with scene.lock:
            gone = lost(scene)
            told = {"gone": "" if gone is None else f"{gone.headline}. {gone.words}", "connected": scene.connected}
        if scene.offset_ns is not None:
            truth = time.monotonic_ns() - self._ahead
            told |= {"window_off_ms": (feed.sensor_now_ns() - truth) / 1e6}
        return told

    def report(self) -> dict[str, Any]:
        """Since the report before."""
        with self._lock:
            heard, self.heard = self.heard, []
            looks, self.looks = self.looks, []
        kinds = Counter(topic for topic, *_ in heard)
        return {
            "heard": heard, "looks": looks, "gateway": self.gateway, "kinds": dict(kinds),
            "skipped": self.client.skipped, "malformed": self.client.malformed, "facts": self.client.facts["clock"],
        }  # fmt: skip


def main() -> None:
    """Answers every line with a report."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("address")
    words.add_argument("topics")
    words.add_argument("--keys", default="")
    words.add_argument("--ppm", type=float, default=0.0)
    words.add_argument("--window", action="store_true")
    asked = words.parse_args()
    try:
        reader = Reader(asked.address, asked.topics.split(","), asked.keys, asked.ppm, asked.window)
    except LiveAffectError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"pid": os.getpid()}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(reader.report()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
