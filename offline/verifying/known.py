"""What a session may make this program run and open: nodes of liveaffect, and what the user named; nothing else.

A session may come from anywhere. The names of classes and files in its manifest are words of a stranger: a class
outside this table is imported, and a file outside the session's folder is opened, only where the user named it too.
"""

import importlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liveaffect.stream.errors import RecordError, UsageError
from liveaffect.stream.launch import SUFFIX
from liveaffect.stream.session.files import inside
from liveaffect.stream.session.info import SessionInfo

NODES = frozenset(
    f"liveaffect.nodes.{name}"
    for name in (
        "attention:AttentionNode",
        "baseline:BaselineNode",
        "camera:CameraNode",
        "dashboard:DashboardNode",
        "dynamics:DynamicsNode",
        "face:FaceNode",
        "face_affect:FaceAffectNode",
        "fusion:FusionNode",
        "lsl:LslNode",
        "microphone:MicrophoneNode",
        "mqtt:MqttNode",
        "osc:OscNode",
        "reasons:ReasonsNode",
        "recorder:RecorderNode",
        "replayer:ReplayerNode",
        "terminal:TerminalNode",
        "voice:VoiceNode",
        "voice_affect:VoiceAffectNode",
    )
)
"""Every node of this package."""
IDLE = frozenset(
    f"liveaffect.nodes.{name}"
    for name in (
        "dashboard:DashboardNode",
        "lsl:LslNode",
        "mqtt:MqttNode",
        "osc:OscNode",
        "recorder:RecorderNode",
        "replayer:ReplayerNode",
        "terminal:TerminalNode",
    )
)
"""Nodes that compute nothing: they are never made again for a session."""
SOURCES = frozenset(("liveaffect.nodes.camera:CameraNode", "liveaffect.nodes.microphone:MicrophoneNode"))
PATHS = ("baseline", "file", "folder", "input", "path", "source")
"""Settings that name files, however short they are."""
TYPE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
GENERATORS = frozenset(("testsrc", "testsrc2", "color", "smptebars", "rgbtestsrc", "sine", "anullsrc", "anoisesrc",
                        "scale", "format", "fps"))  # fmt: skip
"""Filters of FFmpeg that make pictures and sound of nothing, and open no file."""


@dataclass(frozen=True)
class Trust:
    """What the user named on the command line."""

    nodes: Collection[str] = ()
    """Classes, as package.module:Class."""
    sources: Collection[str] = field(default_factory=tuple)
    """Files, folders with files, and `lavfi:` graphs that may be opened for the session."""

    def __post_init__(self) -> None:
        for kind in self.nodes:
            if not TYPE.fullmatch(kind):
                raise UsageError(f"--node {kind}: write package.module:Class")

    def declare(self) -> None:
        """Imports the modules of the named classes, so that their topics are known. Raises UsageError."""
        for kind in self.nodes:
            try:
                importlib.import_module(kind.partition(":")[0])
            except ImportError as error:
                raise UsageError(f"--node {kind} cannot be imported: {error}") from None

    def check(self, info: SessionInfo) -> None:
        """Raises UsageError where something was named that is not there, or that the session did not use."""
        played = [file.path for file in info.sources]
        tables = [table for table in info.graph.values() if isinstance(table, Mapping)]
        used = {Path(text).name for text in (*played, *(v for table in tables for v in table.values() if _is_path(v)))}
        for source in self.sources:
            place = Path(source)
            if source.startswith("lavfi:") or place.is_dir():
                continue
            if not place.exists():
                raise UsageError(f"--source {source}: there is no such file or folder")
            if place.name not in used:
                told = f"that was {', '.join(played)}" if played else "it played no file"
                raise UsageError(f"--source {source} is not what this session played: {told}")

    def file(self, folder: Path, name: str) -> Path | None:
        """A file that a session names: in its own folder, or where the user said; None where it is in neither."""
        base = Path(name).name if "\0" not in name else ""
        try:
            return inside(folder, base)
        except RecordError:
            pass
        for place in map(Path, self.sources):
            for path in (place, place / base):
                if path.name == base and path.is_file():
                    return path
        return None

    def graph(self, text: str) -> bool:
        """True for a `lavfi:` graph that opens nothing, or that the user named."""
        if text in self.sources:
            return True
        filters = text.removeprefix("lavfi:").split(",")
        names = [part.partition("=")[0].strip() for part in filters]
        return all(name in GENERATORS for name in names) and re.fullmatch(r"[\w=:.,#x/+\- ]*", text) is not None


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def split(graph: Mapping[str, Any], trust: Trust) -> tuple[dict[str, Any], dict[str, str]]:
    """The nodes of a session's launch graph that may be made again, and why each of the others may not."""
    kept: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, table in graph.items():
        if name == "graph":
            kept[name] = table
            continue
        kind = str(table.get("type", "")) if isinstance(table, Mapping) else ""
        if f"{kind}{SUFFIX}" in NODES:  # as it was called when the session was recorded
            kind = f"{kind}{SUFFIX}"
            table = {**table, "type": kind}
        if kind in IDLE:
            continue
        why = "" if kind in NODES or kind in trust.nodes else _stranger(kind)
        if not why and kind not in SOURCES:
            why = _leads_out(table, trust)
        if why:
            refused[name] = why
        else:
            kept[name] = table
    return kept, refused


def _stranger(kind: str) -> str:
    known = TYPE.fullmatch(kind) and len(kind) <= 80
    remedy = f"`--node {kind}`" if known else "--node and its package.module:Class"
    return (
        f"its class {kind!r:.80} is not one of liveaffect's: if you trust the session's maker, add {remedy}, or "
        "`--with` and the launch file that names it"
    )


def _leads_out(table: Mapping[str, Any], trust: Trust) -> str:
    """Why a setting would open a file outside the session, or ""."""
    for key, value in table.items():
        named = isinstance(value, str) and key not in ("type", "process") and value not in trust.sources
        if named and value and (key in PATHS or re.search(r"[/\\~\0]", value)):
            return f"its setting {key} = {value!r:.80} leads out of the session: name that file with --source"
    return ""


def depths(wiring: Mapping[str, Mapping[str, list[str]]]) -> dict[str, int]:
    """Topic -> depth of its writer in the graph, from what a manifest says of it (a circle counts once)."""
    writers = {topic: name for name, topics in wiring.items() for topic in topics.get("writes", ())}
    levels: dict[str, int] = {}

    def level(name: str, path: tuple[str, ...]) -> int:
        if name not in levels and name not in path and len(path) < len(wiring):
            inputs = [writers[topic] for topic in wiring.get(name, {}).get("reads", ()) if topic in writers]
            levels[name] = max((level(one, (*path, name)) + 1 for one in inputs), default=0)
        return levels.get(name, 0)

    return {topic: level(writer, ()) for topic, writer in writers.items()}
