"""The client for other programs: five lines to a live plot.

from liveaffect.stream import connect

with connect(topics=["affect"]) as sensor:
    for message in sensor:
        for person in message.people:
            print(message.t_ns, person.id, person.state, person.valence, person.arousal)
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import zmq
import zmq.auth

from liveaffect.stream.client.access import announced
from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.gateway import Reply, Request
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic
from liveaffect.stream.wire import BARE, decode

REPLY_LIMIT_S = 8.0


class Client:
    """A connection to a running graph's gateway; iterate over it for messages, newest last."""

    def __init__(self, address: str, topics: Iterable[str], keys: str = "") -> None:
        self.address = address
        self._context = zmq.Context()
        self._keys = keys
        self._requests = self._socket(zmq.DEALER)
        self._requests.connect(address)
        self.malformed = 0
        try:
            self.facts = self.request("hello").facts
        except TransportError:
            self.close()
            raise
        self._events = self._socket(zmq.SUB)
        self._events.set_hwm(1000)
        events = str(self.facts["events"])
        if events.startswith("tcp://"):  # the server may listen at 0.0.0.0: keep the host that we reached
            events = f"{address.rpartition(':')[0]}:{events.rpartition(':')[2]}"
        self._events.connect(events)
        wanted = list(topics)
        self._bare = any(topic.startswith(BARE) for topic in wanted)
        for topic in wanted:
            self._events.setsockopt(zmq.SUBSCRIBE, topic.encode())

    def receive(self, timeout_s: float | None = None) -> tuple[Topic[Any], Message] | None:
        """The next message, or None after `timeout_s` (None waits for ever). Malformed ones are counted and skipped."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = None if end is None else max(0, int((end - time.monotonic()) * 1000))
            if not self._events.poll(left, zmq.POLLIN):
                return None
            frames = self._events.recv_multipart(copy=False)
            if bytes(frames[0])[:1] == BARE.encode() and not self._bare:
                continue  # asked for by a recorder; here only because every topic was asked for
            try:
                return decode(frames)
            except TransportError:
                self.malformed += 1

    def __iter__(self) -> Iterator[Any]:
        while True:
            received = self.receive()
            if received is not None:
                yield received[1]

    def request(self, verb: str, target: str = "", **arguments: Any) -> Reply:
        """Sends a command and waits for its answer. Raises TransportError when nobody answers."""
        self._requests.send(msgspec.msgpack.encode(Request(verb=verb, target=target, arguments=arguments)))
        if not self._requests.poll(int(REPLY_LIMIT_S * 1000), zmq.POLLIN):
            raise TransportError(
                f"no answer from {self.address} in {REPLY_LIMIT_S:.0f} s: is `liveaffect run` or `live` running there"
                f"{', and do the keys fit' if self._keys else ''}?"
            )
        return msgspec.msgpack.decode(self._requests.recv(), type=Reply)

    def mark(self, label: str, t_ns: int | None = None, source: str = "") -> Reply:
        """Sets a marker, now or at an instant of the sensor's monotonic clock."""
        return self.request("mark", label=label, source=source, **({} if t_ns is None else {"t_ns": t_ns}))

    def clock_offset(self, exchanges: int = 8) -> tuple[int, int]:
        """(offset_ns, round_trip_ns): the sensor's clock minus this machine's monotonic clock, from the quickest of
        several exchanges (Mills 1991: the error is at most half the round trip)."""
        best: tuple[int, int] | None = None
        for _ in range(exchanges):
            sent = time.monotonic_ns()
            there = int(self.request("clock").facts["monotonic_ns"])
            back = time.monotonic_ns()
            if best is None or back - sent < best[1]:
                best = (there - (sent + back) // 2, back - sent)
        assert best is not None
        return best

    def close(self) -> None:
        """Closes the sockets."""
        self._context.destroy(linger=100)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _socket(self, kind: int) -> Any:
        sock = self._context.socket(kind)
        sock.setsockopt(zmq.LINGER, 100)
        if self._keys:
            folder = Path(self._keys)
            try:
                sock.curve_serverkey = zmq.auth.load_certificate(folder / "server.key")[0]
                sock.curve_publickey, sock.curve_secretkey = zmq.auth.load_certificate(folder / "client.key_secret")
            except OSError as error:
                raise TransportError(f"{folder} needs server.key and client.key_secret: {error}") from None
        return sock


def connect(address: str = "", *, topics: Iterable[str] = ("affect",), keys: str = "") -> Client:
    """Connects to a running graph: the newest one of this user, or the one at `address` ("tcp://host:port").

    Pixels come only when asked for: topics=["affect", "video/frame"]; "~video/frame" brings the headers alone.
    Raises TransportError when nothing runs there.
    """
    address = address or announced()
    if not address:
        raise TransportError("nothing is running here: start `liveaffect live` or `liveaffect run` first")
    return Client(address, topics, keys)
