"""Who reaches the gateway: addresses, the keys that listening beyond this machine needs, the announcement."""

import contextlib
import ipaddress
import json
import os
from pathlib import Path
from typing import Any

import platformdirs
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from liveaffect.stream.errors import TransportError, UsageError


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


def require_keys(context: zmq.Context[Any], address: str, keys: str) -> ThreadAuthenticator | None:
    check_address(address, keys)
    if not keys:
        return None
    if not (Path(keys) / "server.key_secret").is_file():
        raise TransportError(f'{keys} holds no server.key_secret: run "liveaffect keys {keys}"')
    auth = ThreadAuthenticator(context)
    auth.start()
    auth.configure_curve(domain="*", location=str(Path(keys) / "admitted"))
    return auth


def announcement() -> Path:
    """The file that tells programs of this user where the newest gateway listens."""
    return Path(platformdirs.user_cache_dir("liveaffect")) / "gateway.json"


def announced() -> str:
    """Where the newest gateway of this user listens; "" where none has said so."""
    try:
        return str(json.loads(announcement().read_text("utf-8"))["address"])
    except (OSError, ValueError, KeyError):
        return ""


def announce(address: str) -> None:
    path = announcement()
    temporary = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a read-only home: programs then need the address
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"address": address, "pid": os.getpid()}), "utf-8")
        temporary.replace(path)


def withdraw(address: str) -> None:
    if announced() == address:
        with contextlib.suppress(OSError):
            announcement().unlink()
