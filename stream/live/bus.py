"""Sockets between the processes of one graph: one XPUB per process, readers connect to the writers directly.

A high-water mark keeps the oldest messages, so readers drain without blocking and keep the newest of "latest" topics.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import zmq

from liveaffect.stream.client.access import read_at_most
from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.addresses import bind, ends, open_inside, serve_inside, unknown
from liveaffect.stream.live.subscriptions import Subscriptions, connection, there
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic
from liveaffect.stream.wire import BARE, decode, encode

BOUND_S = 5.0
"""Queues of "all" topics hold so many seconds."""
LATEST_QUEUE = 4
RARE_QUEUE = 200
"""What comes rarely comes in bunches: markers of another program, all at once."""
COMPLETE_QUEUE = 100
"""Frames that may wait for a recorder: three seconds, 92 MB of VGA. At the writer only `LATEST_QUEUE` wait."""
MAX_WORD_BYTES = 4096
DRAIN_LIMIT = 2000
WORDS_NS = 4_000_000
"""Of each turn of the loop, so much CPU goes to words about subscriptions."""


class Publisher:
    """The outgoing sockets of a process, one for results and one for pictures. Encodes a topic only when somebody
    subscribes to it.

    Parameters
    ----------
    address: to bind; `self.address` is where it listens then.
    topics: all that may be published.
    what: who it is, for errors.
    key: of the run, see `addresses`.
    """

    def __init__(
        self, context: zmq.Context[Any], address: str, topics: Iterable[Topic[Any]], what: str, key: str = ""
    ) -> None:
        topics = list(topics)
        kept = [topic.rate_hz * BOUND_S for topic in topics if topic.queue == "all" and topic.rate_hz > 1]
        hwm = {"all": int(max(kept, default=RARE_QUEUE)), "latest": LATEST_QUEUE}
        queues = ["all", *(["latest"] if any(topic.queue == "latest" for topic in topics) else [])]
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._subscriptions = Subscriptions(there)
        self.poller = zmq.Poller()
        bound: list[str] = []
        for queue, place in zip(queues, ends(address), strict=False):
            sock = self._sockets[queue] = context.socket(zmq.XPUB)
            sock.set_hwm(hwm[queue])
            sock.setsockopt(zmq.XPUB_VERBOSER, 1)  # every subscriber counts, not only the first
            sock.setsockopt(zmq.MAXMSGSIZE, MAX_WORD_BYTES)
            sock.setsockopt(zmq.LINGER, 500)
            serve_inside(sock, key)
            bound.append(bind(sock, place, what))
            self.poller.register(sock, zmq.POLLIN)
        self.address = " ".join(bound) if unknown(address) else address

    @property
    def refused(self) -> int:
        """Words that were no subscription."""
        return self._subscriptions.refused

    def update(self) -> None:
        """Reads who subscribes to what, for a bounded time: a flood of words is read on in the next turns."""
        end = time.thread_time_ns() + WORDS_NS
        for sock in self._sockets.values():
            for number in range(DRAIN_LIMIT):
                if number % 64 == 63 and time.thread_time_ns() > end:
                    break
                try:
                    frame = sock.recv(zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    break
                self._hear(frame)
        self._subscriptions.settle()

    def _hear(self, frame: zmq.Frame) -> None:
        word = frame.bytes
        if word[:1] not in (
            b"\0",
            b"\1",
        ):  # whose it is does not matter, and asking the system costs more than the rest
            self._subscriptions.refused += 1
            return
        try:
            peer: Any = connection(frame.get(zmq.SRCFD))
        except zmq.ZMQError:  # of one that has gone
            peer = None
        self._subscriptions.hear(word, peer)

    def count(self, topic: str) -> int:
        """How many sockets subscribe to exactly this topic or `reader_mark`."""
        return self._subscriptions.count(topic.encode())

    def wait(self, expected: dict[str, int], limit_s: float, stop: Callable[[], bool]) -> list[str]:
        """Waits until every topic or `reader_mark` has its required subscribers; returns those that lack one at the
        limit."""
        end = time.monotonic() + limit_s
        while True:
            self.update()
            missing = [topic for topic, n in expected.items() if self.count(topic) < n]
            if not missing or time.monotonic() > end or stop():
                return missing
            self.poller.poll(20)

    def wanted(self, topic: Topic[Any]) -> bool:
        """True when anybody subscribes to the topic or to a prefix of it."""
        return self._subscriptions.wanted(topic.name.encode())

    def send(self, topic: Topic[Any], message: Message) -> None:
        """Publishes without ever blocking: a slow reader loses messages and sees the gap in `seq`."""
        sock = self._sockets[topic.queue]
        if self.wanted(topic):
            sock.send_multipart(encode(topic, message), zmq.NOBLOCK, copy=False)
        if self.count(BARE + topic.name):
            sock.send_multipart(encode(topic, message, bare=True), zmq.NOBLOCK, copy=False)


def reader_mark(topic: str, reader: str) -> str:
    """A subscription that matches no message and tells who reads: programs behind the gateway do not count."""
    return f"{topic}@{reader}"


class Subscriber:
    """The incoming sockets of a process: one for "latest" topics with a short queue, one for the others.

    `name`: the reading process, so that writers can wait for it (see `reader_mark`).
    `key`: of the run.
    `complete`: the process takes every message of "latest" topics too, so their queue is longer.
    """

    def __init__(self, context: zmq.Context[Any], name: str = "", *, complete: bool = False, key: str = "") -> None:
        self._name = name
        self._sockets = {"latest": context.socket(zmq.SUB), "all": context.socket(zmq.SUB)}
        read_at_most(self._sockets["latest"], COMPLETE_QUEUE if complete else LATEST_QUEUE)
        read_at_most(self._sockets["all"], 2000)
        self.poller = zmq.Poller()
        for sock in self._sockets.values():
            sock.setsockopt(zmq.RECONNECT_IVL, 20)
            sock.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
            sock.setsockopt(zmq.LINGER, 0)
            open_inside(sock, key)
            self.poller.register(sock, zmq.POLLIN)
        self._connected: set[tuple[str, str]] = set()
        self._subscriptions: dict[str, Subscription] = {}

    def connect(self, address: str, topics: Iterable[Topic[Any]], *, bare: bool = False) -> None:
        """Reads `topics` from the writer at `address`; `bare`: without their arrays, until `look` asks for them."""
        for topic in topics:
            sock = self._sockets[topic.queue]
            if bare:
                self._subscriptions[topic.name] = Subscription(BARE + topic.name)
            sock.setsockopt(zmq.SUBSCRIBE, ((BARE if bare else "") + topic.name).encode())
            if self._name:
                sock.setsockopt(zmq.SUBSCRIBE, reader_mark(topic.name, self._name).encode())
            if (address, topic.queue) not in self._connected:
                self._connected.add((address, topic.queue))
                sock.connect(ends(address)[topic.queue == "latest"])

    def look(self, topic: Topic[Any], arrays: bool) -> None:
        """Asks for a topic with or without its arrays. No message is lost or comes twice: the old form is given up when
        the first message in the new one is here."""
        wanted = topic.name if arrays else BARE + topic.name
        form = self._subscriptions.get(topic.name)
        if form is None:
            form = self._subscriptions[topic.name] = Subscription(topic.name)
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
                form = self._subscriptions.get(topic.name)
                if form is None or self._first(form, sock, bytes(frames[0]).decode(), message):
                    arrived.append((topic, message))
        return arrived

    def _first(self, form: "Subscription", sock: zmq.Socket[bytes], name: str, message: Message) -> bool:
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


class Subscription:
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
