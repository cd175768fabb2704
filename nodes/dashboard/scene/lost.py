"""When nothing comes from the sensor any more: since when, why as far as is known, and what to do. No Qt here."""

import time
from dataclasses import dataclass

from liveaffect.nodes.dashboard.scene.shown import Scene

SILENT_NS = 2_000_000_000
"""Health comes every second: without any word for so long nothing that is shown is of now."""
SOURCES = ("camera", "microphone", "replay")
FILM_ENDED = "The film has ended"


@dataclass(frozen=True)
class Lost:
    """What the window says in place of numbers that look alive."""

    headline: str
    words: str
    since: str
    """Time of day of the last word, on this machine's clock."""
    heard_ns: int
    """The same on its monotonic clock."""


def lost(scene: Scene) -> Lost | None:
    """None while the sensor is heard, and before anything ever was (then the window waits, and shows nothing old)."""
    now_ns = scene.clock()
    if not scene.heard_ns or now_ns - scene.heard_ns <= SILENT_NS:
        return None
    since = time.strftime("%H:%M:%S", time.localtime(scene.wall() - (now_ns - scene.heard_ns) / 1e9))
    headline, words = _why(scene, since)
    return Lost(headline, words, since, scene.heard_ns)


def stale(scene: Scene) -> bool:
    """Estimates have stopped although the sensor still speaks: the last one is not of now."""
    if scene.kind == "replay" or not scene.affect_heard_ns:  # a replay may be paused
        return False
    return scene.clock() - scene.affect_heard_ns > SILENT_NS


def _why(scene: Scene, since: str) -> tuple[str, str]:
    kept = f"Shown in grey is what was known at {since}."
    sources = [scene.health[name] for name in SOURCES if name in scene.health]
    if sources and all(health.state == "stopped" for health in sources):
        return FILM_ENDED, f"{kept} Nothing more comes; close the window when you have seen it."
    trouble = scene.trouble if not scene.connected else ""
    why = trouble.rstrip(".") or "It hangs, or the way to it is cut"
    remedy = "It is looked for every second; if it does not come back, start it again: liveaffect live."
    return f"No word from the sensor since {since}", f"{why}. {remedy} {kept}"
