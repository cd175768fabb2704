"""The door of the sensor: a thread that lets programs in, hands their requests on, and results out to them.

Bounded everywhere: so many visitors, so many messages a second from each, so many bytes without a whole message, so
much that waits for each. Who breaks a bound is shown out and counted; nobody else notices.
"""

import contextlib
import socket
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import zmq

from liveaffect.stream.client.access import Guard, read_at_most
from liveaffect.stream.client.requests import Reply, Request, number_of, read_request
from liveaffect.stream.errors import UsageError
from liveaffect.stream.live.addresses import ends, open_inside
from liveaffect.stream.live.listening import listen
from liveaffect.stream.live.memory import Tidy
from liveaffect.stream.live.outside.visitor import Kind, Refused, Visitor
from liveaffect.stream.topics import REGISTRY
from liveaffect.stream.wire import BARE

MOST_VISITORS = 64
MOST_REQUESTS = 256
ACCEPTS_A_TURN = 4
MESSAGES_A_TURN = 16
HEAR_S = 0.005
"""Of each turn, so much CPU goes to what visitors say, to each of them first in its turn: results do not wait."""
RESULTS_A_TURN = 200
IDLE_MS, BUSY_MS = 200, 10
RARE_HZ = 1.0
"""Topics no more frequent are read always: the first word after somebody came (their own marker) would be missed."""
GOODBYE_S = 0.2
"""The last answers have so long to leave."""

Peer = tuple[Visitor, list[bytes]]
"""Who asked, and the envelope of the answer."""


