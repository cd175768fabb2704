"""What went wrong beside a recording that goes on: messages that no recording can hold, a video without its encoder."""

import struct

from liveaffect.stream.session.info import Missing, SessionInfo

UNWRITABLE = (ValueError, TypeError, NotImplementedError, OverflowError, RecursionError, struct.error)
"""What a message raises that has no place in JSON or in an MCAP file."""
MOST_REASONS = 20
"""Different reasons that are written down."""


class Troubles:
    """Writes them into a manifest, each once, and tells them in words."""

    def __init__(self, info: SessionInfo) -> None:
        self._info = info
        self._told: list[str] = []
        self._refused: dict[str, int] = {}

    def refuse(self, topic: str, error: Exception) -> None:
        """One message of a topic is left out: its gap stands in the ledger."""
        count = self._refused[topic] = self._refused.get(topic, 0) + 1
        why = f"cannot be recorded ({str(error)[:200]})"
        known = next((item for item in self._info.missing if item.topic == topic and item.why == why), None)
        if known is not None and known.messages is not None:
            known.messages += 1
        elif count < MOST_REASONS:
            self._info.missing.append(Missing(topic=topic, messages=1, why=why))

    def tell(self, topic: str, text: str) -> bool:
        """Something of a topic is not stored from here on; False where that was said before."""
        if text in self._told or len(self._told) >= MOST_REASONS:
            return False
        self._told.append(text)
        self._info.missing.append(Missing(topic=topic, messages=None, why=text))
        return True

    def words(self) -> list[str]:
        """All of it, a sentence each."""
        counts = sorted(self._refused.items())
        return [*self._told, *(f"{count} messages of {topic} could not be recorded" for topic, count in counts)]


def in_words(error: Exception) -> str:
    """Why a recording had to end, and what becomes of what was written."""
    if isinstance(error, FileNotFoundError):
        return "the folder of the recording is gone: recording ended"
    full = getattr(error, "errno", None) in (28, 27, 122)  # ENOSPC, EFBIG, EDQUOT
    what = "the disk is full" if full else f"writing failed ({getattr(error, 'strerror', None) or error})"
    return f"{what}: recording ended, what was written before is readable"
