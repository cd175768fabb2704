"""Runs the source of a capture node in a thread, as a host would, and keeps what comes out."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from liveaffect.stream.messages import Message
from liveaffect.stream.topics import Topic


class LiveContext:
    """SourceContext on the monotonic clock."""

    live = True

    def __init__(self, epoch_ns: int | None = None) -> None:
        self.epoch_ns = time.monotonic_ns() if epoch_ns is None else epoch_ns
        self.info: dict[str, Any] = {}
        self.drops: dict[str, int] = {}
        self.stop = False
        self.ahead_ns = 0
        """Set it to let this context's clock leap, as for a host that was busy elsewhere."""

    def now_ns(self) -> int:
        return time.monotonic_ns() + self.ahead_ns

    def stopping(self) -> bool:
        return self.stop

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        self.drops[cause] = self.drops.get(cause, 0) + count

    def report(self, **info: Any) -> None:
        self.info.update(info)


class RunningSource:
    """A source in a thread, until it ends or the `with` block does."""

    def __init__(self, source: Callable[[LiveContext], Iterator[Message | None]], epoch_ns: int | None = None) -> None:
        self.context = LiveContext(epoch_ns)
        self.messages: list[Any] = []
        self.seen_ns: list[int] = []
        """When each message came out (monotonic)."""
        self.longest_silence_s = 0.0
        """Longest time between two yields, None included."""
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(source,), daemon=True)

    def __enter__(self) -> "RunningSource":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.context.stop = True
        self._thread.join(120)
        assert not self._thread.is_alive(), "the source does not end when it is asked to stop"

    def wait(self, condition: Callable[[], bool], limit_s: float = 120.0) -> None:
        """Waits until `condition` holds; fails where it does not, or where the source raised."""
        end = time.monotonic() + limit_s
        while not condition():
            if self.error is not None:
                raise self.error
            assert time.monotonic() < end, f"nothing of the kind in {limit_s} s; last: {self.context.info}"
            time.sleep(0.005)

    def wait_for(self, test: Callable[[Any], bool], *, after: int = 0, limit_s: float = 120.0) -> int:
        """Index of the first message from `after` on that passes `test`."""
        index = after

        def found() -> bool:
            nonlocal index
            while index < len(self.messages):
                if test(self.messages[index]):
                    return True
                index += 1
            return False

        self.wait(found, limit_s)
        return index

    def wait_end(self, limit_s: float = 120.0) -> None:
        """Waits until the source returns by itself."""
        self.wait(lambda: not self._thread.is_alive(), limit_s)

    def _run(self, source: Callable[[LiveContext], Iterator[Message | None]]) -> None:
        last_ns = time.monotonic_ns()
        try:
            for message in source(self.context):
                now_ns = time.monotonic_ns()
                self.longest_silence_s = max(self.longest_silence_s, (now_ns - last_ns) / 1e9)
                last_ns = now_ns
                if message is not None:
                    self.seen_ns.append(now_ns)
                    self.messages.append(message)
        except BaseException as error:
            self.error = error
