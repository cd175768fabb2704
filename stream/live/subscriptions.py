"""Who reads what of one publisher. Pure: a word is counted for the peer that said it, so a forged one mutes nobody.

With XPUB_VERBOSER every word arrives, and those of a peer that has gone arrive without its name.
"""

MOST_TOPICS = 4096
MOST_BYTES = 200


class Subscriptions:
    """Counts the readers of each topic, or beginning of topics."""

    def __init__(self) -> None:
        self._count: dict[bytes, int] = {}
        self._peers: dict[bytes, set[int]] = {}
        self.refused = 0

    def hear(self, word: bytes, peer: int | None) -> None:
        """One word: 1 or 0 and the topic; `peer` is the descriptor it came from, None where nobody knows."""
        topic, begins = word[1:], word[:1] == b"\1"
        if word[:1] not in (b"\0", b"\1") or len(topic) > MOST_BYTES:
            self.refused += 1
            return
        count, peers = self._count.get(topic, 0), self._peers.setdefault(topic, set())
        gone = len(peers) > count  # of some that have left only the number is known
        if begins and (peer is None or peer not in peers or gone):
            if count == 0 and len(self._count) >= MOST_TOPICS:
                self.refused += 1
                self._peers.pop(topic)
                return
            count += 1
        elif not begins and (peer is None or peer in peers):
            count -= 1
        else:
            self.refused += 1
        if peer is not None:
            (peers.add if begins else peers.discard)(peer)
        if count > 0:
            self._count[topic] = count
        else:
            self._count.pop(topic, None)
            self._peers.pop(topic, None)

    def count(self, topic: bytes) -> int:
        """How many ask for exactly this."""
        return self._count.get(topic, 0)

    def wanted(self, topic: bytes) -> bool:
        """True when anybody asks for the topic or for a beginning of it."""
        return any(topic.startswith(one) for one in self._count)
