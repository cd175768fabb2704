"""`liveaffect evaluate`: hold a table of predictions against a table of labels."""

from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation.tables import evaluate_tables
from liveaffect.offline.tables.read import read_table, read_tables, require_columns, require_numbers
from liveaffect.offline.tables.score import AFFECT_COLUMNS
from liveaffect.stream.errors import InputError, UsageError

console = Console(stderr=True)


class Judged(StrEnum):
    """Which columns of a score table are judged."""

    FUSED = "fused"
    FACE = "face"
    VOICE = "voice"
    SMOOTH = "smooth"


def evaluate(
    predictions: Annotated[
        Path, typer.Argument(help="A score table (.parquet or .csv), or the folder that `score --out` filled.")
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            help="A table with `file`, and some of: valence, arousal, label (a category), votes (neutral to "
            "contempt); t_s where they vary in time, face_id where a file shows several people."
        ),
    ],
    by: Annotated[list[str] | None, typer.Option("--by", help="Also by the values of this label column.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Label column whose values are resampled as a whole.")
    ] = None,
    columns: Annotated[Judged, typer.Option("--columns", help="Which estimates of the table are judged.")] = (
        Judged.FUSED
    ),
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Seconds a row may lie from its label.")
    ] = 0.1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for evaluation.json and .png.")] = None,
) -> None:
    """Say how well estimates agree with labels: CCC, r, RMSE, sign; UAR, F1, confusion; KL to votes; calibration.

    Every measure has a 95 % interval, bootstrapped over subjects (column `subject`, or --subject). What has no label,
    and what has no estimate, is counted and named.
    """
    got, truth = read_tables(predictions), read_table(labels)
    got = judged(got, predictions, columns)
    require_columns(truth, labels, ["file", *([subject] if subject else [])], "which says what a row belongs to")
    require_columns(truth, labels, by or [], "which --by asks for")
    require_numbers(truth, labels, ["t_s", "face_id", "valence", "arousal"])
    if not set(_names(got)) & set(_names(truth)):
        raise InputError(
            f"no file of {labels} is in {predictions}: they name {_example(truth)} and {_example(got)}; "
            "make the column 'file' agree"
        )
    try:
        report = evaluate_tables(got, truth, by=by or [], subject=subject or "subject", tolerance_s=tolerance)
    except BadInput as error:
        raise InputError(f"{error} (labels: {labels}, predictions: {predictions})") from None
    report.notes |= {
        "predictions": str(predictions), "labels": str(labels), "columns": str(columns),
        "liveaffect": version("liveaffect"),
    }  # fmt: skip
    print(report.table(), end="")
    if out is not None:
        from liveaffect.models.evaluation.plot import draw  # matplotlib takes half a second to import

        made = _folder(out)
        (made / "evaluation.json").write_text(report.to_json() + "\n", "utf-8")
        draw(report.blocks[0], made / "evaluation.png")
        console.print(f"{made / 'evaluation.json'}, {made / 'evaluation.png'}", highlight=False)


def judged(table: pl.DataFrame, path: Path, columns: Judged) -> pl.DataFrame:
    """The table with the estimates that are judged under their plain names."""
    require_columns(table, path, ["file"], "which says what a row belongs to")
    if columns is not Judged.FUSED:
        prefix = f"{columns}_"
        chosen = {f"{prefix}{name}": name for name in AFFECT_COLUMNS if f"{prefix}{name}" in table.columns}
        if not chosen:
            hint = "; score with --smooth" if columns is Judged.SMOOTH else ""
            raise InputError(f"{path} has no column '{prefix}valence', which --columns {columns} judges{hint}")
        table = table.drop(AFFECT_COLUMNS, strict=False).rename(chosen)
    require_numbers(table, path, ["t_s", "face_id", *AFFECT_COLUMNS])
    return table


def _names(table: pl.DataFrame) -> list[str]:
    return [Path(name).name for name in table["file"].drop_nulls().unique()]


def _example(table: pl.DataFrame) -> str:
    names = table["file"].drop_nulls()
    return repr(names[0]) if len(names) else "nothing"


def _folder(out: Path) -> Path:
    """Makes the folder. Raises UsageError where that cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out} cannot be made: {error.strerror}") from None
    return out
