"""What the panels show that are open only sometimes: dynamics, pairs, reasons; and the rare events upon the traces."""

from collections import deque
from dataclasses import dataclass, field

from liveaffect.models.attention.words import Attending
from liveaffect.stream import messages as m
from liveaffect.stream.topics import DYNAMICS, REASONS, TOGETHER

MOST_EVENTS = 200
OLD_REASON_NS = 6_000_000_000
"""Older reasons are no answer to why somebody looks so now."""
CROWDED_NS = 2_000_000_000
"""The detector that counts everyone looks that often."""
PANELS = {"now": (), "moving": (DYNAMICS.name, TOGETHER.name), "why": (REASONS.name,)}
"""Panel -> the topics that are asked for while it is open."""
NODES = {"moving": "dynamics", "why": "reasons"}


@dataclass
class Over:
    """The newest of each; empty where nothing has come."""

    dynamics: m.Dynamics | None = None
    together: m.Together | None = None
    reasons: dict[int, tuple[int, m.Reason]] = field(default_factory=dict[int, tuple[int, m.Reason]])
    """Person -> stream time in ns, and the reasons."""
    shifts: deque[m.Shift] = field(default_factory=lambda: deque[m.Shift](maxlen=MOST_EVENTS))
    attending: Attending = field(default_factory=Attending)
    """Who looks where; shown on every page."""
    crowded: m.FaceObservation | None = None
    """The newest frame with faces that are not measured."""
    discords: deque[m.Discord] = field(default_factory=lambda: deque[m.Discord](maxlen=MOST_EVENTS))

    def take_reasons(self, said: m.Reasons) -> None:
        """Reasons of one person; those of others stay until they are old."""
        kept = {who: one for who, one in self.reasons.items() if said.t_ns - one[0] < OLD_REASON_NS}
        self.reasons = kept | {one.id: (said.t_ns, one) for one in said.people}

    def reason(self, who: int | None, now_ns: int) -> tuple[int, m.Reason] | None:
        """The newest reasons of one person, none where they are old."""
        found = None if who is None else self.reasons.get(who)
        return None if found is None or now_ns - found[0] > OLD_REASON_NS else found

    def beyond(self, now_ns: int) -> str:
        """That more people are in view than are measured; "" where that is not so, or was long ago."""
        recent = self.crowded is not None and abs(now_ns - self.crowded.t_ns) < CROWDED_NS
        return self.crowded.beyond if self.crowded is not None and recent else ""

    def pairs(self, who: int | None) -> list[m.PairDynamics]:
        """Every pair, those of one person first."""
        found = self.together.pairs if self.together is not None else ()
        return sorted(found, key=lambda pair: (who not in (pair.first, pair.second), pair.first, pair.second))
