"""`liveaffect score` on a real clip: contract columns first, extras after them, a failed file reported at the end."""

import re
from pathlib import Path

import polars as pl
import pytest
from runs.command import Done, command

from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
from liveaffect.offline.tables.score import COLUMNS, REL_COLUMNS, SCHEMA, SMOOTH_COLUMNS
from liveaffect.offline.tables.summary import SUMMARY_DICTIONARY

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("warm_workers")]

CLIP = "pyfeat_single_face.mp4"
HEARD = ("[microphone]", "[voice]", "[voice_affect]")
"""Left out: what these columns add does not depend on the sound."""


def liveaffect(*words: object) -> Done:
    """The command, on a terminal that breaks no line of it."""
    return command(*map(str, words), env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def scored(shared: Path, tmp_path_factory: pytest.TempPathFactory, warm_workers: None) -> tuple[Path, Done]:
    """A real clip and a broken one, smoothed and summarised; and the folder they went to."""
    folder = tmp_path_factory.mktemp("score")
    tables = re.split(r"\n(?=\[)", DEFAULT_GRAPH.read_text("utf-8"))
    (folder / "launch.toml").write_text("\n".join(t for t in tables if not t.startswith(HEARD)), "utf-8")
    broken = folder / "broken.mp4"
    broken.write_bytes((shared / "clips" / CLIP).read_bytes()[:2000])
    done = liveaffect(
        "score", shared / "clips" / CLIP, broken, "--out", folder / "plain", "--smooth", "--jobs", 1,
        "--summary", folder / "summary.csv", "--launch", folder / "launch.toml",
    )  # fmt: skip
    return folder, done


def test_a_failed_file_is_named_at_the_end_and_the_rest_is_there(
    scored: tuple[Path, Done],
) -> None:
    folder, done = scored
    assert done.returncode == 1
    assert "broken.mp4" in done.stderr.splitlines()[-1]
    assert [path.name for path in (folder / "plain").glob("*.parquet")] == [f"{CLIP}.parquet"]


def test_contract_columns_come_first_and_a_smile_is_pleasant(
    scored: tuple[Path, Done],
) -> None:
    table = pl.read_parquet(scored[0] / "plain" / f"{CLIP}.parquet")
    assert table.columns == [*COLUMNS, *SMOOTH_COLUMNS]
    assert {name: table.schema[name] for name in COLUMNS} == SCHEMA
    ok = table.filter(pl.col("state") == "ok")
    assert len(ok) > 0.8 * len(table)
    assert ok["valence"].mean() > 0.3  # type: ignore[operator]
    assert ok["smooth_valence"].null_count() == 0


def test_the_summary_is_of_the_files_that_have_a_table(
    scored: tuple[Path, Done],
) -> None:
    summary = pl.read_csv(scored[0] / "summary.csv")
    assert summary.columns == list(SUMMARY_DICTIONARY)
    assert summary["file"].unique().to_list() == [CLIP]
    table = pl.read_parquet(scored[0] / "plain" / f"{CLIP}.parquet")
    assert summary["valence_mean"][0] == pytest.approx(table["valence"].cast(pl.Float64).mean(), abs=1e-5)


def test_a_baseline_of_the_clip_itself_is_subtracted(shared: Path, scored: tuple[Path, Done]) -> None:
    folder, _ = scored
    table, rest, out = folder / "plain" / f"{CLIP}.parquet", folder / "rest.json", folder / "relative.csv"
    made = liveaffect("baseline", table, "--from", 0.5, "--to", 2.5, "--out", rest)
    assert made.returncode == 0, made.stderr
    launch = folder / "launch.toml"
    done = liveaffect("score", shared / "clips" / CLIP, "--out", out, "--baseline", rest, "--launch", launch)
    assert done.returncode == 0, done.stderr
    found = pl.read_csv(out, infer_schema_length=None)
    assert found.columns == [*COLUMNS, *REL_COLUMNS]
    at_rest = found.filter(pl.col("t_s").is_between(0.5, 2.5) & (pl.col("state") == "ok"))
    assert at_rest["valence_rel"].mean() == pytest.approx(0.0, abs=1e-4)
    assert at_rest["au12_rel"].mean() == pytest.approx(0.0, abs=1e-3)
