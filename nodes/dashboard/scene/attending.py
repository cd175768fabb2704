"""Who looks where, in words: of the last second, so that they hold still long enough to be read."""

from collections import deque
from collections.abc import Mapping

import msgspec

from liveaffect.models.face.looks import GazeFit
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.stream import messages as m

HELD_NS = 1_000_000_000
"""Words are about so long, and no longer true after as long without news."""
SURE = 0.5
"""Mean probability from which it is said."""
CONTACT, CLOSED = "eye contact", "eyes closed"


class Attending:
    """The newest second of the topic `attention`."""

    def __init__(self) -> None:
        self._said: deque[m.Attention] = deque()

    def take(self, said: m.Attention) -> None:
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
                if (p := number(person.eye_contact)) is not None and person.by == "eyes":
                    shares.setdefault(None, []).append(p)
                for look in person.looks:
                    if (p := number(look.p)) is not None:
                        shares.setdefault(look.at, []).append(p)
            at, p = max(((at, sum(some) / len(mine)) for at, some in shares.items()), key=_second, default=(None, 0.0))
            if p >= SURE:
                found[who] = CONTACT if at is None else f"looks at {names.get(at, f'face {at}')}"
        return found


def gaze_fits(kept: m.Baseline | None) -> dict[int, GazeFit]:
    """Person -> how their gaze is corrected while this baseline is in force."""
    if kept is None or kept.gaze is None or kept.face_id is None:
        return {}
    return {kept.face_id: msgspec.convert(kept.gaze, GazeFit, from_attributes=True)}


def in_one_line(words: Mapping[int, str], names: Mapping[int, str]) -> str:
    """Everybody's words as one line, those of whom nothing is said left out; one person alone needs no name."""
    if len(names) == 1 and len(words) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{names.get(who, f'face {who}')}: {said}" for who, said in sorted(words.items()))


def _second(pair: tuple[int | None, float]) -> float:
    return pair[1]
