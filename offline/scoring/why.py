"""Why an estimate was what it was, at an instant: as a session recorded it, or measured again on the film itself."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liveaffect.models.reasons.sentence import sentences, shares
from liveaffect.nodes import FACE_NODES
from liveaffect.offline.apart import Progress, answered_apart
from liveaffect.offline.scoring.pipeline import ScoreSettings, look_at, offline_graph, require_models
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, RecordError, UsageError
from liveaffect.stream.graph import Graph, build_graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import Reason, Reasons
from liveaffect.stream.session.info import is_session, sha256_of
from liveaffect.stream.topics import REASONS

BACK_NS = 2_000_000_000
"""Reasons that are older say nothing of an instant; with four people in view everyone has a turn in that time."""


@dataclass(frozen=True)
class Why:
    """The reasons of one person."""

    t_s: float
    reason: Reason
    source: str
    """"recorded", or what they were measured on again."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """For valence, arousal and the likeliest category, then weights and what was missing."""
        return (*sentences(self.reason), shares(self.reason))


def why(source: str | Path, at_s: float) -> list[Why]:
    """The newest reasons of everyone at `at_s` seconds of a session or a film, at most two seconds old.

    A session that was recorded with reasons tells those. Without them, they are measured again where it was made of a
    film that is still there unchanged; a session of a camera keeps no pixels, so that nothing can be taken apart then.

    Raises RecordError and InputError where there is nothing to say them from, and what goes wrong on the way.
    """
    path = Path(source)
    if not at_s >= 0.0:
        raise UsageError(f"why: --at {at_s} is no time; give seconds from the start")
    if not is_session(path):
        if not path.exists():
            raise InputError(f"{path} does not exist: give a session's folder, or a film")
        return _newest(_measured(path, at_s), round(at_s * 1e9), 0, f"measured on {path.name}")
    session = Session(path)
    at_ns = session.zero_ns + round(at_s * 1e9)
    if REASONS.name in session.topics:
        said = [message for _, message in session.reader.messages([REASONS.name]) if isinstance(message, Reasons)]
        return _newest(said, at_ns, session.zero_ns, "recorded")
    film = _film(session)
    return _newest(_measured(film, at_s), round(at_s * 1e9), 0, f"measured again on {film.name}")


def _newest(said: list[Reasons], at_ns: int, zero_ns: int, source: str) -> list[Why]:
    found: dict[int, Why] = {}
    for message in sorted(said, key=lambda one: one.t_ns):
        if at_ns - BACK_NS <= message.t_ns <= at_ns:
            for reason in message.people:
                found[reason.id] = Why((message.t_ns - zero_ns) / 1e9, reason, source)
    return [found[who] for who in sorted(found)]


def _film(session: Session) -> Path:
    """The film that a session was made from, where it is there and unchanged."""
    known = next((one for one in session.info.sources if one.node == "camera"), None)
    remedy = "record with --reasons (reasons.enabled = true) to keep them"
    if known is None:
        raise RecordError(f"{session.path} holds no reasons, and no pixels to measure them on: {remedy}")
    path = Path(known.path) if Path(known.path).is_absolute() else session.path / known.path
    if not path.is_file():
        raise RecordError(f"{session.path} holds no reasons, and its film {path} is not there: {remedy}")
    if known.sha256 and sha256_of(path) != known.sha256:
        raise RecordError(f"{session.path} holds no reasons, and its film {path} has changed since: {remedy}")
    return path


def graph_with_reasons(path: Path) -> Graph:
    """The nodes that a film needs for its reasons."""
    settings = ScoreSettings()
    info = look_at(path, settings)
    if not (info.has_video or info.has_audio):
        raise InputError(f"{path} has no picture and no sound: reasons are measured on faces and voices")
    require_models(info)
    table: dict[str, Any] = offline_graph(info, settings).table()
    node = tomllib.loads(settings.launch.read_text("utf-8"))["reasons"] | {"enabled": True}
    return build_graph(table | {"reasons": node}, origin=str(settings.launch))


def reasons_of(path: Path, until_s: float) -> Iterator[Reasons]:
    """Every half second's reasons of a film up to an instant. MediaPipe is opened here: see `why`."""
    host = LockstepHost(graph_with_reasons(path))
    for _, message in host.run():
        if message.t_ns > until_s * 1e9 and any(name in FACE_NODES for name in host.graph.entries):
            return
        if isinstance(message, Reasons):
            yield message


def _measured(path: Path, at_s: float) -> list[Reasons]:
    """The same in a process of its own, whose way out of the machine is closed."""
    return answered_apart(_listed, str(path), at_s, answer=list[Reasons], refused=InputError, what=f"measuring {path}")


def _listed(_tell: Progress, path: str, at_s: float) -> list[Reasons]:
    return list(reasons_of(Path(path), at_s))
