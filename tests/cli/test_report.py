"""`liveaffect report`: where the page goes, and what cannot be reported."""

from pathlib import Path

import pytest
from made.rows import film

from liveaffect.cli.main import main


def test_the_command_writes_the_page_beside_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film().write_csv(tmp_path / "film.csv")
    with pytest.raises(SystemExit) as ended:
        main(["report", str(tmp_path / "film.csv")])
    assert ended.value.code == 0
    written = tmp_path / "film.csv.report.html"
    assert str(written) in capsys.readouterr().out
    assert written.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing.parquet"], "nothing.parquet"),
        (["film.csv", "--out", "page.pdf"], ".html"),
        (["film.csv", "--file", "other.mp4"], "'other.mp4'"),
        (["bare.csv"], "'state'"),
    ],
)
def test_what_cannot_be_reported_is_said(
    tmp_path: Path, words: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    film(2).write_csv(tmp_path / "film.csv")
    film(2).select("file", "t_s").write_csv(tmp_path / "bare.csv")
    with pytest.raises(SystemExit) as ended:
        main(["report", *words])
    assert ended.value.code in (1, 2)
    assert told in capsys.readouterr().err
