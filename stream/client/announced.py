"""How programs of one user find the sensor that runs: each gateway leaves a file that names its address and its keys.

A file whose process is gone counts for nothing, and the newest of the others is taken.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from liveaffect.stream.client.access import is_loopback, own_folder, own_keys, split
from liveaffect.stream.identity import Identity
from liveaffect.stream.session.files import replace_with


@dataclass(frozen=True)
class Announcement:
    """One gateway that runs."""

    address: str
    keys: str
    begun: float
    """Wall time; the newest counts."""


def announced() -> str:
    """Where the newest gateway of this user listens; "" where none runs that said so."""
    found = running()
    return found[0].address if found else ""


def several() -> str:
    """Words on which of several sensors is taken where no address says; "" where no more than one runs."""
    found = [f"{one.address} (since {datetime.fromtimestamp(one.begun):%H:%M:%S})" for one in running()]
    if len(found) < 2:
        return ""
    return (
        f"{len(found)} sensors run here, and the newest is taken: {found[0]}. "
        f"Give an address to have another: {', '.join(found[1:])}"
    )


def keys_for(address: str) -> str:
    """The keys that open `address` to a program of its own user; "" where it needs none, or none are known."""
    for one in running():
        if one.address == address:
            return one.keys
    return own_keys(make=False) if address.startswith("tcp://") and is_loopback(split(address)[0]) else ""


def running() -> list[Announcement]:
    """Every announced gateway whose process lives, the newest first."""
    found: list[Announcement] = []
    with contextlib.suppress(OSError):
        for path in own_folder().glob("*.json"):
            one = _read(path)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda one: -one.begun)


def announce(address: str, keys: str, begun: float) -> Path | None:
    """Leaves word of a gateway of this process; None where the user's folder cannot be written."""
    keys = str(Path(keys).resolve()) if keys else ""  # who reads it stands in another folder
    told = {"address": address, "keys": keys, "begun": begun, "pid": os.getpid(), "started": started(os.getpid())}
    with contextlib.suppress(OSError):  # a read-only home: programs then need the address
        path = own_folder() / f"{os.getpid()}-{int(begun * 1e6)}.json"
        replace_with(path, json.dumps(told).encode(), mode=0o600)
        return path
    return None


def withdraw(path: Path | None) -> None:
    """Takes the word back."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()


def started(pid: int) -> str:
    """When a process began, as a word that no later process of this number shares; "" where it is gone."""
    found = Identity.of(pid)
    return "" if found is None else f"{found.boot} {found.space} {found.started}"


def _read(path: Path) -> Announcement | None:
    """None for what is no announcement; one whose process is gone is removed too."""
    try:
        told = json.loads(path.read_text("utf-8"))
        one = Announcement(str(told["address"]), str(told["keys"]), float(told["begun"]))
        alive = started(int(told["pid"])) == told["started"] != ""
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if alive:
        return one
    withdraw(path)
    return None
