"""Sockets between the processes of one graph: one XPUB per process, readers connect to the writers directly.

A high-water mark keeps the oldest messages, so readers drain without blocking and keep the newest of "latest" topics.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import zmq

from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.listening import free_path
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic
from liveaffect.stream.wire import BARE, decode, encode

BOUND_S = 5.0
"""Queues of "all" topics hold so many seconds."""
LATEST_QUEUE = 4
COMPLETE_QUEUE = 60
"""Frames that may wait for a recorder: two seconds, 55 MB of VGA."""
DRAIN_LIMIT = 2000


class Addresses:
    """Where the processes of one run listen: ipc sockets in a private folder, or loopback tcp ports."""

    def __init__(self, names: Iterable[str], transport: str = "auto") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liveaffect-"))
        self.folder.chmod(0o700)
        self.ipc = transport == "ipc" or (transport == "auto" and sys.platform != "win32")
        self.by_name = {name: self.make(name) for name in names}

    @property
    def gateway(self) -> str:
        """For programs outside, unless another one is asked for."""
        return f"ipc://{self.folder / 'gateway'}" if self.ipc else "tcp://127.0.0.1:*"

    def make(self, name: str) -> str:
        """A fresh address."""
        return f"ipc://{self.folder / name}" if self.ipc else f"tcp://127.0.0.1:{free_port()}"

    def remove(self) -> None:
        """Deletes the folder with its sockets and logs."""
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A tcp port on the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bind(sock: zmq.Socket[bytes], address: str, what: str) -> None:
    """Binds, or raises TransportError naming the address and the remedy."""
    if address.startswith("ipc://"):
        free_path(Path(address[6:]), what)
    try:
        sock.bind(address)
    except zmq.ZMQError as error:
        reason = "the address is in use" if error.errno == zmq.EADDRINUSE else os.strerror(error.errno or 0)
        raise TransportError(
            f"{what} cannot listen at {address}: {reason}; end the other program or choose another address"
        ) from None


class Publisher:
    """The one outgoing socket of a process. Encodes a topic only when somebody subscribes to it."""

    def __init__(self, context: zmq.Context[Any], address: str, topics: Iterable[Topic[Any]], what: str) -> None:
        self.socket = context.socket(zmq.XPUB)
        kept = [topic.rate_hz * BOUND_S for topic in topics if topic.queue == "all" and topic.rate_hz > 1]
        self.socket.set_hwm(int(max(kept, default=4 * LATEST_QUEUE)))
        self.socket.setsockopt(zmq.XPUB_VERBOSER, 1)  # every subscriber counts, not only the first
        self.socket.setsockopt(zmq.LINGER, 500)
        bind(self.socket, address, what)
        self._subscribers: dict[bytes, int] = {}

    def update(self) -> None:
        """Reads who subscribes to what."""
        while self.socket.poll(0, zmq.POLLIN):
            event = self.socket.recv(zmq.NOBLOCK)
            change = 1 if event[:1] == b"\x01" else -1
            self._subscribers[event[1:]] = max(0, self._subscribers.get(event[1:], 0) + change)

    def count(self, topic: str) -> int:
        """How many sockets subscribe to exactly this topic or `seat`."""
        return self._subscribers.get(topic.encode(), 0)

    def wait(self, expected: dict[str, int], limit_s: float, stop: Callable[[], bool]) -> list[str]:
        """Waits until every topic or `seat` has its required subscribers; returns those that lack one at the limit."""
        end = time.monotonic() + limit_s
        while True:
            self.update()
            missing = [topic for topic, n in expected.items() if self.count(topic) < n]
            if not missing or time.monotonic() > end or stop():
                return missing
            self.socket.poll(20, zmq.POLLIN)

    def wanted(self, topic: Topic[Any]) -> bool:
        """True when anybody subscribes to the topic or to a prefix of it."""
        name = topic.name.encode()
        return any(n > 0 and name.startswith(prefix) for prefix, n in self._subscribers.items())

    def send(self, topic: Topic[Any], message: Message) -> None:
        """Publishes without ever blocking: a slow reader loses messages and sees the gap in `seq`."""
        if self.wanted(topic):
            self.socket.send_multipart(encode(topic, message), zmq.NOBLOCK, copy=False)
        if self.count(BARE + topic.name):
            self.socket.send_multipart(encode(topic, message, bare=True), zmq.NOBLOCK, copy=False)


def seat(topic: str, reader: str) -> str:
    """A subscription that matches no message and tells who reads: programs behind the gateway do not count."""
    return f"{topic}@{reader}"


class Subscriber:
    """The incoming sockets of a process: one for "latest" topics with a short queue, one for the others.

    `name`: the reading process, so that writers can wait for it (see `seat`).
    `complete`: the process takes every message of "latest" topics too, so their queue is longer.
    """

    def __init__(self, context: zmq.Context[Any], name: str = "", *, complete: bool = False) -> None:
        self._name = name
        self._sockets = {"latest": context.socket(zmq.SUB), "all": context.socket(zmq.SUB)}
        self._sockets["latest"].set_hwm(COMPLETE_QUEUE if complete else LATEST_QUEUE)
        self._sockets["all"].set_hwm(2000)
        self.poller = zmq.Poller()
        for sock in self._sockets.values():
            sock.setsockopt(zmq.RECONNECT_IVL, 20)
            sock.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
            sock.setsockopt(zmq.LINGER, 0)
            self.poller.register(sock, zmq.POLLIN)
        self._connected: set[tuple[str, str]] = set()
        self._forms: dict[str, Form] = {}

    def connect(self, address: str, topics: Iterable[Topic[Any]], *, bare: bool = False) -> None:
        """Reads `topics` from the writer at `address`; `bare`: without their arrays, until `look` asks for them."""
        for topic in topics:
            sock = self._sockets[topic.queue]
            if bare:
                self._forms[topic.name] = Form(BARE + topic.name)
            sock.setsockopt(zmq.SUBSCRIBE, ((BARE if bare else "") + topic.name).encode())
            if self._name:
                sock.setsockopt(zmq.SUBSCRIBE, seat(topic.name, self._name).encode())
            if (address, topic.queue) not in self._connected:
                self._connected.add((address, topic.queue))
                sock.connect(address)

    def look(self, topic: Topic[Any], arrays: bool) -> None:
        """Asks for a topic with or without its arrays. No message is lost or comes twice: the old form is given up when
        the first message in the new one is here."""
        wanted = topic.name if arrays else BARE + topic.name
        form = self._forms.get(topic.name)
        if form is None:
            form = self._forms[topic.name] = Form(topic.name)
        if form.wanted == wanted:
            return
        form.wanted = wanted
        if wanted in form.subscribed:
            return
        self._sockets[topic.queue].setsockopt(zmq.SUBSCRIBE, wanted.encode())
        form.subscribed.add(wanted)

    def drain(self, invalid: Callable[[str], None]) -> list[tuple[Topic[Any], Message]]:
        """Everything that has arrived, in order of arrival; malformed messages go to `invalid` as text."""
        arrived: list[tuple[Topic[Any], Message]] = []
        for sock in self._sockets.values():
            for _ in range(DRAIN_LIMIT):
                try:
                    frames = sock.recv_multipart(zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    break
                try:
                    topic, message = decode(frames)
                except TransportError as error:
                    invalid(str(error))
                    continue
                form = self._forms.get(topic.name)
                if form is None or self._first(form, sock, bytes(frames[0]).decode(), message):
                    arrived.append((topic, message))
        return arrived

    def _first(self, form: "Form", sock: zmq.Socket[bytes], name: str, message: Message) -> bool:
        """False for a message that has come in the other form already."""
        if name == form.wanted:
            for other in form.subscribed - {name}:
                sock.setsockopt(zmq.UNSUBSCRIBE, other.encode())
            form.subscribed = {name}
        number = (message.incarnation, message.seq)
        if any(seen == number and other != name for other, seen in form.recent):
            return False
        form.recent.append((name, number))
        return True


class Form:
    """In which form (with or without arrays) a topic is read, while it may change."""

    def __init__(self, name: str) -> None:
        self.wanted = name
        self.subscribed = {name}
        self.recent: deque[tuple[str, tuple[int, int]]] = deque(maxlen=8)


def newest(
    arrived: list[tuple[Topic[Any], Message]],
) -> tuple[list[tuple[Topic[Any], Message]], list[tuple[Topic[Any], Message]]]:
    """Splits arrivals into those to process and those skipped: of a "latest" topic the newest stays.

    A message that begins anew after an interruption (`gap`) or tells of one (`state`) is never skipped.
    """
    last = {topic.name: index for index, (topic, _) in enumerate(arrived) if topic.queue == "latest"}
    kept: list[tuple[Topic[Any], Message]] = []
    skipped: list[tuple[Topic[Any], Message]] = []
    for index, (topic, message) in enumerate(arrived):
        telling = getattr(message, "gap", False) or getattr(message, "state", "ok") != "ok"
        keep = topic.queue == "all" or last[topic.name] == index or telling
        (kept if keep else skipped).append((topic, message))
    return kept, skipped
