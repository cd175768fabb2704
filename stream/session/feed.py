"""The messages of a session from some instant on, dressed for publishing again."""

import threading
from collections.abc import Collection, Iterable, Iterator

import msgspec

from liveaffect.stream.messages import Health, MediaSpan, Message
from liveaffect.stream.session.media.reader import MediaStore
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import AUDIO, VIDEO, topic_of

STARTS_PER_ROUND = 1000
"""Each round of a loop, and each seek, gets starts of its own, so that `seq` never goes back within one."""
EARLIER_NS = 2_000_000_000
"""Recorded order is nearly that of publication: reading begins so long before."""


def spoken(
    reader: SessionReader,
    topics: Collection[str],
    spans: Iterable[MediaSpan],
    *,
    from_ns: int,
    log_offset_ns: int,
    number: int,
    marked: bool,
    stopped: threading.Event,
) -> Iterator[tuple[int, Message]]:
    """When each message was published (offline: when its content was used), and the message, pixels and sound attached.

    Parameters
    ----------
    spans: where pixels and sound lie.
    from_ns: leaves out what was published before; `log_offset_ns` is the recording's log time minus that clock.
    number: of the round or seek.
    marked: the first message of a topic says that there is a gap before it.
    stopped: ends it.
    """
    store = MediaStore(reader.folder, spans)
    begun: set[str] = set()
    for topic, message in reader.messages(topics, from_ns=from_ns + log_offset_ns - EARLIER_NS):
        if stopped.is_set():
            return
        at_ns = message.pub_ns or message.t_ns + topic.delay_ns
        if at_ns < from_ns:
            continue
        filled = store.attach(message) if topic_of(message) in (VIDEO, AUDIO) else None
        message = message if filled is None else filled
        message.incarnation += number * STARTS_PER_ROUND
        if marked and topic.name not in begun and hasattr(message, "gap"):
            message = msgspec.structs.replace(message, gap=True)
        if isinstance(message, Health):
            message.process = f"recorded {message.process}"
        begun.add(topic.name)
        yield at_ns, message
