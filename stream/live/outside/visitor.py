"""One program outside: its connection, and a ZeroMQ socket for it alone, joined by a relay that counts bytes.

ZeroMQ bounds each part of a message, not their number, and keeps an unfinished message without limit. The relay knows
how much has come since the last whole message, whatever the peer speaks (keys included), and hands on only so much.
"""

import contextlib
import itertools
import os
import socket
import sys
from pathlib import Path
from typing import Any, Literal

import zmq

from liveaffect.stream.client.access import serve_with
from liveaffect.stream.client.requests import JOINED, MAX_REQUEST_BYTES, MOST_TOPIC_BYTES, MOST_TOPICS
from liveaffect.stream.live.outside.outlet import Allowance, Outlet

Kind = Literal["asks", "reads"]

MOST_UNREAD = MAX_REQUEST_BYTES + (16 << 10)
"""Bytes without a whole message: one request, its envelope and the handshake."""
OVERHEAD = 80
"""More than a part costs on the wire."""
PATIENCE_S = 2.0
"""A message longer than that is waited for no longer."""
HANDSHAKE_MS = 3000
CHUNK = 16 << 10
RATE, BURST = 100.0, 200.0
"""Messages a second."""
MOST_STRIKES = 100
"""Malformed messages, after which a visitor has to come again."""
VANISHED = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 90_000}
"""How a connection is asked whether anybody is there: seconds, and milliseconds for the last."""
VERSION_AT = 10
"""Where a greeting tells its version."""
MOST_PARTS = 4

_numbers = itertools.count()
_scratch = bytearray(256 << 10)


