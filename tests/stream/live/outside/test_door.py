"""The door under rude visitors: whoever breaks a bound is shown out and counted, and nobody else notices."""

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest
import zmq
from runs.live import wait_for

from liveaffect.stream.client.access import make_keys, own_keys, server_keys
from liveaffect.stream.client.connection import Client, connect
from liveaffect.stream.client.requests import Reply
from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.bus import Publisher
from liveaffect.stream.live.outside import visitor as visitors
from liveaffect.stream.live.outside.door import MOST_VISITORS, Door
from liveaffect.stream.messages import Affect, VideoFrame
from liveaffect.stream.topics import AFFECT, VIDEO

pytestmark = pytest.mark.processes


class House:
    """A door, one writer behind it, and somebody who answers every request with `ok`."""

    def __init__(self, folder: Path, address: str = "", keys: str = "") -> None:
        self.context, self.folder = zmq.Context(), folder
        self.writer = Publisher(self.context, f"ipc://{folder}/w", [AFFECT, VIDEO], "the test")
        address = address or f"ipc://{folder}/g"
        events = address if address.endswith("*") else f"{address}.events"
        self.door = Door(address, events, keys=keys, folder=folder)
        self.door.connect(self.writer.address)
        self.address, self.answering = self.door.address, True
        self._sockets: list[zmq.Socket[bytes]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while not self._ended.wait(0.002):
            while self.answering and self.door.requests:
                peer, request = self.door.requests.popleft()
                facts = {"events": self.door.events, "joins": True}
                self.door.reply(peer, Reply(ok=True, text=request.verb, facts=facts, id=request.id))

    def dealer(self) -> Any:
        return self._open(zmq.DEALER, self.address)

    def reader(self, kind: int = zmq.XSUB) -> Any:
        return self._open(kind, self.door.events)

    def _open(self, kind: int, address: str) -> Any:
        sock = self.context.socket(kind)
        sock.setsockopt(zmq.LINGER, 0)
        sock.setsockopt(zmq.RECONNECT_IVL, -1)
        sock.set_hwm(0)
        sock.connect(address)
        self._sockets.append(sock)
        return sock

    def publish(self, seq: int) -> None:
        self.writer.update()
        self.writer.send(AFFECT, Affect(t_ns=seq, seq=seq))

    def wanted(self, topic: str) -> bool:
        self.writer.update()
        return self.writer.count(topic) > 0

    def refused(self, why: str) -> int:
        return self.door.refused.get(why, 0)

    def close(self) -> None:
        self._ended.set()
        self._thread.join(120)
        self.door.close()
        self.context.destroy(linger=0)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="d") as name:
        yield Path(name)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    house = House(folder)
    yield house
    house.close()


def follows(house: House, client: Client, seqs: range) -> None:
    """The client hears every one of these, published one after the other."""
    for seq in seqs:
        house.publish(seq)
        found = client.receive(120)
        assert found is not None
        assert found[1].seq == seq


@pytest.fixture
def listener(house: House) -> Iterator[Client]:
    """A well-behaved reader of `affect`."""
    with Client(house.address, ["affect"]) as client:
        wait_for(lambda: house.wanted("affect"), "its subscription")
        yield client


def test_e05_a_forged_word_neither_mutes_a_topic_nor_reaches_a_writer(house: House, listener: Client) -> None:
    for word in (b"\x02affect", b"anything", b"", b"\x01" + b"x" * 500):
        rude = house.reader()
        rude.send(word)
    wait_for(lambda: house.refused("malformed") >= 3, "the refusals")
    twice = house.reader()
    for word in (b"\x00affect", b"\x00affect", b"\x01affect", b"\x00affect", b"\x01voice/affect"):
        twice.send(word)
    wait_for(lambda: house.wanted("voice/affect"), "the last of its words")
    follows(house, listener, range(20))


def test_e05_subscriptions_are_known_topics_bounded_and_go_with_their_reader(house: House) -> None:
    reader, other = house.reader(zmq.SUB), house.reader(zmq.SUB)
    reader.subscribe(b"affe")
    other.subscribe(b"affect")
    reader.subscribe(b"nothing/that/is")
    wait_for(lambda: house.wanted("affect"), "the subscription")
    assert not house.wanted("affe")
    assert not house.wanted("nothing/that/is")
    reader.close(linger=0)
    wait_for(lambda: house.door.visitors == 1, "its leaving")
    assert house.wanted("affect")
    other.close(linger=0)
    wait_for(lambda: not house.wanted("affect"), "the end of the flow")
    many = house.reader(zmq.SUB)
    for number in range(visitors.MOST_TOPICS + 1):
        many.subscribe(b"%d" % number)
    wait_for(lambda: house.refused("topics"), "the refusal")


