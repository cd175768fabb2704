"""What waits for one reader outside, and how much one visitor may send. Pure.

Of pictures only the newest waits, of results a bounded queue: a reader that stands still costs the sensor nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

Frames = list[Any]

MOST_WAITING = 500
MOST_BYTES = 8 << 20


class Outlet:
    """Hands messages to `send` in order, as long as it takes them (True); keeps what it may keep of the others.

    `skipped` counts pictures that a newer one replaced, `dropped` results that found no room.
    """

    def __init__(self, send: Callable[[Frames], bool]) -> None:
        self._send = send
        self._queue: deque[tuple[Frames, int]] = deque()
        self._latest: dict[bytes, Frames] = {}
        self._bytes = 0
        self.skipped = self.dropped = 0

    @property
    def waiting(self) -> bool:
        """True while something waits."""
        return bool(self._queue or self._latest)

    @property
    def held(self) -> int:
        """Bytes of the results that wait, and how many pictures do, as bytes."""
        return self._bytes + sum(_size(frames) for frames in self._latest.values())

    def offer(self, topic: bytes, frames: Frames, *, latest: bool) -> None:
        """Takes one message."""
        if latest:
            if topic not in self._latest and not self._queue and self._send(frames):
                return
            self.skipped += topic in self._latest
            self._latest[topic] = frames
            return
        if not self.waiting and self._send(frames):
            return
        size = _size(frames)
        self._queue.append((frames, size))
        self._bytes += size
        while len(self._queue) > MOST_WAITING or self._bytes > MOST_BYTES:
            self._bytes -= self._queue.popleft()[1]
            self.dropped += 1

    def flush(self) -> None:
        """Sends what can be sent: results first."""
        while self._queue:
            frames, size = self._queue[0]
            if not self._send(frames):
                return
            self._queue.popleft()
            self._bytes -= size
        for topic in list(self._latest):
            if not self._send(self._latest[topic]):
                return
            del self._latest[topic]

    def forget(self) -> None:
        """Nothing waits any more."""
        self._queue.clear()
        self._latest.clear()
        self._bytes = 0


class Allowance:
    """So many messages a second, some more at once; what is over waits, and is not lost.

    Parameters
    ----------
    rate: messages per second in the long run.
    burst: how many may come at once.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, now

    def open(self, now: float) -> bool:
        """True while a message may be taken."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        return self._left >= 1

    def take(self) -> None:
        """One message was taken."""
        self._left -= 1


def _size(frames: Frames) -> int:
    return sum(len(frame) for frame in frames)
