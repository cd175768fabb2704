"""One process of a run, and what the supervisor knows of it."""

from dataclasses import dataclass, field

from liveaffect.stream.live.life import Life
from liveaffect.stream.live.process import Handle
from liveaffect.stream.live.watchdog import Watch

OPENING_TOLD_S = (10.0, 30.0, 60.0, 120.0)


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
    doing: str = ""
    """The node that it opens, or that it called last."""
    opens_since: float = 0.0
    opening_told: int = 0
    """How many of the times in `OPENING_TOLD_S` have been told of this start."""
    told: tuple[str, str] = field(default=("", ""))
    """State and error last published for its nodes."""
    told_at: float = 0.0

    def opening_words(self, now: float) -> str:
        """Words for the user where it takes long to open, each time once: nothing else would be heard of it until
        everyone is ready."""
        for_s = now - self.opens_since
        if self.opening_told == len(OPENING_TOLD_S) or for_s < OPENING_TOLD_S[self.opening_told]:
            return ""
        self.opening_told += 1
        first = ": the first start on a machine compiles, later ones are quick" if self.opening_told == 1 else ""
        return f"'{self.doing or self.handle.name}' has been opening for {for_s:.0f} s{first}"
