"""The one address for programs outside the graph: results out (XPUB), commands and markers in (ROUTER).

Nothing of a topic flows here until somebody subscribes to it. Listening beyond loopback needs CURVE keys.
Requests and replies are msgpack maps, see `Request` and `Reply`; `liveaffect.stream.connect` speaks them for you.
"""

import contextlib
import ipaddress
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from liveaffect.stream.bus import bind
from liveaffect.stream.errors import TransportError, UsageError
from liveaffect.stream.messages import Ack, Command, Marker

MAX_REQUEST_BYTES = 64 << 10
ACK_LIMIT_S = 3.0


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a program asks. `verb`: hello, clock, mark, stop, or a command for the nodes (record, privacy, ...)."""

    verb: str
    target: str = ""
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, kw_only=True):
    """The answer: `ok` and a sentence; `facts` depend on the verb."""

    ok: bool
    text: str = ""
    facts: dict[str, Any] = {}


class Waiting(msgspec.Struct):
    """A command on its way through the nodes."""

    peer: list[bytes]
    nodes: set[str]
    until: float
    texts: list[str]
    ok: bool = True


class Gateway:
    """Runs inside the supervisor: a forwarding thread for results, `step()` for requests.

    Parameters
    ----------
    address: "" for an ipc address in the run's folder, or "tcp://host:port" (results then leave at port + 1).
    writers: addresses of the publishers to forward.
    handlers: which nodes answer the `command` topic.
    publish: publishes a Marker or a Command to the graph.
    """

    def __init__(
        self,
        context: zmq.Context[Any],
        address: str,
        writers: list[str],
        *,
        keys: str,
        facts: dict[str, Any],
        handlers: list[str],
        publish: Callable[[Any], None],
        on_stop: Callable[[], None],
    ) -> None:
        self.address = address
        self.events = events_address(address)
        self._publish, self._handlers, self._on_stop = publish, handlers, on_stop
        self._facts = {**facts, "events": self.events}
        self.malformed = 0
        self._auth = _require_keys(context, address, keys)
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
        _announce(address)

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
            if now > waiting.until:
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
        _withdraw(self.address)

    def _answer(self, peer: list[bytes], request: Request) -> None:
        now = time.monotonic_ns()
        if request.verb in ("hello", "clock"):
            self._reply(peer, Reply(ok=True, facts={**self._facts, "monotonic_ns": now}))
        elif request.verb == "stop":
            self._reply(peer, Reply(ok=True, text="stopping"))
            self._on_stop()
        elif request.verb == "mark":
            self._mark(peer, request, now)
        elif not self._handlers or (request.target and request.target not in self._handlers):
            where = f"node '{request.target}'" if request.target else "any node of this graph"
            self._reply(peer, Reply(ok=False, text=f"{where} takes no commands; these do: {', '.join(self._handlers)}"))
        else:
            self._count += 1
            request_id = f"{self._count}"
            nodes = {request.target} if request.target else set(self._handlers)
            self._pending[request_id] = Waiting(peer, nodes, time.monotonic() + ACK_LIMIT_S, [])
            command = Command(
                t_ns=now, verb=request.verb, target=request.target, arguments=request.arguments, request_id=request_id
            )
            self._publish(command)

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
        self._reply(waiting.peer, Reply(ok=waiting.ok, text="; ".join(waiting.texts)))

    def _reply(self, peer: list[bytes], reply: Reply) -> None:
        self.requests.send_multipart([*peer, msgspec.msgpack.encode(reply)], zmq.NOBLOCK)


def events_address(address: str) -> str:
    """Where results leave, given where commands enter."""
    if not address.startswith("tcp://"):
        return address + ".events"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 1}"


def check_address(address: str, keys: str) -> None:
    """Refuses to listen beyond loopback without keys (TransportError), and malformed addresses (UsageError)."""
    if address.startswith("ipc://"):
        return
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not address.startswith("tcp://") or not port.isdigit() or not 0 < int(port) < 65535:
        raise UsageError(f"gateway '{address}': write tcp://host:port or ipc://path")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not keys:
        raise TransportError(
            f"gateway '{address}' listens beyond this machine, which needs keys: "
            'run "liveaffect keys FOLDER" and set keys = "FOLDER" under [graph]'
        )


def make_keys(folder: Path) -> list[Path]:
    """Writes CURVE certificates `server` and `client` into `folder` (0700); the public client key admits a viewer."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    admitted = folder / "admitted"
    admitted.mkdir(exist_ok=True)
    paths = [Path(p) for name in ("server", "client") for p in zmq.auth.create_certificates(str(folder), name)]
    (admitted / "client.key").write_bytes((folder / "client.key").read_bytes())
    for path in paths:
        path.chmod(0o600)
    return paths


def _require_keys(context: zmq.Context[Any], address: str, keys: str) -> ThreadAuthenticator | None:
    check_address(address, keys)
    if not keys:
        return None
    if not (Path(keys) / "server.key_secret").is_file():
        raise TransportError(f'{keys} holds no server.key_secret: run "liveaffect keys {keys}"')
    auth = ThreadAuthenticator(context)
    auth.start()
    auth.configure_curve(domain="*", location=str(Path(keys) / "admitted"))
    return auth


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


def announcement() -> Path:
    """The file that tells programs of this user where the newest gateway listens."""
    return Path(platformdirs.user_cache_dir("liveaffect")) / "gateway.json"


def _announce(address: str) -> None:
    path = announcement()
    temporary = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a read-only home: programs then need the address
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"address": address, "pid": os.getpid()}), "utf-8")
        temporary.replace(path)


def _withdraw(address: str) -> None:
    path = announcement()
    try:
        if json.loads(path.read_text("utf-8"))["address"] == address:
            path.unlink()
    except (OSError, ValueError, KeyError):
        return
