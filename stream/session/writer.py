"""SessionWriter: one session folder, written so that kill -9 loses at most a second and a full disk loses nothing.

Results are JSON with schemas in session.mcap, handed to the operating system every 0.5 s; session.json says what the
recording is made of. A power cut can lose what the system had not yet written back (30 s by default on Linux).
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import Health, Message
from liveaffect.stream.session import info as session_info
from liveaffect.stream.session.info import MANIFEST, RECORDING, Persisted, SessionInfo, SourceFile
from liveaffect.stream.session.ledger import Ledger
from liveaffect.stream.session.mcap_writer import McapWriter
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.schema import schema_of
from liveaffect.stream.topics import HEALTH, Topic
from liveaffect.stream.wire import to_json

FLUSH_S = 0.5
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
    graph, wiring: as in HostInfo.
    clock: id of the clock of `t_ns`; "media" offline.
    from_start: the recorder ran before anything was published, so a first `seq` above 0 is a loss.
    run: process id of the program that runs the graph.
    persisted: what is stored beyond results.
    models: name -> version and hash of every model that the graph may use.
    min_free: recording ends when the disk has less room than this (bytes).
    resume: goes on in a session whose writer was killed.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        graph: Mapping[str, Any] | None = None,
        wiring: Mapping[str, Mapping[str, list[str]]] | None = None,
        clock: str = "media",
        from_start: bool = True,
        run: int = 0,
        persisted: Persisted | None = None,
        models: Mapping[str, Any] | None = None,
        min_free: int = MIN_FREE_BYTES,
        resume: bool = False,
    ) -> None:
        self.folder, self._min_free = Path(folder), min_free
        self.ended = ""
        """Why the recording has ended; "" while it goes on."""
        self._ending = False
        self._channels: dict[str, int] = {}
        self._closing: list[Callable[[], None]] = []
        self._stop_hashing = threading.Event()
        self._next_flush = time.monotonic() + FLUSH_S
        now = session_info.here_and_now()
        self.offset_ns: int = 0 if clock == "media" else now.unix_ns - now.monotonic_ns
        try:
            self._open(resume)
        except OSError as error:
            raise RecordError(
                f"{self.folder} cannot be written: {error.strerror}; choose another folder for recordings"
            ) from None
        if not resume:
            self.info.graph = dict(graph or {})
            self.info.clock, self.info.run, self.info.from_start = clock, run, from_start
            self.info.persisted, self.info.models = persisted or Persisted(), dict(models or {})
            self.info.created_utc = session_info.utc_text(now.unix_ns)
            self.info.versions, self.info.machine = session_info.versions(), session_info.machine()
            self.info.sources = session_info.source_files(self.info.graph)
            self.info.wiring = {node: dict(topics) for node, topics in (wiring or {}).items()}
        self.info.clocks.append(now)
        self.info.writers.append(os.getpid())
        self.ledger = ledger_of(self.info)
        if resume and self._mcap.size <= RELEDGER_BYTES:
            for topic, message in SessionReader(self.folder).messages():
                self.ledger.add(topic, message)
        self._save()
        self._hasher = threading.Thread(target=self._hash, args=(self.info.sources,), daemon=True)
        self._hasher.start()

    def _open(self, resume: bool) -> None:
        path = self.folder / RECORDING
        if resume:
            self.info = session_info.load_info(self.folder)
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
        """Records one message; arrays of a "header" topic only where `arrays` says so. Does nothing after the end."""
        if self.ended or topic.record == "no":
            return
        self.ledger.add(topic, message)
        if topic is HEALTH:
            self._note_health(cast(Health, message))
        if not topic.host and message.t_ns >= 0:
            first, last = self.info.first_t_ns, self.info.last_t_ns
            self.info.first_t_ns = message.t_ns if first is None else min(first, message.t_ns)
            self.info.last_t_ns = message.t_ns if last is None else max(last, message.t_ns)
        data = to_json(message, arrays=arrays or topic.record == "full")
        self.write_json(topic.name, topic.message.__name__, lambda: schema_of(topic.message), message, data)

    def write_json(
        self, topic: str, schema_name: str, schema: Callable[[], bytes], message: Message, data: bytes
    ) -> None:
        """Records JSON of any schema with the header of `message`."""
        if self.ended:
            return
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._channels[topic] = self._mcap.channel(topic, schema_name, schema())
        log_ns = (message.pub_ns or message.t_ns) + self.offset_ns
        try:
            self._mcap.add(channel, log_ns, message.t_ns + self.offset_ns, message.seq, data)
        except OSError as error:
            self.fail(error)
        self.poll()

    def poll(self) -> None:
        """Flushes where it is time to; call it often."""
        now = time.monotonic()
        if now < self._next_flush or self.ended:
            return
        self._next_flush = now + FLUSH_S
        self.flush()

    def flush(self) -> None:
        """Hands everything so far to the operating system, and ends the recording where the disk is nearly full."""
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
        (self.folder / RESERVE).unlink(missing_ok=True)
        for action in self._closing:
            try:
                action()
            except OSError as error:
                complete, reason = False, _in_words(error)
        self.ended = reason
        try:
            self._mcap.finish()
        except OSError as error:
            complete, self.ended = False, _in_words(error)
        self._finish_hashing()
        now = session_info.here_and_now()
        self.info.clocks.append(now)
        self.info.ended_utc = session_info.utc_text(now.unix_ns)
        self.info.ledger = self.ledger.accounts()
        interrupted = len(self.info.writers) > 1
        self.info.state = "COMPLETE" if complete and not interrupted else "INCOMPLETE"
        self.info.reason = f"{self.ended}; the recorder was started {len(self.info.writers)} times" * interrupted
        self.info.reason = self.info.reason or self.ended
        names = sorted(path for path in self.folder.iterdir() if path.is_file() and not path.name.startswith("."))
        self.info.files = {path.name: path.stat().st_size for path in names if path.name != MANIFEST}
        self._save()

    def fail(self, error: OSError) -> None:
        """The disk is full or gone: what is in the file stays readable, and the caller goes on living."""
        self.close(_in_words(error), complete=False)

    def _note_health(self, health: Health) -> None:
        if not health.info:
            return
        self.info.nodes.setdefault(health.node, {}).update(health.info)
        found = {key: value for key, value in health.info.items() if key.startswith("device")}
        if found:
            self.info.devices[health.node] = found

    def _hash(self, sources: list[SourceFile]) -> None:
        for source in sources:
            if not source.sha256:
                source.sha256 = session_info.sha256_of(Path(source.path), self._stop_hashing.is_set)

    def _finish_hashing(self) -> None:
        self._hasher.join(1.0)
        self._stop_hashing.set()
        self._hasher.join(1.0)

    def _save(self) -> None:
        with contextlib.suppress(OSError):  # the recording itself matters more; recover writes the manifest anew
            self.info.save(self.folder)


def ledger_of(info: SessionInfo) -> Ledger:
    """An empty ledger for the graph of a session."""
    readers: dict[str, list[str]] = {}
    writers: dict[str, str] = {}
    for node, topics in info.wiring.items():
        table = info.graph.get(node, {})
        if table.get("type", "").endswith(":Recorder"):
            continue  # what it takes in is the column "recorded"
        for topic in topics.get("reads", ()):
            readers.setdefault(topic, []).append(node)
        writers.update(dict.fromkeys(topics.get("writes", ()), node))
    processes = {name: str(table.get("process", name)) for name, table in info.graph.items() if isinstance(table, dict)}
    return Ledger(readers=readers, writers=writers, processes=processes, from_start=info.from_start)


def _in_words(error: OSError) -> str:
    full = error.errno in (28, 27, 122)  # ENOSPC, EFBIG, EDQUOT
    what = "the disk is full" if full else f"writing failed ({error.strerror})"
    return f"{what}: recording ended, what was written before is readable"
