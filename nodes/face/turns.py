"""Whose turn it is: when not everybody can be measured in every frame, who waited longest comes first.

So many measurements a second of stream time are shared out; live and offline share them alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SPARE = 0.5
"""Of a measurement that may be taken on credit: times are rounded, and who is due must not miss its frame by that."""


@dataclass(frozen=True)
class Waiting:
    """One who wants to be measured: a face on its crop, or the faces that the whole frame gives together."""

    number: int
    """What the caller knows it by."""
    cost: float
    """Faces that one measurement of it takes."""
    turn: int | None
    """The number of its last turn (`Turns.share`); None for one who never had one."""
    size: float


class Turns:
    """Shares out measurements.

    Parameters
    ----------
    per_second: faces measured in a second of stream time; 0 is no limit.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self.forget()

    def forget(self) -> None:
        """After a gap: everybody may be measured at once."""
        self._credit: float | None = None
        self._last_ns = self._turn = 0

    def share(self, waiting: Sequence[Waiting], t_ns: int) -> dict[int, int]:
        """The numbers of those whose turn it is, and of that turn: newest first, of these the largest, then round and
        round."""
        whole = sum(one.cost for one in waiting)
        if self._per_second <= 0:
            return {one.number: 0 for one in waiting}
        elapsed_s = max(t_ns - self._last_ns, 0) / 1e9
        credit = whole if self._credit is None else self._credit + elapsed_s * self._per_second
        self._credit, self._last_ns = min(credit, float(whole)), t_ns
        chosen: dict[int, int] = {}
        for one in sorted(waiting, key=lambda one: (one.turn is not None, one.turn or 0, -one.size)):
            if self._credit < one.cost - SPARE:
                break
            self._credit -= one.cost
            self._turn += 1
            chosen[one.number] = self._turn
        return chosen