class Door:
    """Listens, and serves who comes, in a thread of its own.

    Parameters
    ----------
    address: where requests enter; results leave beside it.
    events: where results leave; "" is the next port, or "*" again.
    keys: folder of the CURVE keys, or "".
    folder: 0700, for the inner ends of the relays.
    inside: the key with which the writers of results are read.
    """

    def __init__(self, address: str, events: str, *, keys: str, folder: Path, inside: str = "") -> None:
        self.requests: deque[tuple[Peer, Request]] = deque()
        self.refused: dict[str, int] = {}
        """Why, and how often, somebody was shown out or a message was not taken."""
        self.lost = self.skipped = 0
        """Results that found no room at a reader, and pictures that a newer one replaced, of readers that have left."""
        self._keys, self._folder = keys, folder
        self._outbox: deque[tuple[Peer, bytes]] = deque()
        self._visitors: list[Visitor] = []
        self._closing = False
        self._tidy = Tidy()
        self._turns = 0
        self._context = zmq.Context()
        self._context.setsockopt(zmq.MAX_SOCKETS, 8192)
        self._bell, self._ring = socket.socketpair()
        for end in (self._bell, self._ring):
            end.setblocking(False)
        self._listeners: list[tuple[socket.socket, Kind]] = []
        self._guard: Guard | None = None
        try:
            entry, self.address = listen(address, "the gateway")
            self._listeners.append((entry, "asks"))
            leave, self.events = listen(events, "the gateway")
            self._listeners.append((leave, "reads"))
            self._guard = Guard(self._context, keys) if keys else None
        except BaseException:
            self._free()
            raise
        self._wanted: set[bytes] = set()
        self._writers: deque[str] = deque()
        self._feeds = [self._feed(hwm, inside) for hwm in (2000, 4)]
        """Results, and what only the newest counts of."""
        self._want()
        self._thread = threading.Thread(target=self._serve, name="gateway", daemon=True)
        self._thread.start()

    @property
    def visitors(self) -> int:
        """How many are in."""
        return len(self._visitors)

    def losses(self) -> tuple[int, int]:
        """Results lost and pictures skipped for readers outside, so far."""
        now = list(self._visitors)
        return self.lost + sum(v.outlet.dropped for v in now), self.skipped + sum(v.outlet.skipped for v in now)

    def reply(self, peer: Peer, reply: Reply) -> None:
        """Answers; from any thread."""
        self._outbox.append((peer, msgspec.msgpack.encode(reply)))
        self._wake()

    def close(self) -> None:
        """Hands out the last answers and closes."""
        self._closing = True
        self._wake()
        self._thread.join(5.0)

    def connect(self, writer: str) -> None:
        """Reads one more writer, at its two ends; from any thread."""
        self._writers.append(writer)
        self._wake()

    def _feed(self, hwm: int, inside: str) -> zmq.Socket[bytes]:
        sock = self._context.socket(zmq.SUB)
        read_at_most(sock, hwm)
        sock.setsockopt(zmq.RECONNECT_IVL, 20)
        sock.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        sock.setsockopt(zmq.LINGER, 0)
        open_inside(sock, inside)
        return sock

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._ring.send(b"!")

    def _serve(self) -> None:
        end = float("inf")
        try:
            while (now := time.monotonic()) < end:
                if self._closing and end == float("inf"):
                    end = now + GOODBYE_S
                self._turn(now)
        finally:
            self._free()

    def _turn(self, now: float) -> None:
        items: list[tuple[Any, int]] = [(self._bell, zmq.POLLIN)]
        items += [(sock, zmq.POLLIN) for sock, _ in self._listeners if not self._closing]
        items += [(sock, zmq.POLLIN) for sock in self._feeds]
        if self._guard is not None:
            items.append((self._guard.sock, zmq.POLLIN))
        busy = self._closing
        for visitor in self._visitors:
            wanted = visitor.wanted(now)
            items += wanted
            busy |= visitor.outlet.waiting or not any(sock is visitor.sock for sock, _ in wanted)
        zmq.zmq_poll(items, BUSY_MS if busy else IDLE_MS)
        with contextlib.suppress(OSError):
            self._bell.recv(4096)
        if self._guard is not None:
            self._guard.answer()
        for sock, kind in self._listeners:
            self._admit(sock, kind, now)
        while self._writers:
            for sock, address in zip(self._feeds, ends(self._writers.popleft()), strict=True):
                sock.connect(address)
        self._hand_out()
        while self._outbox:
            (visitor, envelope), body = self._outbox.popleft()
            if visitor in self._visitors:
                visitor.reply([*envelope, body])
        self._turns += 1
        first = self._turns % max(1, len(self._visitors))
        end = time.thread_time() + HEAR_S
        for visitor in self._visitors[first:] + self._visitors[:first]:
            try:
                visitor.pump(now)
                self._hear(visitor, now, end)
            except Refused as why:
                self._count(str(why))
                self._show_out(visitor)
            except (OSError, zmq.ZMQError):
                self._show_out(visitor)
        self._tidy.step(now)

    def _admit(self, listener: socket.socket, kind: Kind, now: float) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                outer, _ = listener.accept()
            except OSError:
                return
            if len(self._visitors) >= MOST_VISITORS and not self._make_room():
                outer.close()
                self._count("crowded")
                continue
            try:
                self._visitors.append(Visitor(self._context, outer, kind, self._folder, self._keys, now))
            except (OSError, zmq.ZMQError):
                outer.close()
                self._count("crowded")

    def _make_room(self) -> bool:
        """Shows out who came first of those who have said nothing that makes sense."""
        mute = [visitor for visitor in self._visitors if not visitor.proven]
        if mute:
            self._count("crowded")
            self._show_out(min(mute, key=lambda visitor: visitor.came))
        return bool(mute)

    def _hear(self, visitor: Visitor, now: float, end: float) -> None:
        for _ in range(MESSAGES_A_TURN):
            if not visitor.allowance.open(now) or time.thread_time() > end:
                return
            parts = visitor.next()
            if parts is None:
                return
            if visitor.kind == "reads":
                visitor.subscribe(parts)
                self._want()
            else:
                self._take(visitor, parts)

    def _take(self, visitor: Visitor, parts: list[bytes]) -> None:
        *envelope, body = parts
        peer = (visitor, envelope)
        try:
            request = read_request(body)
        except UsageError as error:
            self._count("malformed")
            self._answer(peer, Reply(ok=False, text=str(error), id=number_of(body)))
            visitor.strike()
            return
        visitor.proven = True
        if request.verb == "clock":  # at once: the time that it takes is the error of the answer
            facts = {"monotonic_ns": time.monotonic_ns()}
            self._answer(peer, Reply(ok=True, facts=facts, id=request.id))
        elif len(self.requests) >= MOST_REQUESTS:
            self._count("busy")
            text = f"{MOST_REQUESTS} requests are waiting already: ask again later"
            self._answer(peer, Reply(ok=False, text=text, id=request.id))
        else:
            self.requests.append((peer, request))

    def _answer(self, peer: Peer, reply: Reply) -> None:
        visitor, envelope = peer
        visitor.reply([*envelope, msgspec.msgpack.encode(reply)])

    def _want(self) -> None:
        """Asks the writers for what somebody here wants, and for rare words: known topics by their own names."""
        wanted: set[bytes] = set()
        prefixes = {prefix for visitor in self._visitors for prefix in visitor.prefixes}
        for name in REGISTRY:
            for form in (name.encode(), (BARE + name).encode()):
                bare = form[:1] == BARE.encode()
                rare = not bare and REGISTRY[name].queue != "latest" and REGISTRY[name].rate_hz <= RARE_HZ
                if rare or any(form.startswith(one) and (not bare or one[:1] == BARE.encode()) for one in prefixes):
                    wanted.add(form)
        for names, option in ((wanted - self._wanted, zmq.SUBSCRIBE), (self._wanted - wanted, zmq.UNSUBSCRIBE)):
            for name in names:
                self._feeds[_feed_of(name)].setsockopt(option, name)
        self._wanted = wanted

    def _hand_out(self) -> None:
        for feed in self._feeds:
            for _ in range(RESULTS_A_TURN):
                try:
                    frames = feed.recv_multipart(zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    break
                topic = bytes(frames[0].buffer)
                newest = bool(_feed_of(topic)) and topic[:1] != BARE.encode()
                for visitor in self._visitors:
                    if visitor.kind == "reads" and visitor.wants(topic):
                        visitor.outlet.offer(topic, frames, latest=newest)

    def _show_out(self, visitor: Visitor) -> None:
        self.lost += visitor.outlet.dropped
        self.skipped += visitor.outlet.skipped
        self._visitors.remove(visitor)
        visitor.close()
        self._tidy.count()
        if visitor.prefixes:
            self._want()

    def _count(self, why: str) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1

    def _free(self) -> None:
        for sock in (self._bell, self._ring, *(sock for sock, _ in self._listeners)):
            sock.close()
        if self._listeners:
            for address in (getattr(self, "address", ""), getattr(self, "events", "")):
                if address.startswith("ipc://"):
                    Path(address.removeprefix("ipc://")).unlink(missing_ok=True)
        for visitor in self._visitors:
            visitor.close()
        self._context.destroy(linger=0)


def _feed_of(form: bytes) -> int:
    """Which feed a topic comes on, with or without its arrays."""
    topic = REGISTRY.get(form.decode("utf-8", "replace").removeprefix(BARE))
    return int(topic is not None and topic.queue == "latest")
