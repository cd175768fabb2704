"""Everyone's dynamics as the stream goes on: takes what the nets say, gives measures of the last minutes once a second.

Costly fits take turns, at most two in a second, so that no second is much dearer than another: with more people each is
renewed less often. What is said is a function of what was taken in, and of nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from liveaffect.models.dynamics.categories import Stays
from liveaffect.models.dynamics.correlation import Following
from liveaffect.models.dynamics.coupling import Coupling
from liveaffect.models.dynamics.evidence import BLOCK_NS, DIMENSIONS, Evidence, block_of, estimate_row
from liveaffect.models.dynamics.inertia import BLOCK_S, Motion
from liveaffect.models.dynamics.person import ShiftWatch, moved, stayed
from liveaffect.models.dynamics.shifts import ShiftFound, ShiftSettings
from liveaffect.models.dynamics.together import AU04, AU12, Expressions, Pair
from liveaffect.models.dynamics.turns import Turns

SECOND_NS = 1_000_000_000
AT_ONCE = 2
PERIODS_S = {"valence": 10, "arousal": 10, "stays": 5, "follow valence": 5, "follow arousal": 10,
             "couple valence": 30, "couple arousal": 60, "answers": 10}  # fmt: skip
"""How often each measure is renewed while there is time for it, s."""


@dataclass(slots=True)
class PersonSaid:
    """One person's newest measures; None where they were not made yet."""

    seconds: float = 0.0
    by: str = "face"
    valence: Motion | None = None
    arousal: Motion | None = None
    stays: Stays | None = None


