"""One recorded session as tables: rows, markers and messages on one clock that begins with the first frame or sample.

Every time in seconds here, and in whatever is exported from here, counts from `Session.zero_ns`. Beside it stand
`t_ns`, the same instant on the clock of the machine that recorded, and `utc`.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from liveaffect.offline.tables.beside import Imported, imported, with_series
from liveaffect.offline.tables.score import UTC, TableBuilder
from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import Affect, Marker, Message
from liveaffect.stream.session.info import SessionInfo
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import (
    AFFECT,
    ATTENTION,
    AUDIO,
    BLINKED,
    FACE,
    FACE_AFFECT,
    GESTURE,
    MARKER,
    REGISTRY,
    VIDEO,
    VOICE,
    VOICE_AFFECT,
)

RESULTS = (FACE, VOICE, FACE_AFFECT, VOICE_AFFECT, ATTENTION, BLINKED, GESTURE, AFFECT)
MARKERS_SCHEMA: dict[str, Any] = {
    "t_s": pl.Float64,
    "t_ns": pl.Int64,
    "utc": UTC,
    "label": pl.String,
    "source": pl.String,
}
LAST_NS = (1 << 63) - 1
ROUND_NS = 3_600_000_000_000
"""A marker may be set so long before the first and after the last message; beyond that it is of another clock."""


class Session:
    """A recorded session. Raises RecordError where the folder is none.

    >>> session = open_session("data/p01")                    # doctest: +SKIP
    >>> session.table().filter(pl.col("state") == "ok")       # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.reader = SessionReader(self.path)
        """The session below these tables; `reader.faults` says what is not as it was recorded."""

    @property
    def info(self) -> SessionInfo:
        """The manifest: graph, models, versions, clocks, ledger."""
        return self.reader.info

    @property
    def state(self) -> str:
        """COMPLETE, INCOMPLETE, DAMAGED, or RECORDING while a recorder is still writing."""
        return self.reader.state

    @property
    def name(self) -> str:
        """What the column `file` says: the folder's own name."""
        return self.path.resolve().name

    @property
    def topics(self) -> list[str]:
        """Names of the recorded topics."""
        return self.reader.topics()

    @cached_property
    def zero_ns(self) -> int:
        """`t_ns` of t_s 0: the first frame or sample that was captured; where none was, the first result."""
        if self.info.zero_t_ns is not None:  # it stands also where the beginning of the recording is damaged
            return self.info.zero_t_ns
        for topics in ((VIDEO, AUDIO), RESULTS):
            firsts = [next(self.reader.messages([topic.name]), None) for topic in topics]
            times = [found[1].t_ns for found in firsts if found is not None]
            if times:
                return min(times)
        return self.reader.start_ns

    def seconds(self, t_ns: int) -> float:
        """An instant of the session's clock as t_s."""
        return (t_ns - self.zero_ns) / 1e9

    def messages(self, *topics: str) -> Iterator[tuple[float, Message]]:
        """t_s and message, in the order of recording, of the named topics (of all without a name).

        Arrays that were not recorded are None. Raises RecordError for a topic that the session does not hold.
        """
        there = self.topics
        for name in topics:
            if name not in there:
                raise RecordError(f"{self.path} holds no topic '{name}'; it has: {', '.join(sorted(there))}")
            if name not in REGISTRY:
                raise RecordError(
                    f"topic '{name}' of {self.path} is not declared here: import the module that declares it"
                )
        for _, message in self.reader.messages(topics or None):
            yield self.seconds(message.t_ns), message

    def table(self, *, markers: bool = False, imported: bool = False) -> pl.DataFrame:
        """The score table as it was live: one row per face and frame, columns as in the data dictionary.

        Where people were named there is a column `name`.
        markers: adds `marker`, the label that was set last at or before the row, and `marker_t_s`, when it was set.
        imported: adds the columns of imported series as NAME_COLUMN, each row's nearest within 0.1 s.
        """
        builder = TableBuilder(
            self.name, sound_only=not (self._has(FACE.name) or self._has(FACE_AFFECT.name)), start_ns=self.zero_ns
        )
        end_ns = max((m.t_ns for _, m in self.reader.messages([VIDEO.name, AUDIO.name])), default=None)
        names: dict[tuple[int, int], str] = {}
        depth = {topic.name: level for level, topic in enumerate(RESULTS)}
        for topic, message in self.reader.stream_order(depth, depth):
            if topic is not AFFECT or (message.t_ns >= self.zero_ns and (end_ns is None or message.t_ns <= end_ns)):
                builder.add(message)
            if isinstance(message, Affect):
                names |= {(message.t_ns, person.id): person.name for person in message.people if person.name}
        rows = builder.finish()
        rows = rows.with_columns(self._utc(rows["t_ns"]).alias("utc"))
        if names:
            called = [names.get(key) for key in rows.select("t_ns", "face_id").rows()]
            rows = rows.with_columns(pl.Series("name", called, pl.String))
        rows = with_series(rows, self.imported()) if imported else rows
        return with_markers(rows, self.markers()) if markers else rows

    def imported(self) -> list[Imported]:
        """What `liveaffect import` put beside it. Raises RecordError for a broken file."""
        return imported(self.path)

    def markers(self) -> pl.DataFrame:
        """t_s, t_ns, utc, label and source of the markers, in order of time, without those of a foreign clock."""
        return self._marks[0]

    @property
    def foreign_markers(self) -> pl.DataFrame:
        """Markers whose t_ns is no instant of this session's clock: where they belong, nobody can know."""
        return self._marks[1]

    @cached_property
    def _marks(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        marks = [cast(Marker, message) for _, message in self.reader.messages([MARKER.name])]
        times = pl.Series("t_ns", [min(mark.t_ns, LAST_NS) for mark in marks], pl.Int64)
        found = pl.DataFrame(
            {
                "t_s": [self.seconds(mark.t_ns) for mark in marks],
                "t_ns": times,
                "utc": self._utc(times),
                "label": [mark.label for mark in marks],
                "source": [mark.source for mark in marks],
            },
            schema=MARKERS_SCHEMA,
        ).sort("t_ns", maintain_order=True)
        first = min(self.zero_ns, self.info.first_t_ns or self.zero_ns) - ROUND_NS
        last = max(self.zero_ns, self.info.last_t_ns or 0, *(pair.monotonic_ns for pair in self.info.clocks)) + ROUND_NS
        here = pl.col("t_ns").is_between(first, last)
        return found.filter(here), found.filter(~here)

    def _has(self, topic: str) -> bool:
        return next(self.reader.messages([topic]), None) is not None

    def _utc(self, times: pl.Series) -> pl.Series:
        """Instants in UTC by the pairs of clocks that the recorder wrote; null without any."""
        pairs = sorted((pair.monotonic_ns, pair.unix_ns) for pair in self.info.clocks)
        if not pairs or not len(times):
            return pl.Series(times.name, [None] * len(times), UTC)
        at, offsets = (
            [mono for mono, _ in pairs],
            [float(unix - mono - (pairs[0][1] - pairs[0][0])) for mono, unix in pairs],
        )
        t_ns = times.to_numpy()
        unix = t_ns + (pairs[0][1] - pairs[0][0]) + np.interp(t_ns, at, offsets).astype(np.int64)
        return pl.Series(times.name, unix // 1000, pl.Int64).cast(UTC)


def open_session(path: str | Path) -> Session:
    """A recorded session, to read. Raises RecordError, saying what is missing and what to do."""
    return Session(path)


def with_markers(rows: pl.DataFrame, markers: pl.DataFrame) -> pl.DataFrame:
    """Rows with `marker` and `marker_t_s`: the newest marker at or before each of them, null before the first."""
    known = markers.select("t_ns", pl.col("label").alias("marker"), pl.col("t_s").alias("marker_t_s"))
    known = known.unique("t_ns", keep="last", maintain_order=True).sort("t_ns")
    at = known["t_ns"].search_sorted(rows["t_ns"], side="right").cast(pl.Int64) - 1
    at = pl.select(pl.when(at >= 0).then(at)).to_series()
    return rows.with_columns(
        known["marker"].gather(at).alias("marker"), known["marker_t_s"].gather(at).alias("marker_t_s")
    )
