"""Numbers behind a report: a score table as tracks over evenly spaced bins, with its gaps and their reasons."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.fusion.told import not_told, told
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.score import AU_COLUMNS, DIMENSIONS, PROBABILITIES, SCHEMA
from liveaffect.offline.tables.summary import held_s, summarise_table

Floats = npt.NDArray[np.float64]

BINS = 720
"""A picture 800 px wide shows no more; longer recordings are averaged into so many."""
SHORT_S = 1.0
"""Tracks with less time than this are counted, not drawn."""
VOICE_S = 3.0
"""A voice out of view is drawn from so much time with numbers; it comes and goes with the faces."""
AWAY = "away"
"""State of a person who is not in view while others are."""
_LINES = [*DIMENSIONS, *PROBABILITIES, *AU_COLUMNS, "speech_prob", "speaking_prob", "discord"]


@dataclass(frozen=True)
class Span:
    """Time without numbers, and why."""

    from_s: float
    to_s: float
    state: str


@dataclass
class Track:
    """One person, or the voice, over one file."""

    title: str
    note: str
    from_s: float
    to_s: float
    rows: pl.DataFrame
    """Its own rows of the table."""
    lines: dict[str, Floats]
    """Column -> mean per bin, NaN where there is nothing; bins divide `from_s` to `to_s` evenly."""
    spans: list[Span]
    changes: list[float] = field(default_factory=list)
    """Times at which another face takes over, in a track of several."""
    has_face: bool = True

    @property
    def has_sound(self) -> bool:
        """There was sound, so there is something to say of speech."""
        return bool(np.isfinite(self.lines["speech_prob"]).any())

    @property
    def has_discord(self) -> bool:
        """Face and voice gave numbers at one time."""
        return bool(np.isfinite(self.lines["discord"]).any())

    @property
    def ok(self) -> pl.DataFrame:
        """Rows with fused numbers."""
        return _ok(self.rows)

    @property
    def not_told(self) -> str:
        """Words where the numbers say hardly anything on the whole; else ""."""
        return _not_told(self.ok)


@dataclass
class FileResults:
    """One input of a report."""

    name: str
    table: pl.DataFrame
    summary: pl.DataFrame
    """Rows of `summarise_table`; the first is the whole file, of everyone."""
    tracks: list[Track]
    left_out: list[int]
    """Faces seen too shortly to be drawn."""
    lanes: list[tuple[str, list[tuple[float, float]]]]
    """What a face is called and its spans in view, where there are several."""
    from_s: float
    to_s: float
    names: dict[int, str] = field(default_factory=dict)
    """Faces that were given a name: what a sentence calls them; use `called`."""

    def called(self, who: int) -> str:
        """What a sentence or a cell calls a face: by its name, with its number where two have the same one."""
        return self.names.get(who, f"face {who}")

    @property
    def not_told(self) -> str:
        """Words where the numbers say hardly anything on the whole; else ""."""
        return _not_told(_ok(self.table))

    @property
    def is_still(self) -> bool:
        """A photograph: no time to draw."""
        return self.to_s <= self.from_s


def _ok(rows: pl.DataFrame) -> pl.DataFrame:
    both = pl.col("valence").is_not_null() & pl.col("arousal").is_not_null()
    return rows.filter((pl.col("state") == "ok") & both)


def _not_told(ok: pl.DataFrame) -> str:
    valence_sd, arousal_sd = (number(ok[f"{name}_sd"].cast(pl.Float64).median()) for name in ("valence", "arousal"))
    if not ok.height or told(valence_sd, arousal_sd).emotions:
        return ""
    return not_told(number(ok["face_id"].is_null().mean(), 0.0))


def file_results(name: str, table: pl.DataFrame) -> FileResults:
    """Everything that is drawn of one file's rows; columns the table lacks count as empty."""
    absent = [pl.lit(None, kind).alias(column) for column, kind in SCHEMA.items() if column not in table.columns]
    table = table.with_columns(absent).sort("t_s", maintain_order=True)
    times = _times(table)
    from_s, to_s = float(times.starts[0]), float(times.ends[-1])
    faces = table.drop_nulls("face_id")
    ids = faces["face_id"].unique(maintain_order=True).to_list()
    given = _given(faces)
    called = {who: f"{given[who]}, face {who}" if who in given else f"face {who}" for who in ids}
    crowded = bool(faces["t_s"].is_duplicated().any())
    seconds = {who: times.seconds(faces.filter(pl.col("face_id") == who)) for who in ids}
    drawn = [who for who in ids if seconds[who] >= SHORT_S or to_s <= from_s or len(ids) == 1]
    tracks: list[Track] = []
    if ids and not crowded:
        tracks.append(_track(_one_by_one(ids, called), table, faces, times))
        drawn = ids
    else:
        for who in sorted(drawn, key=lambda who: -seconds[who]):
            tracks.append(_track((_title(called[who]), ""), table, faces.filter(pl.col("face_id") == who), times))
    voice = table.filter(pl.col("face_id").is_null() & (pl.col("state") == "ok"))
    sound_only = bool((table["face_state"] == "no_device").all())
    if times.seconds(voice) >= VOICE_S or not tracks:
        title = ("Voice", "") if sound_only else ("Voice out of view", "Speech that fits no mouth in view.")
        if not tracks and not sound_only and not voice.height:
            title = ("Nobody", "No face was found, and no voice gave numbers.")
        tracks.append(_track(title, table, table.filter(pl.col("face_id").is_null()), times, face=False))
    lanes = [(called[who], _in_view(faces.filter(pl.col("face_id") == who), times)) for who in ids]
    summary = summarise_table(table)
    left = [who for who in ids if who not in drawn]
    shared = {call for call in given.values() if list(given.values()).count(call) > 1}
    names = {who: f"{call} (face {who})" if call in shared else call for who, call in given.items()}
    return FileResults(name, table, summary, tracks, left, lanes if len(ids) > 1 else [], from_s, to_s, names)


