"""The report's section on attention: shares and counts as the table has them, and nothing where it has none."""

import re

import polars as pl
import pytest
from made.rows import film, row, table

from liveaffect.offline.reporting.attending import attending
from liveaffect.offline.reporting.data import file_results
from liveaffect.offline.reporting.write import make_report
from liveaffect.offline.tables.read import of_frame
from liveaffect.stream.errors import InputError

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


def test_people_with_names_are_called_by_them() -> None:
    names = pl.when(pl.col("face_id") == 1).then(pl.lit("Ann <1>")).otherwise(pl.lit(None, pl.String)).alias("name")
    html = said(two().with_columns(names))
    assert cells(html, "Ann &lt;1&gt; looked at") == ["–", "80\u202f%", "10\u202f%"]
    assert "Ann &lt;1&gt; and face 2 32\u202f%" in html
    both = said(two().with_columns(pl.lit("Ann").alias("name")))
    assert "Ann (face 1) and Ann (face 2) 32\u202f%" in both


@pytest.mark.parametrize("column", ["t_ns", "arousal", "valence_sd"])
def test_a_table_from_elsewhere_with_an_empty_column_has_a_page(column: str) -> None:
    found = two(60).with_columns((pl.col("t_s") * 1e9).cast(pl.Int64).alias("t_ns"))
    page = make_report(of_frame(found.with_columns(pl.lit(None, found.schema[column]).alias(column))))
    assert "Where they looked" in page


def test_numbers_that_are_none_stay_out_of_the_page() -> None:
    holes = pl.int_range(pl.len()) % 7 == 3
    none = {"arousal": float("nan"), "au01": float("inf")}
    odd = [pl.when(holes).then(x).otherwise(pl.col(name)).alias(name) for name, x in none.items()]
    body = make_report(of_frame(two().with_columns(odd))).split("</style>")[1]
    assert not re.search(r"\b(nan|inf)\b", body)


@pytest.mark.parametrize("column", ["file", "t_s"])
def test_rows_without_film_or_time_are_said(column: str) -> None:
    holes = pl.int_range(pl.len()) % 100 == 3
    with pytest.raises(InputError, match=f"column '{column}' is empty in 4 of 400 rows"):
        of_frame(two().with_columns(pl.when(~holes).then(pl.col(column)).alias(column)))
