"""Addresses to listen at: bound, never probed, and never taken from anybody who lives."""

import os
import socket
import stat
from pathlib import Path

from liveaffect.stream.client.access import split
from liveaffect.stream.errors import TransportError

BACKLOG = 64


def listen(address: str, what: str) -> tuple[socket.socket, str]:
    """A listening socket, and its address as it is then ("*" as port becomes a number).

    Raises TransportError naming the address, the reason and the remedy.
    """
    try:
        if address.startswith("ipc://"):
            return _at_path(Path(address.removeprefix("ipc://")), what), address
        host, port = split(address)
        number = 0 if port == "*" else int(port)
        family, kind, proto, _, at = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        try:
            if os.name != "nt":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(at)
            sock.listen(BACKLOG)
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        shown = f"[{host}]" if ":" in host else host
        return sock, f"tcp://{shown}:{sock.getsockname()[1]}"
    except OSError as error:
        reason = "the address is in use" if error.errno == 98 else error.strerror or str(error)
        raise TransportError(
            f"{what} cannot listen at {address}: {reason}; end the other program or choose another address"
        ) from None


def free_path(path: Path, what: str) -> None:
    """Makes way at an ipc path: a socket on which nobody listens any more is removed.

    Raises TransportError where somebody does, and where anything but a socket lies there.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise TransportError(
            f"{what} cannot listen at ipc://{path}: a {_kind(mode)} lies there and is left alone; choose another path"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)  # left by a predecessor that was killed
            return
        except OSError as error:
            raise TransportError(f"{what} cannot listen at ipc://{path}: {error.strerror or error}") from None
    raise TransportError(
        f"{what} cannot listen at ipc://{path}: the address is in use; end the other program or choose another address"
    )


def _at_path(path: Path, what: str) -> socket.socket:
    free_path(path, what)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"), (stat.S_ISFIFO, "pipe"), (stat.S_ISREG, "file"))
    return next((name for test, name in kinds if test(mode)), "device")
