"""What a recording is made of, in words a person can read: the content of session.json, rewritten in one step."""

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import psutil
from msgspec import Meta

from liveaffect.stream.errors import RecordError
from liveaffect.stream.identity import Identity
from liveaffect.stream.plain import is_mapping
from liveaffect.stream.session import manifest
from liveaffect.stream.session.files import read_plain, replace_with
from liveaffect.stream.session.ledger import TopicAccount

MANIFEST = "session.json"
RECORDING = "session.mcap"
FORMAT = "liveaffect-session"
Nanoseconds = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
"""73 years to each side: what is further away is no time."""
PACKAGES = ("liveaffect", "numpy", "numba", "mediapipe", "onnxruntime", "onnxruntime-gpu", "av", "soxr", "msgspec")


class ClockPair(msgspec.Struct, kw_only=True):
    """One instant on the recording machine's monotonic clock and on its wall clock."""

    monotonic_ns: Nanoseconds
    unix_ns: Nanoseconds


class SourceFile(msgspec.Struct, kw_only=True):
    """A file that a node of the graph played."""

    node: str
    path: str
    bytes: int
    sha256: str = ""
    """Empty until it has been computed, or where the file could not be read to its end."""


class Persisted(msgspec.Struct, kw_only=True):
    """What beyond the results was kept, by explicit choice."""

    video: Literal["no", "h264", "lossless"] = "no"
    audio: bool = False
    mesh: bool = False
    crops: bool = False


class Missing(msgspec.Struct, kw_only=True):
    """Something that was published and is not in the recording."""

    topic: str
    messages: int | None
    """None where nobody can know the number."""
    from_s: float | None = None
    to_s: float | None = None
    """Seconds since the first message of the session; None where it is open."""
    why: str = ""


class SessionInfo(msgspec.Struct, kw_only=True):
    """The manifest of a session."""

    format: str = FORMAT
    version: int = manifest.VERSION
    state: Literal["RECORDING", "COMPLETE", "INCOMPLETE"] = "RECORDING"
    reason: str = ""
    """Why the recording ended."""
    created_utc: str = ""
    ended_utc: str = ""
    writers: list[int] = []
    """Process ids of the recorder, one per start."""
    processes: list[Identity] = []
    """The same processes, so that nobody else is taken for one of them."""
    run: str | int = ""
    """UUID of the run of the graph (in old sessions a process id); "" offline."""
    from_start: bool = False
    """True when the recorder ran before anything was published."""
    clock: str = "media"
    clocks: list[ClockPair] = []
    """At each start and end of the recorder."""
    first_t_ns: Nanoseconds | None = None
    last_t_ns: Nanoseconds | None = None
    zero_t_ns: Nanoseconds | None = None
    """t_ns of the first frame or sample: what tables count their seconds from."""
    persisted: Persisted = msgspec.field(default_factory=Persisted)
    privacy: list[dict[str, Any]] = []
    """Instants at which storing pixels and sound was switched off or on."""
    sources: list[SourceFile] = []
    graph: dict[str, Any] = {}
    """The launch graph, every setting resolved."""
    wiring: dict[str, dict[str, list[str]]] = {}
    """Node name -> the topics it reads and writes."""
    models: dict[str, Any] = {}
    """Name -> version and sha256 of every model of the installation; `nodes` says which node ran which."""
    devices: dict[str, Any] = {}
    nodes: dict[str, dict[str, Any]] = {}
    """What each node reported of itself."""
    versions: dict[str, str] = {}
    machine: dict[str, Any] = {}
    files: dict[str, int] = {}
    """Files of the session and their sizes (bytes)."""
    missing: list[Missing] = []
    ledger: dict[str, TopicAccount] = {}

    @property
    def alive(self) -> bool:
        """True while the process that recorded last runs (it may have ended this recording)."""
        if self.processes:
            return self.processes[-1].fate() == "running" and self.processes[-1].pid != os.getpid()
        return bool(self.writers) and self.writers[-1] != os.getpid() and _older(self.writers[-1], self.created_utc)

    def save(self, folder: Path) -> None:
        """Replaces session.json in one step. Raises OSError."""
        self.version = manifest.VERSION
        replace_with(folder / MANIFEST, manifest.seal(msgspec.to_builtins(self)))


