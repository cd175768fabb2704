"""A source's context whose clock goes on only while somebody waits for it: hours of replay in no time."""

from collections.abc import Iterator
from typing import Any

import pytest

SECOND = 1_000_000_000


class WaitingClock:
    """A SourceContext that stops after `limit_s`; every look at the clock takes `look_ns`."""

    live, epoch_ns = True, 1000 * SECOND

    def __init__(self, limit_s: float = 120.0, look_ns: int = 200_000) -> None:
        self.now, self.end, self._look_ns = self.epoch_ns, self.epoch_ns + int(limit_s * SECOND), look_ns

    def now_ns(self) -> int:
        self.now += self._look_ns
        return self.now

    def stopping(self) -> bool:
        return self.now > self.end

    def dropped(self, topic: Any, count: int, cause: str) -> None: ...

    def report(self, **info: Any) -> None: ...


def replay_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replayer's waits move the clock instead."""

    def skip(due_ns: int, context: WaitingClock) -> Iterator[None]:
        context.now = max(context.now, due_ns)
        yield None

    monkeypatch.setattr("liveaffect.nodes.replayer.wait_until", skip)
