"""What came before an instant of a session, and its strip on the time of a replay: for the window of that replay."""

from pathlib import Path
from typing import cast

from liveaffect.stream.messages import Affect
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.session.survey import beginning, replayed
from liveaffect.stream.topics import AFFECT, VIDEO

BACK_S = 605.0
"""A little more than the longest trace of the window."""
MOST = 3000
"""Estimates that are handed over; the window draws no more points than it has pixels."""


def past(folder: Path, to_s: float) -> list[Affect]:
    """Estimates published in the minutes before `to_s` (s since the first message), oldest first, thinned; the newest
    always. Raises RecordError."""
    reader = SessionReader(folder)
    begun = beginning(reader, replayed(reader))
    if begun is None:
        return []
    end_ns = begun.first_ns + int(to_s * 1e9)
    start_ns = end_ns - int(BACK_S * 1e9)
    found: list[Affect] = []
    for _, message in reader.messages([AFFECT.name], from_ns=max(1, start_ns + begun.log_offset_ns)):
        published_ns = message.pub_ns or message.t_ns + AFFECT.delay_ns
        if published_ns > end_ns:
            break
        if published_ns >= start_ns:
            found.append(cast(Affect, message))
    step = -(-len(found) // MOST)
    return [*found[:-1:step], found[-1]] if found else []


def shift_s(folder: Path, zero_ns: int | None) -> float:
    """When the session's first frame or sample was, on the time of a replay. Raises RecordError."""
    reader = SessionReader(folder)
    begun = beginning(reader, replayed(reader))
    if begun is None:
        return 0.0
    if zero_ns is None:
        first = next(reader.messages([VIDEO.name, AFFECT.name]), None)
        zero_ns = begun.first_ns if first is None else first[1].t_ns
    return (zero_ns - begun.first_ns) / 1e9