def look_after(sock: socket.socket) -> None:
    """No waiting to fill a packet, and a peer that has vanished without a word (a pulled cable, a closed laptop) is
    noticed within a minute and a half: it would hold its place among the visitors for two hours."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in VANISHED.items():
        with contextlib.suppress(OSError):
            if hasattr(socket, name):  # not every system has each
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Refused(Exception):
    """A visitor is shown out; the word says why and is counted."""


class Visitor:
    """One connection.

    Parameters
    ----------
    outer: as it was accepted.
    kind: "asks" (requests) or "reads" (results).
    folder: for the inner end of the relay.
    keys: folder of the CURVE keys, or "".
    now: monotonic time in s.
    """

    def __init__(
        self, context: zmq.Context[Any], outer: socket.socket, kind: Kind, folder: Path, keys: str, now: float
    ) -> None:
        self.outer, self.kind, self.came = outer, kind, now
        self.proven = False
        """True once it has said something that makes sense."""
        self.prefixes: set[bytes] = set()
        self.allowance = Allowance(RATE, BURST, now)
        self.outlet = Outlet(self._send)
        self._strikes = 0
        self._wants: dict[bytes, bool] = {}
        self._unread, self._stuck_since = 0, 0.0
        self._in, self._out = b"", b""
        self._greeting, self._greeted = b"", False
        outer.setblocking(False)
        if outer.family != getattr(socket, "AF_UNIX", None):
            look_after(outer)
        self.sock = context.socket(zmq.ROUTER if kind == "asks" else zmq.XPUB)
        self.sock.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self.sock.setsockopt(zmq.LINGER, 0)
        if kind == "asks":
            self.sock.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
            self.sock.setsockopt(zmq.RCVHWM, 8)
            self.sock.setsockopt(zmq.SNDHWM, 64)
        else:
            self.sock.setsockopt(zmq.MAXMSGSIZE, 1024)
            self.sock.setsockopt(zmq.SNDHWM, 2)
            self.sock.setsockopt(zmq.XPUB_VERBOSER, 1)  # its own accounting takes no forged word for true
            self.sock.setsockopt(zmq.XPUB_NODROP, 1)
        try:
            serve_with(self.sock, keys)
            self._join(folder)
        except (OSError, zmq.ZMQError):
            self.sock.close(linger=0)
            raise

    def _join(self, folder: Path) -> None:
        if sys.platform == "win32":
            self.sock.bind("tcp://127.0.0.1:*")
            endpoint = self.sock.getsockopt_string(zmq.LAST_ENDPOINT)
            self.inner = socket.create_connection(("127.0.0.1", int(endpoint.rpartition(":")[2])))
        else:
            path = f"{folder}/v{next(_numbers)}"  # as text: pathlib keeps every name it has seen
            self.sock.bind(f"ipc://{path}")
            self.inner = socket.socket(socket.AF_UNIX)
            self.inner.connect(path)
            os.unlink(path)  # noqa: PTH108 (nobody else is to come this way, and ZeroMQ leaves the file behind)
        self.inner.setblocking(False)

    def wanted(self, now: float) -> list[tuple[Any, int]]:
        """What to poll for it."""
        outer = (zmq.POLLIN if not self._in and self._unread <= MOST_UNREAD else 0) | (zmq.POLLOUT if self._out else 0)
        inner = (zmq.POLLIN if not self._out else 0) | (zmq.POLLOUT if self._in else 0)
        found: list[tuple[Any, int]] = [(self.outer, outer)] if outer else []
        if inner:
            found.append((self.inner, inner))
        if self.allowance.open(now):
            found.append((self.sock, zmq.POLLIN))
        return found

    def pump(self, now: float) -> None:
        """Moves bytes both ways, a bounded number. Raises Refused, and ConnectionError where one end has closed."""
        self._inwards(now)
        for _ in range(4):
            if not self._outwards():
                break
        if self.outlet.waiting:
            self.outlet.flush()

    def _inwards(self, now: float) -> None:
        if not self._in:
            if self._unread > MOST_UNREAD:
                self._stuck_since = self._stuck_since or now
                if now - self._stuck_since > PATIENCE_S and self.allowance.open(now):
                    raise Refused("unfinished")
                return
            self._stuck_since = 0.0
            try:
                self._in = self.outer.recv(CHUNK)
            except BlockingIOError:
                return
            if not self._in:
                raise ConnectionResetError
            self._unread += len(self._in)
            if not self._greeted:
                self._greet()
        if self._in:
            with contextlib.suppress(BlockingIOError):
                self._in = self._in[self.inner.send(self._in) :]

    def _greet(self) -> None:
        """Only the beginning of ZMTP 3 is handed on: at older ones ZeroMQ may end the whole program (an assertion in
        `process_routing_id_msg`, when their connection closes meanwhile)."""
        self._greeting += self._in
        self._in = b""
        wrong = self._greeting[:1] != b"\xff"
        if len(self._greeting) > VERSION_AT:
            wrong |= not self._greeting[VERSION_AT - 1] & 1 or self._greeting[VERSION_AT] < 3
            self._greeted, self._in = True, self._greeting
        if wrong:
            raise Refused("protocol")

    def _outwards(self) -> bool:
        """True when there may be more."""
        if self._out:
            try:
                self._out = self._out[self.outer.send(self._out) :]
            except BlockingIOError:
                return False
            return not self._out
        try:
            count = self.inner.recv_into(_scratch)
        except BlockingIOError:
            return False
        if not count:
            raise Refused("protocol")  # ZeroMQ hung up on it: no handshake, a part that is too long, no such keys
        view = memoryview(_scratch)[:count]
        sent = 0
        with contextlib.suppress(BlockingIOError):
            sent = self.outer.send(view)
        self._out = bytes(view[sent:])
        return not self._out

    def heard(self, parts: list[bytes]) -> None:
        """A whole message came."""
        self.allowance.take()
        self._unread = max(0, self._unread - sum(map(len, parts)) - OVERHEAD * len(parts))
        self._stuck_since = 0.0

    def next(self) -> list[bytes] | None:
        """The next whole message of its socket. Raises Refused for one of too many parts."""
        try:
            parts = [self.sock.recv(zmq.NOBLOCK)]
        except zmq.Again:
            return None
        while self.sock.getsockopt(zmq.RCVMORE):
            if len(parts) == MOST_PARTS:
                raise Refused("parts")
            parts.append(self.sock.recv(zmq.NOBLOCK))
        self.heard(parts)
        return parts

    def strike(self) -> None:
        """It said something malformed. Raises Refused after too many."""
        self._strikes += 1
        if self._strikes > MOST_STRIKES:
            raise Refused("malformed")

    def subscribe(self, parts: list[bytes]) -> None:
        """One word of a reader: only subscriptions are taken. Raises Refused for anything else."""
        word = parts[0]
        if len(parts) != 1 or word[:1] not in (b"\0", b"\1") or len(word) > MOST_TOPIC_BYTES + 1:
            raise Refused("malformed")
        if word[1:].startswith(JOINED):
            if word[:1] == b"\1":
                self.outlet.offer(word[1:], [word[1:]], latest=False)
            return
        if word[:1] == b"\1":
            self.prefixes.add(word[1:])
        else:
            self.prefixes.discard(word[1:])
        if len(self.prefixes) > MOST_TOPICS:
            raise Refused("topics")
        self.proven = True
        self._wants.clear()

    def wants(self, topic: bytes) -> bool:
        """True when it asked for the topic; for one without its arrays ("~") only by that name."""
        found = self._wants.get(topic)
        if found is None:
            bare = topic[:1] == b"~"
            found = any(topic.startswith(one) and (not bare or one[:1] == b"~") for one in self.prefixes)
            self._wants[topic] = found
        return found

    def reply(self, parts: list[bytes]) -> None:
        """Sends an answer; where its queue is full it has not read the ones before, and gets none."""
        with contextlib.suppress(zmq.Again, zmq.ZMQError):
            self.sock.send_multipart(parts, zmq.NOBLOCK)

    def close(self) -> None:
        """Frees everything."""
        self.outlet.forget()
        for one in (self.outer, self.inner):
            one.close()
        self.sock.close(linger=0)

    def _send(self, frames: list[Any]) -> bool:
        try:
            self.sock.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        return True
