"""`liveaffect evaluate` on small made tables: what is printed and written, and which file and column an error names."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from liveaffect.cli.main import main
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.evaluation import metrics

N = 40


def tables(folder: Path, ending: str = "parquet", **labels: object) -> tuple[Path, Path]:
    """Predictions of N files with two rows each, and labels of all of them."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(8), N)
    names = [f"{i:03}" for i in range(N)]  # all digits: a CSV would read numbers
    single = {
        "file": names,
        "valence": np.linspace(-0.8, 0.8, N),
        "valence_sd": np.full(N, 0.2),
        "smooth_valence": np.linspace(0.8, -0.8, N),
        **{f"p_{name}": p[:, k] for k, name in enumerate(EMOTIONS)},
    }
    truth = {
        "file": names,
        "valence": np.clip(np.linspace(-0.8, 0.8, N) + 0.1 * rng.standard_normal(N), -1, 1),
        "label": [EMOTIONS[k % 8] for k in range(N)],
        "subject": [f"s{k % 5}" for k in range(N)],
        "light": ["dim" if k % 2 else "bright" for k in range(N)],
    }
    paths = folder / f"scores.{ending}", folder / f"labels.{ending}"
    got = pl.DataFrame(single)
    for table, path in ((pl.concat([got, got]), paths[0]), (pl.DataFrame({**truth, **labels}), paths[1])):
        table.write_parquet(path) if ending == "parquet" else table.write_csv(path)
    return paths


def ended(*words: object) -> object:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code


@pytest.mark.long
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_printed_agreement_is_that_of_the_columns(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, labels = tables(tmp_path, ending)
    assert ended("evaluate", scores, labels, "--by", "light", "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    truth = (pl.read_parquet if ending == "parquet" else pl.read_csv)(labels)["valence"].to_numpy()
    expected = metrics.ccc(np.linspace(-0.8, 0.8, N), truth)
    line = next(line for line in printed.splitlines() if "concordance (CCC)" in line)
    assert float(line.split("(CCC)")[1].split()[0]) == pytest.approx(expected, abs=6e-4)
    assert "subject (5)" in printed
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text("utf-8"))
    assert [block["name"] for block in found["blocks"]] == ["all", "light = bright", "light = dim"]
    assert found["notes"]["labels"] == str(labels)
    assert (tmp_path / "out" / "evaluation.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_smoothed_columns_are_judged_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = tables(tmp_path)
    assert ended("evaluate", scores, labels, "--columns", "smooth") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "concordance (CCC)" in line)
    assert float(line.split("(CCC)")[1].split()[0]) < -0.9


def test_a_folder_of_tables_counts_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = tables(tmp_path)
    folder = tmp_path / "scored"
    folder.mkdir()
    whole = pl.read_parquet(scores)
    for name, part in whole.group_by("file"):
        part.write_parquet(folder / f"{name[0]}.parquet")
    assert ended("evaluate", scores, labels) == 0
    once = capsys.readouterr().out
    assert ended("evaluate", folder, labels) == 0
    assert capsys.readouterr().out == once


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--by", "age"], ["labels.parquet", "'age'"]),
        (["--subject", "who"], ["labels.parquet", "'who'"]),
        (["--columns", "voice"], ["scores.parquet", "'voice_valence'"]),
    ],
)
def test_a_missing_column_is_named_with_its_file(
    tmp_path: Path, words: list[str], names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scores, labels = tables(tmp_path)
    assert ended("evaluate", scores, labels, *words) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in names)


def test_text_among_numbers_is_named_with_file_column_and_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, labels = tables(tmp_path, "csv", valence=["0.1"] * (N - 1) + ["abc"])
    assert ended("evaluate", scores, labels) == 1
    said = capsys.readouterr().err
    assert "labels.csv" in said
    assert "'valence'" in said
    assert "'abc'" in said


def test_an_unknown_category_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = tables(tmp_path, label=["boredom"] * N)
    assert ended("evaluate", scores, labels) == 1
    said = capsys.readouterr().err
    assert "'boredom'" in said
    assert "labels.parquet" in said


def test_tables_that_share_no_file_are_refused_with_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, labels = tables(tmp_path, file=[f"other/{i}.mp4" for i in range(N)])
    assert ended("evaluate", scores, labels) == 1
    assert "'other/0.mp4' and '000'" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PAR1 no more"])
def test_a_broken_table_is_named(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    _, labels = tables(tmp_path)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(content)
    assert ended("evaluate", broken, labels) == 1
    assert f"{broken} cannot be read as a table" in capsys.readouterr().err


def test_labels_under_other_names_are_read_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, labels = tables(tmp_path, "csv")
    labels.write_text(labels.read_text("utf-8").replace("file,valence", "Filename,Valence", 1), "utf-8")
    assert ended("evaluate", scores, labels) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "'Filename' is file" in said
    assert "'Valence' is valence" in said
