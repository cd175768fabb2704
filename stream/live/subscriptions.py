"""Who reads what of one publisher. A word counts for the connection that said it, so a forged one mutes nobody.

With XPUB_VERBOSER every word arrives; those of a connection that has gone arrive without its name, and are then taken
as a hint to look who is still there.
"""

import contextlib
import os
from collections.abc import Callable, Hashable
from typing import cast

MOST_TOPICS = 4096
MOST_BYTES = 200


class Subscriptions:
    """Counts the readers of each topic, or beginning of topics.

    Parameters
    ----------
    alive: whether a connection is still there.
    """

    def __init__(self, alive: Callable[[Hashable], bool]) -> None:
        self._alive = alive
        self._peers: dict[bytes, set[Hashable]] = {}
        self._nameless: dict[bytes, int] = {}
        self._left: dict[bytes, int] = {}
        """Topic -> how many of its readers are said to have gone, and still seem to be there."""
        self.refused = 0

    def hear(self, word: bytes, peer: Hashable | None) -> None:
        """One word: 1 or 0 and the topic; `peer` is the connection it came by, None where nobody knows."""
        topic, begins = word[1:], word[:1] == b"\1"
        known = topic in self._peers or topic in self._nameless
        full = begins and not known and len(self._peers) + len(self._nameless) >= MOST_TOPICS
        if word[:1] not in (b"\0", b"\1") or len(topic) > MOST_BYTES or full:
            self.refused += 1
        elif begins and peer is not None:
            self._peers.setdefault(topic, set()).add(peer)
        elif begins:
            self._nameless[topic] = self._nameless.get(topic, 0) + 1
        elif peer is not None:
            self._end(topic, {peer})
        elif topic in self._peers:
            self._left[topic] = self._left.get(topic, 0) + 1
        elif self._nameless.get(topic, 0) > 1:
            self._nameless[topic] -= 1
        else:
            self._nameless.pop(topic, None)

    def settle(self) -> None:
        """Looks for those that are said to have gone."""
        for topic, count in list(self._left.items()):
            gone = {peer for peer in self._peers.get(topic, ()) if not self._alive(peer)}
            self._end(topic, gone)
            if count <= len(gone) or topic not in self._peers:
                del self._left[topic]
            else:
                self._left[topic] = count - len(gone)

    def count(self, topic: bytes) -> int:
        """How many ask for exactly this."""
        return len(self._peers.get(topic, ())) + self._nameless.get(topic, 0)

    def wanted(self, topic: bytes) -> bool:
        """True when anybody asks for the topic or for a beginning of it."""
        return any(topic.startswith(one) for asked in (self._peers, self._nameless) for one in asked)

    def _end(self, topic: bytes, gone: set[Hashable]) -> None:
        peers = self._peers.get(topic, set())
        self.refused += len(gone - peers)
        peers -= gone
        if not peers:
            self._peers.pop(topic, None)


def connection(descriptor: int) -> Hashable:
    """Names a connection of this process, so that a later one of the same descriptor is another."""
    with contextlib.suppress(OSError):
        return descriptor, os.fstat(descriptor).st_ino
    return descriptor, -1


def there(peer: Hashable) -> bool:
    """True while the connection is open."""
    assert isinstance(peer, tuple)
    descriptor, file = cast("tuple[int, int]", peer)
    return file != -1 and connection(descriptor) == peer
