"""What has come from a sensor for one client: results in order, and of pictures the newest.

Topics of which only the newest counts ("latest": pixels, meshes) come on a socket of their own with a short queue, so
that a program that stands still holds a few frames, not minutes of them.
"""

import itertools
import time
from collections import deque
from typing import Any

import zmq

from liveaffect.stream.client.requests import JOINED
from liveaffect.stream.errors import TransportError
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import REGISTRY, Topic
from liveaffect.stream.wire import BARE, decode

LATEST_QUEUE = 2
AT_ONCE = 16


class Inbox:
    """Two sockets: of results, and of pictures. For one thread at a time, but `expect`, `expects` and `forget`."""

    def __init__(self) -> None:
        self._sockets: tuple[Any, ...] = ()
        self._events = ""
        self._open = [False, False]
        self._asked: set[str] = set()
        self.malformed = self.skipped = 0
        self.heard = time.monotonic()
        self._early: deque[tuple[Topic[Any], Message]] = deque()
        self._newest: dict[str, deque[tuple[Topic[Any], Message]]] = {}
        self._numbers = itertools.count(1)
        self._expected: dict[bytes, int | None] = {}
        """How many sockets have yet to bring a word; None before it was sent."""

    @property
    def listens(self) -> bool:
        """True once there are sockets."""
        return bool(self._sockets)

    def listen(self, results: Any, pictures: Any, events: str) -> None:
        """Takes its sockets, and where to connect them. That of pictures takes no room at the sensor before one is
        asked for."""
        self._sockets, self._events = (results, pictures), events
        self._connect(0)

    def _connect(self, index: int) -> None:
        if not self._open[index]:
            self._open[index] = True
            self._sockets[index].connect(self._events)

    def change(self, subscribe: bool, topic: str) -> None:
        """Asks for a topic or the beginning of topics' names, or for no more of it; once, however often it is said."""
        if subscribe == (topic in self._asked):
            return
        (self._asked.add if subscribe else self._asked.discard)(topic)
        option, word = zmq.SUBSCRIBE if subscribe else zmq.UNSUBSCRIBE, topic.encode()
        if word.startswith(JOINED):
            open_now = [sock for sock, is_open in zip(self._sockets, self._open, strict=True) if is_open]
            if word in self._expected:
                self._expected[word] = len(open_now)
            for sock in open_now:
                sock.setsockopt(option, word)
            return
        for name, index in places(topic):
            self._connect(index)
            self._sockets[index].setsockopt(option, name.encode())
            if not subscribe:
                self._newest.pop(name, None)

    def expect(self) -> str:
        """A word to subscribe to: once it has come, all that was asked for before is in effect."""
        word = b"%s/%d" % (JOINED, next(self._numbers))
        self._expected[word] = None
        return word.decode()

    def expects(self, word: str) -> bool:
        """True while it has not come on every socket."""
        return self._expected[word.encode()] != 0

    def forget(self, word: str) -> None:
        """It is no longer waited for."""
        self._expected.pop(word.encode())

    def take(self) -> tuple[Topic[Any], Message] | None:
        """What has arrived: results before pictures, and of pictures the newest."""
        found = self._early.popleft() if self._early else self._result()
        if found is not None:
            return found
        self._pictures()
        return next((waiting.popleft() for waiting in self._newest.values() if waiting), None)

    def gather(self) -> None:
        """Keeps what has arrived for whoever takes it later."""
        while (found := self._result()) is not None:
            self._early.append(found)
        self._pictures()

    def _result(self) -> tuple[Topic[Any], Message] | None:
        while self._open[0] and (frames := _next(self._sockets[0])) is not None:
            found = self._decoded(frames)
            if found is not None:
                return found
        return None

    def _pictures(self) -> None:
        for _ in range(AT_ONCE if self._open[1] else 0):
            frames = _next(self._sockets[1])
            if frames is None:
                break
            found = self._decoded(frames)
            if found is not None:
                self._keep(*found)

    def _keep(self, topic: Topic[Any], message: Message) -> None:
        """In place of what waits, unless that begins anew after an interruption (`gap`)."""
        waiting = self._newest.setdefault(topic.name, deque(maxlen=LATEST_QUEUE))
        if waiting and not getattr(waiting[-1][1], "gap", False):
            waiting.pop()
            self.skipped += 1
        waiting.append((topic, message))

    def _decoded(self, frames: list[Any]) -> tuple[Topic[Any], Message] | None:
        self.heard = time.monotonic()
        try:
            return decode(frames)
        except TransportError:
            word = bytes(frames[0].buffer)
            if left := self._expected.get(word):
                self._expected[word] = left - 1
            self.malformed += not word.startswith(JOINED)
            return None


def places(topic: str) -> list[tuple[str, int]]:
    """What to subscribe to, and on which socket (0 results, 1 pictures), for a topic or the beginning of topics' names.

    A name that nobody declared here yet is asked for as it is.
    """
    if topic.startswith(BARE):
        return [(topic, 0)]
    names = [name for name in REGISTRY if name.startswith(topic)]
    return [(name, int(REGISTRY[name].queue == "latest")) for name in names] or [(topic, 0)]


def _next(sock: Any) -> list[Any] | None:
    try:
        return sock.recv_multipart(zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return None
