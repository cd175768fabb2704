"""Whoever has connected misses nothing that is said from then on, however slow the way of results is."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from made.sensor import Sensor
from runs.live import collect, live_run, wait_for

from liveaffect.stream.client import connection
from liveaffect.stream.client.connection import Client
from liveaffect.stream.live.outside.visitor import Visitor
from liveaffect.stream.messages import Marker, Message, VideoFrame

pytestmark = pytest.mark.processes
SLOW_S = 1.0


def has(label: str) -> Callable[[list[Message]], bool]:
    return lambda got: any(isinstance(one, Marker) and one.label == label for one in got)


def test_a_program_hears_what_it_marks_right_after_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    inwards = Visitor._inwards

    def stalled(self: Visitor, now: float) -> None:
        if self.kind == "asks" or now - self.came > SLOW_S:
            inwards(self, now)

    monkeypatch.setattr(Visitor, "_inwards", stalled)
    with live_run({"count": {"type": "toy_nodes:Counter"}}) as run:
        began = time.monotonic()
        with run.client("marker") as client:
            assert time.monotonic() - began >= SLOW_S, "it waits until it would hear"
            assert client.mark("first").ok
            collect(client, has("first"))


@pytest.mark.parametrize("another_reads", [False, True])
def test_a_program_hears_what_it_marks_right_after_subscribing(
    monkeypatch: pytest.MonkeyPatch, another_reads: bool
) -> None:
    inwards, slow = Visitor._inwards, dict[Visitor, float]()

    def stalled(self: Visitor, now: float) -> None:
        if self.kind == "asks" or not held or now - slow.setdefault(self, now) > SLOW_S:
            inwards(self, now)

    held = False
    monkeypatch.setattr(Visitor, "_inwards", stalled)
    with live_run({"count": {"type": "toy_nodes:Counter"}}) as run, run.client() as client:
        got: list[Message] = []
        reading = threading.Thread(target=got.extend, args=(client,), daemon=True)
        if another_reads:
            reading.start()
        held, began = True, time.monotonic()
        client.subscribe("marker")
        assert time.monotonic() - began >= SLOW_S, "it waits until it would hear"
        assert client.mark("first").ok
        if another_reads:
            wait_for(lambda: has("first")(got), "the marker")
            client.close()
            reading.join(120)
        else:
            collect(client, has("first"))


@pytest.mark.timeout(300)
def test_no_word_of_what_is_asked_for_is_lost_however_many_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """ZeroMQ drops a subscription beyond the queue of its socket; that of pictures holds two."""
    monkeypatch.setattr(connection, "JOIN_LIMIT_S", 1000.0)
    with live_run({"count": {"type": "toy_nodes:Counter"}}) as run:
        for topics in (("video/frame", "face/mesh"), ("",), ("video/frame", "face/mesh", "marker", "~face/mesh")):
            with run.client(*topics) as client:
                for _ in range(3):
                    client.unsubscribe("video/frame", "face/mesh")
                    client.subscribe("video/frame", "face/mesh")
                    client.subscribe("video/frame")


def test_pictures_that_come_while_it_joins_are_held_by_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "JOIN_LIMIT_S", 1.0)
    with Sensor(joins=True) as sensor, Client(sensor.address, ["video/frame", "marker"]) as client:
        wait_for(lambda: {b"video/frame", b"marker"} <= sensor.wanted, "its subscriptions")
        joining = threading.Thread(target=client.subscribe, args=("health",))
        joining.start()
        pixels = np.zeros((120, 160, 3), np.uint8)
        for number in range(30):
            sensor.publish(VideoFrame(t_ns=number, seq=number, image=pixels), Marker(t_ns=number, label=f"{number}"))
            time.sleep(0.02)
        joining.join(120)
        labels, frames = list[str](), list[int]()
        while not frames or frames[-1] != 29:
            found = client.receive(120)
            assert found is not None
            if isinstance(found[1], Marker):
                labels.append(found[1].label)
            else:
                frames.append(found[1].seq)
        assert labels == [f"{number}" for number in range(30)]
        assert len(frames) < 10
        assert client.skipped > 15


def test_what_comes_while_it_joins_is_not_lost() -> None:
    with live_run({"count": {"type": "toy_nodes:Counter"}}) as run, run.client("health", "marker") as other:
        for number in range(20):
            with run.client("marker", "health") as client:
                assert other.mark(f"mark {number}").ok
                collect(client, has(f"mark {number}"))


def test_a_sensor_that_joins_nobody_is_waited_for_no_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers says that it joins, and never does; and one of an earlier version does not say so."""
    monkeypatch.setattr(connection, "JOIN_LIMIT_S", 0.5)

    for joins in (True, False):
        with Sensor(joins=joins) as sensor:
            began = time.monotonic()
            with Client(sensor.address, ["marker"]) as client:
                assert (time.monotonic() - began >= 0.5) is joins
                wait_for(lambda: b"marker" in sensor.wanted, "its subscription")
                sensor.publish(Marker(t_ns=1, label="one"))
                collect(client, has("one"))
