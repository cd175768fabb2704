"""The last section of a report: what another needs to get the same numbers."""

from collections.abc import Iterator
from html import escape
from typing import Any

from liveaffect.offline.tables.results import Results


def made_of(results: Results) -> Iterator[str]:
    """Versions, models and settings: what another needs to get the same numbers."""
    yield "<h2>What made these numbers</h2><dl>"
    session = results.session
    facts: list[tuple[str, str]] = [("liveaffect", results.version or "not written down in this table")]
    for name, said in sorted(results.models.items()):
        facts.append((name, f"{said.get('version', '')} {_hash(said.get('sha256', ''))}".strip() or "used"))
    facts += list(_of_settings(results.settings) if session is None else _of_session(session))
    for name, text in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
    yield "</dl>"


def _of_settings(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if settings.get("set"):
        yield "settings", ", ".join(map(str, settings["set"]))
    if settings.get("smooth_lag_s") is not None:
        yield "smoothed columns", f"{settings['smooth_lag_s']:g} s ahead (this report shows the causal ones)"
    if settings.get("baseline"):
        yield "baseline", f"of face {settings['baseline'].get('face_id')} in {settings['baseline'].get('source')}"


def _of_session(session: Any) -> Iterator[tuple[str, str]]:
    kept = session.persisted
    stored = [name for name, there in (("sound", kept.audio), ("mesh", kept.mesh), ("face crops", kept.crops)) if there]
    stored += [f"video ({kept.video})"] if kept.video != "no" else []
    yield "stored besides results", ", ".join(stored) or "nothing: no pixels, no sound"
    for source in session.sources:
        yield (
            f"source of {source.node}",
            f"{source.path.rpartition('/')[2]} {_hash(source.sha256)}",
        )
    yield "machine", f"{session.machine.get('system', '')}, {session.machine.get('cpus', '')} cores"
    yield "packages", ", ".join(f"{name} {text}" for name, text in session.versions.items() if name != "liveaffect")


def _hash(sha256: str) -> str:
    return f"sha256 {sha256[:12]}" if sha256 else ""