def test_e06_one_who_asks_without_end_is_slowed_and_others_are_answered(house: House, listener: Client) -> None:
    rude = house.dealer()
    body = msgspec.msgpack.encode({"verb": "clock"})
    began = time.monotonic()
    for _ in range(1000):
        rude.send(body)
    assert listener.request("hello").ok
    answered = 0
    while answered < 400:
        assert rude.poll(120_000)
        rude.recv()
        answered += 1
    assert time.monotonic() - began > (400 - visitors.BURST) / visitors.RATE * 0.9
    assert not house.door.refused
    follows(house, listener, range(5))


def test_e07_a_message_of_very_many_parts_is_refused_at_once(house: House, listener: Client) -> None:
    house.dealer().send_multipart([b"x"] * 100_000)
    wait_for(lambda: house.refused("parts") + house.refused("unfinished"), "the refusal")
    follows(house, listener, range(20))


def test_e07_an_unfinished_message_takes_no_memory(house: House, listener: Client) -> None:
    part = b"\x03" + (60_000).to_bytes(8, "big") + bytes(60_000)  # "more", and how long
    process = psutil.Process()
    before = process.memory_info().rss
    for parts in (part, b"\x01\x00" * 1000):
        with _spoken(house.address, b"DEALER") as raw, pytest.raises(OSError):
            _send_for_ever(raw, parts)
    assert house.refused("unfinished") == 2
    assert process.memory_info().rss - before < 20 << 20
    follows(house, listener, range(20))


def test_e08_a_reader_that_stands_still_on_pictures_costs_the_sensor_a_few_frames(
    house: House, listener: Client
) -> None:
    with _spoken(house.door.events, b"SUB") as raw:
        raw.sendall(b"\x00\x0c\x01video/frame")
        wait_for(lambda: house.wanted("video/frame"), "its subscription")
        image = np.zeros((480, 640, 3), np.uint8)
        for seq in range(200):
            house.writer.send(VIDEO, VideoFrame(t_ns=seq, seq=seq, image=image))
            follows(house, listener, range(seq, seq + 1))
        held = sum(one.outlet.held for one in house.door._visitors)
        assert held <= image.nbytes + 1000
        assert house.door.losses()[1] > 150


def _send_for_ever(raw: socket.socket, parts: bytes) -> None:
    while True:
        raw.sendall(parts)


def _spoken(address: str, kind: bytes) -> socket.socket:
    """A connection past its handshake, with nothing of ZeroMQ at this end."""
    raw = socket.socket(socket.AF_UNIX)
    raw.connect(address.removeprefix("ipc://"))
    raw.sendall(_greeting() + _ready(kind))
    heard = b""
    while b"Socket-Type" not in heard:
        heard += raw.recv(1000)
    return raw


def _greeting() -> bytes:
    return b"\xff" + bytes(8) + b"\x7f\x03\x00NULL".ljust(23, b"\0") + bytes(32)


def _ready(kind: bytes) -> bytes:
    body = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind
    return b"\x04" + bytes([len(body)]) + body


def test_e01_malformed_requests_are_answered_counted_and_then_shown_out(house: House) -> None:
    rude = house.dealer()
    for _ in range(visitors.MOST_STRIKES + 20):
        rude.send(b"\x82\xa4verb\xa1\xff")
    assert rude.poll(120_000)
    assert b"malformed" in rude.recv()
    wait_for(lambda: house.refused("malformed") > visitors.MOST_STRIKES, "the refusals")
    wait_for(lambda: house.door.visitors == 0, "its leaving")


def test_a_request_without_an_envelope_of_its_own_and_one_from_a_req_socket_are_answered(house: House) -> None:
    plain = house._open(zmq.REQ, house.address)
    for number in (1, 2):
        plain.send(msgspec.msgpack.encode({"verb": "hello", "id": number}))
        assert plain.poll(120_000)
        assert msgspec.msgpack.decode(plain.recv())["id"] == number


