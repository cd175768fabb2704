"""Levels of a design as columns: of `export`, of `evaluate`, and in words."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made.rows import row, table

from liveaffect.cli.main import main
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline import evaluate, export
from liveaffect.offline.tables.level import LEVEL_COLUMNS, with_levels
from liveaffect.offline.tables.score import PROBABILITIES
from liveaffect.stream.errors import InputError, UsageError

THREE = ("neutral", "happiness", "anger")


def study(each: int = 10, **more: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Photographs of three categories as a model tells them that finds anger, but never calls it so; and the labels."""
    rng, rows, labels = np.random.default_rng(7), [], []
    for k in range(3 * each):
        name = THREE[k % 3]
        logs = rng.normal(0.0, 0.3, 3) + np.array([2.0, 1.0, -3.0]) + 2.0 * (np.arange(3) == k % 3)
        odds = np.exp(logs)
        p = {f"p_{one}": value for one, value in zip(THREE, 0.999 * odds / odds.sum(), strict=True)}
        rows.append(row(0.0, file=f"{k:03}.jpg", **{**dict.fromkeys(PROBABILITIES, 0.0002), **p, **more}))
        labels.append({"file": f"{k:03}.jpg", "label": name})
    return table(rows), pl.DataFrame(labels)


def test_rows_get_what_the_design_says_on_average_and_keep_what_was_estimated() -> None:
    scores, _ = study()
    made, words = with_levels(scores, "it", ",".join(THREE))
    assert made.drop(LEVEL_COLUMNS).equals(scores)
    means = made.select(LEVEL_COLUMNS).mean().row(0)
    assert means == pytest.approx([1 / 3 if name in THREE else 0.0 for name in EMOTIONS], abs=1e-4)
    assert words.startswith("levels of 30 rows, added to log-probabilities: neutral -")
    assert "anger +" in words
    assert "anger had to go far" in words


def test_anger_that_was_never_called_so_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = study()
    plain, told = evaluate(scores, labels).blocks[0], evaluate(scores, labels, shown=THREE).blocks[0]
    angry = EMOTIONS.index("anger")
    assert plain.confusion is not None
    assert told.confusion is not None
    assert plain.confusion[angry, angry] == 0
    assert told.confusion[angry, angry] == 10
    assert told.value("category", "uar") > plain.value("category", "uar") + 0.3
    assert told.points.keys() == plain.points.keys()
    scores.write_parquet(tmp_path / "s.parquet")
    labels.write_csv(tmp_path / "l.csv")
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(tmp_path / "s.parquet"), str(tmp_path / "l.csv"), "--shown", ",".join(THREE)])
    assert ended.value.code == 0
    assert "levels of 30 rows" in capsys.readouterr().err


def test_every_file_counts_alike_however_long_it_is() -> None:
    photos, _ = study()
    one = photos[:1]
    film = pl.concat([photos, *([one] * 99)])
    made, words = with_levels(film, "it", THREE)
    assert made[: photos.height].select(LEVEL_COLUMNS).equals(with_levels(photos, "it", THREE)[0].select(LEVEL_COLUMNS))
    assert words.startswith("levels of 129 rows")


