"""One long film in segments, for several processes: where they begin, and how their tables become one.

Segments are fixed by media time alone, so that the bytes do not depend on how many processes there are. Each begins
with a run-in, in which faces are found and filters settle, and whose rows are left out; around every seam both
neighbours have measured the same frames, and a face that lies at one place in both has one id.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.scoring.settings import ScoreSettings
from liveaffect.offline.tables.files import notices, write_table
from liveaffect.offline.tables.relative import Relative
from liveaffect.stream.messages import FaceObservation

RUN_IN_S = 80.0
"""Before a segment. A face's running neutral is learned slowest: after 60 s it moves no number by more than 0.008."""
FULL_S = 20.0
"""The last of it, in which every frame is measured that is measured in the segment: trackers and filters settle."""
RUN_OUT_S = 1.5
"""After it, besides the lag of smoothing: the voice is told late."""
SEEN_S = 2.0
"""Places of faces are compared so long before a seam."""
NEAR = 0.5
"""Faces are one where their middles lie closer than this, in face sizes."""
LEAST_S = 30.0
"""A last segment shorter than this belongs to the one before."""
SEAM = "liveaffect_seam"
Place = tuple[int, int, float, float, float]
"""t_ns, face id, middle (x, y) and size, as fractions of the frame."""


@dataclass(frozen=True)
class Part:
    """One segment of a film."""

    number: int
    from_s: float
    to_s: float | None
    """None for the last, which goes on to the end."""
    run_out_s: float

    @property
    def whole(self) -> bool:
        """True where the film has no other."""
        return not self.number and self.to_s is None

    @property
    def begin_s(self) -> float:
        """Where measuring begins."""
        return max(0.0, self.from_s - RUN_IN_S) if self.number else 0.0

    @property
    def lean_s(self) -> float:
        """Until when, from there, few frames a second are enough."""
        return max(0.0, self.from_s - FULL_S) if self.number else 0.0

    @property
    def end_s(self) -> float:
        """Where measuring ends; 0 for the end of the film."""
        return 0.0 if self.to_s is None else self.to_s + self.run_out_s

    def rows(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Of a batch of rows those that belong to this segment."""
        mine = pl.col("t_s") >= self.from_s if self.number else pl.lit(True)
        mine = mine if self.to_s is None else mine & (pl.col("t_s") < self.to_s)
        return batch.filter(mine).with_columns(pl.lit(self.number, pl.Int64).alias("segment"))


def parts_of_film(duration_s: float | None, settings: ScoreSettings) -> list[Part]:
    """The segments of a film of that length; one where it is not to be split, or its length is not known (None)."""
    if settings.split_s is None or not duration_s:
        return [Part(0, 0.0, None, 0.0)]
    count = max(1, math.ceil(duration_s / settings.split_s))
    if count > 1 and duration_s - (count - 1) * settings.split_s < LEAST_S:
        count -= 1
    out = RUN_OUT_S + (settings.smooth_lag_s or 0.0)
    ends = [*(k * settings.split_s for k in range(1, count)), None]
    return [Part(k, k * settings.split_s, end, out) for k, end in enumerate(ends)]


@dataclass
class Places:
    """Where faces are around both seams of a segment, as its run goes by."""

    part: Part
    head: list[Place] = field(default_factory=list[Place])
    tail: list[Place] = field(default_factory=list[Place])

    def add(self, message: Any) -> None:
        """Takes note of one message of the run."""
        if not isinstance(message, FaceObservation):
            return
        t_s = message.t_ns / 1e9
        part = self.part
        around = [
            (part.number > 0 and part.from_s - SEEN_S <= t_s < part.from_s + part.run_out_s, self.head),
            (part.to_s is not None and part.to_s - SEEN_S <= t_s < part.to_s + part.run_out_s, self.tail),
        ]
        for there, places in around:
            for face in message.faces if there else ():
                if face.box is not None and face.state != "no_face":
                    x, y, width, height = face.box
                    middle = round(x + width / 2, 6), round(y + height / 2, 6)
                    places.append((message.t_ns, face.id, *middle, round(math.sqrt(width * height), 6)))

    def told(self) -> dict[str, str]:
        """As metadata of the segment's table."""
        return {SEAM: json.dumps({"head": self.head, "tail": self.tail})}


def join_parts(
    tables: Sequence[Path],
    target: Path,
    name: str,
    settings: ScoreSettings,
    footer: dict[str, str],
    said: Sequence[str],
) -> list[str]:
    """Writes one table of the segments' tables, in their order; returns what there is to say of it beside `said`."""
    seams = [json.loads(pl.read_parquet_metadata(path)[SEAM]) for path in tables]
    frames: list[pl.LazyFrame] = []
    relative = None if settings.baseline is None else Relative(settings.baseline)
    ids = Ids()
    for path, seam in zip(tables, seams, strict=True):
        found = pl.scan_parquet(path, glob=False)
        mine = found.select("face_id").drop_nulls().unique().sort("face_id").collect()["face_id"].to_list()
        mapping = ids.of_next(mine, seam)
        ids_of = [pl.col(name) for name in ("face_id", "looks_at")]
        if mapping:
            ids_of = [one.replace_strict(mapping, default=None, return_dtype=pl.Int64) for one in ids_of]
        frames.append(found.with_columns(ids_of))
        if relative is not None:
            relative.add(frames[-1].select("t_s", "face_id").collect())
    whole = pl.concat(frames)
    notes = list(said)
    if relative is not None:
        whole = relative.subtract(whole)
        notes += [relative.warning] if relative.warning else []
    write_table(whole, target, footer | notices({name: notes}))
    return notes[len(said) :]


class Ids:
    """Ids of the whole film for the faces of its segments."""

    def __init__(self) -> None:
        self._next = 0
        self._before: dict[int, int] = {}
        self._tail: list[Place] = []

    def of_next(self, faces: Sequence[int], seam: dict[str, Any]) -> dict[int, int]:
        """Id in the next segment -> id in the film: that of who was at the same place, or a new one."""
        same = dict(_same(self._tail, seam["head"]))
        mapping: dict[int, int] = {}
        for face in faces:
            before = self._before.get(same[face]) if face in same else None
            if before is None:
                before, self._next = self._next, self._next + 1
            mapping[face] = before
        for face, other in same.items():  # in view at the seam, and never again
            if face not in mapping and other in self._before:
                mapping[face] = self._before[other]
        self._before, self._tail = mapping, seam["tail"]
        return mapping


def _same(before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]) -> Iterator[tuple[int, int]]:
    """Face after the seam and face before it, for those that were at one place in most frames."""
    at: dict[int, list[Sequence[Any]]] = {}
    for place in before:
        at.setdefault(place[0], []).append(place)
    votes: Counter[tuple[int, int]] = Counter()
    for t_ns, face, x, y, size in after:
        for _, other, x2, y2, size2 in at.get(t_ns, ()):
            if math.hypot(x - x2, y - y2) < NEAR * (size + size2) / 2:
                votes[face, other] += 1
    taken: set[int] = set()
    given: set[int] = set()
    for (face, other), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if face not in given and other not in taken:
            given.add(face)
            taken.add(other)
            yield face, other
