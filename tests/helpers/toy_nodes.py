"""Small nodes with topics of their own, for tests of the hosts: a package outside liveaffect looks like this."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from liveaffect.stream.messages import Ack as AckMessage
from liveaffect.stream.messages import Array, Command, Message, Tick
from liveaffect.stream.node import Node, SourceContext, answered, command, on, source
from liveaffect.stream.topics import ACK, COMMAND, TICK, Topic


class Count(Message):
    """A number and an array full of it."""

    number: int
    filled: Array | None = None


class Slow(Message):
    """The same number, said later."""

    number: int


class Sum(Message):
    """What was known at one instant."""

    number: int
    slow: int
    ticks: int


COUNT = Topic("toy/count", Count, rate_hz=50)
SLOW = Topic("toy/slow", Slow, rate_hz=50, delay_ms=60)
SUM = Topic("toy/sum", Sum, rate_hz=50)


class ResetArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `reset`."""

    to: int = -1


class Counter(Node):
    """Counts up at a steady rate."""

    rate_hz: float = 50.0
    limit: int = 1_000_000
    fail_at: int = -1

    @source(emits=COUNT)
    def count(self, context: SourceContext) -> Iterator[Count | None]:
        number = 0
        while number < self.limit and not context.stopping():
            t_ns = context.epoch_ns + int(number * 1e9 / self.rate_hz)
            while context.live and context.now_ns() < t_ns:
                time.sleep(min(0.02, max(0.0, (t_ns - context.now_ns()) / 1e9)))
                if context.now_ns() < t_ns:
                    yield None
            yield Count(t_ns=t_ns, number=number, filled=np.full((3, 5), number, np.int32))
            number += 1
            if number == self.fail_at:
                raise RuntimeError("the counter broke on purpose")


class Delay(Node):
    """Repeats every number under a topic with a delay."""

    hang_at: int = -1
    hang: Literal["sleeps", "spins", "grips"] = "sleeps"
    """How: waiting for nothing, on a CPU, or on a CPU without ever letting another thread of its process run."""
    tell: str = ""
    """A file that tells when (monotonic ns)."""

    @on(COUNT, emits=SLOW)
    def repeat(self, count: Count) -> Slow:
        if count.number == self.hang_at and self.tell:
            Path(self.tell).write_text(str(time.monotonic_ns()), "ascii")
        while count.number == self.hang_at:
            if self.hang == "grips":
                sum(range(1 << 40))
            elif self.hang == "sleeps":
                time.sleep(1.0)
        return Slow(t_ns=count.t_ns, number=count.number)


class Adder(Node):
    """Says, at every number, what it knows: its output depends on the order of its inputs."""

    def open(self) -> None:
        self._slow = -1
        self._ticks = 0

    @on(COUNT, emits=SUM)
    def add(self, count: Count) -> Sum:
        assert count.filled is None or int(count.filled.sum()) == 15 * count.number
        return Sum(t_ns=count.t_ns, number=count.number, slow=self._slow, ticks=self._ticks)

    @on(SLOW)
    def note(self, slow: Slow) -> None:
        self._slow = slow.number

    @on(TICK)
    def tick(self, tick: Tick) -> None:
        self._ticks += 1

    @on(COMMAND, emits=ACK)
    @command("reset", ResetArguments)
    def obey(self, command: Command) -> AckMessage | None:
        return answered(self, command, self._obey)

    def _obey(self, command: Command) -> str:
        self._slow = msgspec.convert(command.arguments, ResetArguments).to
        return ""


class Broken(Node):
    """Cannot be opened."""

    @on(COUNT)
    def take(self, count: Count) -> None:
        return None

    def open(self) -> None:
        raise RuntimeError("cannot be opened on purpose")
