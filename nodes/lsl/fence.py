"""Keeps the sockets of LSL to chosen interfaces: the library listens on all of them, whatever its settings say.

A filter of the kernel (socket(7), SO_ATTACH_FILTER) on every socket of this process drops whatever came in by another
interface. It cannot be taken off again, and what a fenced listener accepts is fenced too. Linux alone has it.
"""

import contextlib
import ctypes
import os
import socket
import struct
import sys
from pathlib import Path

import psutil

from liveaffect.stream.errors import UsageError

SO_ATTACH_FILTER, SO_LOCK_FILTER = 26, 44
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_INTERFACE = (-0x1000 + 8) & 0xFFFFFFFF
"""SKF_AD_OFF + SKF_AD_IFINDEX: where a filter reads by which interface a packet came."""
_ALL = 0xFFFFFFFF
FDS = Path("/proc/self/fd")
LOOPBACK, EVERYWHERE = "loopback", "all"


class Fence:
    """Fences the sockets of this process.

    Parameters
    ----------
    interface: "loopback", the name of an interface ("eth0"; this machine itself is let in too), or "all" for no fence.

    Raises
    ------
    UsageError: where there is no such interface, or none can be kept to on this system.
    """

    def __init__(self, interface: str = LOOPBACK) -> None:
        self.interface = interface
        self.address = ""
        """IPv4 address of the chosen interface; "" where none is."""
        self._fenced: set[int] = set()
        self._allowed: tuple[int, ...] = ()
        if interface == EVERYWHERE:
            return
        if sys.platform != "linux":
            raise UsageError(
                f"lsl.interface = '{interface}' cannot be kept to on this system, where LSL listens everywhere: "
                "set lsl.interface=all if all who reach this machine may read what it measures"
            )
        names = psutil.net_if_addrs()
        own = next((name for name, found in names.items() if any(a.address == "127.0.0.1" for a in found)), "lo")
        wanted = [own] if interface == LOOPBACK else [own, interface]
        for name in wanted:
            if name not in names:
                known = ", ".join(sorted(set(names) - {own}))
                raise UsageError(f"lsl.interface = '{name}' is no interface here: use loopback, all, or one of {known}")
        if interface != LOOPBACK:
            four = [a.address for a in names[interface] if a.family == socket.AF_INET]
            if not four:
                raise UsageError(
                    f"lsl.interface = '{interface}' has no IPv4 address: connect it first, or use loopback"
                )
            self.address = four[0]
        self._allowed = tuple(socket.if_nametoindex(name) for name in wanted)
        self._program = _program(self._allowed)

    def close(self) -> int:
        """Fences what is not fenced yet and cuts what got in before; returns how many sockets those were. Cheap."""
        if not self._allowed:
            return 0
        found = 0
        for entry in FDS.iterdir():
            with contextlib.suppress(FileNotFoundError):  # some are gone the next moment
                target = str(entry.readlink())
                if target.startswith("socket:[") and (inode := int(target[8:-1])) not in self._fenced:
                    found += self._put(int(entry.name))
                    self._fenced.add(inode)
        return found

    def _put(self, fd: int) -> bool:
        try:
            sock = socket.socket(fileno=os.dup(fd))
        except OSError:  # closed by its owner meanwhile
            return False
        with sock:
            if sock.family not in (socket.AF_INET, socket.AF_INET6):
                return False
            code = ctypes.create_string_buffer(self._program, len(self._program))
            words = struct.pack("HP", len(self._program) // 8, ctypes.addressof(code))
            try:
                sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, words)
                sock.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)
            except PermissionError:  # fenced and locked before
                return False
            if self.interface == LOOPBACK and sock.type == socket.SOCK_STREAM:
                with contextlib.suppress(OSError):
                    if not sock.getpeername()[0].startswith("127.") and sock.getpeername()[0] != sock.getsockname()[0]:
                        sock.shutdown(socket.SHUT_RDWR)
            return True


def _program(interfaces: tuple[int, ...]) -> bytes:
    """The filter in classic BPF: what came by one of these is let in whole, the rest is dropped."""
    steps = [(_LOAD, 0, 0, _INTERFACE)]
    steps += [(_EQUAL, len(interfaces) - place, 0, index) for place, index in enumerate(interfaces)]
    steps += [(_RETURN, 0, 0, 0), (_RETURN, 0, 0, _ALL)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
