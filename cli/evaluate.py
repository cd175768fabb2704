"""`liveaffect evaluate`: hold a table of predictions against a table of labels."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liveaffect import offline
from liveaffect.cli.shell.design import Shown, Within
from liveaffect.offline.tables.judge import Judged
from liveaffect.stream.errors import UsageError

console = Console(stderr=True)


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
    shown: Shown = None,
    within: Within = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for evaluation.json and .png.")] = None,
) -> None:
    """Say how well estimates agree with labels: CCC, r, RMSE, sign; UAR, F1, confusion; KL to votes; calibration.

    Every measure has a 95 % interval, bootstrapped over subjects (column `subject`, or --subject). What has no label,
    and what has no estimate, is counted and named. --shown brings the probabilities to the levels of a design first.
    """
    report = offline.evaluate(
        predictions, labels,
        by=by or [], subject=subject or "", columns=columns, tolerance_s=tolerance, shown=shown, within=within,
    )  # fmt: skip
    print(report.table(), end="")
    if taken := report.notes.get("labels taken as"):
        console.print(f"labels taken as they seem to be meant: {taken}", style="yellow", highlight=False, markup=False)
    if levels := report.notes.get("levels"):
        console.print(levels, highlight=False, markup=False, soft_wrap=True)
    if out is not None:
        from liveaffect.models.evaluation.plot import draw  # matplotlib takes half a second to import

        made = _folder(out)
        (made / "evaluation.json").write_text(report.to_json() + "\n", "utf-8")
        draw(report.blocks[0], made / "evaluation.png")
        console.print(f"{made / 'evaluation.json'}, {made / 'evaluation.png'}", highlight=False)


def _folder(out: Path) -> Path:
    """Makes the folder. Raises UsageError where that cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out} cannot be made: {error.strerror}") from None
    return out