@dataclass(frozen=True)
class _Times:
    """Distinct times of a file's rows, and until when each stands."""

    starts: Floats
    ends: Floats

    def index(self, rows: pl.DataFrame) -> npt.NDArray[np.int64]:
        return np.searchsorted(self.starts, rows["t_s"].to_numpy())

    def seconds(self, rows: pl.DataFrame) -> float:
        at = np.unique(self.index(rows))
        return float((self.ends[at] - self.starts[at]).sum())


def _times(table: pl.DataFrame) -> _Times:
    starts = table["t_s"].unique().sort().to_numpy().astype(np.float64)
    return _Times(starts, starts + held_s(starts))


def _given(faces: pl.DataFrame) -> dict[int, str]:
    """The last name that each face was given (column `name`, of sessions), of those that were."""
    if "name" not in faces.columns:
        return {}
    named = faces.drop_nulls("name").select("face_id", pl.col("name").cast(pl.String)).iter_rows()
    return {who: name for who, name in dict(named).items() if name}


def _title(call: str) -> str:
    return f"F{call[1:]}" if call.startswith("face ") else call


def _one_by_one(ids: list[int], called: dict[int, str]) -> tuple[str, str]:
    if len(ids) == 1:
        return _title(called[ids[0]]), ""
    if any(call != f"face {who}" for who, call in called.items()):
        named = "; ".join(called[who] for who in ids[:8]) + ("; ..." if len(ids) > 8 else "")
        return "One face at a time", f"Never in view together: {named}."
    named = ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")
    note = f"Faces {named} were never in view together: they may be one person who left and came back, or several."
    return "One face at a time", note


def _track(title: tuple[str, str], table: pl.DataFrame, mine: pl.DataFrame, times: _Times, face: bool = True) -> Track:
    rows = mine.unique("t_s", keep="first", maintain_order=True)
    at = times.index(rows)
    states = _states_of_others(table, times, face)
    states[at] = rows["state"].to_numpy()
    lines = _binned(rows, at, times)
    everyone = table.unique("t_s", keep="first", maintain_order=True)  # sound is everyone's
    lines["speech_prob"] = _binned(everyone.select("t_s", "speech_prob"), times.index(everyone), times)["speech_prob"]
    who = rows["face_id"].to_numpy()
    jumps = np.flatnonzero(who[1:] != who[:-1]) + 1 if face else np.empty(0, np.int64)
    changes = [float(times.starts[at[k]]) for k in jumps]
    spans = _spans(states, times)
    return Track(*title, float(times.starts[0]), float(times.ends[-1]), rows, lines, spans, changes, face)


def _states_of_others(table: pl.DataFrame, times: _Times, face: bool) -> npt.NDArray[np.object_]:
    """Why a person has no row at each time: nobody in view, or others are."""
    states = np.full(len(times.starts), AWAY if face else "silence", dtype=object)
    alone = table.filter(pl.col("face_id").is_null())
    why = pl.when(pl.col("state") == "ok").then(pl.col("face_state")).otherwise(pl.col("state"))
    states[times.index(alone)] = alone.select(why.alias("why"))["why"].to_numpy()
    return states


def _binned(rows: pl.DataFrame, at: npt.NDArray[np.int64], times: _Times) -> dict[str, Floats]:
    """Mean of every column per bin; a bin between two rows takes what stands there."""
    count = max(1, min(len(times.starts), BINS))
    first, last = times.starts[0], max(times.ends[-1], times.starts[0] + 1e-9)
    width = (last - first) / count
    bin_of = np.clip(((times.starts - first) / width + 1e-6).astype(np.int64), 0, count - 1)
    middles = first + (np.arange(count) + 0.5) * width
    standing = np.searchsorted(times.starts, middles, side="right") - 1
    standing = np.where((standing >= 0) & (middles < times.ends[standing]), standing, -1)
    filled = np.bincount(bin_of, minlength=count) > 0
    lines: dict[str, Floats] = {}
    for name in [column for column in _LINES if column in rows.columns]:
        value = np.full(len(times.starts), np.nan)
        value[at] = rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = np.isfinite(value)
        total = np.bincount(bin_of[known], weights=value[known], minlength=count)
        number = np.bincount(bin_of[known], minlength=count)
        line = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        held = np.where(standing >= 0, value[standing], np.nan)
        lines[name] = np.where(filled, line, held)
    return lines


def _spans(states: npt.NDArray[np.object_], times: _Times) -> list[Span]:
    """Runs of one state that is not ok; a hole between rows is "stale"."""
    found: list[Span] = []

    def add(start: float, end: float, state: str) -> None:
        if found and found[-1].state == state and start - found[-1].to_s < 1e-6:
            found[-1] = Span(found[-1].from_s, end, state)
        elif end > start:
            found.append(Span(start, end, state))

    for k, state in enumerate(states):
        if state != "ok":
            add(float(times.starts[k]), float(times.ends[k]), str(state))
        if k + 1 < len(states) and times.starts[k + 1] - times.ends[k] > 1e-6:
            add(float(times.ends[k]), float(times.starts[k + 1]), "stale")
    return found


def _in_view(rows: pl.DataFrame, times: _Times) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for k in times.index(rows.unique("t_s", maintain_order=True)):
        start, end = float(times.starts[k]), float(times.ends[k])
        if spans and start - spans[-1][1] < 1e-6:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
