"""What a session is a recording of, and what follows from that."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from liveaffect.stream.plain import is_table
from liveaffect.stream.session.info import MANIFEST, Persisted, SessionInfo
from liveaffect.stream.session.ledger import Ledger


class SessionContext(msgspec.Struct, kw_only=True):
    """What a session is a recording of."""

    graph: Mapping[str, Any] = {}
    wiring: Mapping[str, Mapping[str, list[str]]] = {}
    """As in HostInfo."""
    clock: str = "media"
    """Id of the clock of `t_ns`; "media" offline."""
    from_start: bool = True
    """The recorder ran before anything was published, so a first `seq` above 0 is a loss."""
    run: str = ""
    """UUID of the run of the graph, so that only its own recorder goes on in its session; "" offline."""
    persisted: Persisted = msgspec.field(default_factory=Persisted)
    """What is stored beyond results."""
    models: Mapping[str, Any] = {}
    """Name -> version and hash of every model that the graph may use."""


def files_of(folder: Path) -> dict[str, int]:
    """Names and sizes of a session's files, its manifest left out; empty where the folder is gone."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and path.name != MANIFEST:
                found[path.name] = path.stat().st_size
    return found


def shown(folder: str | Path) -> str:
    """A path as it can be printed in one line."""
    text = str(folder).encode("unicode_escape", "backslashreplace").decode("ascii")
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} characters)"


def ledger_of(info: SessionInfo) -> Ledger:
    """An empty ledger for the graph of a session."""
    readers: dict[str, list[str]] = {}
    writers: dict[str, str] = {}
    for node, topics in info.wiring.items():
        table = info.graph.get(node, {})
        if is_table(table) and str(table.get("type", "")).endswith((":Recorder", ":RecorderNode")):
            continue  # what it takes in is the column "recorded"
        for topic in topics.get("reads", ()):
            readers.setdefault(topic, []).append(node)
        writers.update(dict.fromkeys(topics.get("writes", ()), node))
    processes = {name: str(table.get("process", name)) for name, table in info.graph.items() if is_table(table)}
    return Ledger(readers=readers, writers=writers, processes=processes, from_start=info.from_start)
