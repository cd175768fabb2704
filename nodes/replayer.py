"""The replayer: a recorded session as a source, so that views, programs and nodes cannot tell it from a live run.

It obeys the command `replay` with {action: "play" | "pause" | "seek" | "speed"} (to seek also t_s, for a speed also
speed; 0 is as fast as it goes), and says on `playback` where it stands.
"""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import msgspec

from liveaffect.stream.capture.read_ahead import PATIENCE_S, ReadAhead, wait_until
from liveaffect.stream.errors import RecordError, UsageError
from liveaffect.stream.messages import Ack, Command, MediaSpan, Message, Playback, ReplayStatus
from liveaffect.stream.node import Node, NotNegative, SourceContext, answered, command, on, source
from liveaffect.stream.session.feed import STARTS_PER_ROUND, spoken
from liveaffect.stream.session.playhead import Playhead
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.survey import last_of, replayed, survey
from liveaffect.stream.topics import ACK, COMMAND, MEDIA, PLAYBACK, REGISTRY, Topic, topic_of

AHEAD = 64
PATIENCE_NS = int(PATIENCE_S * 1e9)
SAY_NS = 100_000_000
GLANCE_NS = 150_000_000
"""So much is shown at once after a seek while paused: a frame, and what was known of it."""
CATCH_UP_NS = 300_000_000
"""As fast as it goes, pictures are skipped on their way. Before the last one readers get so much time, so that it
finds room: the picture that stays is the last."""
SPEEDS = (0.01, 100.0)


class ReplayArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `replay`."""

    action: Literal["play", "pause", "seek", "speed"]
    t_s: float | None = None
    """Where to, in seconds since the first message."""
    speed: float | None = None


class ReplayerNode(Node):
    """Publishes the results, markers and health of a session at the pace and in the order of their publication.

    Ticks, drops, commands and their answers stay in the recording: they were for the hosts and nodes of that run.
    """

    replays: ClassVar[bool] = True

    session: str
    """Folder of the session."""
    speed: NotNegative = 1.0
    """How many times faster than it was; 0 is as fast as it goes."""
    seek_s: NotNegative = 0.0
    """Begin so long after the first message."""
    loop: bool = False
    """Begin again at the end."""
    hold: bool = False
    """Stay at the end and wait for commands, instead of ending the run."""
    without: tuple[str, ...] = ()
    """Topics to leave out, because nodes of this graph make them anew."""
    shift: bool = False
    """Moves all times so that the first message is of now: for nodes that run on what is replayed."""

    def emitted(self) -> tuple[Topic[Any], ...]:
        """Topics of the session. Raises RecordError where it is none."""
        return (*self._recorded(), PLAYBACK)

    def _recorded(self) -> list[Topic[Any]]:
        names = replayed(SessionReader(self.session))
        return [REGISTRY[name] for name in names if name not in self.without]

    def open(self) -> None:
        if self.speed < 0 or self.seek_s < 0:
            raise UsageError("replay: speed and seek must not be negative")
        if self.shift and self.speed != 1:
            raise UsageError("replay: nodes can be run again only at speed 1: their filters know real time")
        self._reader = SessionReader(self.session)
        self._names = {topic.name for topic in self._recorded()}
        self._spans = [m for _, m in self._reader.messages([MEDIA.name]) if isinstance(m, MediaSpan)]
        found = survey(self._reader, self._names)
        if found is None:
            raise RecordError(f"{self.session} holds no message that could be replayed")
        self._found = found
        pictures = [name for name in self._names if REGISTRY[name].queue == "latest"]
        self._last = last_of(self._reader, pictures) if pictures else set[tuple[str, int, int]]()
        self._head = Playhead(self._at(self.seek_s), self.speed)
        self._round, self._sought, self._ended = 0, False, False
        self._told = 0
        self._next_said_ns = 0

    def status(self) -> ReplayStatus:
        """What a seek bar shows: the session's length, its markers, and where estimates are missing."""
        found = self._found
        return ReplayStatus(
            session=self.session,
            length_s=round(found.length_s, 3),
            can_change_speed=not self.shift,
            markers=tuple(found.markers),
            missing=tuple(found.missing),
        )

    @on(COMMAND, emits=ACK)
    @command("replay", ReplayArguments)
    def obey(self, command: Command) -> Ack | None:
        """Answers `replay`; nothing here answers what would change the recorded sensor."""
        return answered(self, command, self._obey)

    def _obey(self, command: Command) -> str:
        asked = msgspec.convert(command.arguments, ReplayArguments)
        self._next_said_ns = 0
        now_ns = command.t_ns
        if asked.action == "play":
            if self._ended:
                self._seek(0.0)
            self._head.play(now_ns)
            return "playing"
        if asked.action == "pause":
            self._head.pause(now_ns)
            return "paused"
        if asked.action == "seek":
            if asked.t_s is None or not 0 <= asked.t_s <= self._found.length_s:
                raise UsageError(f"replay: seek needs t_s from 0 to {self._found.length_s:.3f}")
            self._seek(asked.t_s)
            return f"at {asked.t_s:.3f} s"
        if asked.speed is None or not (asked.speed == 0 or SPEEDS[0] <= asked.speed <= SPEEDS[1]):
            raise UsageError(f"replay: speed needs speed from {SPEEDS[0]} to {SPEEDS[1]:.0f}, or 0 for the fastest")
        if self.shift and asked.speed != 1:
            raise UsageError("replay: nodes can be run again only at speed 1: their filters know real time")
        self._head.change_speed(asked.speed, now_ns)
        return "as fast as it goes" if not asked.speed else f"speed {asked.speed:g}"

    def _seek(self, t_s: float) -> None:
        self._head.jump(self._at(t_s))
        self._sought, self._ended = True, False

    def _at(self, t_s: float) -> int:
        return self._found.first_ns + int(t_s * 1e9)

    @source()
    def play(self, context: SourceContext) -> Iterator[Message | None]:
        """The session, once, for ever, or as commands want it."""
        while not context.stopping():
            count = 0
            self._sought, self._next_said_ns = False, 0
            yield self._standing(context)  # before what is there: views begin anew with it
            for message in self._play_from(self._head.position_ns(context.now_ns()), context):
                count += message is not None and not isinstance(message, Playback)
                yield message
            if self._sought:
                pass
            elif self.loop:
                if not count:
                    raise UsageError(f"replay: the session is shorter than {self.seek_s} s")
                self._head.jump(self._at(self.seek_s))
            elif self.hold:
                yield from self._rest(context)
            else:
                return
            self._round += 1

    def _rest(self, context: SourceContext) -> Iterator[Message | None]:
        """The end has been reached."""
        self._ended, self._next_said_ns = True, 0
        while not self._sought and not context.stopping():
            yield self._standing(context)
            yield from wait_until(context.now_ns() + PATIENCE_NS, context)

    def _play_from(self, from_ns: int, context: SourceContext) -> Iterator[Message | None]:
        reader = ReadAhead(lambda stopped: self._read(from_ns, stopped), depth=AHEAD, name="replay")
        head, shift_ns, begun = self._head, 0, False
        try:
            while not context.stopping() and not self._sought:
                ready = reader.get()
                if ready is None:
                    if reader.ended:
                        return
                    yield self._standing(context)
                    continue
                spoken_ns, message = ready
                if not begun:
                    begun, start_ns = True, max(context.now_ns(), 0 if self._round else context.epoch_ns)
                    head.begin(start_ns)
                    shift_ns = start_ns - from_ns if self.shift else 0
                paused_ns = 0
                while (due_ns := self._due_ns(spoken_ns, from_ns)) is None or due_ns > context.now_ns():
                    began_ns = context.now_ns()
                    wait_ns = began_ns + PATIENCE_NS
                    yield from wait_until(wait_ns if due_ns is None else min(due_ns, wait_ns), context)
                    yield self._standing(context)
                    if self._sought or context.stopping():
                        return
                    paused_ns += context.now_ns() - began_ns if due_ns is None else 0
                shift_ns += paused_ns if self.shift else 0
                if not head.speed and self._is_last(message):
                    yield from wait_until(context.now_ns() + CATCH_UP_NS, context)
                message.t_ns += shift_ns
                head.reached(spoken_ns)
                yield message
                said = self._standing(context)
                if said is not None:
                    yield said
        finally:
            reader.close()

    def _is_last(self, message: Message) -> bool:
        incarnation = message.incarnation - self._round * STARTS_PER_ROUND
        return (topic_of(message).name, incarnation, message.seq) in self._last

    def _due_ns(self, spoken_ns: int, from_ns: int) -> int | None:
        due_ns = self._head.due_ns(spoken_ns)
        glance = due_ns is None and self._round > 0 and spoken_ns < from_ns + GLANCE_NS
        return 0 if glance else due_ns

    def _standing(self, context: SourceContext) -> Playback | None:
        """Where the replay stands, when it is time to say so."""
        now_ns = context.now_ns()
        if now_ns < self._next_said_ns:
            return None
        self._next_said_ns = now_ns + SAY_NS
        length_s = self._found.length_s
        position_s = (self._head.position_ns(now_ns) - self._found.first_ns) / 1e9
        said = Playback(
            t_ns=now_ns,
            seq=self._told,
            position_s=length_s if self._ended else min(max(position_s, 0.0), length_s),
            length_s=length_s,
            speed=self._head.speed,
            state="ended" if self._ended else "paused" if self._head.paused else "playing",
            round=self._round,
        )
        self._told += 1
        return said

    def _read(self, from_ns: int, stopped: threading.Event) -> Iterator[tuple[int, Message]]:
        return spoken(
            self._reader,
            self._names,
            self._spans,
            from_ns=from_ns,
            log_offset_ns=self._found.log_offset_ns,
            number=self._round,
            marked=bool(self._round or self.seek_s),
            stopped=stopped,
        )