def test_within_participants_each_has_the_design(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two people whose faces are told at quite different levels: together nobody's are right."""
    one, labels = study(20)
    other, more = study(20)
    strong = [pl.col(name) * (30.0 if name == "p_anger" else 1.0) for name in PROBABILITIES]
    other = other.with_columns(strong).with_columns(file="b" + pl.col("file"))
    scores = pl.concat([one, other])
    labels = pl.concat([labels, more.with_columns(file="b" + pl.col("file"))])
    labels = labels.with_columns(
        who=pl.when(pl.col("file").str.starts_with("b")).then(pl.lit("b")).otherwise(pl.lit("a"))
    )
    together, apart = (
        evaluate(scores, labels, shown=THREE, within=within).blocks[0].value("category", "uar")
        for within in ("", "who")
    )
    assert together < apart
    assert apart > 0.95
    named = scores.join(labels.select("file", "who"), on="file")
    made, words = with_levels(named, "it", THREE, "who")
    assert words.startswith("levels of 120 rows within 2 of 'who', in the middle")
    nobody, _ = with_levels(named.with_columns(who=pl.col("who").replace("b", None)), "it", THREE, "who")
    assert nobody.filter(pl.col("file").str.starts_with("b"))[LEVEL_COLUMNS[0]].is_null().all()
    assert nobody.filter(~pl.col("file").str.starts_with("b")).equals(
        made.filter(pl.col("who") == "a").with_columns(who=pl.lit("a"))
    )
    for who in ("a", "b"):
        mine = made.filter(pl.col("who") == who).select(LEVEL_COLUMNS).mean().row(0)
        assert mine == pytest.approx([1 / 3 if name in THREE else 0.0 for name in EMOTIONS], abs=1e-4)
    with pytest.raises(InputError, match="it, who 'c': 1 rows with numbers are too few"):
        with_levels(
            named.with_columns(who=pl.when(pl.col("file") == "003.jpg").then(pl.lit("c")).otherwise("who")),
            "it",
            THREE,
            "who",
        )
    with pytest.raises(InputError, match="several 'label' for one file"):
        evaluate(scores, pl.concat([labels, labels.with_columns(label=pl.lit("fear"))]), shown=THREE, within="label")
    for call in (
        lambda: evaluate(scores, labels, within="who"),
        lambda: export(named, tmp_path / "o.csv", within="who"),
    ):
        with pytest.raises(UsageError, match="use it with --shown"):
            call()
    with pytest.raises(InputError, match="which --within asks for"):
        evaluate(scores, labels, shown=THREE, within="nobody")
    export(named, tmp_path / "o.csv", shown=THREE, within="who")
    assert pl.read_csv(tmp_path / "o.csv")["level_p_anger"].mean() == pytest.approx(1 / 3, abs=1e-3)


def test_rows_without_numbers_have_no_levels_and_change_none() -> None:
    photos, _ = study()
    holes = pl.concat([photos, table([row(1.0, None, None, file=name) for name in ("000.jpg", "none.jpg")])])
    made, _ = with_levels(holes, "it", THREE)
    assert made[: photos.height].select(LEVEL_COLUMNS).equals(with_levels(photos, "it", THREE)[0].select(LEVEL_COLUMNS))
    assert made[photos.height :].select(pl.all_horizontal(pl.col(LEVEL_COLUMNS).is_null())).to_series().all()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_exported_they_are_explained_and_said(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    study()[0].write_parquet(tmp_path / "s.parquet")
    out = tmp_path / f"out.{form}"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "export",
                str(tmp_path / "s.parquet"),
                "--to",
                form,
                "--out",
                str(out),
                "--shown",
                "neutral,happiness,anger",
            ]
        )
    assert ended.value.code == 0
    assert "levels of 30 rows" in capsys.readouterr().err
    got = pl.read_csv(out) if form == "csv" else pl.read_parquet(out)
    np.testing.assert_allclose(
        got.select(LEVEL_COLUMNS).to_numpy(),
        with_levels(study()[0], "it", THREE)[0].select(LEVEL_COLUMNS).to_numpy(),
        atol=1e-6,
    )
    words = pl.read_csv(tmp_path / "out.dictionary.csv")
    meanings = words.filter(pl.col("column").is_in(LEVEL_COLUMNS))["meaning"]
    assert meanings.len() == 8
    assert meanings.str.contains("after levelling").all()


def test_what_cannot_be_is_refused_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = study(2)
    with pytest.raises(InputError, match=r"mine\.csv: 6 rows with numbers are too few for levels of 8 categories"):
        with_levels(scores, "mine.csv", "all")
    with pytest.raises(UsageError, match="--shown: 'joy' is no category: name some of neutral"):
        evaluate(scores, labels, shown="joy,anger")
    with pytest.raises(InputError, match="no row with numbers"):
        with_levels(scores.with_columns(p_anger=pl.lit(None, pl.Float32)), "mine.csv", THREE)
    with pytest.raises(InputError, match="p_anger"):
        with_levels(scores.drop("p_anger"), "mine.csv", THREE)
    with pytest.raises(UsageError, match="--to csv or --to parquet, not xdf"):
        export(scores, tmp_path / "out.xdf", shown=THREE)
    scores.write_parquet(tmp_path / "s.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["export", str(tmp_path / "s.parquet"), "--to", "csv", "--shown", "anger"])
    assert ended.value.code == 2
    assert "two categories at least" in capsys.readouterr().err
    assert not (tmp_path / "s.csv").exists()
