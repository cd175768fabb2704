"""The client against a sensor of the test's own: answers, ends, threads, pictures."""

import asyncio

import numpy as np
import pytest
from made.sensor import Sensor
from runs.beside import in_thread
from runs.live import wait_for

from liveaffect.stream.client import connection, link
from liveaffect.stream.client.connection import Client
from liveaffect.stream.client.inbox import places
from liveaffect.stream.client.requests import Reply, Request
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.messages import Affect, Marker, Message, VideoFrame


def marker(label: str) -> Marker:
    return Marker(t_ns=1, label=label)


def subscribed(sensor: Sensor, *topics: bytes) -> None:
    wait_for(lambda: sensor.wanted >= set(topics), f"the subscription to {topics}")


def test_e09_a_late_answer_is_dropped_and_the_next_question_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[Reply] = []

    def answer(request: Request) -> list[Reply]:
        reply = Reply(ok=True, text=f"answer to {request.verb}", id=request.id)
        if request.verb == "slow":
            late.append(reply)
            return []
        return [*late, reply]

    monkeypatch.setattr(connection, "REPLY_LIMIT_S", 5.0)
    with Sensor(answer=answer) as sensor, Client(sensor.address) as client:
        monkeypatch.setattr(connection, "REPLY_LIMIT_S", 0.2)
        with pytest.raises(TransportError, match="no answer from"):
            client.request("slow")
        monkeypatch.setattr(connection, "REPLY_LIMIT_S", 5.0)
        assert [client.request(verb).text for verb in ("one", "two")] == ["answer to one", "answer to two"]
        assert len(late) == 1


def test_e10_the_stream_ends_with_a_clear_error_after_the_last_message_when_the_sensor_has_gone() -> None:
    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        subscribed(sensor, b"marker")
        sensor.publish(marker("one"), marker("two"))
        got = [next(iter(client)).label]
        sensor.close()
        with pytest.raises(TransportError, match="has ended, or the way to it is cut"):
            got.extend(message.label for message in client)
        assert got == ["one", "two"]


def test_e10_a_sensor_that_falls_silent_has_gone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sensor(answer=lambda request: []) as sensor, Client(sensor.address, ["marker"]) as client:
        monkeypatch.setattr(link, "PROBE_S", 0.1)
        monkeypatch.setattr(link, "GONE_S", 0.5)
        with pytest.raises(TransportError, match="no word from the sensor"):
            client.receive()


def test_a_quiet_sensor_that_answers_has_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        monkeypatch.setattr(link, "PROBE_S", 0.05)
        monkeypatch.setattr(link, "GONE_S", 20.0)
        thread, found = in_thread(client.receive)
        wait_for(lambda: [one.verb for one in sensor.asked].count("clock") >= 3, "three probes")
        subscribed(sensor, b"marker")
        sensor.publish(marker("here"))
        thread.join(120)
        assert found[0][1].label == "here"


def test_e10_close_from_another_thread_ends_the_loop_quietly_and_a_question_with_a_word() -> None:
    with Sensor(answer=lambda request: []) as sensor:
        client = Client(sensor.address, ["marker"])
        reader, got = in_thread(lambda: list(client))
        asker, answered = in_thread(lambda: client.request("never"))
        wait_for(lambda: any(one.verb == "never" for one in sensor.asked), "the question")
        client.close()
        reader.join(120)
        asker.join(120)
        assert got == [[]]
        assert "closed" in str(answered[0])
        with pytest.raises(TransportError, match="closed"):
            client.request("hello")
        client.close()


def test_e10_async_for_gives_the_same_messages() -> None:
    async def read(client: Client) -> list[str]:
        labels: list[str] = []
        async for message in client:
            labels.append(message.label)
            if len(labels) == 3:
                break
        return labels

    with Sensor() as sensor, Client(sensor.address, ["marker"]) as client:
        subscribed(sensor, b"marker")
        sensor.publish(*map(marker, "abc"))
        assert asyncio.run(read(client)) == ["a", "b", "c"]


