"""Two people over some time: who follows whom, who moves whom, whose smile is answered, who holds the floor."""

from dataclasses import dataclass

from liveaffect.models.dynamics.correlation import STEP_S, Following, WindowedCorrelation
from liveaffect.models.dynamics.coupling import Coupling, coupling
from liveaffect.models.dynamics.evidence import DIMENSIONS, Blocks, Evidence
from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.dynamics.mirroring import Mirrored, mirrored
from liveaffect.models.dynamics.person import COLUMNS, ERRORS
from liveaffect.models.dynamics.turns import Turns, turns

AU12, AU04 = 0, 1


@dataclass(frozen=True, slots=True)
class Expressions:
    """How often one person's expression was answered by the other, both ways."""

    second_answers: Mirrored | None
    first_answers: Mirrored | None


class Pair:
    """Takes the blocks of two people as they come in. Causal and deterministic."""

    def __init__(self, first: Evidence, second: Evidence, begin: int) -> None:
        self.first, self.second, self.begin = first, second, begin
        self.windows = {name: WindowedCorrelation() for name in DIMENSIONS}
        self._next = begin

    def step(self, end: int) -> None:
        """Takes the blocks before `end`, which are complete."""
        if end <= self._next:
            return
        tables = [estimates_of(one)[1].dense(self._next, end) for one in (self.first, self.second)]
        for name in DIMENSIONS:
            value = COLUMNS[name][0]
            self.windows[name].add(tables[0][:, value], tables[1][:, value])
        self._next = end

    def settle(self) -> None:
        """At the end of a recording: judges the windows that still wait."""
        for windows in self.windows.values():
            windows.settle()

    def following(self, dimension: str, begin: int, end: int) -> Following | None:
        """Who follows whom in [begin, end), by the windows that begin there."""
        zero = self.begin * BLOCK_S
        return self.windows[dimension].following(begin * BLOCK_S - zero, end * BLOCK_S - zero)

    def coupled(self, dimension: str, begin: int, end: int) -> Coupling | None:
        """Who moves whom in [begin, end)."""
        value, var = COLUMNS[dimension]
        found = [estimates_of(one) for one in (self.first, self.second)]
        tables = [blocks.dense(begin, end) for _, blocks in found]
        return coupling(
            (tables[0][:, value], tables[0][:, var]),
            (tables[1][:, value], tables[1][:, var]),
            (ERRORS[found[0][0]], ERRORS[found[1][0]]),
        )

    def expressions(self, unit: int, begin: int, end: int) -> Expressions:
        """Answers to onsets of AU12 (0) or AU04 (1) in [begin, end)."""
        a, b = (one.units.dense(begin, end)[:, unit] for one in (self.first, self.second))
        return Expressions(mirrored(a, b), mirrored(b, a))

    def turns(self, begin: int, end: int) -> Turns | None:
        """Speech in [begin, end)."""
        a, b = (one.speech.dense(begin, end)[:, 0] for one in (self.first, self.second))
        return turns(a, b)

    def forget(self, before: int) -> None:
        """Lets windows go that begin before `before`."""
        for windows in self.windows.values():
            windows.forget((before - self.begin) * BLOCK_S - STEP_S)


def estimates_of(evidence: Evidence) -> tuple[str, Blocks]:
    """A person's face where there ever was one, else the voice."""
    by = "face" if evidence.face.span is not None else "voice"
    return by, evidence.estimates(by)