@dataclass(slots=True)
class PairSaid:
    """Two people's newest measures."""

    seconds: float = 0.0
    """Time in which both were known."""
    following: dict[str, Following | None] = field(default_factory=dict[str, Following | None])
    coupling: dict[str, Coupling | None] = field(default_factory=dict[str, Coupling | None])
    smiles: Expressions | None = None
    frowns: Expressions | None = None
    turns: Turns | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What there is to say at one second."""

    people: dict[int, PersonSaid]
    pairs: dict[tuple[int, int], PairSaid]


class DynamicsTracker:
    """Dynamics of everyone in the stream. Causal and deterministic: same inputs, same bits.

    Parameters
    ----------
    window_s: measures rest on the last so many seconds.
    shifts: when a shift is told.
    most_pairs: pairs beyond so many (by number of the people) are left out.
    """

    def __init__(self, window_s: float = 300.0, shifts: ShiftSettings | None = None, most_pairs: int = 3) -> None:
        self._window = round(window_s / BLOCK_S)
        self._shifts, self._most_pairs = shifts or ShiftSettings(), most_pairs
        self._people: dict[int, Evidence] = {}
        self._watches: dict[int, ShiftWatch] = {}
        self._last_seen: dict[int, int] = {}
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._said: dict[int, PersonSaid] = {}
        self._pairs_said: dict[tuple[int, int], PairSaid] = {}
        self._done: dict[tuple[object, str], int] = {}
        self._block, self._second = -1, -1

    def see(
        self, t_ns: int, who: int, estimate: tuple[float, float, float, float, Sequence[float]] | None,
        units: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        """One frame of a face: valence, arousal, their deviations and eight probabilities; AU12 and AU04 (0 to 5)."""
        block = block_of(t_ns)
        if estimate is not None:
            self._person(who, block).face.add(block, estimate_row(*estimate))
        if units is not None:
            self._person(who, block).units.add(block, units)

    def hear(self, t_ns: int, who: int, estimate: tuple[float, float, float, float, Sequence[float]]) -> None:
        """One estimate of the voice that is theirs."""
        block = block_of(t_ns)
        self._person(who, block).voice.add(block, estimate_row(*estimate))

    def speak(self, t_ns: int, who: int, probability: float) -> None:
        """Probability (0 to 1) that they speak; of people who were seen or heard."""
        if who in self._people:
            block = block_of(t_ns)
            self._people[who].speech.add(block, (probability,))

    def advance(self, t_ns: int) -> tuple[list[tuple[int, str, ShiftFound]], Said | None]:
        """Time has reached `t_ns`: shifts that were found (who, dimension, shift), and once a second the measures."""
        block, second = t_ns // BLOCK_NS, t_ns // SECOND_NS
        found: list[tuple[int, str, ShiftFound]] = []
        if block > self._block:
            self._block = block
            for who, evidence in sorted(self._people.items()):
                evidence.close(block)
                found += [(who, name, shift) for name, shift in self._watches[who].step(evidence, block)]
        if second == self._second or self._second < 0:
            self._second = second
            return found, None
        self._second = second
        self._forget(block)
        self._pair_up(block)
        for pair in self._pairs.values():
            pair.step(block)
        self._work(block, second)
        return found, Said(dict(sorted(self._said.items())), dict(sorted(self._pairs_said.items())))

    def _person(self, who: int, block: int) -> Evidence:
        if who not in self._people:
            self._people[who] = Evidence.empty()
            self._watches[who] = ShiftWatch(self._shifts)
            self._said[who] = PersonSaid()
        self._last_seen[who] = block
        return self._people[who]

    def _forget(self, block: int) -> None:
        """Lets go what is older than the window, and people who were away for all of it."""
        begin = block - self._window
        for who in [who for who, seen in self._last_seen.items() if seen < begin]:
            for kept in (self._people, self._watches, self._last_seen, self._said):
                del kept[who]
            for pair in [pair for pair in self._pairs if who in pair]:
                del self._pairs[pair], self._pairs_said[pair]
        for evidence in self._people.values():
            evidence.forget(begin - 100)
        for pair in self._pairs.values():
            pair.forget(begin)

    def _pair_up(self, block: int) -> None:
        faces = sorted(who for who in self._people if who >= 0)
        for pair in combinations(faces, 2):
            if pair not in self._pairs and len(self._pairs) < self._most_pairs:
                first, second = (self._people[who] for who in pair)
                if first.face.span is not None and second.face.span is not None:
                    begin = max(first.face.span[0], second.face.span[0], block - self._window)
                    self._pairs[pair], self._pairs_said[pair] = Pair(first, second, begin), PairSaid()

    def _work(self, block: int, second: int) -> None:
        """The fits whose turn it is: those that are most overdue."""
        begin = block - self._window
        jobs: list[tuple[object, str, Callable[[], None]]] = []
        for who, evidence in self._people.items():
            jobs += [(who, name, self._moved(who, evidence, name, begin, block)) for name in DIMENSIONS]
            jobs.append((who, "stays", self._stayed(who, evidence, begin, block)))
        for ids, pair in self._pairs.items():
            for name in DIMENSIONS:
                jobs.append((ids, f"follow {name}", self._followed(ids, pair, name, begin, block)))
                jobs.append((ids, f"couple {name}", self._coupled(ids, pair, name, begin, block)))
            jobs.append((ids, "answers", self._answered(ids, pair, begin, block)))
        keys = {(of, kind) for of, kind, _ in jobs}
        self._done = {key: at for key, at in self._done.items() if key in keys}
        overdue = sorted(
            ((second - self._done.get((of, kind), second - PERIODS_S[kind])) / PERIODS_S[kind], -k)
            for k, (of, kind, _) in enumerate(jobs)
        )
        for share, k in overdue[: -AT_ONCE - 1 : -1]:
            if share >= 1.0:
                of, kind, job = jobs[-k]
                job()
                self._done[of, kind] = second

    def _moved(self, who: int, evidence: Evidence, name: str, begin: int, end: int) -> Callable[[], None]:
        def job() -> None:
            said = self._said[who]
            said.by, measured = moved(evidence, name, begin, end)
            said.seconds = measured.seconds
            setattr(said, name, measured)

        return job

    def _stayed(self, who: int, evidence: Evidence, begin: int, end: int) -> Callable[[], None]:
        def job() -> None:
            self._said[who].stays = stayed(evidence, begin, end)

        return job

    def _followed(self, ids: tuple[int, int], pair: Pair, name: str, begin: int, end: int) -> Callable[[], None]:
        def job() -> None:
            self._pairs_said[ids].following[name] = pair.following(name, begin, end)

        return job

    def _coupled(self, ids: tuple[int, int], pair: Pair, name: str, begin: int, end: int) -> Callable[[], None]:
        def job() -> None:
            self._pairs_said[ids].coupling[name] = pair.coupled(name, begin, end)

        return job

    def _answered(self, ids: tuple[int, int], pair: Pair, begin: int, end: int) -> Callable[[], None]:
        def job() -> None:
            said = self._pairs_said[ids]
            said.smiles, said.frowns = pair.expressions(AU12, begin, end), pair.expressions(AU04, begin, end)
            said.turns = pair.turns(begin, end)
            said.seconds = min(pair.first.face.count(begin, end), pair.second.face.count(begin, end)) * BLOCK_S

        return job
