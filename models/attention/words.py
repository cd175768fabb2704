"""Who looks where, in words: of the last second, so that they hold still long enough to be read."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

HELD_NS = 1_000_000_000
"""Words are about so long, and no longer true after as long without news."""
SURE = 0.5
"""Mean probability from which it is said."""
CONTACT, CLOSED = "eye contact", "eyes closed"


class Look(Protocol):
    """A look at another face, as the topic `attention` says it."""

    @property
    def at(self) -> int:
        """Whose face."""
        ...

    @property
    def p(self) -> float:
        """Its probability."""
        ...


class Looker(Protocol):
    """One person in a report of that topic."""

    @property
    def id(self) -> int:
        """Whom it is about."""
        ...

    @property
    def by(self) -> str:
        """What the direction rests on: eyes, head, or ""."""
        ...

    @property
    def eye_contact(self) -> float | None:
        """Probability of a look at the camera."""
        ...

    @property
    def looks(self) -> Sequence[Look]:
        """Those at other faces."""
        ...

    @property
    def closed(self) -> bool | None:
        """Whether the eyes are."""
        ...


class Said(Protocol):
    """Such a report."""

    @property
    def t_ns(self) -> int:
        """Capture time."""
        ...

    @property
    def people(self) -> Sequence[Looker]:
        """Everyone in view."""
        ...


class Attending:
    """The newest second of the topic `attention`."""

    def __init__(self) -> None:
        self._said: deque[Said] = deque()

    def take(self, said: Said) -> None:
        """The next report; one that goes back in time begins anew."""
        if self._said and said.t_ns < self._said[-1].t_ns:
            self._said.clear()
        self._said.append(said)
        while said.t_ns - self._said[0].t_ns > HELD_NS:
            self._said.popleft()

    def words(self, now_ns: int, names: Mapping[int, str]) -> dict[int, str]:
        """Person -> "eye contact", "looks at NAME" or "eyes closed"; nobody of whom nothing is sure enough."""
        if not self._said or now_ns - self._said[-1].t_ns > HELD_NS:
            return {}
        found: dict[int, str] = {}
        for who in {person.id for person in self._said[-1].people}:
            mine = [person for one in self._said for person in one.people if person.id == who]
            if all(person.closed for person in mine[-3:]) and len(mine) >= 3:
                found[who] = CLOSED
                continue
            shares: dict[int | None, list[float]] = {}
            for person in mine:
                if (p := _number(person.eye_contact)) is not None and person.by == "eyes":
                    shares.setdefault(None, []).append(p)
                for look in person.looks:
                    if (p := _number(look.p)) is not None:
                        shares.setdefault(look.at, []).append(p)
            at, p = max(((at, sum(some) / len(mine)) for at, some in shares.items()), key=_second, default=(None, 0.0))
            if p >= SURE:
                found[who] = CONTACT if at is None else f"looks at {names.get(at, f'face {at}')}"
        return found


def _number(value: Any) -> float | None:
    """A finite number, or None for anything else that a message may carry in its place."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _second(pair: tuple[int | None, float]) -> float:
    return pair[1]
