"""Where the processes of one run listen: ipc sockets in a private folder, or loopback ports that are bound, not probed.

On tcp every connection inside the graph needs the run's own key, which only its processes are told; ipc needs none,
since nobody else can open the folder. A process has two ends: for results, and for topics of which the newest counts.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import zmq

from liveaffect.stream.errors import TransportError
from liveaffect.stream.live.listening import free_path

ANY_PORT = "tcp://127.0.0.1:*"
LATEST = ".latest"


class Addresses:
    """The addresses of one run; those on tcp are unknown ("*") until their process has bound them."""

    def __init__(self, names: Iterable[str], transport: str = "auto") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liveaffect-"))
        self.folder.chmod(0o700)
        self.ipc = transport == "ipc" or (transport == "auto" and sys.platform != "win32")
        self.key = "" if self.ipc else new_key()
        self.by_name = {name: self.make(name) for name in names}
        self.on_bound: Callable[[str], None] = lambda _: None
        """Called with each address that becomes known later."""

    @property
    def gateway(self) -> str:
        """For programs outside, unless another one is asked for."""
        return self.make("gateway")

    @property
    def known(self) -> bool:
        """True when every process has said where it listens."""
        return not any(map(unknown, self.by_name.values()))

    def heard(self, name: str, address: str) -> bytes:
        """A process has bound its address. Once all have, what all are to be told."""
        self.by_name[name] = address
        self.on_bound(address)
        return b"peers " + msgspec.json.encode(self.by_name) if self.known else b""

    def make(self, name: str) -> str:
        """An address to bind."""
        return f"ipc://{self.folder / name}" if self.ipc else ANY_PORT

    def remove(self) -> None:
        """Deletes the folder with its sockets."""
        shutil.rmtree(self.folder, ignore_errors=True)


def unknown(address: str) -> bool:
    """True for an address that is not bound yet."""
    return "*" in address


def ends(address: str) -> tuple[str, str]:
    """Where results and where pictures leave."""
    results, _, pictures = address.partition(" ")
    return results, pictures or (results if results.startswith("tcp://") else results + LATEST)


def new_key() -> str:
    """A key pair in one word."""
    return b" ".join(zmq.curve_keypair()).decode()


def serve_inside(sock: zmq.Socket[bytes], key: str) -> None:
    """Lets in those who know the run's key; everybody where it has none."""
    if key:
        sock.curve_publickey, sock.curve_secretkey = key.encode().split()
        sock.curve_server = True


def open_inside(sock: zmq.Socket[bytes], key: str) -> None:
    """Shows the run's key where it has one."""
    if key:
        public, secret = key.encode().split()
        sock.curve_publickey, sock.curve_secretkey, sock.curve_serverkey = public, secret, public


def bind(sock: zmq.Socket[bytes], address: str, what: str) -> str:
    """Binds and returns the address as it is then; raises TransportError naming the address and the remedy."""
    if address.startswith("ipc://"):
        free_path(Path(address[6:]), what)
    try:
        sock.bind(address)
    except zmq.ZMQError as error:
        reason = "the address is in use" if error.errno == zmq.EADDRINUSE else os.strerror(error.errno or 0)
        raise TransportError(
            f"{what} cannot listen at {address}: {reason}; end the other program or choose another address"
        ) from None
    return sock.getsockopt_string(zmq.LAST_ENDPOINT) if unknown(address) else address
