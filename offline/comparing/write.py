"""Compares conditions of sessions and score tables, and writes a page and tables that R reads."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.comparing.differences import LEVEL, Comparison, compared
from liveaffect.offline.comparing.page import page
from liveaffect.offline.comparing.recordings import Source, recordings
from liveaffect.offline.comparing.segments import MEASURES, segment_of
from liveaffect.offline.comparing.times import by_markers, by_table, by_tier
from liveaffect.offline.tables.files import new_file, require_folder, write_csv
from liveaffect.offline.tables.read import read_table
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import UsageError

STATES = (
    "no_face", "low_quality", "occluded", "silence", "no_device", "stale", "node_down", "more_voices", "away",
    "outside",
)  # fmt: skip
TIER = "tier:"
"""`--by tier:NAME`: stretches that were imported beside sessions."""
ROW_WORDS: dict[str, tuple[str, str, str]] = {
    "participant": ("who", "", ""),
    "file": ("recording", "", ""),
    "face_id": ("person in it; null for a voice without a face", "", "0 and up"),
    "condition": ("condition", "", ""),
    "segment": ("number of the stretch of this participant in this condition", "", "1 and up"),
    "start_s": ("when it starts, as t_s", "s", ""),
    "end_s": ("when it ends", "s", ""),
    "seconds": ("time of it that was recorded", "s", "0 and up"),
    "seconds_known": ("of that, time with numbers: what the measures rest on", "s", "0 and up"),
    **{f"seconds_{state}": (f"time without numbers because of: {state}", "s", "0 and up") for state in STATES},
    **{m.name: (m.words, m.unit, f"{m.low:g} to {m.high:g}") for m in MEASURES},
}
"""Columns of the table of stretches: meaning, unit, range."""
DIFFERENCE_WORDS: dict[str, tuple[str, str, str]] = {
    "measure": ("what is compared", "", ""),
    "first": ("condition that it is compared with", "", ""),
    "second": ("condition that is compared", "", ""),
    "design": ("paired: same participants; between: others; segments, time: within one participant; none", "", ""),
    "n": ("participants; of segments the stretches; of time the seconds with numbers", "", "0 and up"),
    "mean_first": ("mean in the first condition (geometric where compared as a ratio)", "", ""),
    "mean_second": ("mean in the second condition", "", ""),
    "scale": ("difference: second minus first; ratio: second over first", "", "difference ratio"),
    "estimate": ("the difference, or the ratio", "", ""),
    "low": ("lower end of its interval; null where there is too little for one", "", ""),
    "high": ("upper end", "", ""),
    "level": ("how often such intervals hold the truth", "1", "0 to 1"),
    "clear": ("the interval holds no equality", "", "true false"),
    "effect": ("name of the effect size: dz, g, g of stretches, d_within", "", ""),
    "effect_size": ("its value, corrected for few (Hedges)", "1", ""),
    "effect_low": ("lower end of its interval", "1", ""),
    "effect_high": ("upper end", "1", ""),
    "left_out": ("participants that lack one of both conditions, with ; between", "", ""),
}
"""Columns of the table of differences."""


def compare(
    sources: Source | Sequence[Source],
    by: str | Path | pl.DataFrame = "marker",
    *,
    conditions: Sequence[str] = (),
    participants: str | Path | pl.DataFrame | None = None,
    longest_s: float | None = None,
    level: float = LEVEL,
) -> Comparison:
    """What each participant showed in each condition, and how conditions differ, with intervals.

    Parameters
    ----------
    sources: sessions (folders, or what `open_session` gave), score tables, folders of either, data frames.
    by: "marker"; "tier:NAME" of what was imported; or a table of times with condition, start and end (`times`).
    conditions: only these, in this order; without it all, in order of appearance.
    participants: a table with file and participant (and face_id), for comparisons by marker or tier.
    longest_s: a stretch from a marker on lasts no longer than this.
    level: how often the intervals shall hold the truth, between 0.5 and 1.

    Raises InputError, RecordError, UsageError.
    """
    if not 0.5 < level < 1.0:
        raise UsageError(f"the level of intervals is between 0.5 and 1, such as 0.95, not {level:g}")
    if longest_s is not None and longest_s <= 0:
        raise UsageError(f"the longest stretch must have a length, not {longest_s:g} s")
    several = [sources] if isinstance(sources, str | Path | pl.DataFrame | Session) else sources
    found = recordings(list(several))
    who = None if participants is None else _table(participants)
    if isinstance(by, str) and by == "marker":
        slots, told = by_markers(found, conditions, longest_s=longest_s, who=who), "markers"
    elif isinstance(by, str) and by.startswith(TIER):
        tier = by.removeprefix(TIER)
        slots, told = by_tier(found, tier, conditions, who=who), f"the tier {tier}"
    else:
        if who is not None:
            raise UsageError("--participants goes with --by marker: a table of times names participants itself")
        of = str(by) if isinstance(by, str | Path) else "the table of times"
        slots, told = by_table(found, _table(by), of, conditions), of
    order = list(conditions) or list(dict.fromkeys(slot.condition for slot in slots))
    if len(order) < 2:
        raise UsageError(f"only the condition '{order[0]}' is there: a comparison needs two")
    return compared([segment_of(slot) for slot in slots], order, told, level=level)


def save(found: Comparison, out: str | Path, now: datetime | None = None) -> list[Path]:
    """Writes the page to `out` (.html), and beside it the stretches, the differences and a dictionary as CSV.

    Raises UsageError where they cannot be written.
    """
    target = Path(out)
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {target}: end it in .html; the tables lie beside the page")
    require_folder(target)
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    beside = {word: target.with_name(f"{target.stem}.{word}.csv") for word in ("segments", "differences", "dictionary")}
    try:
        with new_file(target) as temporary:
            temporary.write_text(page(found, f"Written {when} by liveaffect {version('liveaffect')}."), "utf-8")
        write_csv(segment_rows(found), beside["segments"])
        write_csv(difference_rows(found), beside["differences"])
        words = [("segments", *item) for item in _items(ROW_WORDS)]
        words += [("differences", *item) for item in _items(DIFFERENCE_WORDS)]
        kinds = ["table", "column", "meaning", "unit", "range"]
        write_csv(pl.DataFrame(words, schema=kinds, orient="row"), beside["dictionary"])
    except OSError as error:
        raise UsageError(f"--out {target} cannot be written: {error.strerror}") from None
    return [target, *beside.values()]


def segment_rows(found: Comparison) -> pl.DataFrame:
    """A row per stretch, a column per measure: what `lmer(level_valence ~ condition + (1|participant))` reads."""
    rows: list[dict[str, Any]] = []
    numbers: dict[tuple[str, str], int] = {}
    for one in found.segments:
        slot = one.slot
        key = slot.participant, slot.condition
        numbers[key] = numbers.get(key, 0) + 1
        row: dict[str, Any] = {
            "participant": slot.participant, "file": slot.recording.name, "condition": slot.condition,
            "face_id": slot.face_id if slot.face_id >= 0 else None, "segment": numbers[key], "start_s": slot.start_s,
            "end_s": slot.end_s, "seconds": one.seconds, "seconds_known": one.known_s,
        }  # fmt: skip
        rows.append(row | {f"seconds_{state}": one.missing_s.get(state, 0.0) for state in STATES} | one.values)
    text, whole = ("participant", "file", "condition"), ("face_id", "segment")
    schema = {n: pl.String if n in text else pl.Int64 if n in whole else pl.Float64 for n in ROW_WORDS}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def difference_rows(found: Comparison) -> pl.DataFrame:
    """A row per measure and pair of conditions."""
    rows: list[dict[str, Any]] = []
    for one in found.contrasts:
        value, low, high = one.difference or (None, None, None)
        size = one.effect or (None, None, None)
        rows.append({
            "measure": one.measure.name, "first": one.first, "second": one.second, "design": one.design, "n": one.n,
            "mean_first": one.mean_first, "mean_second": one.mean_second, "estimate": value, "low": low, "high": high,
            "scale": "ratio" if one.measure.ratio else "difference", "level": found.level, "clear": one.clear,
            "effect": one.effect_name or None, "effect_size": size[0], "effect_low": size[1], "effect_high": size[2],
            "left_out": "; ".join(one.left_out) or None,
        })  # fmt: skip
    kinds: dict[str, Any] = {"n": pl.Int64, "clear": pl.Boolean}
    kinds |= dict.fromkeys(("measure", "first", "second", "design", "scale", "effect", "left_out"), pl.String)
    schema = {name: kinds.get(name, pl.Float64) for name in DIFFERENCE_WORDS}
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def _items(words: dict[str, tuple[str, str, str]]) -> list[tuple[str, str, str, str]]:
    return [(name, *said) for name, said in words.items()]


def _table(source: str | Path | pl.DataFrame) -> pl.DataFrame:
    return source if isinstance(source, pl.DataFrame) else read_table(Path(source))
