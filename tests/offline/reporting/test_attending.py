"""The report's section on attention: shares and counts as the table has them, and nothing where it has none."""

import re

import polars as pl
import pytest
from score_rows import film, row, table

from liveaffect.offline.reporting.attending import attending
from liveaffect.offline.reporting.data import file_results

FPS = 10


def two(seconds: int = 20) -> pl.DataFrame:
    """Face 1 looks at 2 all the time and blinks every two seconds; 2 looks back half of the time, and nods once."""
    rows: list[dict[str, object]] = []
    for k in range(seconds * FPS):
        t, back = k / FPS, k < seconds * FPS / 2
        one = {"eye_contact": 0.1, "gaze_by": "eyes", "looks_at": 2, "looks_at_p": 0.8, "perclos": 0.125}
        rows.append(row(t, 1, **one, mutual_gaze=0.64 if back else 0.0, blink=int(k % 20 in (5, 6)), nod=0, shake=0))
        other = {"eye_contact": 0.6, "gaze_by": "head", "looks_at": 1, "looks_at_p": 0.8 if back else 0.0}
        rows.append(row(t, 2, **other, mutual_gaze=0.64 if back else 0.0, nod=2.0 if k == 50 else 0, shake=0))
    return table(rows)


def said(found: pl.DataFrame) -> str:
    return "".join(attending(file_results("film", found)))


def cells(html: str, row: str) -> list[str]:
    line = re.search(rf"<tr><td>{row}</td>(.*?)</tr>", html)
    assert line is not None
    return re.findall(r"<td class=\"n\">(.*?)</td>", line.group(1))


def test_each_person_has_a_row_with_what_the_table_says() -> None:
    html = said(two())
    assert cells(html, "face 1") == ["20 s", "10\u202f%", "100\u202f%", "30", "12.5\u202f%", "0", "0"]
    assert cells(html, "face 2") == ["20 s", "60\u202f%", "0\u202f%", "–", "–", "1", "0"]


def test_who_attends_to_whom_is_a_table_and_mutual_gaze_a_line() -> None:
    html = said(two())
    assert cells(html, "face 1 looked at") == ["–", "80\u202f%", "10\u202f%"]
    assert cells(html, "face 2 looked at") == ["40\u202f%", "–", "60\u202f%"]
    assert "face 1 and face 2 32\u202f%" in html


def test_one_person_attends_to_nobody() -> None:
    alone = two().filter(pl.col("face_id") == 1).with_columns(pl.lit(None, pl.Int64).alias("looks_at"))
    html = said(alone)
    assert "Where they looked" in html
    assert "Who attended to whom" not in html


@pytest.mark.parametrize("found", [film(), two(1), two().drop("eye_contact")])
def test_without_numbers_there_is_no_section(found: pl.DataFrame) -> None:
    assert said(found) == ""
