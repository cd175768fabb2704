"""Predictions against labels: how rows are matched, what is counted, what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation import metrics
from liveaffect.models.evaluation.report import Block
from liveaffect.models.evaluation.tables import evaluate_tables

N = 60


def draw(block: Block, path: Path) -> None:
    from liveaffect.models.evaluation import plot  # matplotlib takes a second

    plot.draw(block, path)


def distributions(n: int = N, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(8), n)


def predictions(n: int = N, **columns: object) -> pl.DataFrame:
    p = distributions(n)
    table = {
        "file": [f"clips/{i}.png" for i in range(n)],
        "valence": np.linspace(-1, 1, n),
        "valence_sd": np.full(n, 0.2),
    }
    return pl.DataFrame({**table, **{f"p_{e}": p[:, k] for k, e in enumerate(EMOTIONS)}, **columns})


def labels(n: int = N, **columns: object) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    truth = np.clip(np.linspace(-1, 1, n) + 0.2 * rng.standard_normal(n), -1, 1)
    named = [EMOTIONS[k] for k in rng.integers(0, 8, n)]
    return pl.DataFrame({"file": [f"clips/{i}.png" for i in range(n)], "valence": truth, "label": named, **columns})


def test_the_measures_are_those_of_the_matched_columns():
    got, truth = predictions(), labels()
    block = evaluate_tables(got, truth.sample(fraction=1.0, shuffle=True, seed=3)).blocks[0]
    x, y = got["valence"].to_numpy(), truth["valence"].to_numpy()
    assert block.value("valence", "ccc") == pytest.approx(metrics.ccc(x, y))
    assert block.value("valence", "coverage_90") == pytest.approx(metrics.coverage(x, np.full(N, 0.2), y))
    top = distributions().argmax(axis=1)
    expected = metrics.confusion_matrix(top, [EMOTIONS.index(name) for name in truth["label"]])
    assert block.confusion is not None
    np.testing.assert_array_equal(block.confusion, expected)
    assert (block.labels, block.unanswered) == (N, 0)


def test_votes_give_divergence_calibration_and_a_majority_without_ties():
    rng = np.random.default_rng(2)
    votes = rng.integers(0, 10, (N, 8))
    votes[0] = [5, 5, 0, 0, 0, 0, 0, 0]
    votes[1] = 0
    truth = labels().select("file").with_columns(pl.Series(name, votes[:, k]) for k, name in enumerate(EMOTIONS))
    block = evaluate_tables(predictions(), truth).blocks[0]
    assert block.value("votes", "kl_nats") == pytest.approx(
        metrics.kl_to_votes(np.delete(distributions(), 1, 0), np.delete(votes, 1, 0))
    )
    untied = [sorted(v)[-1] > sorted(v)[-2] for v in votes]
    assert block.used["category"] == {"used": sum(untied), "missing": 0, "unlabelled": N - sum(untied)}
    assert block.used["votes"] == {"used": N - 1, "missing": 0, "unlabelled": 1}
    assert set(block.reliability) == {"label", "vote share"}


def test_whatever_has_no_number_is_counted_by_its_reason():
    got = predictions().with_columns(
        pl.when(pl.int_range(N) < 4).then(None).otherwise(pl.col("valence")).alias("valence"),
        pl.when(pl.int_range(N) < 2).then(float("nan")).otherwise(pl.col("p_fear")).alias("p_fear"),
    )[: N - 3]
    truth = labels().with_columns(pl.when(pl.int_range(N) == 10).then(None).otherwise(pl.col("label")).alias("label"))
    block = evaluate_tables(got, truth).blocks[0]
    assert block.unanswered == 3
    assert block.used["valence"] == {"used": N - 7, "missing": 7, "unlabelled": 0}
    assert block.used["category"] == {"used": N - 6, "missing": 5, "unlabelled": 1}
    assert all(sum(counts.values()) == N for counts in block.used.values())


def test_files_in_another_folder_are_matched_by_name_and_it_is_said():
    truth = labels().with_columns(pl.col("file").str.replace("clips/", "elsewhere/"))
    report = evaluate_tables(predictions(), truth)
    assert report.blocks[0].unanswered == 0
    assert "without its folder" in report.notes["matching"]


def test_names_that_would_be_confused_without_their_folders_are_refused():
    got = predictions().with_columns(pl.Series("file", [f"{i}/face.png" for i in range(N)]))
    with pytest.raises(BadInput, match="occur twice"):
        evaluate_tables(got, labels())


def test_labels_in_time_take_the_nearest_row_within_the_tolerance():
    times = np.arange(100) / 10
    got = pl.DataFrame({"file": ["a"] * 100, "t_s": times, "valence": times / 10 - 0.5})
    truth = pl.DataFrame({"file": ["a"] * 4, "t_s": [0.04, 5.06, 9.95, 30.0], "valence": [-0.5, 0.01, 0.49, 0.0]})
    block = evaluate_tables(got, truth).blocks[0]
    np.testing.assert_allclose(block.points["valence"].estimate, [-0.5, 0.01, 0.49], atol=1e-9)
    assert block.unanswered == 1


def test_a_clip_with_one_label_is_the_mean_of_its_most_visible_face():
    got = pl.DataFrame({
        "file": ["a"] * 6, "t_s": [0.0, 0.1, 0.2, 0.0, 0.1, 0.3], "face_id": [4, 4, 4, 2, 2, None],
        "valence": [0.2, 0.4, None, -0.9, None, None],
    })  # fmt: skip
    block = evaluate_tables(got, pl.DataFrame({"file": ["a"], "valence": [0.3]})).blocks[0]
    assert block.points["valence"].estimate.tolist() == pytest.approx([0.3])


def test_labels_that_name_a_face_are_compared_with_that_face():
    got = pl.DataFrame({"file": ["a"] * 2, "face_id": [0, 1], "valence": [0.5, -0.5]})
    truth = pl.DataFrame({"file": ["a"] * 2, "face_id": [1, 0], "valence": [-0.4, 0.4]})
    assert evaluate_tables(got, truth).blocks[0].points["valence"].estimate.tolist() == [-0.5, 0.5]


def test_groups_are_reported_apart_and_add_up():
    truth = labels(gender=["f", "m", None] * (N // 3), subject=[f"s{i % 9}" for i in range(N)])
    report = evaluate_tables(predictions(), truth, by=["gender"])
    assert [block.name for block in report.blocks] == ["all", "gender = (none)", "gender = f", "gender = m"]
    assert sum(block.labels for block in report.blocks[1:]) == N
    assert report.notes["resampled"] == "subject (9)"


def test_few_subjects_make_wide_intervals():
    def width(subjects: int) -> float:
        truth = labels(subject=np.arange(N) // (N // subjects))
        measure = evaluate_tables(predictions(), truth).blocks[0].measures[0]
        assert measure.low <= measure.value <= measure.high
        return measure.high - measure.low

    assert width(4) > width(N)


def test_the_same_seed_gives_the_same_report():
    one, two, other = (evaluate_tables(predictions(), labels(), seed=seed).to_json() for seed in (0, 0, 1))
    assert one == two != other


def test_the_json_is_strict_and_the_table_says_what_is_missing():
    report = evaluate_tables(predictions()[:1], labels())  # one sample: correlations are not defined
    loaded = json.loads(report.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert next(m for m in loaded["blocks"][0]["measures"] if m["key"] == "pearson_r")["value"] is None
    table = report.table()
    assert f"{N} labels, {N - 1} of them without any prediction" in table
    assert re.search(r"valence +1 used, 59 missing, 0 unlabelled", table)
    assert "nan" not in table


@pytest.mark.long
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture_is_drawn_of_what_there_is(tmp_path, ending: str):
    full, bare = tmp_path / f"full.{ending}", tmp_path / f"bare.{ending}"
    draw(evaluate_tables(predictions(), labels()).blocks[0], full)
    less = evaluate_tables(predictions().select("file", "valence"), labels().select("file", "valence"))
    draw(less.blocks[0], bare)
    assert full.stat().st_size > bare.stat().st_size > 5000
    if ending == "svg":
        drawn = full.read_text()
        assert all(word in drawn for word in ("Valence", "Reliability", "Categories", "contempt"))
        assert "Reliability" not in bare.read_text()


def test_when_nothing_matches_everything_is_missing_and_nothing_breaks(tmp_path):
    truth = labels().with_columns(pl.Series("file", [f"none{i}" for i in range(N)]))
    report = evaluate_tables(predictions(), truth)
    assert report.blocks[0].unanswered == N
    assert report.blocks[0].used["valence"]["used"] == 0
    draw(report.blocks[0], tmp_path / "empty.png")
    json.loads(report.to_json())
    assert "coverage" in report.table()


@pytest.mark.parametrize(("got", "truth", "said"), [
    (predictions().drop("file"), labels(), "no column 'file'"),
    (predictions(), labels().drop("file"), "no column 'file'"),
    (predictions().select("file"), labels(), "predictions have none"),
    (predictions(), labels().select("file"), "need 'valence'"),
    (predictions(), labels().with_columns(label=pl.lit("joy")), "'joy'"),
    (predictions(), labels().with_columns(valence=pl.lit("high")), "not numbers"),
    (predictions(), labels().with_columns(fear=pl.lit(1)), "votes need all"),
    (predictions(), pl.concat([labels(), labels()]), "twice"),
])  # fmt: skip
def test_tables_that_do_not_fit_are_refused_by_name(got: pl.DataFrame, truth: pl.DataFrame, said: str):
    with pytest.raises(BadInput, match=said):
        evaluate_tables(got, truth)


def test_a_group_that_is_no_column_is_refused():
    with pytest.raises(BadInput, match="'country'"):
        evaluate_tables(predictions(), labels(), by=["country"])
