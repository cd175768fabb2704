"""Smoothed columns of a score table: what fusion would have said had it known the next second. For recordings."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.fusion.filter import Estimate, Fused, FusionSettings
from liveaffect.models.fusion.people import HIDDEN
from liveaffect.models.fusion.smoothing import FixedLagSmoother, Smoothed
from liveaffect.nodes.fusion import FusionNode
from liveaffect.offline.tables.score import SMOOTH_COLUMNS
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import Graph

LAG_S = 1.0
_KEYS = ["t_s", "face_id"]


class Smoothing:
    """Observes the filters of a run's fusion node and gives the `smooth_*` columns, the lag later.

    Its smoothers are given what the filters are given, so the voice goes to the same people; they only look `lag_s`
    ahead. Memory holds the lag of everyone in view and the rows that wait for it. To be made before the run begins.

    Raises UsageError where the graph's fusion is not this package's.
    """

    def __init__(self, graph: Graph, lag_s: float = LAG_S) -> None:
        entry = graph.entries.get("fusion")
        if entry is None or not isinstance(entry.node, FusionNode):
            raise UsageError(
                f"--smooth works on the filter of {FusionNode.__name__}; {graph.origin} has another [fusion]"
            )
        self.observer = Lookahead(lag_s, FusionSettings(coast_s=entry.node.coast_s))
        entry.node.observe(self.observer)
        self._said_s = float("-inf")
        self._waiting = pl.DataFrame()

    def add(self, message: m.Message) -> None:
        """Takes one message of the run, in stream order."""
        if isinstance(message, m.Affect):
            self._said_s = message.t_ns / 1e9

    def join(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Takes rows of the table, in order, and gives back those that are smoothed; the others wait for the next call.

        `SMOOTH_COLUMNS` come at their end, null exactly where the causal columns are.
        """
        return self._join(rows, min(self._said_s, self.observer.waits_s))

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The last rows, and all that still wait."""
        self.observer.close()
        return self._join(rows, float("inf"))

    def _join(self, rows: pl.DataFrame, settled_s: float) -> pl.DataFrame:
        rows = pl.concat([self._waiting, rows]) if self._waiting.height else rows
        self._waiting = rows.filter(pl.col("t_s") >= settled_s)
        smooth = self.observer.take(settled_s)
        done = rows.filter(pl.col("t_s") < settled_s)
        joined = done.join(smooth, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
        known = pl.col("valence").is_not_null()
        return joined.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in SMOOTH_COLUMNS)


class Lookahead:
    """The observer: one smoother for each person; being asked is a step, so that every row has an answer."""

    def __init__(self, lag_s: float, settings: FusionSettings) -> None:
        self._lag_s, self._settings = lag_s, settings
        self._tracks: dict[int, _Track] = {}
        self._answers: list[pl.DataFrame] = []
        """One row per person and time, in blocks."""

    def stepped(
        self, person: int, t_s: float, face: Estimate | None, voice: Estimate | None, still: bool, said: Fused
    ) -> None:
        """A step of the filter is one of the smoother; a photograph has no time to smooth over."""
        if still:
            self._keep(person, [t_s], _row(said))
        else:
            self._step(person, t_s, face, voice)

    def asked(self, person: int, t_s: float) -> None:
        """A row without anything new."""
        self._step(person, t_s, None, None)

    def left(self, person: int) -> None:
        """Gives what is left at the end of a track."""
        track = self._tracks.pop(person, None)
        if track is not None:
            self._take(person, track, track.smoother.finish())

    def close(self) -> None:
        """Gives what is left of everyone."""
        for person in list(self._tracks):
            self.left(person)

    @property
    def waits_s(self) -> float:
        """The time of the first answer that is still to come; infinite where none is."""
        return min((track.times[0] for track in self._tracks.values() if track.times), default=float("inf"))

    @property
    def held(self) -> int:
        """How many answers are still to come."""
        return sum(len(track.times) for track in self._tracks.values())

    def take(self, before_s: float) -> pl.DataFrame:
        """Smoothed answers until a time, one row per person and time; they are forgotten here."""
        schema: dict[str, Any] = dict.fromkeys(SMOOTH_COLUMNS, pl.Float32)
        empty = pl.DataFrame(schema={"t_s": pl.Float64, "face_id": pl.Int64, **schema})
        answers = pl.concat([empty, *self._answers])
        self._answers[:] = [answers.filter(pl.col("t_s") >= before_s)]
        return answers.filter(pl.col("t_s") < before_s).unique(_KEYS, keep="last", maintain_order=True)

    def _step(self, person: int, t_s: float, face: Estimate | None, voice: Estimate | None) -> None:
        track = self._tracks.get(person)
        if track is None:
            track = self._tracks[person] = _Track(FixedLagSmoother(self._lag_s, self._settings))
        track.smoother.step(t_s, face, voice)
        track.times.append(t_s)
        self._take(person, track, track.smoother.ready())

    def _take(self, person: int, track: "_Track", smoothed: Smoothed) -> None:
        count = len(smoothed.valence)
        if count:
            numbers = [smoothed.valence, smoothed.valence_sd, smoothed.arousal, smoothed.arousal_sd]
            self._keep(person, track.times[:count], np.column_stack([*numbers, smoothed.emotions]))
            del track.times[:count]

    def _keep(self, person: int, times: list[float], numbers: npt.NDArray[np.float64]) -> None:
        face_id = None if person == HIDDEN else person
        columns = {name: numbers[:, i] for i, name in enumerate(SMOOTH_COLUMNS)}
        table = pl.DataFrame({"t_s": times, **columns}).with_columns(
            pl.lit(face_id, pl.Int64).alias("face_id"), pl.col(SMOOTH_COLUMNS).fill_nan(None).cast(pl.Float32)
        )
        self._answers.append(table.select(*_KEYS, *SMOOTH_COLUMNS))


class _Track:
    """One person: the smoother, and the times whose answers are still to come."""

    def __init__(self, smoother: FixedLagSmoother) -> None:
        self.smoother = smoother
        self.times: list[float] = []


def _row(said: Fused) -> npt.NDArray[np.float64]:
    numbers = [said.valence, said.valence_sd, said.arousal, said.arousal_sd, *(said.emotions or [None] * 8)]
    return np.array([np.nan if x is None else x for x in numbers])[None]
