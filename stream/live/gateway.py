"""The one address for programs outside the graph: results out (XPUB), commands and markers in (ROUTER).

Nothing of a topic flows here until somebody subscribes to it. Listening beyond loopback needs CURVE keys.
Requests and replies are msgpack maps, see `Request` and `Reply`; `liveaffect.stream.connect` speaks them for you.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.auth

from liveaffect.stream.client.access import announce, events_address, require_keys, withdraw
from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.live.bus import bind
from liveaffect.stream.messages import Ack, Command, Marker

MAX_REQUEST_BYTES = 64 << 10
ACK_LIMIT_S = 5.0
"""A node that no frame pushes on hears a command with its next tick, on a very busy machine 3 s later."""


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a program asks. `verb`: hello, clock, mark, settings, stop, or a command for the nodes (record, ...)."""

    verb: str
    target: str = ""
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, kw_only=True):
    """The answer: `ok` and a sentence; `facts` depend on the verb."""

    ok: bool
    text: str = ""
    facts: dict[str, Any] = {}


@dataclass
class Proposal:
    """What the program itself would do if no node refuses: `carry_out` gives the answer."""

    carry_out: Callable[[], Reply]


@dataclass
class Waiting:
    """A command on its way through the nodes, and what is done when all of them agree."""

    peer: list[bytes]
    request: Request
    nodes: set[str]
    until: float
    then: Callable[[], Reply] | None = None
    texts: list[str] = field(default_factory=list[str])
    ok: bool = True
    sent: bool = False


Answer = Callable[[Request], Reply | Proposal]
"""Answers a verb for the program itself; a LiveAffectError it raises is the refusal."""


