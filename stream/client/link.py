"""The sockets of one client: each question gets its own answer, one thread reads messages, any may close."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from liveaffect.stream.client.access import is_loopback, open_with, read_at_most, split
from liveaffect.stream.client.bell import Bell
from liveaffect.stream.client.inbox import LATEST_QUEUE, Inbox
from liveaffect.stream.client.requests import Reply, Request, read_reply, write_request
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic

QUEUE = 500
PROBE_S = 5.0
"""After so long without a word the sensor is asked whether it is there."""
GONE_S = 30.0
"""Without a word or an answer for so long, it has gone."""
TURN_S = 0.05
"""Several threads that read and wait take turns of so long at most."""
CLOSE_S = 2.0
"""A signal handler may close what its own thread is waiting on: the end of the program then frees it."""


HUNG_UP = zmq.EVENT_DISCONNECTED
CLOSED = "this connection is closed"
NO_ROOM = "no room for another program (two or three connections each)"


class Gone(TransportError):
    """The sensor has ended, or the way to it is cut."""


class Closed(TransportError):
    """The program itself has closed the connection."""


class Link:
    """The sockets to one gateway. Raises TransportError where the keys cannot be read."""

    def __init__(self, address: str, keys: str) -> None:
        self.address, self._keys = address, keys
        self._context = zmq.Context()
        self._closed = False
        self._reading, self._asking = threading.Lock(), threading.Lock()
        self._read_bell, self._ask_bell = Bell(), Bell()
        self._changes: deque[tuple[bool, str]] = deque()
        self._number = 0
        self._answered = self._probed = time.monotonic()
        self._doubted = 0.0
        """When it was first asked whether it is there since its last word."""
        self._doors: list[Any] = []
        self._shown_out = self._unreadable = 0
        self._gone = ""
        self._inbox = Inbox()
        try:
            self._requests = self._socket(zmq.DEALER)
        except TransportError:  # who tries again every second would run out of descriptors
            self._context.destroy(linger=0)
            self._read_bell.close()
            self._ask_bell.close()
            raise
        self._monitor = self._requests.get_monitor_socket(HUNG_UP)
        try:
            self._requests.connect(address)
        except zmq.ZMQError:
            self._destroy()
            raise UsageError(f"address '{address}': write tcp://host:port or ipc:///path") from None
        self._poller = zmq.Poller()

    @property
    def malformed(self) -> int:
        """Messages and answers that could not be read."""
        return self._inbox.malformed + self._unreadable

    @property
    def skipped(self) -> int:
        """Pictures that came faster than they were taken."""
        return self._inbox.skipped

    def listen(self, events: str) -> None:
        """Connects to where results leave, as `hello` told it."""
        if events.startswith("tcp://"):  # the server may listen at 0.0.0.0: keep the host that we reached
            events = f"{self.address.rpartition(':')[0]}:{events.rpartition(':')[2]}"
        with self._reading:
            if self._closed:
                raise Closed(CLOSED)
            sockets = self._socket(zmq.SUB), self._socket(zmq.SUB)
            for sock, queue in zip(sockets, (QUEUE, LATEST_QUEUE), strict=True):
                read_at_most(sock, queue)
                self._doors.append(sock.get_monitor_socket(HUNG_UP))
            self._inbox.listen(*sockets, events)
            _emptied(self._monitor)  # attempts before the one that held
            for one in (*sockets, self._monitor, self._read_bell.inside):
                self._poller.register(one, zmq.POLLIN)

    def change(self, subscribe: bool, topics: Iterable[str]) -> None:
        """Asks for topics, or for no more of them; from any thread. Raises Closed after `close`."""
        self._changes.extend((subscribe, topic) for topic in topics)
        if self._reading.acquire(blocking=False):
            try:
                self._apply()
            finally:
                self._reading.release()
        else:
            self._read_bell.ring()

    def join(self, limit_s: float) -> None:
        """Waits until what was asked for is in effect, so that what is said from then on comes; so long at most.

        Another thread may read meanwhile; what comes while none does is kept for it, of pictures the newest.
        Raises Closed after `close`, TransportError where the sensor hung up on who wanted to read.
        """
        end, word, before = time.monotonic() + limit_s, self._inbox.expect(), self._shown_out
        self.change(True, [word])
        while self._inbox.expects(word) and not self._gone and (left := end - time.monotonic()) > 0:
            if self._reading.acquire(timeout=min(left, TURN_S)):
                try:
                    self._apply()
                    if self._inbox.expects(word):
                        self._poller.poll(int(min(left, TURN_S) * 1000))
                        self._inbox.gather()
                        self._notice()
                finally:
                    self._reading.release()
        joined = not self._inbox.expects(word)
        self._inbox.forget(word)
        self.change(False, [word])
        if not joined and not self._gone and self._shown_out > before:
            raise TransportError(f"the sensor at {self.address} hangs up on who wants to read: {NO_ROOM}: end one")

    def ask(self, verb: str, target: str, arguments: dict[str, Any], limit_s: float) -> Reply:
        """Sends a request and waits for its answer; answers to earlier ones are dropped."""
        with self._asking:
            if self._closed:
                raise Closed(CLOSED)
            self._number += 1
            body = write_request(Request(verb=verb, target=target, arguments=arguments, id=self._number))
            try:
                self._requests.send(body, zmq.NOBLOCK)
            except zmq.Again:
                raise TransportError(f"{self.address} takes no more requests: nobody reads them there") from None
            poller = zmq.Poller()
            for one in (self._requests, self._ask_bell.inside):
                poller.register(one, zmq.POLLIN)
            end = time.monotonic() + limit_s
            while (left := end - time.monotonic()) > 0:
                poller.poll(int(left * 1000))
                if self._closed:
                    raise Closed("this connection was closed before the answer came")
                for reply in self._replies():
                    if reply.id == self._number:
                        return reply
        host, _ = split(self.address)
        elsewhere = self.address.startswith("tcp://") and not is_loopback(host)
        asked = "? A sensor on another machine needs keys" if elsewhere else "?"
        hint = ", and do the keys fit?" if self._keys else asked
        if not self._inbox.listens and self._hung_up():
            hint += f" Or has it {NO_ROOM}?"
        raise TransportError(
            f"no answer from {self.address} in {limit_s:g} s: is `liveaffect run` or `live` running there{hint}"
        )

    def receive(self, timeout_s: float | None) -> tuple[Topic[Any], Message] | None:
        """The next message, None after `timeout_s`. Raises Gone once nothing is left to come, Closed after `close`."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._reading.acquire(timeout=-1 if timeout_s is None else max(0.0, timeout_s)):
            return None  # another thread reads
        try:
            while True:
                self._apply()
                found = self._inbox.take()
                if found is not None:
                    return found
                if self._gone:
                    raise Gone(self._gone)
                left = PROBE_S / 5 if end is None else min(PROBE_S / 5, end - time.monotonic())
                if left < 0:
                    return None
                self._poller.poll(int(left * 1000))
                self._notice()
        finally:
            self._reading.release()

    def close(self) -> None:
        """Closes the sockets; whoever waits in `receive` or `ask` is woken and told."""
        self._closed = True
        self._read_bell.ring()
        self._ask_bell.ring()
        if self._reading.acquire(timeout=CLOSE_S):
            if self._asking.acquire(timeout=CLOSE_S):
                if not self._context.closed:
                    self._destroy()
                self._asking.release()
            self._reading.release()

    def _destroy(self) -> None:
        self._requests.disable_monitor()
        for one in (self._monitor, *self._doors):
            one.close()
        self._context.destroy(linger=100)
        self._read_bell.close()
        self._ask_bell.close()

    def _socket(self, kind: int) -> Any:
        sock = self._context.socket(kind)
        sock.setsockopt(zmq.LINGER, 100)
        sock.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        open_with(sock, self._keys)
        return sock

    def _apply(self) -> None:
        while not self._closed and self._changes and self._inbox.listens:  # before `listen` they wait
            self._inbox.change(*self._changes.popleft())
        if self._closed:
            raise Closed(CLOSED)

    def _notice(self) -> None:
        """Whether the sensor is still there: it says goodbye by hanging up, or falls silent."""
        self._read_bell.hush()
        self._shown_out += sum(_emptied(door) for door in self._doors)
        if _emptied(self._monitor):
            self._gone = f"the sensor at {self.address} has ended, or the way to it is cut"
        if time.monotonic() - self._heard < PROBE_S or not self._asking.acquire(blocking=False):
            return
        try:
            for _ in self._replies():
                pass
            now = time.monotonic()
            if self._doubted > self._heard and now - self._doubted > GONE_S - PROBE_S:
                self._gone = f"no word from the sensor at {self.address} for {GONE_S:g} s"
            if now - self._probed >= PROBE_S:
                self._probed = now
                if self._doubted <= self._heard:  # whoever has not read for long has not asked either
                    self._doubted = now
                with contextlib.suppress(zmq.Again):
                    self._requests.send(write_request(Request(verb="clock")), zmq.NOBLOCK)
        finally:
            self._asking.release()

    @property
    def _heard(self) -> float:
        return max(self._answered, self._inbox.heard)

    def _hung_up(self) -> bool:
        """Whether the sensor has closed the way of questions at least once."""
        if not self._reading.acquire(blocking=False):
            return False
        try:
            return not self._closed and bool(self._monitor.poll(0))
        finally:
            self._reading.release()

    def _replies(self) -> list[Reply]:
        self._ask_bell.hush()
        found: list[Reply] = []
        while self._requests.poll(0, zmq.POLLIN):
            reply = read_reply(self._requests.recv())
            self._answered = time.monotonic()
            if reply is None:
                self._unreadable += 1
            else:
                found.append(reply)
        return found


def _emptied(monitor: Any) -> int:
    count = 0
    while monitor.poll(0):
        recv_monitor_message(monitor)
        count += 1
    return count
