"""Which time is which condition: by markers, or by a table of times."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from liveaffect.offline.comparing.recordings import Recording
from liveaffect.offline.tables.foreign import FILE_NAMES, plain
from liveaffect.offline.tables.read import require_columns, require_numbers
from liveaffect.stream.errors import InputError, UsageError

NAMES = {
    "file": FILE_NAMES,
    "participant": ("subject", "participant_id", "subject_id", "sub", "speaker", "pid", "vp", "id"),
    "condition": ("cond", "label", "block", "trial_type", "stimulus", "marker", "phase"),
    "start": ("start_s", "onset", "begin", "begin_s", "from", "from_s", "t_start", "t_s", "start_time", "time"),
    "end": ("end_s", "offset", "stop", "stop_s", "to", "to_s", "t_end", "until", "end_time"),
    "duration": ("duration_s", "length", "length_s"),
    "face_id": ("face", "person", "person_id"),
}
"""What others call the columns of a table of times."""
_OPENS = re.compile(r"^(.+?)[\s_:./-]+(?:start|starts|started|begin|begins|on|onset)$", re.IGNORECASE)
_CLOSES = re.compile(r"^(.+?)[\s_:./-]+(?:end|ends|ended|stop|stops|off|offset)$", re.IGNORECASE)
_BARE = re.compile(r"^(?:end|stop|off|pause|break)$", re.IGNORECASE)


@dataclass(frozen=True)
class Slot:
    """One stretch of one participant in one condition."""

    participant: str
    recording: Recording
    face_id: int
    condition: str
    start_s: float
    end_s: float


def by_markers(
    found: Sequence[Recording],
    only: Sequence[str] = (),
    *,
    longest_s: float | None = None,
    who: pl.DataFrame | None = None,
) -> list[Slot]:
    """Stretches from marker to marker.

    `film start` and `film end` (also begin and stop, on and off) enclose the condition `film`, whatever lies between.
    Any other marker begins a condition of its own name, which lasts until the next marker, or until `end`, `stop` or
    `pause`. `only` names the conditions that are compared: other markers then begin and end nothing.

    Raises InputError where there are no markers, UsageError where `only` names what is not there.
    """
    if not any(one.markers for one in found):
        raise InputError(
            f"{found[0].name}{' and the others' if len(found) > 1 else ''}: no markers; set some while recording "
            "(`liveaffect mark`), or give a table of times with --by TABLE"
        )
    closed = {m[1].strip() for one in found for _, label in one.markers if (m := _CLOSES.match(label.strip()))}
    people = _people(found, who)
    slots: list[Slot] = []
    for one in found:
        participant, face_id = people[one.name]
        for condition, start_s, end_s in _marked(one, closed, only):
            until = end_s if longest_s is None else min(end_s, start_s + longest_s)
            slots.append(Slot(participant, one, face_id, condition, start_s, until))
    known = [slot.condition for slot in slots] + [label for one in found for _, label in one.markers]
    return _chosen(slots, only, known, "no marker is called")


def by_tier(
    found: Sequence[Recording], tier: str, only: Sequence[str] = (), *, who: pl.DataFrame | None = None
) -> list[Slot]:
    """Stretches that were imported beside sessions (`liveaffect import`): of one tier, each under its label.

    Raises InputError where no session has such a tier.
    """
    people = _people(found, who)
    slots: list[Slot] = []
    tiers: list[str] = []
    for one in found:
        participant, face_id = people[one.name]
        for marks in (what.table for what in one.imported if what.kind == "marks"):
            tiers += marks["tier"].unique(maintain_order=True).to_list()
            for start_s, end_s, label in marks.filter(pl.col("tier") == tier).select("t_s", "end_s", "label").rows():
                if end_s > start_s and label:
                    slots.append(Slot(participant, one, face_id, label, start_s, end_s))
    if not slots:
        known = ", ".join(dict.fromkeys(tiers)) or "none; import some with `liveaffect import`"
        raise InputError(f"no stretch of a tier '{tier}' lies beside what is compared; tiers there are: {known}")
    return _chosen(slots, only, [slot.condition for slot in slots], f"the tier '{tier}' has no label")


def by_table(found: Sequence[Recording], times: pl.DataFrame, of: str, only: Sequence[str] = ()) -> list[Slot]:
    """Stretches of a table with `condition`, `start` and `end` (or `duration`), in seconds of `t_s`.

    `file` or `participant` says whose; a participant without a file is the recording of that name. Columns may have
    the names that other programs give them (`NAMES`). Raises InputError, naming table, row and column.
    """
    times = familiar(times)
    if "duration" in times.columns and "end" not in times.columns:
        require_numbers(times, of, ["start", "duration"])
        times = times.with_columns((pl.col("start") + pl.col("duration")).alias("end"))
    require_columns(times, of, ("condition", "start", "end"), "which says when a condition was")
    require_numbers(times, of, ("start", "end", "face_id"))
    if not {"file", "participant"} & set(times.columns) and len(found) > 1:
        raise InputError(f"{of} has neither 'file' nor 'participant', and {len(found)} recordings are compared")
    slots: list[Slot] = []
    for line, row in enumerate(times.iter_rows(named=True), 2):
        if row["condition"] is None or row["start"] is None or row["end"] is None:
            raise InputError(f"{of}, line {line}: condition, start and end must all be there")
        if not float(row["end"]) > float(row["start"]):
            raise InputError(f"{of}, line {line}: it ends at {row['end']} s, not after it starts at {row['start']} s")
        one = _recording(found, row, f"{of}, line {line}")
        face_id = one.main if row.get("face_id") is None else int(row["face_id"])
        participant = str(row["participant"]) if row.get("participant") is not None else _participant(one, face_id)
        slots.append(Slot(participant, one, face_id, str(row["condition"]), float(row["start"]), float(row["end"])))
    if not slots:
        raise InputError(f"{of} has no rows")
    return _chosen(slots, only, [slot.condition for slot in slots], f"{of} has no condition")


def familiar(times: pl.DataFrame) -> pl.DataFrame:
    """Columns under the names that are used here."""
    there_are = {plain(name): name for name in reversed(times.columns)}
    for here, others in NAMES.items():
        there = next((there_are[name] for name in (here, *others) if name in there_are), None)
        if here not in times.columns and there is not None and there not in NAMES:
            times = times.rename({there: here})
            there_are = {plain(name): name for name in reversed(times.columns)}
    return times


def _marked(one: Recording, closed: set[str], only: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    """Condition, start and end of one recording, in order of time."""
    enclosed: dict[str, float] = {}
    plain_one: tuple[str, float] | None = None
    for at_s, label in [(at_s, label.strip()) for at_s, label in one.markers]:
        opens, closes = _OPENS.match(label), _CLOSES.match(label)
        if closes and closes[1].strip() in closed and closes[1].strip() in enclosed:
            name = closes[1].strip()
            yield name, enclosed.pop(name), at_s
        elif opens and opens[1].strip() in closed:
            enclosed[opens[1].strip()] = at_s
        elif not only or label in only or _BARE.match(label):
            if plain_one is not None:
                yield plain_one[0], plain_one[1], at_s
            plain_one = None if _BARE.match(label) else (label, at_s)
    left = [*enclosed.items(), *([plain_one] if plain_one is not None else [])]
    for name, start_s in left:
        if one.end_s > start_s:
            yield name, start_s, one.end_s


def _people(found: Sequence[Recording], who: pl.DataFrame | None) -> dict[str, tuple[str, int]]:
    """Name of a recording -> participant and face: as a table says, else the name given, else the recording's."""
    said = {one.name: (_participant(one, one.main), one.main) for one in found}
    if who is None:
        return said
    who = familiar(who)
    require_columns(who, "--participants", ("file", "participant"), "which says who is in which recording")
    require_numbers(who, "--participants", ("face_id",))
    for line, row in enumerate(who.iter_rows(named=True), 2):
        one = _recording(found, {"file": row["file"]}, f"--participants, line {line}")
        face_id = one.main if row.get("face_id") is None else int(row["face_id"])
        said[one.name] = (str(row["participant"]), face_id)
    return said


def _participant(one: Recording, face_id: int) -> str:
    return one.named(face_id) or one.stem


def _recording(found: Sequence[Recording], row: dict[str, object], where: str) -> Recording:
    """The recording that a row is about. Raises InputError."""
    if len(found) == 1 and row.get("file") is None:
        return found[0]
    name = str(row["file"] if row.get("file") is not None else row.get("participant"))
    bare = Path(name.replace("\\", "/")).name
    same = [one for one in found if bare in (one.name, one.stem) or Path(bare).stem == one.stem or name == one.name]
    if len(same) != 1:
        known = ", ".join(one.name for one in found[:8])
        raise InputError(f"{where}: '{name}' is {'none' if not same else 'several'} of what is compared: {known}")
    return same[0]


def _chosen(slots: list[Slot], only: Sequence[str], known: Sequence[str], complaint: str) -> list[Slot]:
    there = {slot.condition for slot in slots}
    absent = next((name for name in only if name not in there), None)
    if absent is not None:
        names = list(dict.fromkeys(known))
        raise UsageError(f"{complaint} '{absent}'; there are: {', '.join(names[:12]) or 'none'}")
    return [slot for slot in slots if not only or slot.condition in only]
