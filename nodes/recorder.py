"""The recorder: writes what the graph publishes into one session folder, with a ledger of what was lost.

By default no pixels and no sound. Commands (topic `command`): `record` with {action: "start" | "stop" | "status"} (to
start, also folder, video, audio, mesh, crops), and `privacy` with {on: true | false}.
"""

import contextlib
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import platformdirs
import psutil

from liveaffect.models.files.manifest import entries
from liveaffect.stream.errors import RecordError
from liveaffect.stream.identity import Identity
from liveaffect.stream.live.settings import VERB as SETTINGS
from liveaffect.stream.live.settings import SettingsArguments
from liveaffect.stream.messages import Ack, Command, Message, RecordStatus
from liveaffect.stream.node import Node, answered, command, on, on_recorded
from liveaffect.stream.session.context import SessionContext, shown
from liveaffect.stream.session.info import MANIFEST, Persisted, SessionInfo, load_info
from liveaffect.stream.session.media.keeper import MediaKeeper
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import ACK, AUDIO, COMMAND, CROP, MESH, TICK, VIDEO, Topic, topic_of

NOTES = 20
"""Runs whose place of recording is kept in mind."""
VideoKind = Literal["no", "h264", "lossless"]


class RecordArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `record`; what is left out is as in the settings."""

    action: Literal["start", "stop", "status"]
    folder: str = ""
    video: VideoKind | None = None
    audio: bool | None = None
    mesh: bool | None = None
    crops: bool | None = None


class PrivacyArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of the command `privacy`."""

    on: bool


