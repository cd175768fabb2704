"""The one address for programs outside the graph: results out (XPUB), commands and markers in (ROUTER).

Nothing of a topic flows here until somebody subscribes to it. Listening beyond loopback needs CURVE keys.
Requests and replies are msgpack maps, see `client/requests.py`; `liveaffect.stream.connect` speaks them for you.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import msgspec
import zmq

from liveaffect.stream.client.access import check_address, guard, serve_with, server_keys
from liveaffect.stream.client.announced import announce, withdraw
from liveaffect.stream.client.requests import MAX_REQUEST_BYTES, Answer, Reply, number_of, read_request
from liveaffect.stream.errors import UsageError
from liveaffect.stream.live.bus import bind
from liveaffect.stream.live.desk import Desk, Reach, Requests
from liveaffect.stream.messages import Ack, Message
from liveaffect.stream.node import Verb

AT_ONCE = 32
"""Requests that are answered in one turn of the supervisor's loop."""


def events_address(address: str) -> str:
    """Where results leave, given where commands enter."""
    if not address.startswith("tcp://"):
        return address + ".events"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 1}"


class Gateway:
    """Runs inside the supervisor: a forwarding thread for results, `step()` for requests.

    Parameters
    ----------
    address: "ipc:///path", or "tcp://host:port" (results then leave at port + 1).
    writers: addresses of the publishers to forward.
    keys: folder of CURVE keys; "" takes the user's own on tcp, and none on ipc.
    announced: other programs of this user find it without an address.
    facts: asked at every `hello`.
    verbs: those that the program answers itself.
    owners: verb -> node name -> what the node declares of it.
    reach: whether a node's process hears commands.
    publish: publishes a Marker or a Command to the graph.
    hold: told of every held verb and its arguments.
    stop: the verb `stop`.
    """

    def __init__(
        self,
        context: zmq.Context[Any],
        address: str,
        writers: list[str],
        *,
        keys: str,
        announced: bool,
        facts: Callable[[], dict[str, Any]],
        verbs: Mapping[str, Answer],
        owners: Mapping[str, Mapping[str, Verb]],
        reach: Reach,
        publish: Callable[[Message], None],
        hold: Callable[[str, dict[str, Any]], None],
        stop: Callable[[], None],
    ) -> None:
        check_address(address, keys)
        self.address, self.events = address, events_address(address)
        self.refused: dict[str, int] = {}
        self._facts = facts
        keys = server_keys(address, keys)
        self._auth = guard(context, keys) if keys else None
        self.requests = context.socket(zmq.ROUTER)
        self.requests.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        self.requests.setsockopt(zmq.LINGER, 200)
        outside = context.socket(zmq.XPUB)
        outside.set_hwm(500)
        outside.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        for sock in (self.requests, outside):
            serve_with(sock, keys)
        bind(self.requests, address, "the gateway")
        bind(outside, self.events, "the gateway")
        needs = Desk(verbs, owners, reach, self._reply, publish, self._hello, hold, stop, time.monotonic_ns)
        self._desk = Requests(needs)
        self._steer = context.socket(zmq.PAIR)
        self._steer.bind("inproc://gateway-steer")
        self._thread = threading.Thread(target=_forward, args=(context, writers, outside), daemon=True)
        self._thread.start()
        self._word = announce(address, keys, time.time()) if announced else None

    def step(self) -> None:
        """Answers what has arrived; call it often."""
        for _ in range(AT_ONCE):
            if not self.requests.poll(0, zmq.POLLIN):
                break
            *peer, body = self.requests.recv_multipart()
            try:
                request = read_request(body)
            except UsageError as error:
                self.refused["malformed"] = self.refused.get("malformed", 0) + 1
                self._reply(tuple(peer), Reply(ok=False, text=str(error), id=number_of(body)))
                continue
            self._desk.take(tuple(peer), request)
        self._desk.step()

    def acknowledge(self, ack: Ack) -> None:
        """A node answered a command."""
        self._desk.acknowledge(ack)

    def close(self) -> None:
        """Stops forwarding and forgets the announced address."""
        self._steer.send(b"TERMINATE")
        self._thread.join(1.0)
        if self._auth is not None:
            self._auth.stop()
        withdraw(self._word)

    def _hello(self) -> dict[str, Any]:
        return {"events": self.events, **self._facts()}

    def _reply(self, peer: Hashable, reply: Reply) -> None:
        assert isinstance(peer, tuple)
        self.requests.send_multipart([*peer, msgspec.msgpack.encode(reply)], zmq.NOBLOCK)


def _forward(context: zmq.Context[Any], writers: list[str], outside: zmq.Socket[bytes]) -> None:
    inside = context.socket(zmq.XSUB)
    inside.set_hwm(500)
    inside.setsockopt(zmq.RECONNECT_IVL, 20)
    inside.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
    for address in writers:
        inside.connect(address)
    steer = context.socket(zmq.PAIR)
    steer.connect("inproc://gateway-steer")
    zmq.proxy_steerable(inside, outside, None, steer)
    for sock in (inside, outside, steer):
        sock.close(linger=100)
