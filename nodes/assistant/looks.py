"""Who looked where, in words: means of the probabilities that were said, and rates of what was seen."""

from collections import defaultdict

from liveaffect.models.attention.words import Attending
from liveaffect.nodes.assistant.memory import Memory
from liveaffect.stream import messages as m
from liveaffect.stream.topics import ATTENTION

NS = 1_000_000_000
LEAST_S = 5.0
"""Of somebody whose look was known for less nothing is told."""
STEP_S = 1 / ATTENTION.rate_hz
"""From one report to the next."""
MOST_PEOPLE = 6
CAUTION = (
    "These are directions of eyes and heads, not what anybody attends to. On a video call's picture looks at others "
    "mean nothing."
)


def now(memory: Memory) -> dict[int, str]:
    """Person -> "eye contact", "looks at Person 1" or "eyes closed", of the last second; only of whom it is sure."""
    if not memory.looks or memory.now is None:
        return {}
    attending = Attending()
    for said in list(memory.looks)[-8:]:
        attending.take(said)
    names = {person.id: f"Person {person.id}" for person in memory.looks[-1].people}
    return attending.words(max(memory.now.t_ns, memory.looks[-1].t_ns), names)


def told(memory: Memory, seconds: float) -> str:
    """Each one's looks in the last seconds, and who looked at each other."""
    if ATTENTION.name not in (memory.facts.get("nodes") or []):
        return "Where people look is not measured in this run: it was started without the node attention."
    end = memory.now.t_ns if memory.now is not None else 0
    said = [one for one in memory.looks if end - seconds * NS <= one.t_ns <= end + NS]
    seen: dict[int, list[m.PersonAttention]] = defaultdict(list)
    mutual: dict[tuple[int, int], list[float]] = defaultdict(list)
    for one in said:
        for person in one.people:
            seen[person.id].append(person)
        for pair in one.mutual:
            mutual[pair.first, pair.second].append(pair.p)
    if not seen:
        return f"Nobody was in view in the last {seconds:.0f} s."
    longest = sorted(seen, key=lambda who: -len(seen[who]))[:MOST_PEOPLE]
    lines = [_person(who, seen[who]) for who in sorted(longest)]
    if len(seen) > MOST_PEOPLE:
        lines.append(f"{len(seen) - MOST_PEOPLE} more people are not told here.")
    for (first, second), shares in sorted(mutual.items()):
        if first in longest and second in longest and len(shares) * STEP_S >= LEAST_S:
            mean = sum(shares) / len(shares)
            lines.append(
                f"Person {first} and Person {second} looked at each other: mean probability {mean:.2f} over "
                f"{len(shares) * STEP_S:.0f} s."
            )
    return "\n".join([*lines, CAUTION])


def _person(who: int, said: list[m.PersonAttention]) -> str:
    known = [one for one in said if one.eye_contact is not None]
    if len(known) * STEP_S < LEAST_S:
        return f"Person {who}: where they looked was known for less than {LEAST_S:.0f} s."
    by_head = sum(one.by == "head" for one in known) / len(known)
    parts = [f"mean probability of eye contact with the camera {_mean([one.eye_contact for one in known]):.2f}"]
    looks: dict[int, list[float]] = defaultdict(list)
    for one in known:
        for look in one.looks:
            looks[look.at].append(look.p)
    parts += [
        f"of a look at Person {at} {_mean(shares):.2f} (over {len(shares) * STEP_S:.0f} s)"
        for at, shares in sorted(looks.items(), key=lambda pair: -len(pair[1]))[:MOST_PEOPLE]
    ]
    if by_head >= 0.05:
        parts.append(f"by the head alone in {100 * by_head:.0f} % of the time, which says little")
    last = said[-1]
    if last.blinks_per_min is not None:
        parts.append(f"{last.blinks_per_min:.0f} blinks a minute in the last {last.seconds:.0f} s of seen eyes")
    if last.perclos is not None:
        parts.append(f"eyes closed {100 * last.perclos:.0f} % of that time")
    if (nods := last.nods - said[0].nods) > 0:
        parts.append(f"nodded {nods} time{'s' if nods > 1 else ''}")
    if (shakes := last.shakes - said[0].shakes) > 0:
        parts.append(f"shook their head {shakes} time{'s' if shakes > 1 else ''}")
    return f"Person {who}, {len(known) * STEP_S:.0f} s with a known look: {'; '.join(parts)}."


def _mean(shares: "list[float] | list[float | None]") -> float:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known)
