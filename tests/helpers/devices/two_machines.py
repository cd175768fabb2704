"""Two machines made of one: each has a network of its own, and a relay between them delays, shuffles and drops packets.

with TwoMachines() as between:
    between.way(delay_s=0.1, jitter_s=0.01, loss=0.05)
    sensor = between.start("sensor", [sys.executable, ...])     # it listens at tcp://0.0.0.0:..., reached at HERE
    reader = between.start("reader", [sys.executable, ...])     # its monotonic clock is an hour ahead

Linux, for root: network namespaces joined by two TUN devices, so that loss and order are those of IP packets and the
system's own TCP has to cope; a time namespace for the reader.
"""

import ctypes
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

HERE, THERE = "10.9.0.1", "10.9.0.2"
"""Where the sensor is reached, and where the reader is."""
AHEAD_S = 3600
"""So far is the reader's monotonic clock ahead."""
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MOST_WAITING = 1000
"""Packets on the way at once, each way; a router drops what is more."""


def why_not() -> str:
    """Why two machines cannot be made here, or ""."""
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun may not be opened"
    tried = subprocess.run(
        ["unshare", "--net", "--time", "--monotonic", "1", "ip", "link", "set", "lo", "up"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return tried.stderr.strip() if tried.returncode else ""


class TwoMachines:
    """The networks, the way between them, and the programs that run in them."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._delay_s = self._jitter_s = self._loss = 0.0
        self._cut = False
        self._over = threading.Event()
        self._keepers: list[subprocess.Popen[str]] = []
        self._programs: list[subprocess.Popen[str]] = []
        self.carried = self.lost = 0
        """Packets."""

    def way(self, delay_s: float = 0.0, jitter_s: float = 0.0, loss: float = 0.0) -> None:
        """What each way does to a packet: `delay_s` and up to `jitter_s` more, a share of `loss` never arrives."""
        self._delay_s, self._jitter_s, self._loss = delay_s, jitter_s, loss

    def cut(self, off: bool) -> None:
        """The cable is pulled, or put back: what is sent meanwhile is lost."""
        self._cut = off

    def start(self, machine: str, words: list[str], **others: Any) -> "subprocess.Popen[str]":
        """A program on one of them, "sensor" or "reader", with its input and output as pipes of text."""
        keeper = self._keepers[machine == "reader"]
        clock = ["unshare", "--time", "--monotonic", str(AHEAD_S), "--"] if machine == "reader" else []
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, **others}
        program = subprocess.Popen(["nsenter", "-t", str(keeper.pid), "-n", *clock, *words], **pipes)
        self._programs.append(program)
        return program

    def __enter__(self) -> "TwoMachines":
        try:
            ends = [self._machine(mine, other) for mine, other in ((HERE, THERE), (THERE, HERE))]
        except BaseException:
            self._end()
            raise
        self._thread = threading.Thread(target=self._relay, args=ends, name="relay", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._end()

    def _end(self) -> None:
        for program in (*self._programs, *self._keepers):
            program.kill()
            program.wait()
            for pipe in (program.stdin, program.stdout):
                if pipe is not None:
                    pipe.close()

    def _machine(self, mine: str, other: str) -> int:
        """A network with one cable; the relay's end of that."""
        keep = ["unshare", "--net", "sh", "-c", "echo up; exec cat"]
        keeper = subprocess.Popen(keep, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._keepers.append(keeper)
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "up\n"
        made: list[int | OSError] = []
        maker = threading.Thread(target=_open_cable, args=(keeper.pid, made))  # it ends in the other network
        maker.start()
        maker.join()
        if isinstance(made[0], OSError):
            raise made[0]
        for line in (
            "link set lo up", f"addr add {mine} peer {other} dev cable", "link set cable txqueuelen 1000 up",
        ):  # fmt: skip
            subprocess.run(["nsenter", "-t", str(keeper.pid), "-n", "ip", *line.split()], check=True)
        return made[0]

    def _relay(self, here: int, there: int) -> None:
        way: list[tuple[float, int, int, bytes]] = []
        number = 0
        poll = select.poll()
        for end in (here, there):
            poll.register(end, select.POLLIN)
        while not self._over.is_set():
            left = way[0][0] - time.monotonic() if way else 0.2
            for end, _ in poll.poll(min(200.0, max(0.0, 1000 * left))):
                packet = os.read(end, 65536)
                if self._cut or self._random.random() < self._loss or len(way) > 2 * MOST_WAITING:
                    self.lost += 1
                    continue
                number += 1
                late = self._delay_s + self._random.uniform(0.0, self._jitter_s)
                heapq.heappush(way, (time.monotonic() + late, number, there if end == here else here, packet))
            while way and way[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(way)
                os.write(end, packet)
                self.carried += 1
        for end in (here, there):
            os.close(end)


def _open_cable(pid: int, made: list[int | OSError]) -> None:
    """A TUN device in the network of that process; what is written to it arrives there."""
    import fcntl  # Windows has none

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{pid}/ns/net").open("rb") as space:
            if libc.setns(space.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        cable = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(cable, TUNSETIFF, struct.pack("16sH22x", b"cable", IFF_TUN | IFF_NO_PI))
        made.append(cable)
    except OSError as error:
        made.append(error)