class RecorderNode(Node):
    """Records every topic whose row in the table says so; arrays only where a setting asks for them."""

    ordered: ClassVar[bool] = False
    complete: ClassVar[bool] = True

    folder: str = ""
    """Folder of the session; "" makes one named after date and time in `sessions`."""
    sessions: str = ""
    """Where such folders are made; "" is where this user's data lie."""
    video: VideoKind = "no"
    """"h264" is small and for watching; "lossless" (FFV1) can be recomputed, 0.1 MB and more a VGA frame."""
    audio: bool = False
    """Sound as float32 WAV, 0.2 GB an hour."""
    mesh: bool = False
    """478 landmarks per face and frame."""
    crops: bool = False
    """Aligned face crops: pixels of faces."""
    autostart: bool = False
    """Begin with the graph, not at a command."""
    min_free_mb: Annotated[int, msgspec.Meta(ge=0)] = 200
    """Recording ends when the disk has less room than this."""

    def open(self) -> None:
        """Begins at once where `autostart` says so. Raises RecordError where the folder cannot be used."""
        self._session: SessionWriter | None = None
        self._media: MediaKeeper | None = None
        self._program = Identity.of(os.getppid()) if self.host.live else None
        """Which program runs the graph: a recording that it does not live to end is not complete."""
        self._privacy = bool(self.host.held_commands.get("privacy", {}).get("on", False))
        self._graph = self.host.graph
        self._error = ""
        again = self.host.live and self.host.incarnation > 0
        if again and self._go_on():
            return
        if self.autostart and not (again and self._of_this_run()):  # one that was stopped is not begun again
            self._begin(self._folder(self.folder), self._persisted(), from_start=not again)

    def sees(self, topic: Topic[Any]) -> bool:
        """Pixels and sound come here only while they are stored."""
        if topic.record != "header":
            return True
        if "_session" not in self.__dict__:  # not open yet
            kept, privacy = self._persisted() if self.autostart else Persisted(), False
        else:
            recording = self._session is not None and not self._session.ended
            kept = self._session.info.persisted if recording and self._session else Persisted()
            privacy = self._privacy
        if topic is MESH or privacy:
            return topic is MESH and kept.mesh
        wanted = (topic is VIDEO and kept.video != "no", topic is AUDIO and kept.audio, topic is CROP and kept.crops)
        return any(wanted)

    def close(self) -> None:
        """Ends the session: COMPLETE, unless the recorder or the program that runs it dies of something."""
        session, self._media = self._session, None
        if session is None:
            return
        dying = isinstance(sys.exc_info()[1], Exception)  # hosts close their nodes while an error passes through
        if dying and self.host.live:
            session.interrupt()  # as after a kill, the next start goes on in it
        elif dying:
            session.close(f"the run ended with an error: {sys.exc_info()[1]}", complete=False)
        elif self._program is not None and self._program.fate() != "running":
            session.close("the program that ran the graph was killed", complete=False)
        else:
            session.close()
            with contextlib.suppress(OSError):
                self._place().unlink(missing_ok=True)

    def status(self) -> RecordStatus:
        """Where it records and since when, and the room left there."""
        session, said = self._session, RecordStatus(privacy=self._privacy)
        folder = session.folder if session is not None else Path(self.folder) if self.folder else self._base()
        with contextlib.suppress(OSError):
            there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
            said.free_mb = psutil.disk_usage(str(there)).free >> 20
        if session is not None:
            said.recording = not session.ended
            said.session, said.since_ns = str(session.folder), session.info.clocks[0].monotonic_ns
        return said

    def trouble(self) -> str:
        """Why it stopped if it had to, and what of the recording is not as it was asked for."""
        session = self._session
        if self._error or session is None:
            return self._error
        if session.ended and session.info.state != "COMPLETE":
            return session.ended
        return "; ".join(session.troubles.words())

    @on_recorded
    def take(self, message: Message) -> None:
        """Records one message."""
        session = self._session
        if session is None or session.ended:
            return
        topic = topic_of(message)
        if not self._privacy and self._media is not None:
            self._media.store(message)
        session.write(topic, message, arrays=topic in (MESH, CROP) and self.sees(topic))
        if topic is TICK:
            session.poll()

    @on(COMMAND, emits=ACK)
    @command("record", RecordArguments)
    @command("privacy", PrivacyArguments, held=True)
    @command(SETTINGS, SettingsArguments)
    def obey(self, command: Command) -> Ack | None:
        """Answers `record` and `privacy`, and refuses `settings` under a session; every command is recorded."""
        ack = answered(self, command, self._obey)
        self.take(command)
        return ack

    def _obey(self, command: Command) -> str:
        if command.verb == "privacy":
            self._privacy = msgspec.convert(command.arguments, PrivacyArguments).on
            if self._session is not None and not self._session.ended:
                self._session.privacy(command.t_ns, self._privacy)
            return "no pixels, no sound are stored" if self._privacy else "what the session asks for is stored again"
        if command.verb == SETTINGS:
            return self._settings(msgspec.convert(command.arguments, SettingsArguments))
        arguments = msgspec.convert(command.arguments, RecordArguments)
        recording = self._session is not None and not self._session.ended
        if arguments.action == "start":
            if recording and self._session is not None:
                raise RecordError(f"already recording to {self._session.folder}: stop that first")
            self._begin(self._folder(arguments.folder or self.folder), self._persisted(arguments))
            troubles = "".join(f"; {text}" for text in self._session.troubles.words()) if self._session else ""
            return f"recording to {self._session.folder if self._session else ''}{troubles}"
        if arguments.action == "stop" and recording and self._session is not None:
            self._session.close()
            self._media = None
            return f"recorded {self._session.info.state} {self._session.folder}"
        if arguments.action == "stop":
            raise RecordError("nothing is being recorded")
        return f"recording to {self._session.folder}" if recording and self._session else "not recording"

    def _settings(self, change: SettingsArguments) -> str:
        """Nothing changes under a session; afterwards the next one names the graph as it then is."""
        if self._session is not None and not self._session.ended:
            raise RecordError("stop the recording first: its digest names the settings")
        if change.action == "applied":
            self._graph = {**self._graph, change.node: {**self._graph.get(change.node, {}), **change.values}}
        return ""

    def _begin(self, folder: Path, kept: Persisted, *, from_start: bool = False, resume: bool = False) -> None:
        context = SessionContext(
            graph=self._graph,
            wiring=self.host.wiring,
            clock=self.host.clock,
            from_start=from_start,
            run=self.host.run,
            persisted=kept,
            models=_models(),
        )
        session = SessionWriter(folder, context, min_free=self.min_free_mb << 20, resume=resume)
        try:
            media = MediaKeeper(session)
        except OSError as error:
            session.fail(error)
            raise RecordError(f"{folder}: {session.ended}") from None
        self._session, self._media, self._error = session, media, ""
        if self.host.live and self.host.run:
            with contextlib.suppress(OSError, UnicodeError):
                notes = self._place().parent
                notes.mkdir(parents=True, exist_ok=True)
                for old in sorted(notes.iterdir(), key=lambda note: note.stat().st_mtime)[:-NOTES]:
                    old.unlink(missing_ok=True)  # of runs that were killed whole
                self._place().write_text(str(folder.absolute()), "utf-8")

    def _persisted(self, asked: RecordArguments | None = None) -> Persisted:
        kept = Persisted(video=self.video, audio=self.audio, mesh=self.mesh, crops=self.crops)
        for key in ("video", "audio", "mesh", "crops"):
            value = getattr(asked, key, None)
            if value is not None:
                setattr(kept, key, value)
        return kept

    def _folder(self, wanted: str) -> Path:
        """The folder asked for, or a new one; numbered where it already holds a session."""
        try:
            path = Path(wanted) if wanted else self._base() / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
            number = 1
            found = path
            while os.path.lexists(found / MANIFEST) and number < 10000:
                number += 1
                found = path.with_name(f"{path.name}-{number}")
        except (OSError, ValueError) as error:  # a name that no file system takes
            why = getattr(error, "strerror", None) or error
            raise RecordError(f"{shown(wanted)} cannot be the folder of a recording: {why}") from None
        return found

    def _base(self) -> Path:
        return Path(self.sessions) if self.sessions else sessions_folder()

    def _go_on(self) -> bool:
        """Goes on in the session that an earlier start of this recorder, in this very run, was writing when it died."""
        unfinished = [
            (info.clocks[-1].monotonic_ns if info.clocks else 0, folder, info)
            for folder, info in self._of_this_run()
            if info.state == "RECORDING" and not info.alive
        ]
        if not unfinished:
            return False
        _, folder, info = max(unfinished, key=lambda found: found[0])
        self._privacy |= bool(info.privacy) and bool(info.privacy[-1]["on"])
        try:
            self._begin(folder, info.persisted, resume=True)
        except RecordError as error:  # what cannot be gone on with is left as it is
            self._error = str(error)
            if not self.autostart:
                return True
            self._begin(self._folder(self.folder), info.persisted)
        return True

    def _of_this_run(self) -> list[tuple[Path, SessionInfo]]:
        """Sessions of this run of the graph: where sessions are made, and where a command wanted the last one."""
        base = Path(self.folder).parent if self.folder else self._base()
        folders = {manifest.parent for manifest in base.glob(f"*/{MANIFEST}")}
        with contextlib.suppress(OSError, ValueError):
            folders.add(Path(self._place().read_text("utf-8")))
        found: list[tuple[Path, SessionInfo]] = []
        for folder in sorted(folders):
            with contextlib.suppress(RecordError):
                found.append((folder, load_info(folder)))
        return [(folder, info) for folder, info in found if self.host.run and info.run == self.host.run]

    def _place(self) -> Path:
        """A note of where this run records: the next start of a recorder that is killed looks there."""
        name = "".join(char for char in self.host.run if char.isalnum() or char in "-_")
        return Path(platformdirs.user_cache_dir("liveaffect")) / "recording" / (name or "none")


def _models() -> dict[str, dict[str, str]]:
    known = entries().items()
    return {name: {"version": entry.version, "sha256": entry.sha256} for name, entry in known if entry.sha256}


def sessions_folder() -> Path:
    """Where recordings lie unless a folder is named: in the user's documents, else with the user's data."""
    documents = Path(platformdirs.user_documents_dir())
    base = documents if documents.is_dir() else Path(platformdirs.user_data_dir("liveaffect")).parent
    return base / "liveaffect" / "sessions"
