"""The replayer: a recorded session as a source, so that views, programs and nodes cannot tell it from a live run."""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from liveaffect.stream.capture import ReadAhead, wait_until
from liveaffect.stream.errors import RecordError, UsageError
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.node import Node, SourceContext, source
from liveaffect.stream.session_media import MediaStore
from liveaffect.stream.session_reader import SessionReader
from liveaffect.stream.topics import HEALTH, MARKER, MEDIA, REGISTRY, Topic, topic_of

AHEAD = 64
STARTS_PER_ROUND = 1000
"""Each round of a loop gets starts of its own, so that `seq` never goes back within one."""


class Replayer(Node):
    """Publishes the results, markers and health of a session at the pace and in the order of their publication.

    Ticks, drops, commands and their answers stay in the recording: they were for the hosts and nodes of that run.
    """

    replays: ClassVar[bool] = True

    session: str
    """Folder of the session."""
    speed: float = 1.0
    """How many times faster than it was; 0 is as fast as it goes."""
    seek_s: float = 0.0
    """Begin so long after the first message."""
    loop: bool = False
    """Begin again at the end."""
    without: tuple[str, ...] = ()
    """Topics to leave out, because nodes of this graph make them anew."""
    shift: bool = False
    """Moves all times so that the first message is of now: for nodes that run on what is replayed."""

    def emitted(self) -> tuple[Topic[Any], ...]:
        """Topics of the session. Raises RecordError where it is none."""
        reader = SessionReader(self.session)
        names = {name for name in reader.topics() if name not in self.without}
        kept = [REGISTRY[name] for name in sorted(names) if name in REGISTRY]
        return tuple(topic for topic in kept if not topic.host or topic in (HEALTH, MARKER))

    def open(self) -> None:
        if self.speed < 0 or self.seek_s < 0:
            raise UsageError("replay: speed and seek must not be negative")
        if self.shift and self.speed != 1:
            raise UsageError("replay: nodes can be run again only at speed 1: their filters know real time")
        self._reader = SessionReader(self.session)
        self._names = {topic.name for topic in self.emitted()}
        spans = (message for _, message in self._reader.messages([MEDIA.name]))
        self._store = MediaStore(self._reader.folder, spans)  # type: ignore[arg-type]
        self._first_ns = next((_spoken_ns(m) for _, m in self._reader.messages(self._names)), None)
        if self._first_ns is None:
            raise RecordError(f"{self.session} holds no message that could be replayed")

    @source()
    def play(self, context: SourceContext) -> Iterator[Message | None]:
        """The session, once or for ever."""
        rounds = 0
        while not context.stopping():
            count = 0
            for message in self._round(context, rounds):
                count += message is not None
                yield message
            if not self.loop:
                return
            if not count:
                raise UsageError(f"replay: the session is shorter than {self.seek_s} s")
            rounds += 1

    def _round(self, context: SourceContext, number: int) -> Iterator[Message | None]:
        assert self._first_ns is not None
        from_ns = self._first_ns + int(self.seek_s * 1e9)
        reader = ReadAhead(lambda stopped: self._read(from_ns, number, stopped), depth=AHEAD, name="replay")
        start_ns = 0
        try:
            while not context.stopping():
                ready = reader.get()
                if ready is None:
                    if reader.ended:
                        return
                    yield None
                    continue
                spoken_ns, message = ready
                if not start_ns:
                    start_ns = max(context.now_ns(), 0 if number else context.epoch_ns)
                if self.speed:
                    yield from wait_until(start_ns + int((spoken_ns - from_ns) / self.speed), context)
                if self.shift:
                    message.t_ns += start_ns - from_ns
                yield message
        finally:
            reader.close()

    def _read(self, from_ns: int, number: int, stopped: threading.Event) -> Iterator[tuple[int, Message]]:
        begun: set[str] = set()
        for topic, message in self._reader.messages(self._names):
            if stopped.is_set():
                return
            spoken_ns = _spoken_ns(message)
            if spoken_ns >= from_ns:
                yield spoken_ns, self._dressed(message, number, first=topic.name not in begun)
                begun.add(topic.name)

    def _dressed(self, message: Message, number: int, *, first: bool) -> Message:
        filled = self._store.attach(message) if _stored(message) else None
        message = message if filled is None else filled
        message.incarnation += number * STARTS_PER_ROUND
        if first and (number or self.seek_s) and hasattr(message, "gap"):
            message = msgspec.structs.replace(message, gap=True)  # type: ignore[call-arg]
        if isinstance(message, Health):
            message.process = f"recorded {message.process}"
        return message


def _stored(message: Message) -> bool:
    return topic_of(message).name in ("video/frame", "audio/chunk")


def _spoken_ns(message: Message) -> int:
    """When the message was published; offline, when its content was used."""
    return message.pub_ns or message.t_ns + topic_of(message).delay_ns
