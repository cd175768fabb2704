"""One client used from several threads and loops at once, and a client that asks for too much."""

import asyncio
import threading
import time
from typing import Any

import pytest
from made.sensor import Sensor
from runs.beside import in_thread
from runs.live import live_run, wait_for

from liveaffect.stream.client import connection, link
from liveaffect.stream.client.connection import Client
from liveaffect.stream.client.link import Link
from liveaffect.stream.client.requests import MOST_TOPIC_BYTES, MOST_TOPICS
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.live.outside import door
from liveaffect.stream.messages import Marker
from liveaffect.stream.topics import REGISTRY

pytestmark = pytest.mark.processes
GRAPH = {"count": {"type": "toy_nodes:Counter"}}


def marks(*labels: str) -> list[Marker]:
    return [Marker(t_ns=1, label=label) for label in labels]


def heard(client: Client) -> str:
    """The label of the marker that comes next."""
    found = client.receive(120)
    assert found is not None
    assert isinstance(found[1], Marker)
    return found[1].label


def test_a_program_that_has_not_read_for_long_asks_before_it_takes_the_sensor_for_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "PROBE_S", 0.05)
    monkeypatch.setattr(link, "GONE_S", 2.0)
    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        wait_for(lambda: b"marker" in sensor.wanted, "its subscription")
        time.sleep(2.1)
        assert client.receive(0.2) is None
        time.sleep(2.1)
        client.subscribe("health")
        assert client.receive(0.2) is None
        sensor.publish(*marks("here"))
        assert heard(client) == "here"


def test_a_loop_that_is_left_or_cancelled_leaves_the_rest_to_the_next() -> None:
    labels = [f"{number}" for number in range(40)]

    async def read(client: Client) -> list[str]:
        got: list[str] = []

        async def one() -> None:
            async for message in client:
                got.append(message.label)
                break

        for _ in range(3):
            await one()
        await asyncio.wait_for(one(), 60)
        waiting = asyncio.create_task(one())
        await asyncio.sleep(0)
        waiting.cancel()
        async for message in client:
            got.append(message.label)
            if len(got) == 30:
                break
        return got

    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        wait_for(lambda: b"marker" in sensor.wanted, "its subscription")
        sensor.publish(*marks(*labels))
        got = asyncio.run(read(client))
        while len(got) < len(labels):
            got.append(heard(client))
        assert got == labels


def test_a_topic_asked_for_twice_is_given_up_at_once() -> None:
    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        client.subscribe("marker", "health")
        client.subscribe("marker")
        wait_for(lambda: sensor.wanted >= {b"marker", b"health"}, "the subscriptions")
        client.unsubscribe("marker")
        wait_for(lambda: sensor.wanted == {b"health"}, "the end of markers")


def test_a_reader_beside_another_keeps_its_time() -> None:
    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        reading, _ = in_thread(lambda: list(client))
        other, found = in_thread(lambda: client.receive(0.2))
        other.join(60)
        assert found == [None]
        client.close()
        reading.join(120)


@pytest.mark.filterwarnings("ignore:neither this sensor")
def test_more_than_a_sensor_takes_is_refused_in_words() -> None:
    many = [f"made/{number}" for number in range(MOST_TOPICS)]
    with live_run(GRAPH) as run, run.client(*many) as client:
        assert client.facts["joins"]
        with pytest.raises(UsageError, match="65 topics, and a sensor gives one program 64"):
            client.subscribe("one/more")
        with pytest.raises(UsageError, match="has 101 bytes"):
            client.subscribe("x" * (MOST_TOPIC_BYTES + 1))
        client.unsubscribe("made/0")
        client.subscribe("toy/count")
        assert client.receive(120) is not None
        assert run.supervisor._gateway is not None
        assert run.supervisor._gateway._door.refused == {}


def test_a_topic_of_which_nothing_will_come_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with live_run(GRAPH) as run:
        with pytest.warns(UserWarning, match="begins with 'toy/cont': did you mean 'toy/count'"):
            run.client("toy/cont").close()
        with run.client() as client:
            monkeypatch.delitem(REGISTRY, "toy/count")
            with pytest.warns(UserWarning, match="'toy/count' is not declared in this program: import the module"):
                client.subscribe("~toy/count")


def test_a_sensor_without_room_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_VISITORS", 4)
    monkeypatch.setattr(connection, "REPLY_LIMIT_S", 3.0)
    monkeypatch.setattr(connection, "JOIN_LIMIT_S", 3.0)
    with live_run(GRAPH) as run, run.client("toy/count") as client:
        with run.client("toy/count") as other:
            with pytest.raises(TransportError, match="hangs up on who wants to read: no room for another program"):
                other.subscribe("video/frame")
            with pytest.raises(TransportError, match=r"no answer .* Or has it no room for another program"):
                run.client("toy/count")
        assert client.receive(120) is not None


@pytest.mark.parametrize("what", ["close", "subscribe", "receive"])
def test_a_connection_that_is_made_anew_is_whole_for_every_thread(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    made, go = threading.Event(), threading.Event()
    socket = Link._socket

    def slow(self: Link, kind: int) -> Any:
        found = socket(self, kind)
        if held:
            made.set()
            go.wait(0.3)
        return found

    held = False
    monkeypatch.setattr(Link, "_socket", slow)
    monkeypatch.setattr(connection, "RETRY_S", 0.5)
    with Sensor() as first, Client(first.address, ["marker"], reconnect=True) as client:
        wait_for(lambda: b"marker" in first.wanted, "its subscription")
        reading, got = in_thread(lambda: [message.label for message in client])
        first.close()
        held = True
        with Sensor(first.address) as second:
            assert made.wait(120)
            acts = {
                "close": client.close,
                "subscribe": lambda: client.subscribe("video/frame", "health"),
                "receive": lambda: client.receive(0.1),
            }
            acting, found = in_thread(acts[what])
            acting.join(60)
            assert found == [None]
            go.set()
            if what == "subscribe":
                wait_for(lambda: second.wanted >= {b"marker", b"video/frame", b"health"}, "all subscriptions")
            client.close()
            reading.join(120)
            assert got == [[]]