class Gateway:
    """Runs inside the supervisor: a forwarding thread for results, `step()` for requests.

    Parameters
    ----------
    address: "" for an ipc address in the run's folder, or "tcp://host:port" (results then leave at port + 1).
    writers: addresses of the publishers to forward.
    announced: other programs of this user find it without an address.
    facts: asked at every `hello`.
    verbs: those that the program answers itself.
    handlers: which nodes answer the `command` topic.
    reachable: True when these nodes' processes hear commands: they take a moment after their start.
    publish: publishes a Marker or a Command to the graph.
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
        handlers: list[str],
        reachable: Callable[[set[str]], bool],
        publish: Callable[[Any], None],
        on_agreed: Callable[[Request], None],
        on_stop: Callable[[], None],
    ) -> None:
        self.address = address
        self.events = events_address(address)
        self._publish, self._handlers, self._reachable = publish, handlers, reachable
        self._facts, self._verbs, self._on_agreed, self._on_stop = facts, verbs, on_agreed, on_stop
        self.malformed = 0
        self._auth = require_keys(context, address, keys)
        self.requests = context.socket(zmq.ROUTER)
        self.requests.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        self.requests.setsockopt(zmq.LINGER, 200)
        outside = context.socket(zmq.XPUB)
        outside.set_hwm(500)
        outside.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        for sock in (self.requests, outside):
            if keys:
                public, secret = zmq.auth.load_certificate(Path(keys) / "server.key_secret")
                sock.curve_publickey, sock.curve_secretkey, sock.curve_server = public, secret, True
        bind(self.requests, address, "the gateway")
        bind(outside, self.events, "the gateway")
        self._pending: dict[str, Waiting] = {}
        self._count = 0
        self._steer = context.socket(zmq.PAIR)
        self._steer.bind("inproc://gateway-steer")
        self._thread = threading.Thread(target=_forward, args=(context, writers, outside), daemon=True)
        self._thread.start()
        if announced:
            announce(address)

    def step(self) -> None:
        """Answers what has arrived; call it often."""
        while self.requests.poll(0, zmq.POLLIN):
            *peer, body = self.requests.recv_multipart()
            try:
                request = msgspec.msgpack.decode(body, type=Request)
            except msgspec.MsgspecError as error:
                self.malformed += 1
                self._reply(peer, Reply(ok=False, text=f"malformed request: {error}"))
                continue
            self._answer(peer, request)
        now = time.monotonic()
        for request_id, waiting in list(self._pending.items()):
            if not waiting.sent and self._reachable(waiting.nodes):
                self._send(request_id, waiting)
            elif now > waiting.until:
                names = ", ".join(sorted(waiting.nodes))
                waiting.texts.append(f"no answer from {names} within {ACK_LIMIT_S:.0f} s")
                waiting.ok = False
                self._finish(request_id)

    def acknowledge(self, ack: Ack) -> None:
        """A node answered a command."""
        waiting = self._pending.get(ack.request_id)
        if waiting is None or ack.node not in waiting.nodes:
            return
        waiting.nodes.discard(ack.node)
        waiting.ok &= ack.ok
        if ack.text:
            waiting.texts.append(f"{ack.node}: {ack.text}")
        if not waiting.nodes:
            self._finish(ack.request_id)

    def close(self) -> None:
        """Stops forwarding and forgets the announced address."""
        self._steer.send(b"TERMINATE")
        self._thread.join(1.0)
        if self._auth is not None:
            self._auth.stop()
        withdraw(self.address)

    def _answer(self, peer: list[bytes], request: Request) -> None:
        now = time.monotonic_ns()
        if request.verb in ("hello", "clock"):
            facts = {"events": self.events, "monotonic_ns": now}
            self._reply(peer, Reply(ok=True, facts=facts | (self._facts() if request.verb == "hello" else {})))
        elif request.verb == "stop":
            self._reply(peer, Reply(ok=True, text="stopping"))
            self._on_stop()
        elif request.verb == "mark":
            self._mark(peer, request, now)
        elif request.verb in self._verbs:
            self._propose(peer, request)
        elif not self._handlers or (request.target and request.target not in self._handlers):
            where = f"node '{request.target}'" if request.target else "any node of this graph"
            self._reply(peer, Reply(ok=False, text=f"{where} takes no commands; these do: {', '.join(self._handlers)}"))
        else:
            nodes = {request.target} if request.target else set(self._handlers)
            self._ask(peer, request, nodes)

    def _propose(self, peer: list[bytes], request: Request) -> None:
        try:
            found = self._verbs[request.verb](request)
        except LiveAffectError as error:
            found = Reply(ok=False, text=str(error))
        if isinstance(found, Reply):
            self._reply(peer, found)
        elif self._handlers:
            self._ask(peer, request, set(self._handlers), found.carry_out)
        else:
            self._reply(peer, found.carry_out())

    def _ask(
        self, peer: list[bytes], request: Request, nodes: set[str], then: Callable[[], Reply] | None = None
    ) -> None:
        self._count += 1
        self._pending[f"{self._count}"] = Waiting(peer, request, nodes, time.monotonic() + ACK_LIMIT_S, then)

    def _send(self, request_id: str, waiting: Waiting) -> None:
        waiting.sent, asked = True, waiting.request
        self._publish(
            Command(
                t_ns=time.monotonic_ns(),
                verb=asked.verb,
                target=asked.target,
                arguments=asked.arguments,
                request_id=request_id,
            )
        )

    def _mark(self, peer: list[bytes], request: Request, now: int) -> None:
        label, t_ns = request.arguments.get("label"), request.arguments.get("t_ns", now)
        if not isinstance(label, str) or not label or len(label) > 500 or not isinstance(t_ns, int) or t_ns < 0:
            text = "mark needs arguments {label: 1 to 500 characters, t_ns: this machine's monotonic time (optional)}"
            self._reply(peer, Reply(ok=False, text=text))
            return
        self._publish(Marker(t_ns=t_ns, label=label, source=str(request.arguments.get("source", ""))[:100]))
        self._reply(peer, Reply(ok=True, text=f"marked '{label}'", facts={"t_ns": t_ns}))

    def _finish(self, request_id: str) -> None:
        waiting = self._pending.pop(request_id)
        if waiting.ok:
            self._on_agreed(waiting.request)
        agreed = waiting.ok and waiting.then is not None
        done = waiting.then() if agreed and waiting.then else Reply(ok=waiting.ok, text="; ".join(waiting.texts))
        self._reply(waiting.peer, done)

    def _reply(self, peer: list[bytes], reply: Reply) -> None:
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
