"""A baseline is what was seen at rest; it adds columns and changes none."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from liveaffect.cli.main import main
from liveaffect.models.errors import BaselineBroken
from liveaffect.models.face.baseline import FaceBaseline, load_baseline
from liveaffect.offline.tables.read import Results
from liveaffect.offline.tables.relative import Relative, make_baseline
from liveaffect.offline.tables.score import AU_COLUMNS, COLUMNS, REL_COLUMNS, SCHEMA
from liveaffect.stream.errors import InputError, UsageError


def film(people: tuple[int, ...] = (1,), n: int = 100) -> pl.DataFrame:
    """10 frames a second; for 5 s at rest (valence -0.1, AU12 0.5), then a smile."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for k in range(n):
        for person in people:
            rest = k < n // 2
            row: dict[str, object] = {"file": "film.mp4", "t_s": k / 10, "face_id": person, "state": "ok"}
            row |= {"face_state": "ok", "voice_state": "silence", **dict.fromkeys(AU_COLUMNS, 0.2)}
            row |= {"valence": -0.1 if rest else 0.7, "arousal": 0.05 if rest else 0.4, "au12": 0.5 if rest else 3.5}
            rows.append(row | {"yaw_deg": float(rng.normal())})
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in COLUMNS})


def results(table: pl.DataFrame) -> Results:
    return Results(Path("film.parquet"), table)


def subtract(table: pl.DataFrame, at_rest: FaceBaseline, rows: int = 10_000) -> tuple[pl.DataFrame, str]:
    """The table with what `Relative` adds, which sees so many rows at once; and its warning."""
    relative = Relative(at_rest)
    for batch in table.iter_slices(rows):
        relative.add(batch)
    return relative.subtract(table.lazy()).collect(), relative.warning


def ended(*words: object) -> object:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code


def test_a_baseline_file_holds_the_means_at_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film().write_csv(tmp_path / "film.csv")
    out = tmp_path / "rest.json"
    assert ended("baseline", tmp_path / "film.csv", "--from", 0, "--to", 4.9, "--out", out) == 0
    said = json.loads(out.read_text("utf-8"))
    assert said["valence"] == pytest.approx(-0.1)
    assert said["au"]["au12"] == pytest.approx(0.5)
    assert (said["rows"], said["face_id"]) == (50, 1)
    assert load_baseline(out).arousal == pytest.approx(0.05)
    assert "not at rest" not in capsys.readouterr().out


def test_a_moving_face_is_called_restless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film().write_csv(tmp_path / "film.csv")
    assert ended("baseline", tmp_path / "film.csv", "--from", 0, "--to", 9.9, "--out", tmp_path / "rest.json") == 0
    assert "not at rest" in capsys.readouterr().out


def test_what_is_subtracted_is_zero_at_rest_and_the_rise_in_the_smile() -> None:
    table = film()
    found, warning = subtract(table, make_baseline(results(table), 0.0, 4.9))
    assert warning == ""
    assert found.columns == [*COLUMNS, *REL_COLUMNS]
    assert found.select(COLUMNS).equals(table)
    assert found["valence_rel"][0] == pytest.approx(0.0, abs=1e-6)
    assert found["valence_rel"][-1] == pytest.approx(0.8, abs=1e-6)
    assert found["au12_rel"][-1] == pytest.approx(3.0, abs=1e-6)


def test_a_lost_face_has_no_relative_number() -> None:
    table = film()
    at_rest = make_baseline(results(table), 0.0, 4.9)
    numbers = ["face_id", "valence", "arousal", *AU_COLUMNS]
    lost = table.with_columns(pl.when(pl.col("t_s") > 8).then(None).otherwise(pl.col(n)).alias(n) for n in numbers)
    found, _ = subtract(lost, at_rest)
    for name in REL_COLUMNS:
        assert (found[name].is_null() == (found["t_s"] > 8)).all()


@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_of_two_faces_in_view_only_the_one_seen_most_is_taken_for_the_person(rows: int) -> None:
    table = film((1, 2)).filter((pl.col("face_id") == 2) | (pl.col("t_s") > 3))
    found, warning = subtract(table, make_baseline(results(table), 0.0, 4.9, face=2), rows)
    assert "face 2" in warning
    assert found.filter(pl.col("face_id") == 1)["valence_rel"].null_count() == len(found.filter(pl.col("face_id") == 1))
    assert found.filter(pl.col("face_id") == 2)["valence_rel"].null_count() == 0


def test_two_faces_need_a_choice() -> None:
    with pytest.raises(UsageError, match="--face"):
        make_baseline(results(film((1, 2))), 0.0, 4.9)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (200.0, 300.0)])
def test_too_little_to_see_is_refused(start: float, end: float) -> None:
    with pytest.raises(InputError, match="at least 10"):
        make_baseline(results(film()), start, end)


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(UsageError, match="after the start"):
        make_baseline(results(film()), 5.0, 2.0)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": "other"}', b"\xff\xfe"])
def test_what_is_no_baseline_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rest.json"
    path.write_bytes(content)
    with pytest.raises(BaselineBroken, match=r"rest\.json"):
        load_baseline(path)


def test_a_table_without_action_units_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film().drop("au12").write_parquet(tmp_path / "film.parquet")
    code = ended("baseline", tmp_path / "film.parquet", "--from", 0, "--to", 4, "--out", tmp_path / "rest.json")
    assert code == 1
    assert "'au12'" in capsys.readouterr().err