def _older(pid: int, created_utc: str) -> bool:
    """True where a process with that number was there before the recording; a later one has only taken the number."""
    try:
        created = datetime.fromisoformat(created_utc).timestamp()
        return psutil.Process(pid).create_time() <= created + 1.0
    except (psutil.Error, ValueError, OverflowError):
        return psutil.pid_exists(pid) and not created_utc


def is_session(path: Path) -> bool:
    """True for a folder that holds a session, or a part of one."""
    return path.is_dir() and any(os.path.lexists(path / name) for name in (MANIFEST, RECORDING))


def load_info(folder: Path) -> SessionInfo:
    """The manifest of the session in `folder`. Raises RecordError, saying what is missing and what to do."""
    return load(folder)[0]


def load(folder: Path) -> tuple[SessionInfo, list[str]]:
    """The manifest, and the names of its keys that are damaged and were left out. Raises RecordError as `load_info`."""
    path = folder / MANIFEST
    remedy = f"; `liveaffect recover {folder}` makes it anew from the recording" * (folder / RECORDING).is_file()
    if not folder.is_dir():
        what = "is a file, not the folder of a session" if folder.exists() else "does not exist"
        raise RecordError(f"{folder} {what}: give the folder that holds {RECORDING}")
    try:
        fields, damaged, whole = manifest.unseal(read_plain(path, manifest.LIMIT))
    except FileNotFoundError:
        raise RecordError(f"{folder} is not a session: it holds no {MANIFEST}{remedy}") from None
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    if not whole:
        raise RecordError(f"{path} is not the manifest of a session, or it is damaged{remedy}")
    if fields.get("format", FORMAT) != FORMAT:
        raise RecordError(f"{path} says format {fields['format']!r:.80}, not '{FORMAT}': it belongs to another program")
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(SessionInfo):
        if field.name in fields:
            try:
                values[field.name] = msgspec.convert(fields[field.name], field.type)
            except manifest.UNREADABLE:
                damaged.append(field.name)
    return SessionInfo(**values), damaged


def here_and_now() -> ClockPair:
    """This machine's monotonic and wall clock at one instant."""
    before = time.monotonic_ns()
    unix_ns = time.time_ns()
    return ClockPair(monotonic_ns=(before + time.monotonic_ns()) // 2, unix_ns=unix_ns)


def utc_text(unix_ns: int) -> str:
    """ISO 8601 to the millisecond."""
    return datetime.fromtimestamp(unix_ns / 1e9, UTC).isoformat(timespec="milliseconds")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """The kind of machine, without its name or its user's."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "byteorder": sys.byteorder,
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def source_files(graph: Mapping[str, Any]) -> list[SourceFile]:
    """Files that nodes name in a setting called `source`, `input`, `path` or `file`; hashes are not yet computed."""
    found: list[SourceFile] = []
    for node, table in graph.items():
        for key in ("source", "input", "path", "file"):
            value = table.get(key) if is_mapping(table) else None
            if not isinstance(value, str) or not value or "://" in value or "\n" in value:
                continue
            try:
                path = Path(value)
                if path.is_file():
                    found.append(SourceFile(node=node, path=str(path.resolve()), bytes=path.stat().st_size))
            except (OSError, ValueError):
                continue
    return found


def sha256_of(path: Path, stop: Any = None) -> str:
    """Hex digest of a file; "" where it cannot be read or `stop()` became true."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                if stop is not None and stop():
                    return ""
    except OSError:
        return ""
    return digest.hexdigest()
