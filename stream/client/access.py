"""Who reaches a gateway: its addresses, and the keys that everything but a socket in the user's own folder needs."""

import contextlib
import ipaddress
import os
import shutil
from pathlib import Path
from typing import Any

import platformdirs
import zmq
import zmq.auth
import zmq.utils.z85

from liveaffect.stream.errors import TransportError, UsageError

_auth: Any = zmq.auth
"""Certificates; the library gives their functions only half of their types."""


def check_address(address: str, keys: str) -> None:
    """Refuses to listen beyond loopback without keys (TransportError), and malformed addresses (UsageError)."""
    if address.startswith("ipc://") and len(address) > len("ipc://") and "\0" not in address:
        return
    host, port = split(address)
    if not address.startswith("tcp://") or not (port == "*" or (port.isdigit() and 0 < int(port) < 65535)):
        raise UsageError(f"gateway '{address}': write tcp://host:port or ipc:///path")
    if not is_loopback(host) and not keys:
        raise TransportError(
            f"gateway '{address}' listens beyond this machine, which needs keys: "
            'run "liveaffect keys FOLDER" and set keys = "FOLDER" under [graph]'
        )


def split(address: str) -> tuple[str, str]:
    """Host and port of a tcp address; an IPv6 host without its brackets."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    return host.strip("[]"), port


def is_loopback(host: str) -> bool:
    """True for names and numbers of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_keys(folder: Path) -> list[Path]:
    """Writes CURVE certificates `server` and `client` into `folder` (0700); the public client key admits a viewer."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    admitted = folder / "admitted"
    admitted.mkdir(exist_ok=True)
    paths = [Path(p) for name in ("server", "client") for p in _auth.create_certificates(str(folder), name)]
    (admitted / "client.key").write_bytes((folder / "client.key").read_bytes())
    for path in paths:
        path.chmod(0o600)
    return paths


def own_folder() -> Path:
    """The user's own 0700 folder for what programs of one user tell each other; made where it is missing."""
    folder = Path(platformdirs.user_cache_dir("liveaffect")) / "gateways"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def own_keys(*, make: bool) -> str:
    """Folder of the keys that open a loopback tcp gateway to programs of its own user, and to nobody else.

    Made at first need where `make` says so (TransportError where that cannot be); "" where there are none.
    """
    try:
        folder = own_folder() / "keys"
        if not folder.is_dir() and make:
            new = folder.with_name(f"keys-{os.getpid()}")
            make_keys(new)
            with contextlib.suppress(OSError):  # another one was quicker: its keys are as good
                new.rename(folder)
            shutil.rmtree(new, ignore_errors=True)
        return str(folder) if folder.is_dir() else ""
    except OSError as error:
        if not make:
            return ""
        raise TransportError(
            f"no keys can be kept for this user ({error}): give a folder of keys, or an ipc:///path as gateway"
        ) from None


def server_keys(address: str, keys: str) -> str:
    """The folder of keys that a gateway at `address` uses; "" for ipc, which the folder's owner alone can open."""
    if not keys and not address.startswith("tcp://"):
        return ""
    keys = keys or own_keys(make=True)
    if not (Path(keys) / "server.key_secret").is_file():
        raise TransportError(f'{keys} holds no server.key_secret: run "liveaffect keys {keys}"')
    return keys


class Guard:
    """Says which keys may enter, to every CURVE server of its context (ZeroMQ RFC 27): poll `sock`, then `answer`."""

    def __init__(self, context: zmq.Context[Any], keys: str) -> None:
        admitted = _auth.load_certificates(Path(keys) / "admitted")
        self._admitted = {zmq.utils.z85.decode(public) for public in admitted}
        self.sock: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.sock.bind("inproc://zeromq.zap.01")

    def answer(self) -> None:
        """Answers one question, where there is one."""
        try:
            parts = self.sock.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return
        start = parts.index(b"") + 1
        _, number, _, _, _, mechanism, *credentials = parts[start:]
        known = mechanism == b"CURVE" and credentials[:1] and credentials[0] in self._admitted
        verdict = (b"200", b"OK") if known else (b"400", b"this key is not admitted")
        self.sock.send_multipart([*parts[:start], b"1.0", number, *verdict, b"", b""])


def serve_with(sock: zmq.Socket[bytes], keys: str) -> None:
    """Makes a socket a CURVE server; nothing where `keys` is ""."""
    if keys:
        public, secret = _auth.load_certificate(Path(keys) / "server.key_secret")
        sock.curve_publickey, sock.curve_secretkey, sock.curve_server = public, secret, True


def open_with(sock: zmq.Socket[bytes], keys: str) -> None:
    """Makes a socket a CURVE client. Raises TransportError where the folder lacks a key."""
    if not keys:
        return
    folder = Path(keys)
    try:
        for name in ("server.key", "client.key_secret"):
            if (folder / name).exists() and not (folder / name).is_file():
                raise OSError(f"{name} is no file")  # a pipe would hang whoever reads it
        sock.curve_serverkey = _auth.load_certificate(folder / "server.key")[0]
        sock.curve_publickey, sock.curve_secretkey = _auth.load_certificate(folder / "client.key_secret")
    except (OSError, ValueError) as error:
        raise TransportError(f"{folder} needs server.key and client.key_secret: {error}") from None


def read_at_most(sock: zmq.Socket[bytes], messages: int) -> None:
    """So many messages wait for a reader; before it connects or subscribes. What it asks for is not bounded by them:
    ZeroMQ silently drops a subscription that finds as many words on their way as its socket may send."""
    sock.setsockopt(zmq.RCVHWM, messages)
    sock.setsockopt(zmq.SNDHWM, 0)
