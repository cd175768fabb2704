"""SessionWriter: one session folder, written so that kill -9 loses at most a second and a full disk loses nothing.

Results are JSON with schemas in session.mcap, handed to the operating system every 0.4 s; session.json says what the
recording is made of. A power cut can lose what the system had not yet written back (30 s by default on Linux).
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from liveaffect.stream.errors import RecordError
from liveaffect.stream.identity import Identity
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.session import info as session_info
from liveaffect.stream.session.context import SessionContext, files_of, ledger_of, shown
from liveaffect.stream.session.files import keep_damaged
from liveaffect.stream.session.info import MANIFEST, RECORDING, ClockPair, SessionInfo, SourceFile
from liveaffect.stream.session.mcap.scan import scan
from liveaffect.stream.session.mcap.writer import McapWriter
from liveaffect.stream.session.reader import TIME_LIMIT_NS, SessionReader
from liveaffect.stream.session.schema import schema_of
from liveaffect.stream.session.troubles import UNWRITABLE, Troubles, in_words
from liveaffect.stream.topics import AUDIO, HEALTH, VIDEO, Topic
from liveaffect.stream.wire import to_json

FLUSH_S = 0.4
MIN_FREE_BYTES = 200 << 20
RESERVE = ".reserve"
RESERVE_BYTES = 4 << 20
"""Kept free for the index and the manifest: an index of hours is smaller."""
RELEDGER_BYTES = 128 << 20
"""A longer recording that is gone on with gets its ledger from `recover`."""


class SessionWriter:
    """Writes one session. Raises RecordError where the folder cannot be used; later troubles end the recording.

    Parameters
    ----------
    folder: made if needed; must hold no session, unless `resume`.
    context: what is recorded.
    min_free: recording ends when the disk has less room than this (bytes).
    resume: goes on in a session whose writer was killed, and whose manifest then says what is recorded.
    """

    def __init__(
        self,
        folder: str | Path,
        context: SessionContext | None = None,
        *,
        min_free: int = MIN_FREE_BYTES,
        resume: bool = False,
    ) -> None:
        context = context or SessionContext()
        self.folder, self._min_free = Path(folder), min_free
        self.ended = ""
        """Why the recording has ended; "" while it goes on."""
        self._ending = False
        self._begun: set[Topic[Any]] = set()
        self._channels: dict[str, int] = {}
        self._closing: list[Callable[[], None]] = []
        self._noting: list[Callable[[], None]] = []
        self._flushing = False
        self._stop_hashing = threading.Event()
        self._next_flush = time.monotonic() + FLUSH_S
        now = session_info.here_and_now()
        self.offset_ns: int = 0 if context.clock == "media" else now.unix_ns - now.monotonic_ns
        try:
            self._open(resume)
        except (OSError, ValueError) as error:  # a name with NUL in it is a ValueError
            why = getattr(error, "strerror", None) or error
            raise RecordError(
                f"{shown(folder)} cannot be written: {why}; choose another folder for recordings"
            ) from None
        if not resume:
            self._describe(context, now)
        self.troubles = Troubles(self.info)
        self.info.clocks.append(now)
        self.info.writers.append(os.getpid())
        self.info.processes.append(Identity.mine())
        self.ledger = ledger_of(self.info)
        if resume and self._mcap.size <= RELEDGER_BYTES:
            for topic, message in SessionReader(self.folder).messages():
                self.ledger.add(topic, message)
        self._save()
        arguments = (self.info.sources, self._stop_hashing.is_set)
        self._hasher = threading.Thread(target=_hash, args=arguments, daemon=True)
        self._hasher.start()

    def _describe(self, context: SessionContext, now: ClockPair) -> None:
        info = self.info
        info.graph, info.models = dict(context.graph), dict(context.models)
        info.clock, info.run, info.from_start = context.clock, context.run, context.from_start
        info.persisted = context.persisted
        info.created_utc = session_info.utc_text(now.unix_ns)
        info.versions, info.machine = session_info.versions(), session_info.machine()
        info.sources = session_info.source_files(info.graph)
        info.wiring = {node: dict(topics) for node, topics in context.wiring.items()}

    def _open(self, resume: bool) -> None:
        path = self.folder / RECORDING
        if resume:
            self.info = session_info.load_info(self.folder)
            found = scan(path)
            if found.torn_bytes:
                keep_damaged(path, found.end, found.torn_bytes)
            self.info.state, self.info.reason, self.info.ended_utc = "RECORDING", "", ""
        else:
            if path.exists() or (self.folder / MANIFEST).exists():
                raise RecordError(f"{self.folder} already holds a session: choose another folder for this recording")
            self.folder.mkdir(parents=True, exist_ok=True)
            self.info = SessionInfo()
        free = shutil.disk_usage(self.folder).free
        if free < self._min_free + RESERVE_BYTES:
            raise RecordError(
                f"{self.folder} has {free >> 20} MB of free space and recording needs {self._min_free >> 20} MB: "
                "free some, or choose another folder"
            )
        with (self.folder / RESERVE).open("wb") as reserve:
            reserve.write(bytes(RESERVE_BYTES))
        self._mcap = McapWriter(path, resume=resume)

    def write(self, topic: Topic[Any], message: Message, *, arrays: bool = False) -> None:
        """Records one message; arrays of a "header" topic only where `arrays` says so. Does nothing after the end.

        A message that no recording can hold is left out and counted in `troubles`, and its gap stands in the ledger.
        """
        if self.ended or topic.record == "no":
            return
        try:
            data = to_json(message, arrays=arrays or topic.record == "full")
        except UNWRITABLE as error:
            self.troubles.refuse(topic.name, error)
            return
        if not self._put(topic.name, topic.message.__name__, lambda: schema_of(topic.message), message, data):
            return
        self.ledger.add(topic, message)
        if topic is HEALTH:
            self._note_health(cast(Health, message))
        if not topic.host and message.t_ns >= 0:
            first, last = self.info.first_t_ns, self.info.last_t_ns
            self.info.first_t_ns = message.t_ns if first is None else min(first, message.t_ns)
            self.info.last_t_ns = message.t_ns if last is None else max(last, message.t_ns)
            if topic in (VIDEO, AUDIO) and topic not in self._begun:
                self._begun.add(topic)
                zero = self.info.zero_t_ns
                self.info.zero_t_ns = message.t_ns if zero is None else min(zero, message.t_ns)
        self.poll()

    def write_json(
        self, topic: str, schema_name: str, schema: Callable[[], bytes], message: Message, data: bytes
    ) -> None:
        """Records JSON of any schema with the header of `message`."""
        if not self.ended:
            self._put(topic, schema_name, schema, message, data)
            self.poll()

    def _put(self, topic: str, schema_name: str, schema: Callable[[], bytes], message: Message, data: bytes) -> bool:
        try:
            if max(abs(message.t_ns), abs(message.pub_ns)) >= TIME_LIMIT_NS:
                raise ValueError(f"no message has the time {message.t_ns}")
            channel = self._channels.get(topic)
            if channel is None:
                channel = self._channels[topic] = self._mcap.channel(topic, schema_name, schema())
            log_ns = (message.pub_ns or message.t_ns) + self.offset_ns
            self._mcap.add(channel, log_ns, message.t_ns + self.offset_ns, message.seq, data)
        except OSError as error:
            self.fail(error)
            return False
        except UNWRITABLE as error:
            self.troubles.refuse(topic, error)
            return False
        return True

    def trouble(self, topic: str, text: str) -> None:
        """Notes that something of a topic is not stored from here on, such as pixels without an encoder."""
        if self.troubles.tell(topic, text):
            self._save()

    def poll(self) -> None:
        """Flushes where it is time to; call it often."""
        now = time.monotonic()
        if now < self._next_flush or self.ended:
            return
        self._next_flush = now + FLUSH_S
        self.flush()

    def flush(self) -> None:
        """Hands everything so far to the operating system, and ends the recording where the disk is nearly full."""
        if self._flushing:
            return
        self._flushing = True
        for action in self._noting:
            action()
        self._flushing = False
        try:
            self._mcap.flush()
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            self.fail(error)
            return
        if free < self._min_free:
            self.close(
                f"the disk is nearly full ({free >> 20} MB left, {self._min_free >> 20} MB wanted): recording ended",
                complete=False,
            )

    def at_flush(self, action: Callable[[], None]) -> None:
        """Adds something that is to be noted in the recording before what came so far is handed over."""
        self._noting.append(action)

    def at_close(self, action: Callable[[], None]) -> None:
        """Adds something to be closed with the session, such as a sound file; it may raise OSError."""
        self._closing.append(action)

    def privacy(self, t_ns: int, on: bool) -> None:
        """Notes that storing pixels and sound was switched off (privacy on) or on again."""
        self.info.privacy.append({"t_ns": t_ns, "on": on})
        self._save()

    def close(self, reason: str = "stopped", *, complete: bool = True) -> None:
        """Ends the recording: COMPLETE, or INCOMPLETE with the reason. Never raises; a second call does nothing."""
        if self.ended or self._ending:
            return
        self._ending = True
        with contextlib.suppress(OSError):
            (self.folder / RESERVE).unlink(missing_ok=True)
        closing, self._closing, self._noting = self._closing, [], []  # films hold the session, it must not hold them
        for action in closing:
            try:
                action()
            except (OSError, ValueError) as error:
                complete, reason = False, in_words(error)
        self.ended = reason
        try:
            self._mcap.finish()
        except OSError as error:
            complete, self.ended = False, in_words(error)
        self._finish_hashing()
        now = session_info.here_and_now()
        self.info.clocks.append(now)
        self.info.ended_utc = session_info.utc_text(now.unix_ns)
        self.info.ledger = self.ledger.accounts()
        starts = len(self.info.writers)
        whole = complete and starts == 1 and not self._mcap.damage
        self.info.state = "COMPLETE" if whole else "INCOMPLETE"
        again = f"; the recorder was started {starts} times" * (starts > 1)
        self.info.reason = self.ended + again + "; a part of it is damaged" * self._mcap.damage
        self.info.files = files_of(self.folder)
        self._save()

    def interrupt(self) -> None:
        """Ends as a kill would, but with everything so far on the disk: the next start goes on in this session.

        For a recorder that dies of an error of its own. Never raises.
        """
        if self.ended or self._ending:
            return
        self._ending, self.ended = True, "the recorder died"
        closing, self._closing, self._noting = self._closing, [], []
        for action in closing:
            with contextlib.suppress(Exception):
                action()
        with contextlib.suppress(OSError):
            self._mcap.flush()
        self._mcap.abandon()
        self._stop_hashing.set()
        self._save()

    def fail(self, error: Exception) -> None:
        """The disk is full or gone: what is in the file stays readable, and the caller goes on living."""
        self.close(in_words(error), complete=False)

    def _note_health(self, health: Health) -> None:
        if not health.info:
            return
        self.info.nodes.setdefault(health.node, {}).update(health.info)
        found = {key: value for key, value in health.info.items() if key.startswith("device")}
        if found:
            self.info.devices[health.node] = found

    def _finish_hashing(self) -> None:
        self._hasher.join(1.0)
        self._stop_hashing.set()
        self._hasher.join(1.0)

    def _save(self) -> None:
        with contextlib.suppress(OSError):  # the recording itself matters more; recover writes the manifest anew
            self.info.save(self.folder)


def _hash(sources: list[SourceFile], stop: Callable[[], bool]) -> None:
    for source in sources:
        if not source.sha256:
            source.sha256 = session_info.sha256_of(Path(source.path), stop)
