"""One process of a run, and what the supervisor knows of it."""

from dataclasses import dataclass, field

from liveaffect.stream.live.life import Life
from liveaffect.stream.live.process import Handle
from liveaffect.stream.live.watchdog import Watch


@dataclass
class Member:
    """One process of the run, and what is known of it."""

    handle: Handle
    life: Life
    watch: Watch
    level: int
    """Graph depth of its deepest node: writers are stopped before readers."""
    keeps: bool
    """True where it stores what it gets."""
    has_source: bool
    ended: bool = False
    """True when its sources have returned."""
    error: str = ""
    exit_code: int = 1
    told: tuple[str, str] = field(default=("", ""))
    """State and error last published for its nodes."""
    told_at: float = 0.0
