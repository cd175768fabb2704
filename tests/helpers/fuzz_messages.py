"""Malformed messages of every kind, each made by its number, and a program of its own that sends them.

    python tests/helpers/fuzz_messages.py

reads lines of JSON: where to send, and which numbers; says one word per line done. With --sink it is the one that takes
them all and answers nothing: the same load without a sensor.
"""

import argparse
import contextlib
import json
import random
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import zmq

BATCH = 100
KINDS = {"requests": 6, "words": 2, "inside": 2, "control": 2, "raw": 1}
"""Which socket, and how often among the others."""
GOOD = {"verb": "reset", "target": "adder", "arguments": {"to": 3}, "id": 5}
REPORT = {"run": "x", "process": "delay", "incarnation": 0, "kind": "ended", "progress": 1}


def requests(rng: random.Random) -> list[bytes]:
    """One malformed request, as parts."""
    body = bytearray(msgspec.msgpack.encode(GOOD))
    kind = rng.randrange(8)
    if kind == 0:
        return [rng.randbytes(rng.randrange(300))]
    if kind == 1:
        for _ in range(rng.randint(1, 8)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        return [bytes(body)]
    if kind == 2:
        return [bytes(body[: rng.randrange(len(body))])]
    if kind == 3:
        return [
            rng.choice([b"\x81\xa1a", b"\x91", b"\xdd\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff"]) * rng.randint(1, 9000)
        ]
    if kind == 4:
        odd = rng.choice([float("nan"), float("inf"), 1 << 63, -(1 << 63), "\0", "x" * 5000, b"y", {1: 2}, [[]] * 3000])
        return [msgspec.msgpack.encode({"verb": rng.choice(["reset", "mark", "settings"]), "arguments": {"t_ns": odd}})]
    if kind == 5:
        return [bytes(body)] * rng.randint(2, 2000)
    if kind == 6:
        return [rng.randbytes(rng.randint(60_000, 90_000))]
    return [msgspec.msgpack.encode({"verb": "".join(rng.choices("abcdef ", k=rng.randint(0, 200)))})]


def words(rng: random.Random) -> list[bytes]:
    """One word at a socket that takes subscriptions; none that a reader could say."""
    topic = rng.choice([b"toy/sum", b"health", b"", b"command", rng.randbytes(rng.randrange(200))])
    first = rng.choice([b"\0", b"\1", b"\2", b"\xff", b""])
    return [first + topic, *[b"x"] * rng.choice([0, 0, 0, 1, 500])]


def reports(rng: random.Random) -> list[bytes]:
    """One report that is none, or of another run."""
    body = bytearray(msgspec.msgpack.encode(REPORT))
    for _ in range(rng.randrange(4)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return [bytes(body)] if rng.random() < 0.8 else [rng.randbytes(rng.randrange(5000))]


def raw(rng: random.Random) -> bytes:
    """Bytes that are no ZeroMQ, or the beginning of some."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
    start = greeting[: rng.choice([0, 5, 11, 64])]
    return start + rng.randbytes(rng.randrange(400))


class Attack:
    """Sends the messages of one seed each, in batches over fresh connections."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told, self._events = told, told["events"]
        self._context = zmq.Context()

    def batch(self, first: int, kinds: Sequence[str] = tuple(KINDS)) -> None:
        """BATCH messages of one of the kinds, numbered from `first`; the number is the seed."""
        rng = random.Random(first)
        kind = rng.choices(kinds, [KINDS[one] for one in kinds])[0]
        if kind == "raw":
            for number in range(first, first + BATCH):
                self._raw(random.Random(number))
            return
        places = {
            "requests": (zmq.DEALER, self._told["gateway"], requests),
            "words": (zmq.XSUB, self._events, words),
            "inside": (zmq.XSUB, rng.choice(self._told["inside"]), words),
            "control": (zmq.PUSH, self._told["control"], reports),
        }
        socket_kind, address, make = places[kind]
        sock = self._context.socket(socket_kind)
        sock.setsockopt(zmq.LINGER, 2000)
        sock.setsockopt(zmq.SNDTIMEO, 200)
        sock.set_hwm(10 * BATCH)
        sock.connect(address)
        for number in range(first, first + BATCH):
            with contextlib.suppress(zmq.Again):
                sock.send_multipart(make(random.Random(number)))
        if kind == "requests" and self._told["answers"]:
            quiet = time.monotonic() + 1.0
            while time.monotonic() < quiet and sock.poll(50):
                sock.recv_multipart()
        sock.close()

    def _raw(self, rng: random.Random) -> None:
        address = rng.choice([self._told["gateway"], self._events])
        with socket.socket(socket.AF_UNIX) as one, contextlib.suppress(OSError):
            one.connect(address.removeprefix("ipc://"))
            one.sendall(raw(rng))

    def close(self) -> None:
        self._context.destroy(linger=500)


def attack() -> None:
    """Sends what standard input asks for, until that ends."""
    for line in sys.stdin:
        told = json.loads(line)
        one = Attack(told)
        for first in range(told["first"], told["first"] + told["count"], BATCH):
            one.batch(first)
        one.close()
        print("done", flush=True)


def sink() -> None:
    """Takes everything and does nothing with it, until its input ends."""
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        told: dict[str, Any] = {"answers": False, "inside": [f"ipc://{folder}/inside"]}
        poller, context = zmq.Poller(), zmq.Context()
        for name, kind in (("gateway", zmq.ROUTER), ("events", zmq.XPUB), ("inside", zmq.XPUB), ("control", zmq.PULL)):
            sock = context.socket(kind)
            sock.setsockopt(zmq.MAXMSGSIZE, 64 << 10)
            sock.bind(f"ipc://{folder}/{name}")
            if name != "inside":
                told[name] = f"ipc://{folder}/{name}"
            poller.register(sock, zmq.POLLIN)
        poller.register(sys.stdin, zmq.POLLIN)
        print(json.dumps(told), flush=True)
        while True:
            ready = dict(poller.poll())
            if sys.stdin.fileno() in ready:
                break
            for sock in ready:
                for _ in range(100):
                    try:
                        sock.recv_multipart(zmq.NOBLOCK)
                    except zmq.Again:
                        break
        context.destroy(linger=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sink", action="store_true")
    (sink if parser.parse_args().sink else attack)()
