"""Summaries count what a hand count gives."""

from pathlib import Path

import polars as pl
import pytest

from liveaffect.offline.tables.score import COLUMNS, PROBABILITIES, SCHEMA
from liveaffect.offline.tables.summary import SUMMARY_DICTIONARY, summarise_table, write_summary

FPS = 10


def row(t_s: float, person: int | None, valence: float | None, **more: object) -> dict[str, object]:
    state = "ok" if valence is not None else "no_face" if person is None else "low_quality"
    found: dict[str, object] = {"file": "film.mp4", "t_s": t_s, "face_id": person, "state": state}
    found |= {"face_state": state, "voice_state": "no_device", "valence": valence}
    if valence is not None:
        top = "p_happiness" if valence > 0 else "p_sadness"
        found |= {"arousal": 0.1, **dict.fromkeys(PROBABILITIES, 0.05), top: 0.65}
    return found | more


def table(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in COLUMNS})


def film() -> pl.DataFrame:
    """90 s: a happy minute, 10 s without a face, 5 s unclear, 15 s sad."""
    rows: list[dict[str, object]] = []
    for k in range(90 * FPS):
        t_s = k / FPS
        shown = t_s < 60 or t_s >= 70
        value = None if 60 <= t_s < 75 else 0.5 if t_s < 60 else -0.5
        rows.append(row(t_s, 1 if shown else None, value, speech_prob=0.9 if t_s < 30 else 0.1))
    return table(rows)


def test_minutes_and_the_whole_add_up() -> None:
    whole, first, second = summarise_table(film()).to_dicts()
    assert [r["minute"] for r in (whole, first, second)] == [None, 0, 1]
    assert whole["seconds"] == pytest.approx(90.0)
    assert first["seconds"] + second["seconds"] == pytest.approx(whole["seconds"])
    assert first["rows"] + second["rows"] == whole["rows"] == 900
    assert (first["valence_mean"], second["valence_mean"]) == (pytest.approx(0.5), pytest.approx(-0.5))


def test_time_without_a_face_and_time_unclear_are_apart() -> None:
    whole, first, second = summarise_table(film()).to_dicts()
    assert whole["seconds_no_face"] == pytest.approx(10.0)
    assert whole["seconds_unclear"] == pytest.approx(5.0)
    assert whole["seconds_face"] == pytest.approx(75.0)
    assert first["seconds_no_face"] == 0.0
    assert second["rows_ok"] == 150


def test_shares_are_of_rows_with_numbers() -> None:
    whole, _, second = summarise_table(film()).to_dicts()
    assert whole["share_happiness"] == pytest.approx(600 / 750)
    assert whole["share_sadness"] == pytest.approx(150 / 750)
    assert whole["mean_happiness"] == pytest.approx((600 * 0.65 + 150 * 0.05) / 750)
    assert second["share_happiness"] == 0.0
    assert sum(v for k, v in whole.items() if k.startswith("share_")) == pytest.approx(1.0)


def test_quantiles_are_those_of_the_values() -> None:
    rows = [row(k / FPS, 1, k / 100) for k in range(101)]
    whole = summarise_table(table(rows)).row(0, named=True)
    assert [whole[f"valence_{q}"] for q in ("q05", "q50", "q95")] == pytest.approx([0.05, 0.5, 0.95])


def test_speech_share_is_of_the_time_with_sound() -> None:
    whole, first, second = summarise_table(film()).to_dicts()
    assert whole["speech_share"] == pytest.approx(1 / 3)
    assert (first["speech_share"], second["speech_share"]) == (pytest.approx(0.5), 0.0)
    silent = summarise_table(film().with_columns(pl.lit(None, pl.Float32).alias("speech_prob")))
    assert silent["speech_share"].null_count() == len(silent)


def test_two_people_have_rows_of_their_own_and_time_counts_once() -> None:
    rows = [row(k / FPS, who, 0.4 if who == 1 else -0.4) for k in range(100) for who in (1, 2)]
    found = summarise_table(table(rows)).filter(pl.col("minute").is_null())
    assert found["face_id"].to_list() == [None, 1, 2]
    assert found["seconds"].to_list() == pytest.approx([10.0, 10.0, 10.0])
    assert found["valence_mean"].to_list() == pytest.approx([0.0, 0.4, -0.4], abs=1e-6)


def test_sound_alone_has_no_time_without_a_face() -> None:
    rows = [row(k / FPS, None, 0.2, face_state="no_device", speech_prob=0.9) for k in range(50)]
    whole = summarise_table(table(rows)).row(0, named=True)
    assert (whole["seconds_face"], whole["seconds_no_face"]) == (None, None)
    assert whole["speech_share"] == 1.0


def test_a_hole_in_time_is_not_counted_as_seen() -> None:
    rows = [row(t_s, 1, 0.2) for t_s in (0.0, 0.1, 0.2, 50.0, 50.1)]
    whole = summarise_table(table(rows)).row(0, named=True)
    assert whole["seconds"] == pytest.approx(0.1 + 0.1 + 1.0 + 0.1 + 0.1)


def test_a_film_without_any_face_has_nulls_and_no_numbers() -> None:
    whole = summarise_table(table([row(k / FPS, None, None) for k in range(30)])).row(0, named=True)
    assert whole["rows_ok"] == 0
    assert whole["valence_mean"] is None
    assert whole["share_neutral"] is None


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_written_file_has_the_documented_columns(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"summary.{ending}"
    film().write_parquet(tmp_path / "film")
    film().with_columns(pl.lit("other.mp4").alias("file")).write_parquet(tmp_path / "other")
    write_summary([tmp_path / "film", tmp_path / "other"], path)
    found = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    assert found.columns == list(SUMMARY_DICTIONARY)
    assert found["file"].unique(maintain_order=True).to_list() == ["film.mp4", "other.mp4"]
