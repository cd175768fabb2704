"""Nodes that write down by themselves what they publish and process, so that a ledger can be held against them.

A line is in the file, by one system call, before a message is handed on or when it has been read: it survives kill -9.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from liveaffect.stream.messages import Array, Message, VideoFrame
from liveaffect.stream.node import Node, SourceContext, on, source
from liveaffect.stream.topics import VIDEO, Topic

OVERRUN_EVERY = 10
PICTURE = np.zeros((32, 48, 3), np.uint8)


class Looked(Message):
    """Which frame was looked at."""

    frame_seq: int


class Burst(Message):
    """Comes faster than anyone can read."""

    load: Array | None = None


LOOKED = Topic("witness/looked", Looked, rate_hz=30)
BURST = Topic("witness/burst", Burst, rate_hz=20, record="header")


class Witness:
    """A file of numbers, one per line, each behind the number of the start that wrote it."""

    def __init__(self, folder: str, name: str, incarnation: int) -> None:
        self._file = os.open(Path(folder) / f"{name}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._start = incarnation

    def saw(self, number: int) -> None:
        """Writes one line."""
        os.write(self._file, b"%d %d\n" % (self._start, number))


def witnessed(folder: Path, name: str) -> list[tuple[int, int]]:
    """Start and number of every line that is whole."""
    path = folder / f"{name}.txt"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [(int(start), int(number)) for start, number in (line.split() for line in lines)]


class Filmer(Node):
    """A camera at 100 frames a second that loses every tenth."""

    folder: str

    @source(emits=VIDEO)
    def frames(self, context: SourceContext) -> Iterator[VideoFrame | None]:
        published = Witness(self.folder, "filmed", self.host.incarnation)
        lost = Witness(self.folder, "overrun", self.host.incarnation)
        pause = threading.Event()
        for number in range(1, 1_000_000):
            if context.stopping():
                return
            pause.wait(0.01)
            if number % OVERRUN_EVERY == 0:
                context.dropped(VIDEO, 1, "overrun")
                lost.saw(number)
                continue
            published.saw(number)
            yield VideoFrame(t_ns=context.now_ns(), image=PICTURE, frame_index=number)


class Looker(Node):
    """Needs longer for a frame than the frame lasts."""

    folder: str
    takes_s: float = 0.025

    def open(self) -> None:
        self._witness = Witness(self.folder, "looked", self.host.incarnation)

    @on(VIDEO, emits=LOOKED)
    def look(self, frame: VideoFrame) -> Looked:
        threading.Event().wait(self.takes_s)
        self._witness.saw(frame.seq)
        return Looked(t_ns=frame.t_ns, frame_seq=frame.seq)


class Burster(Node):
    """So many messages at once, then one a tenth of a second, so that what was lost before them shows."""

    folder: str
    count: int = 8000

    @source(emits=BURST)
    def feed(self, context: SourceContext) -> Iterator[Burst | None]:
        published = Witness(self.folder, "burst", self.host.incarnation)
        load, pause = np.zeros(2048, np.uint8), threading.Event()
        for number in range(1_000_000):
            if context.stopping():
                return
            if number >= self.count:
                pause.wait(0.1)
            published.saw(number)
            yield Burst(t_ns=context.now_ns(), load=load)


class Taker(Node):
    """Takes everything, slowly at first."""

    folder: str
    slow_until: int = 300
    takes_s: float = 0.005

    def open(self) -> None:
        self._witness = Witness(self.folder, "taken", self.host.incarnation)
        self._count = 0

    @on(BURST)
    def take(self, burst: Burst) -> None:
        self._count += 1
        if self._count < self.slow_until:
            threading.Event().wait(self.takes_s)
        self._witness.saw(burst.seq)
