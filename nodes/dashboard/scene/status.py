"""The figures of the status line and the words that explain them. No Qt here."""

from dataclasses import dataclass, field

import numpy as np

from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.nodes.dashboard.scene.lost import Lost
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import HEALTH_WORDS, clock, size
from liveaffect.stream import messages as m

RATE_OF_NS = 3_000_000_000
LEAST_FREE_MB = 2048.0
QUIET_NS = 4_000_000_000
"""Health comes every second; without it for so long nobody knows how a node is."""
ORDER = (*FACE_NODES, *VOICE_NODES, "fusion", "baseline", "recorder")


@dataclass(frozen=True)
class Figure:
    """One entry of the line; `problem` paints it as a warning."""

    words: str
    tip: str = ""
    problem: bool = False


@dataclass(frozen=True)
class Dot:
    """One node: "ok", "warn", "bad", "starting" or "unknown"."""

    node: str
    kind: str
    tip: str


@dataclass(frozen=True)
class Status:
    """The whole line."""

    rate: Figure
    latency: Figure
    drops: Figure
    dots: tuple[Dot, ...]
    disk: Figure
    offset: Figure
    recording: str | None
    """Time recorded so far, None while nothing is."""
    session: str
    replay: str = ""
    """The session that is replayed; "" live."""
    strange: Figure = field(default_factory=lambda: Figure(""))
    assistant: Figure = field(default_factory=lambda: Figure(""))
    lost: Lost | None = None
    """Nothing of this is of now."""


def status_of(scene: Scene, now_ns: int) -> Status:
    """What the line says at `now_ns` of the sensor's clock; call it under the scene's lock."""
    recorder = record_status(scene)
    return Status(
        rate=_rate(scene, now_ns), latency=_latency(scene, now_ns), drops=_drops(scene), dots=_dots(scene, now_ns),
        disk=_disk(recorder), offset=_offset(scene), recording=_recorded(scene, now_ns),
        session="" if recorder is None else recorder.session, strange=_strange(scene), assistant=_assistant(scene),
        replay=_replayed(scene) if scene.kind == "replay" else "",
    )  # fmt: skip


def lost_status(scene: Scene, gone: Lost, now_ns: int) -> Status:
    """What the line says where nothing has been heard for too long: no figure, no light, and the time recorded then."""
    then_ns = now_ns - (scene.clock() - gone.heard_ns)
    tip = f"Nothing has been heard since {gone.since}"
    names = [dot.node for dot in _dots(scene, then_ns)]
    blank = Figure("")
    return Status(
        rate=blank, latency=blank, drops=blank, disk=blank, offset=blank,
        dots=tuple(Dot(name, "unknown", f"{name}: nothing heard since {gone.since}") for name in names),
        recording=_recorded(scene, then_ns), session=tip,
        replay=_replayed(scene) if scene.kind == "replay" else "", lost=gone,
    )  # fmt: skip


def record_status(scene: Scene) -> m.RecordStatus | None:
    """What the recorder says of itself; of a node that is down nothing is known."""
    told = (health.status for health in _present(scene) if health.state not in m.DOWN)
    return next((status for status in told if isinstance(status, m.RecordStatus)), None)


def _recorded(scene: Scene, now_ns: int) -> str | None:
    """Time recorded so far; None while nothing is."""
    status = record_status(scene)
    if status is None or not status.recording:
        return None
    return clock((now_ns - status.since_ns) / 1e9) if status.since_ns is not None and scene.kind == "live" else ""


def private(scene: Scene) -> bool:
    """True while the sensor stores no pixels because somebody asked for privacy."""
    return any(isinstance(health.status, m.RecordStatus) and health.status.privacy for health in _present(scene))


def _assistant(scene: Scene) -> Figure:
    status = next((h.status for h in _present(scene) if isinstance(h.status, m.GatewayStatus)), None)
    if status is None or not status.assistant:
        return Figure("")
    tip = "Somebody has allowed that an assistant (liveaffect mcp) is told states and numbers; View takes it back"
    return Figure("assistant may read", tip, problem=True)


def _present(scene: Scene) -> list[m.Health]:
    """Health of what runs now: a replay also brings that of the recorded sensor."""
    return [health for health in scene.health.values() if not health.process.startswith("recorded ")]


def _replayed(scene: Scene) -> str:
    found = next((h.status.session for h in _present(scene) if isinstance(h.status, m.ReplayStatus)), "")
    return found or "a session"


def _rate(scene: Scene, now_ns: int) -> Figure:
    times = [t for t, _ in scene.answered if scene.now_ns - t < RATE_OF_NS]
    if len(times) < 2 or times[-1] <= times[0] or not _fresh(scene, now_ns):
        return Figure("no frames", "No frame has been answered for 3 s")
    hz = (len(times) - 1) / (times[-1] - times[0]) * 1e9
    return Figure(f"{hz:.1f} frames/s", "Camera frames that were answered with an estimate, over the last 3 s")


