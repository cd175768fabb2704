"""What is compared, as it was recorded: files with their people, each instant's numbers, and the markers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.dynamics.evidence import Evidence
from liveaffect.offline.tables.beside import Imported
from liveaffect.offline.tables.dynamics.motion import HIDDEN, evidence_of
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.read import Results, of_frame, of_session, read_results
from liveaffect.offline.tables.score import PROBABILITIES
from liveaffect.offline.tables.session import Session
from liveaffect.offline.tables.summary import held_s
from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.session.info import is_session

Floats = npt.NDArray[np.float64]
Source = str | Path | Session | pl.DataFrame
AWAY = "away"
"""Why there is nothing of a person while others are in view."""


@dataclass(frozen=True)
class Seen:
    """One person over one file: a row per instant (n,), NaN where there are no numbers."""

    at_s: Floats
    for_s: Floats
    """How long each instant stands: until the next, a second at most."""
    state: npt.NDArray[np.str_]
    """`ok`, or why there are no numbers."""
    valence: Floats
    arousal: Floats
    category: npt.NDArray[np.int64]
    """The most probable category, -1 without one."""
    speaking: Floats
    """Probability that this person speaks."""


@dataclass
class Recording:
    """One file of a table, or one session."""

    name: str
    table: pl.DataFrame
    markers: list[tuple[float, str]] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    _seen: dict[int, Seen] = field(default_factory=dict)

    @cached_property
    def stem(self) -> str:
        """The name without its ending: who this is, where nothing else says so."""
        return Path(self.name).stem if Path(self.name).suffix.lower() in _MEDIA else self.name

    @cached_property
    def main(self) -> int:
        """The face with most numbers (the lowest id of equals); -1 where only a voice was measured."""
        known = self.table.filter(pl.col("face_id").is_not_null())
        if not known.height:
            return HIDDEN
        counts = known.group_by("face_id").agg((pl.col("state") == "ok").sum().alias("n"))
        return int(counts.sort(["n", "face_id"], descending=[True, False])["face_id"][0])

    @cached_property
    def begin_s(self) -> float:
        """Time of the first row."""
        return number(self.table["t_s"].min(), 0.0)

    @cached_property
    def end_s(self) -> float:
        """Until when the last row stands."""
        seen = self.seen(self.main)
        return float(seen.at_s[-1] + seen.for_s[-1]) if len(seen.at_s) else 0.0

    @cached_property
    def evidence(self) -> dict[int, Evidence]:
        """Everyone's estimates before fusion, which dynamics rest on; empty where the table lacks them."""
        table = self.table
        if "t_ns" not in table.columns or table["t_ns"].null_count():
            table = table.with_columns((pl.col("t_s") * 1e9).round().cast(pl.Int64).alias("t_ns"))
        if "face_valence" not in table.columns:
            return {}
        return evidence_of(table)[0]

    @cached_property
    def zero_ns(self) -> int:
        """Where t_s 0 lies on the clock of the evidence."""
        if "t_ns" not in self.table.columns or self.table["t_ns"].null_count():
            return 0
        return int(self.table["t_ns"][0]) - round(float(self.table["t_s"][0]) * 1e9)

    def named(self, face_id: int) -> str:
        """What the person was called; "" where nobody was named."""
        if "name" not in self.table.columns:
            return ""
        names = self.table.filter(pl.col("face_id") == face_id)["name"].drop_nulls()
        return str(names[-1]) if len(names) else ""

    def seen(self, face_id: int) -> Seen:
        """One person's instants; `HIDDEN` is whoever has no face."""
        if face_id not in self._seen:
            self._seen[face_id] = _seen(self.table, face_id)
        return self._seen[face_id]


_MEDIA = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".wav", ".mp3", ".m4a", ".flac", ".m4v", ".mpg", ".wmv", ".ogg")


def recordings(sources: Sequence[Source]) -> list[Recording]:
    """The files of sessions, score tables, folders of either, and data frames, each once.

    Raises InputError where there is nothing, and UsageError where two are called alike.
    """
    found = [one for source in sources for results in _results(source) for one in _files(results)]
    names = [one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two of what is compared are called '{twice}': rename a folder, or give the column 'file' other names"
        )
    if not found:
        raise UsageError("compare needs at least one session or score table")
    return found


def _results(source: Source) -> Iterator[Results]:
    if isinstance(source, Session):
        yield of_session(source)
    elif isinstance(source, pl.DataFrame):
        yield of_frame(source)
    else:
        path = Path(source)
        inside = sorted(one for one in path.iterdir() if is_session(one)) if path.is_dir() else []
        if inside and not is_session(path):
            for one in inside:
                yield read_results(one)
        else:
            yield read_results(path)


def _files(results: Results) -> Iterator[Recording]:
    for (name,), table in results.table.group_by("file", maintain_order=True):
        absent = [column for column in ("face_id", *PROBABILITIES) if column not in table.columns]
        if absent:
            raise InputError(f"{results.path} has no column '{absent[0]}', which a comparison needs")
        marks = results.markers if results.session is not None else _marked(table)
        yield Recording(str(name), table.sort("t_s", maintain_order=True), sorted(marks), results.imported)


def _marked(table: pl.DataFrame) -> list[tuple[float, str]]:
    """Markers in the columns that `export --markers` writes."""
    if not {"marker", "marker_t_s"} <= set(table.columns):
        return []
    rows = table.select("marker_t_s", "marker").drop_nulls().unique().rows()
    return [(float(at), str(label)) for at, label in rows]


def _seen(table: pl.DataFrame, face_id: int) -> Seen:
    mine = pl.col("face_id") == face_id if face_id != HIDDEN else pl.col("face_id").is_null()
    columns = [name for name in ("state", "valence", "arousal", *PROBABILITIES) if name in table.columns]
    speaking = pl.col("speaking_prob") if "speaking_prob" in table.columns else pl.lit(None, pl.Float64)
    own = table.filter(mine).select("t_s", *columns, speaking.alias("speaking")).unique("t_s", keep="first")
    why = pl.col("face_state") if "face_state" in table.columns and face_id != HIDDEN else pl.col("state")
    alone = pl.when(pl.col("face_id").is_null()).then(why)  # a voice alone may be ok, and is not this person
    every = table.group_by("t_s").agg(alone.drop_nulls().first().alias("elsewhere")).sort("t_s")
    rows = every.join(own, on="t_s", how="left").sort("t_s")
    at_s = rows["t_s"].cast(pl.Float64).to_numpy()
    for_s = held_s(at_s)
    state = rows.select(pl.coalesce("state", "elsewhere").fill_null(AWAY))["state"].to_numpy().astype(np.str_)
    ok = state == "ok"
    numbers: Mapping[str, Floats] = {
        name: np.where(ok, _column(rows, name), np.nan) for name in ("valence", "arousal", *PROBABILITIES)
    }
    p = np.stack([numbers[name] for name in PROBABILITIES], axis=1)
    told = np.isfinite(p.sum(axis=1))
    category = np.where(told, np.where(told[:, None], p, 0.0).argmax(axis=1), -1)
    state = np.where(ok & ~np.isfinite(numbers["valence"]), "no numbers", state).astype(np.str_)
    return Seen(at_s, for_s, state, numbers["valence"], numbers["arousal"], category, _column(rows, "speaking"))


def _column(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
