"""Where people looked, in a report: eyelids and head of each, and a small table of who attended to whom."""

from collections.abc import Iterator
from html import escape

import numpy as np
import polars as pl

from liveaffect.offline.reporting.data import FileResults
from liveaffect.offline.reporting.shapes import clock
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.summary import held_s

LEAST_S = 5.0
"""Somebody whose eyes or head were seen for less is left out."""
MOST_PEOPLE = 8
"""So many have a row, those who were seen longest."""
_NONE = "–"


def attending(found: FileResults) -> Iterator[str]:
    """The section; nothing of photographs, and of tables without these columns."""
    if found.is_still or "eye_contact" not in found.table.columns:
        return
    faces = found.table.drop_nulls("face_id")
    people = {who: _of(faces, who) for who in faces["face_id"].unique().sort().to_list()}
    seen = {
        who: number(rows.filter(pl.col("eye_contact").is_not_null())["held"].sum(), 0.0) for who, rows in people.items()
    }
    longest = sorted(seen, key=lambda who: -seen[who])[:MOST_PEOPLE]
    people = {who: rows for who, rows in people.items() if who in longest and seen[who] >= LEAST_S}
    if not people:
        return
    yield '<div class="person"><h2>Where they looked</h2>'
    yield from _each(found, people, seen)
    if len(people) > 1 and any(rows["looks_at"].null_count() < rows.height for rows in people.values()):
        yield from _whom(found, people)
    yield "</div>"


def _of(faces: pl.DataFrame, who: int) -> pl.DataFrame:
    rows = faces.filter(pl.col("face_id") == who)
    return rows.with_columns(pl.Series("held", held_s(rows["t_s"].to_numpy().astype(np.float64))))


def _each(found: FileResults, people: dict[int, pl.DataFrame], seen: dict[int, float]) -> Iterator[str]:
    heads = ("direction known", "eye contact", "by the eyes", "blinks a minute", "eyes closed", "nods", "shakes")
    titles = "".join(f'<th class="n">{head}</th>' for head in heads)
    yield f'<div class="wide"><table><tr><th></th>{titles}</tr>'
    for who, rows in people.items():
        eyes = rows.filter(pl.col("gaze_by") == "eyes")["held"].sum()
        cells = [
            clock(seen[who]),
            _share(_mean(rows, pl.col("eye_contact"))),
            _share(number(eyes, 0.0) / seen[who]),
            _blinks(rows),
            _share(number(rows["perclos"].mean()), digits=1),
            _count(rows, "nod"),
            _count(rows, "shake"),
        ]
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield f"<tr><td>{escape(found.called(who))}</td>{numbers}</tr>"
    yield "</table></div>"
    yield (
        '<p class="note">Eye contact: mean probability of a look at the camera. By the eyes: where they were not seen, '
        "the head's direction stands for them, and says little. Eyes closed: share of time, lids at least 80\u202f% "
        "down (PERCLOS). Blinks need eight frames a second.</p>"
    )


def _whom(found: FileResults, people: dict[int, pl.DataFrame]) -> Iterator[str]:
    names = "".join(f'<th class="n">{escape(found.called(who))}</th>' for who in people)
    yield "<h3>Who attended to whom</h3>"
    yield f'<div class="wide"><table><tr><th></th>{names}<th class="n">the camera</th></tr>'
    for who, rows in people.items():
        cells = [_NONE if other == who else _share(_looks(rows, other)) for other in people]
        cells.append(_share(_mean(rows, pl.col("eye_contact"))))
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield f"<tr><td>{escape(found.called(who))} looked at</td>{numbers}</tr>"
    yield "</table></div>"
    both = [
        f"{found.called(first)} and {found.called(second)} {_share(share)}"
        for first in people
        for second in people
        if first < second and (share := _mutual(people[first], second)) is not None
    ]
    if both:
        yield f'<p class="note"><b>At each other, of the time in view together</b> {escape("; ".join(both))}</p>'
    yield (
        '<p class="note">Mean probabilities, by eyes, head and distance; what is left was something else. Of several '
        "others only the likeliest at each instant is in the table. A picture of a video call shows no room: there "
        "these numbers mean nothing.</p>"
    )


def _mean(rows: pl.DataFrame, what: pl.Expr) -> float | None:
    """Weighed by how long rows stand; None where there is nothing."""
    known = rows.select(what.alias("x"), "held").drop_nulls("x")
    total = number(known["held"].sum(), 0.0)
    return number((known["x"] * known["held"]).sum(), 0.0) / total if total > 0 else None


def _looks(rows: pl.DataFrame, other: int) -> float | None:
    at = pl.when(pl.col("looks_at") == other).then(pl.col("looks_at_p")).otherwise(0.0)
    return _mean(rows.filter(pl.col("looks_at").is_not_null()), at)


def _mutual(rows: pl.DataFrame, other: int) -> float | None:
    at = pl.when(pl.col("looks_at") == other).then(pl.col("mutual_gaze")).otherwise(0.0)
    return _mean(rows.filter(pl.col("mutual_gaze").is_not_null()), at)


def _blinks(rows: pl.DataFrame) -> str:
    known = rows.drop_nulls("blink")
    seconds = number(known["held"].sum(), 0.0)
    if seconds < LEAST_S:
        return _NONE
    begun = ((known["blink"] == 1) & (known["blink"].shift(1, fill_value=0) == 0)).sum()
    return f"{60 * int(begun) / seconds:.0f}"


def _count(rows: pl.DataFrame, column: str) -> str:
    known = rows.drop_nulls(column)
    return str(int((known[column] > 0).sum())) if known.height else _NONE


def _share(value: float | None, digits: int = 0) -> str:
    return _NONE if value is None else f"{100 * value:.{digits}f}\u202f%"