def _fresh(scene: Scene, now_ns: int) -> bool:
    answered = bool(scene.answered) and now_ns - scene.answered[-1][0] < RATE_OF_NS
    return scene.kind == "replay" or answered


def _latency(scene: Scene, now_ns: int) -> Figure:
    known = np.array([ms for _, ms in scene.answered])
    known = known[np.isfinite(known)]
    if scene.kind == "replay" or not len(known) or not _fresh(scene, now_ns):
        return Figure("", "")
    p50, p95 = np.percentile(known, (50, 95))
    tip = (
        f"From the capture of a frame to its estimate: half of the last {len(known)} frames took at most {p50:.1f} ms, "
    )
    return Figure(f"latency {p50:.0f} ms, p95 {p95:.0f} ms", tip + f"95 % at most {p95:.1f} ms", problem=p95 > 500)


def _drops(scene: Scene) -> Figure:
    rows = [(n, c, k) for n, h in scene.health.items() for c, k in h.dropped.items() if k]
    total = sum(count for _, _, count in rows)
    if not total:
        return Figure("nothing lost", "Every message was processed by every node")
    lines = [f"{node}: {count} {cause}" for node, cause, count in sorted(rows)]
    return Figure(f"{total} dropped", "Messages that a node did not process, by cause\n" + "\n".join(lines))


def _dots(scene: Scene, now_ns: int) -> tuple[Dot, ...]:
    names = {*scene.health, *(scene.facts.get("nodes") or ())}
    ranked = sorted(names, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))
    return tuple(_dot(scene, name, now_ns) for name in ranked)


def _dot(scene: Scene, name: str, now_ns: int) -> Dot:
    health = scene.health.get(name)
    if health is None:
        return Dot(name, "unknown", f"{name}: nothing heard of it yet")
    quiet = scene.kind == "live" and now_ns - health.t_ns > QUIET_NS and health.state == "ok"
    kind = (
        "bad"
        if health.state in m.DOWN
        else "warn"
        if health.error
        else {"ok": "ok", "stopped": "unknown"}.get(health.state, "starting")
    )
    words = [f"{name} {HEALTH_WORDS.get(health.state, health.state)}"]
    if quiet:
        kind, words = "unknown", [f"{name}: no news for {(now_ns - health.t_ns) / 1e9:.0f} s"]
    if health.error:
        words.append(f"last error: {health.error}")
    words.append(_load(health))
    return Dot(name, kind, "\n".join(word for word in words if word))


def _load(health: m.Health) -> str:
    parts = [f"{health.rate_hz:.0f} messages/s" if health.rate_hz is not None else ""]
    if health.latency_p50_ms is not None:
        parts.append(f"latency p50 {health.latency_p50_ms:.0f} ms")
    parts.append(
        f"process {health.process}"
        + (f" {health.cpu_percent:.0f} % of a core" if health.cpu_percent is not None else "")
    )
    parts.append(f"{health.rss_mb:.0f} MB" if health.rss_mb is not None else "")
    parts.append(f"started again {health.restarts} times" if health.restarts else "")
    return ", ".join(part for part in parts if part)


def _disk(recorder: m.RecordStatus | None) -> Figure:
    free = None if recorder is None else recorder.free_mb
    if free is None:
        return Figure("")
    return Figure(f"{size(float(free))} free", "Room on the disk of the recordings", problem=free < LEAST_FREE_MB)


def _offset(scene: Scene) -> Figure:
    if scene.offset_ns is None or scene.kind == "replay":
        return Figure("")
    offset, error, bound = scene.offset_ns / 1e6, scene.offset_error_ns / 1e6, scene.offset_bound_ns / 1e6
    if not bound:
        return Figure("same clock", "The sensor runs on this machine's clock")
    tip = (
        f"The sensor's clock minus this machine's: {offset:+.2f} ms, known to ± {error:.2f} ms where both ways take "
        f"equally long (± {bound:.2f} ms whatever they take)"
    )
    if abs(offset) <= max(1.0, error):
        return Figure("same clock", tip)
    if abs(offset) > 60_000:
        return Figure("another machine's clock", tip)
    return Figure(f"clock {offset:+.1f} ms".replace("-", "−"), tip)


def _strange(scene: Scene) -> Figure:
    broken = scene.frames.broken
    total = sum(scene.strange.values()) + broken
    if not total:
        return Figure("")
    lines = [f"{words}: {count}" for words, count in scene.strange.most_common(8)]
    lines += [f"frames or landmarks of another shape: {broken}"] if broken else []
    return Figure(f"{total} not understood", "Messages that could not be shown\n" + "\n".join(lines), problem=True)
