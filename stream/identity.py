"""Which process is meant: its number alone is given to another one sooner or later, and always in a container.

Two processes are the same where boot, process space, number and start agree.
"""

import os
from pathlib import Path
from typing import Literal

import msgspec
import psutil

Fate = Literal["running", "gone", "elsewhere"]
PROC = Path("/proc")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One process, named so that no other is taken for it."""

    boot: str
    """Id of the machine's start; "" where the system has none."""
    space: int
    """The process space (a container has its own) in which `pid` counts; 0 where there is but one."""
    pid: int
    started: int
    """When it began: clock ticks since boot on Linux, milliseconds of wall time elsewhere."""

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """A process that runs now, or None."""
        started = _started(pid)
        return None if started is None else cls(boot=boot_id(), space=_space(), pid=pid, started=started)

    @classmethod
    def mine(cls) -> "Identity":
        """This process."""
        found = cls.of(os.getpid())
        assert found is not None, "a process knows itself"
        return found

    def fate(self) -> Fate:
        """Whether it still runs; "elsewhere" where that cannot be known from here: it belongs to another machine or
        to another container. After a restart of the machine its old processes are "elsewhere" too."""
        if (self.boot, self.space) != (boot_id(), _space()):
            return "elsewhere"
        return "running" if _started(self.pid) == self.started else "gone"


def boot_id() -> str:
    """Id of this start of the machine; "" where the system gives none."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _space() -> int:
    try:
        return (PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _started(pid: int) -> int | None:
    """When the process began, None where there is none or it has ended and only waits to be collected."""
    if pid <= 0:
        return None
    try:
        if (PROC / "self/stat").exists():
            fields = (PROC / f"{pid}/stat").read_bytes().rpartition(b") ")[2].split()  # a name may hold anything
            return None if fields[0] in (b"Z", b"X") else int(fields[19])
        return round(psutil.Process(pid).create_time() * 1000)
    except (OSError, psutil.Error):
        return None
