"""What capture nodes share: a thread that reads where reading may block, so that the source itself never does."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from liveaffect.stream.node import SourceContext

T = TypeVar("T")
PATIENCE_S = 0.025
"""Longest wait of a source between two yields; the host wants one every 50 ms."""
NOTICE_NS = 500_000_000
"""Time between two messages that say that there is no device."""
BACKOFF_S = (0.25, 0.5, 1.0, 2.0)
"""Waits before a device is opened again; the last one for ever."""


class ReadAhead(Generic[T]):
    """Runs an iterator in a thread and hands its items over.

    Parameters
    ----------
    make: called in the thread with `stopped` (an Event to look at), gives the iterator.
    depth: how many items wait at most.
    replace: None: the thread waits for room. Otherwise a test: when full, the oldest waiting item that passes it is
        thrown away and counted in `replaced` (a camera does not wait).
    """

    def __init__(
        self,
        make: Callable[[threading.Event], Iterator[T]],
        *,
        depth: int,
        name: str,
        replace: Callable[[T], bool] | None = None,
    ) -> None:
        self.stopped = threading.Event()
        self.replaced = 0
        self.error: BaseException | None = None
        self._make, self._depth, self._replace = make, depth, replace
        self._items: deque[T] = deque()
        self._change = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def get(self, timeout_s: float = PATIENCE_S) -> T | None:
        """The next item, or None where there is none within the time. Raises what the iterator raised."""
        with self._change:
            if not self._items and not self._done:
                self._change.wait(timeout_s)
            if self._items:
                item = self._items.popleft()
                self._change.notify_all()
                return item
            if self.error is not None:
                raise self.error
            return None

    def peek(self) -> T | None:
        """The item `get` would give, left where it is."""
        with self._change:
            return self._items[0] if self._items else None

    @property
    def ended(self) -> bool:
        """True when the iterator has ended and everything has been taken."""
        with self._change:
            return self._done and not self._items and self.error is None

    def take_replaced(self) -> int:
        """How many items were thrown away since the last call."""
        with self._change:
            count, self.replaced = self.replaced, 0
            return count

    def close(self, wait_s: float = 1.0) -> bool:
        """Asks the thread to end; False where it is still stuck in a read (it is a daemon and is left behind)."""
        self.stopped.set()
        with self._change:
            self._items.clear()
            self._change.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for item in self._make(self.stopped):
                if not self._put(item):
                    break
        except BaseException as error:
            self.error = error
        with self._change:
            self._done = True
            self._change.notify_all()

    def _put(self, item: T) -> bool:
        with self._change:
            if self._replace is not None and len(self._items) >= self._depth:
                for index, waiting in enumerate(self._items):
                    if self._replace(waiting):
                        del self._items[index]
                        self.replaced += 1
                        break
            while self._replace is None and len(self._items) >= self._depth and not self.stopped.is_set():
                self._change.wait(0.5)
            if self.stopped.is_set():
                return False
            self._items.append(item)
            self._change.notify_all()
            return True


def wait_until(due_ns: int, context: SourceContext, pause: threading.Event | None = None) -> Iterator[None]:
    """Yields None while `due_ns` is ahead, in steps short enough for the host; ends at once when stopping."""
    pause = pause or threading.Event()
    while not context.stopping():
        left_s = (due_ns - context.now_ns()) / 1e9
        if left_s <= 0:
            return
        pause.wait(min(left_s, PATIENCE_S))
        if left_s > PATIENCE_S:
            yield None


class Notices:
    """Decides when it is time to say again that there is no device: at once, then twice a second."""

    def __init__(self) -> None:
        self._next_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """True when a message should go out now."""
        if self._next_ns is not None and now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + NOTICE_NS
        return True

    def clear(self) -> None:
        """The device is back."""
        self._next_ns = None
