"""What a program asks for, held against what a sensor takes and knows."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from liveaffect.stream.client.inbox import places
from liveaffect.stream.client.requests import MOST_TOPIC_BYTES, MOST_TOPICS
from liveaffect.stream.errors import UsageError
from liveaffect.stream.topics import REGISTRY
from liveaffect.stream.wire import BARE


def require_room(topics: Iterable[str]) -> None:
    """Raises UsageError for names that are too long, or more of them than a sensor takes."""
    wanted = list(topics)
    for topic in wanted:
        if (length := len(topic.encode())) > MOST_TOPIC_BYTES:
            raise UsageError(f"topic '{topic[:40]}...' has {length} bytes, and a sensor takes {MOST_TOPIC_BYTES}")
    names = {place for topic in wanted for place in places(topic)}
    if (most := max(Counter(index for _, index in names).values(), default=0)) > MOST_TOPICS:
        raise UsageError(
            f"{most} topics, and a sensor gives one program {MOST_TOPICS}: ask for fewer, or connect twice"
        )


def strangers(topics: Iterable[str], facts: Mapping[str, Any]) -> list[str]:
    """In words, of which topics nothing will come: nobody knows them, or this program cannot read them."""
    theirs: list[str] = [f"{name}" for name in facts.get("topics") or ()]
    found: list[str] = []
    for topic in topics:
        name = topic.removeprefix(BARE)
        if not theirs or any(known.startswith(name) for known in REGISTRY):
            continue
        if any(known.startswith(name) for known in theirs):
            found.append(f"topic '{name}' is not declared in this program: import the module that declares it first")
        else:
            near = difflib.get_close_matches(name, {*REGISTRY, *theirs}, 1)
            meant = f": did you mean '{near[0]}'?" if near else ""
            found.append(f"neither this sensor nor this program knows a topic that begins with '{name}'{meant}")
    return found