def test_requests_that_nobody_takes_up_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "BURST", 2000.0)
    house.answering = False
    rude = house.dealer()
    for _ in range(600):
        rude.send(msgspec.msgpack.encode({"verb": "hello"}))
    wait_for(lambda: house.refused("busy") > 300, "the refusals")
    assert len(house.door.requests) <= 256
    with pytest.raises(TransportError, match="takes nobody in just now"):
        Client(house.address)
    house.answering = True
    wait_for(lambda: not house.door.requests, "an end of the line")
    with Client(house.address) as client:
        assert client.request("hello").ok


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\n\r\n", b"\x0a\x01abcdefghi", b"\xff" + bytes(8) + b"\x7f\x01\x05\x00"]
)
def test_e44_what_is_no_greeting_of_today_never_reaches_the_sockets_inside(house: House, start: bytes) -> None:
    for address in (house.address, house.door.events):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(address.removeprefix("ipc://"))
            raw.sendall(start)
            raw.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                assert raw.recv(100)[64:] == b"", "its own greeting is all that it gets"
    wait_for(lambda: house.refused("protocol") == 2, "the refusal")


def test_e44_a_crowd_of_mute_connections_makes_way_for_who_speaks(house: House, listener: Client) -> None:
    path = house.address.removeprefix("ipc://")
    crowd: list[socket.socket] = []
    for number in range(4 * MOST_VISITORS):
        one = socket.socket(socket.AF_UNIX)
        one.connect(path)
        one.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff", _greeting())[number % 4])
        crowd.append(one)
        if number % 32 == 0:
            follows(house, listener, range(number, number + 1))
    with Client(house.address) as client:
        assert client.request("hello").ok
    assert house.door.visitors <= MOST_VISITORS
    follows(house, listener, range(20))
    for one in crowd:
        one.close()
    wait_for(lambda: house.door.visitors == 2, "their leaving")


def test_e44_connections_that_come_and_go_leave_nothing_behind(house: House, listener: Client) -> None:
    def visit() -> None:
        with Client(house.address, ["affect"]) as client:
            assert client.request("hello").ok

    process = psutil.Process()
    for _ in range(30):
        visit()
    wait_for(lambda: house.door.visitors == 2, "their leaving")
    before, files = process.num_fds(), len(list(house.folder.iterdir()))
    for _ in range(100):
        visit()
    wait_for(lambda: house.door.visitors == 2, "their leaving")
    wait_for(lambda: process.num_fds() <= before + 8, "their descriptors")
    assert len(list(house.folder.iterdir())) == files
    follows(house, listener, range(20))


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has all of these")
def test_a_visitor_that_vanishes_without_a_word_gives_its_place_free_soon(folder: Path) -> None:
    house = House(folder, "tcp://127.0.0.1:*")
    try:
        with Client(house.address, ["affect"]):
            wait_for(lambda: house.door.visitors >= 2, "both of its connections")
            for visitor in list(house.door._visitors):
                idle, interval, count, limit_ms = (
                    visitor.outer.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in visitors.VANISHED
                )
                assert visitor.outer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert idle + interval * count <= 90, "one that only listens"
                assert limit_ms <= 90_000, "one that something is sent to"
    finally:
        house.close()


def test_e12_a_loopback_port_opens_to_the_keys_of_its_own_user_alone(folder: Path) -> None:
    keys = server_keys("tcp://127.0.0.1:*", "")
    house = House(folder, "tcp://127.0.0.1:*", keys)
    try:
        with connect(house.address, topics=["affect"]) as client:
            assert client.request("hello").ok
            wait_for(lambda: house.wanted("affect"), "the subscription")
            follows(house, client, range(5))
        make_keys(folder / "stranger")
        (folder / "stranger" / "server.key").write_bytes((Path(own_keys(make=False)) / "server.key").read_bytes())
        stranger = house.dealer()  # without keys
        with contextlib.suppress(zmq.Again):
            stranger.send(msgspec.msgpack.encode({"verb": "stop"}), zmq.NOBLOCK)
        wait_for(lambda: house.door.visitors == 0, "its leaving")
        assert not house.door.requests
        asked: Callable[[], Client] = lambda: Client(house.address, keys=str(folder / "stranger"))  # noqa: E731
        with pytest.raises(TransportError, match="do the keys fit"):
            asked()
        assert not house.door.requests
    finally:
        house.close()