def test_marks_from_many_threads_each_get_their_own_answer() -> None:
    def answer(request: Request) -> list[Reply]:
        return [Reply(ok=True, text=request.arguments["label"], id=request.id)]

    with Sensor(answer=answer) as sensor, Client(sensor.address, ["marker"]) as client:
        reading, _ = in_thread(lambda: list(client))
        runs = [in_thread(lambda n=n: [client.mark(f"{n}.{i}").text for i in range(20)]) for n in range(5)]
        for n, (thread, found) in enumerate(runs):
            thread.join(120)
            assert found == [[f"{n}.{i}" for i in range(20)]]
        client.close()
        reading.join(120)


def test_e10_reconnect_waits_for_the_sensor_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRY_S", 0.05)
    with Sensor() as first, Client(first.address, ["marker"], reconnect=True) as client:
        subscribed(first, b"marker")
        first.close()
        assert client.receive(0.3) is None
        monkeypatch.setattr(connection, "RETRY_S", 2.0)
        with Sensor(first.address) as second:
            reading, found = in_thread(client.receive)
            subscribed(second, b"marker")
            second.publish(marker("again"))
            reading.join(120)
            assert found[0][1].label == "again"


def test_topics_can_be_changed_while_the_sensor_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRY_S", 0.05)
    with Sensor() as first, Client(first.address, ["marker", "affect"], reconnect=True) as client:
        subscribed(first, b"marker", b"affect")
        first.close()
        assert client.receive(0.3) is None
        client.subscribe("health")
        client.unsubscribe("affect")
        with pytest.raises(TransportError, match="is not back yet"):
            client.request("hello")
        monkeypatch.setattr(connection, "RETRY_S", 2.0)
        with Sensor(first.address) as second:
            in_thread(client.receive)
            subscribed(second, b"marker", b"health")
            assert b"affect" not in second.wanted
            client.close()
            for change in (client.subscribe, client.unsubscribe):
                with pytest.raises(TransportError, match="closed"):
                    change("marker")


def test_e08_a_reader_that_stands_still_holds_a_few_frames_and_then_has_the_newest() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    with Sensor() as sensor, Client(sensor.address, ["video/frame", "marker"]) as client:
        subscribed(sensor, b"video/frame", b"marker")
        for seq in range(60):
            sensor.publish(VideoFrame(t_ns=seq, seq=seq, image=image))
        sensor.publish(marker("after"))
        received: list[Message] = []
        while not (received and isinstance(received[-1], Marker)):
            found = client.receive(120)
            assert found is not None
            received.append(found[1])
        frames = [m.seq for m in received if isinstance(m, VideoFrame)]
        assert len(frames) < 30, "results do not wait behind pictures"
        while not frames or frames[-1] != 59:
            found = client.receive(120)
            assert found is not None
            assert isinstance(found[1], VideoFrame)
            frames.append(found[1].seq)
        assert frames == sorted(frames)


def test_topics_can_be_changed_while_another_thread_reads() -> None:
    with Sensor() as sensor, Client(sensor.address) as client:
        reading, found = in_thread(client.receive)
        client.subscribe("marker", "video/frame")
        subscribed(sensor, b"marker", b"video/frame")
        client.unsubscribe("video/frame")
        wait_for(lambda: sensor.wanted == {b"marker"}, "the end of the pictures")
        sensor.publish(marker("x"))
        reading.join(120)
        assert found[0][1].label == "x"


def test_the_beginning_of_a_name_asks_for_all_topics_that_begin_so_pictures_apart() -> None:
    assert {("face/observation", 0), ("face/mesh", 1), ("face/crop", 0), ("face/affect", 0)} <= set(places("face/"))
    assert ("video/frame", 1) in places("")
    assert places("not/declared/yet") == [("not/declared/yet", 0)]
    assert places("~video/frame") == [("~video/frame", 0)]


def test_a_program_is_tested_without_a_sensor() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(ok=request.verb == "record", text="no" if request.verb != "record" else "")

    with Client.of([Affect(t_ns=1), Affect(t_ns=2)], answer) as client:
        assert [message.t_ns for message in client] == [1, 2]
        assert list(client) == []
        assert client.request("record", action="start").ok
        assert client.mark("x").text == "no"
    assert [one.verb for one in asked] == ["record", "mark"]


def test_an_address_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="write tcp://host:port or ipc:///path"):
        Client("localhost:7890")
