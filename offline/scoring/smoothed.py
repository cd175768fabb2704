"""Smoothed columns of a score table: what fusion would have said had it known the next second. For recordings."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings, PersonFilter
from liveaffect.models.fusion.smoothing import FixedLagSmoother, Smoothed
from liveaffect.nodes.fusion import HIDDEN, FusionNode, PersonFilters
from liveaffect.offline.tables.score import SMOOTH_COLUMNS
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import Graph

LAG_S = 1.0
_KEYS = ["t_s", "face_id"]


class Smoothing:
    """Listens to a run beside its fusion node and gives the `smooth_*` columns, the lag later.

    The twin hears exactly what the node hears, in the same order, so the voice goes to the same people; only its
    filters look `lag_s` ahead. Memory holds the lag of everyone in view and the rows that wait for it.

    Raises UsageError where the graph's fusion is not this package's.
    """

    def __init__(self, graph: Graph, lag_s: float = LAG_S) -> None:
        entry = graph.entries.get("fusion")
        if entry is None or type(entry.node) is not FusionNode:
            raise UsageError(
                f"--smooth works on the filter of {FusionNode.__name__}; {graph.origin} has another [fusion]"
            )
        self._twin = _Twin(**msgspec.structs.asdict(entry.node))
        self._twin.lag_s = lag_s
        self._twin.open()
        self._waiting = pl.DataFrame()

    def add(self, message: m.Message) -> None:
        """Takes one message of the run, in stream order."""
        if isinstance(message, m.FaceAffect):
            self._twin.face(message)
        elif isinstance(message, m.VoiceDescriptors):
            self._twin.hop(message)
        elif isinstance(message, m.VoiceAffect):
            self._twin.voice(message)
        elif isinstance(message, m.Tick):
            self._twin.tick(message)

    def join(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Takes rows of the table, in order, and gives back those that are smoothed; the others wait for the next call.

        `SMOOTH_COLUMNS` come at their end, null exactly where the causal columns are.
        """
        return self._join(rows, self._twin.settled_s())

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The last rows, and all that still wait."""
        self._twin.close()
        return self._join(rows, float("inf"))

    def _join(self, rows: pl.DataFrame, settled_s: float) -> pl.DataFrame:
        rows = pl.concat([self._waiting, rows]) if self._waiting.height else rows
        self._waiting = rows.filter(pl.col("t_s") >= settled_s)
        smooth = self._twin.take(settled_s)
        done = rows.filter(pl.col("t_s") < settled_s)
        joined = done.join(smooth, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
        known = pl.col("valence").is_not_null()
        return joined.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in SMOOTH_COLUMNS)


class _Twin(FusionNode):
    """The fusion node with filters that look ahead."""

    lag_s: float = LAG_S

    def open(self) -> None:
        super().open()
        self.answers: list[pl.DataFrame] = []
        """One row per person and time, in blocks."""

    def _person(self, face_id: int) -> PersonFilters:
        if face_id not in self._people:
            person = self._people[face_id] = PersonFilters(self._settings)
            person.filter = _Track(face_id, self._settings, self.lag_s, self.answers)
        return self._people[face_id]

    def _say(self, t_ns: int, frame_seq: int, fused: dict[int, Fused]) -> m.Affect:
        before = dict(self._people)
        said = super()._say(t_ns, frame_seq, fused)
        for face_id in before.keys() - self._people.keys():
            _finish(before[face_id])
        return said

    def close(self) -> None:
        for person in self._people.values():
            _finish(person)
        super().close()

    def settled_s(self) -> float:
        """The time before which every answer is there."""
        open_s = [p.filter.waits_s for p in self._people.values() if isinstance(p.filter, _Track)]
        return min([self._said_ns / 1e9, *open_s])

    def take(self, before_s: float) -> pl.DataFrame:
        """Smoothed answers until a time, one row per person and time; they are forgotten here."""
        schema: dict[str, Any] = dict.fromkeys(SMOOTH_COLUMNS, pl.Float32)
        empty = pl.DataFrame(schema={"t_s": pl.Float64, "face_id": pl.Int64, **schema})
        answers = pl.concat([empty, *self.answers])
        self.answers[:] = [answers.filter(pl.col("t_s") >= before_s)]
        return answers.filter(pl.col("t_s") < before_s).unique(_KEYS, keep="last", maintain_order=True)


class _Track(PersonFilter):
    """One person's filter, whose answers come again later; being asked is a step, so that every row has an answer."""

    def __init__(self, face_id: int, settings: FusionSettings, lag_s: float, answers: list[pl.DataFrame]) -> None:
        super().__init__(settings)
        self._face_id, self._answers = face_id, answers
        self._smoother = FixedLagSmoother(lag_s, settings)
        self._times: list[float] = []

    def step(self, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool = False) -> Fused:
        if still:  # a photograph has no time to smooth over
            said = super().step(t_s, face, voice, still=True)
            numbers = [said.valence, said.valence_sd, said.arousal, said.arousal_sd, *(said.emotions or [None] * 8)]
            row = np.array([np.nan if x is None else x for x in numbers])
            self._keep([t_s], row[None])
            return said
        said = self._smoother.step(t_s, face, voice)
        self._times.append(t_s)
        self._take(self._smoother.ready())
        return said

    def peek(self, t_s: float) -> Fused:
        return self.step(t_s, None, None)

    @property
    def waits_s(self) -> float:
        """The time of the first answer that is still to come; infinite where none is."""
        return self._times[0] if self._times else float("inf")

    def finish(self) -> None:
        """Gives what is left at the end of the track."""
        self._take(self._smoother.finish())

    def _take(self, smoothed: Smoothed) -> None:
        count = len(smoothed.valence)
        if count:
            numbers = [smoothed.valence, smoothed.valence_sd, smoothed.arousal, smoothed.arousal_sd]
            self._keep(self._times[:count], np.column_stack([*numbers, smoothed.emotions]))
            del self._times[:count]

    def _keep(self, times: list[float], numbers: npt.NDArray[np.float64]) -> None:
        person = None if self._face_id == HIDDEN else self._face_id
        columns = {name: numbers[:, i] for i, name in enumerate(SMOOTH_COLUMNS)}
        table = pl.DataFrame({"t_s": times, **columns}).with_columns(
            pl.lit(person, pl.Int64).alias("face_id"), pl.col(SMOOTH_COLUMNS).fill_nan(None).cast(pl.Float32)
        )
        self._answers.append(table.select(*_KEYS, *SMOOTH_COLUMNS))


def _finish(person: PersonFilters) -> None:
    if isinstance(person.filter, _Track):
        person.filter.finish()
