"""Score tables held against labels."""

from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import polars as pl

from liveaffect.models.categories.level import Shown
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation.report import EvaluationReport
from liveaffect.models.evaluation.tables import evaluate_tables
from liveaffect.models.face.custom import ALIASES
from liveaffect.offline.tables.foreign import FILE_NAMES, plain
from liveaffect.offline.tables.level import LEVEL_COLUMNS, require_shown, with_levels
from liveaffect.offline.tables.read import read_table, read_tables, require_columns, require_numbers
from liveaffect.offline.tables.score import AFFECT_COLUMNS, PROBABILITIES
from liveaffect.stream.errors import InputError

NAMES = {
    "file": FILE_NAMES,
    "t_s": ("timestamp", "time", "time_s", "seconds", "onset"),
    "face_id": ("face", "person", "person_id"),
    "valence": ("val", "pleasure"),
    "arousal": ("aro", "activation"),
    "label": ("emotion", "category", "expression"),
    "subject": ("participant", "speaker", "subject_id", "participant_id"),
}
"""What others call the columns of a table of labels."""
FULL_SCALE = 1.001
"""Of labels, but for rounding."""


class Judged(StrEnum):
    """Which columns of a score table are judged."""

    FUSED = "fused"
    FACE = "face"
    VOICE = "voice"
    SMOOTH = "smooth"


def evaluate(
    predictions: str | Path | pl.DataFrame,
    labels: str | Path | pl.DataFrame,
    *,
    by: Sequence[str] = (),
    subject: str = "",
    columns: Judged = Judged.FUSED,
    tolerance_s: float = 0.1,
    shown: Shown | None = None,
    within: str = "",
) -> EvaluationReport:
    """Agreement, calibration and coverage of estimates against labels, with 95 % intervals.

    Parameters
    ----------
    predictions: a score table, the folder that a batch filled, or a data frame.
    labels: `file`, and some of valence, arousal, label (a category), votes; t_s where they vary in time.
    by: columns of the labels whose values are also reported apart.
    subject: column of the labels that is resampled as a whole; "subject" where that is there.
    columns: which estimates are judged.
    tolerance_s: seconds that a row may lie from its label.
    shown: how often each category was shown, by design and not by the labels: the probabilities are brought to that on
        average before they are judged; see `liveaffect.models.categories.level`.
    within: of `shown`, a column of the predictions or the labels for each of whose values that is done apart.

    Raises InputError, naming file and column.
    """
    got, of = (predictions, "the predictions") if isinstance(predictions, pl.DataFrame) else _read(predictions)
    truth, by_whom = (
        (labels, "the labels") if isinstance(labels, pl.DataFrame) else (read_table(Path(labels)), str(labels))
    )
    got, levels = judged(got, of, columns), ""
    truth, taken = familiar(truth, got)
    require_columns(truth, by_whom, ["file", *([subject] if subject else [])], "which says what a row belongs to")
    require_columns(truth, by_whom, by, "which --by asks for")
    require_numbers(truth, by_whom, ["t_s", "face_id", "valence", "arousal"])
    _require_scale(truth, by_whom)
    got, truth = (
        table.with_columns(pl.col("face_id").cast(pl.Int64)) if "face_id" in table.columns else table
        for table in (got, truth)
    )
    if not set(_names(got)) & set(_names(truth)):
        raise InputError(
            f"no file of {by_whom} is in {of}: they name {_example(truth)} and {_example(got)}; "
            "make the column 'file' agree"
        )
    require_shown(shown, within)
    if within and within not in got.columns and within not in truth.columns:
        raise InputError(
            f"neither {of} nor {by_whom} has a column '{within}', which --within asks for; the latter has: "
            f"{', '.join(truth.columns[:12])}"
        )
    if shown is not None:
        got, levels = with_levels(_with(within, got, truth), of, shown, within)
        got = got.drop(PROBABILITIES).rename(dict(zip(LEVEL_COLUMNS, PROBABILITIES, strict=True)))
    try:
        report = evaluate_tables(got, truth, by=by, subject=subject or "subject", tolerance_s=tolerance_s)
    except BadInput as error:
        raise InputError(f"{error} (labels: {by_whom}, predictions: {of})") from None
    report.notes |= {
        "predictions": of, "labels": by_whom, "columns": str(columns), "liveaffect": version("liveaffect"),
    }  # fmt: skip
    if levels:
        report.notes["levels"] = levels
    if taken:
        report.notes["labels taken as"] = "; ".join(taken)
    return report


def familiar(labels: pl.DataFrame, predictions: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Labels of other programs under the names used here, and what was taken for what.

    Columns may be named otherwise (`NAMES`, small or large letters), categories too (`ALIASES`), files may lack their
    ending, and where the predictions are of one file no column needs to say so.
    """
    taken: list[str] = []
    there_are = {plain(name): name for name in reversed(labels.columns)}
    for here in (*NAMES, *EMOTIONS):
        there = next((there_are[name] for name in (here, *NAMES.get(here, ())) if name in there_are), None)
        if here not in labels.columns and there is not None and (here != "face_id" or _numbers(labels[there])):
            labels = labels.with_columns(pl.col(there).alias(here))  # --by and --within may ask for it by its own name
            taken.append(f"'{there}' is {here}")
    files = predictions["file"].drop_nulls().unique().to_list()
    if "file" not in labels.columns and len(files) == 1:
        labels = labels.with_columns(pl.lit(files[0]).alias("file"))
        taken.append(f"all of {files[0]!r}, the only file that is predicted")
    if "file" in labels.columns and not set(_names(labels)) & set(_names(predictions)):
        stems = {Path(name).stem: name for name in files}
        if len(stems) == len(files) and set(_stems_of(labels)) & stems.keys():
            named = [stems.get(Path(name).stem, name) if name is not None else None for name in labels["file"]]
            labels = labels.with_columns(pl.Series("file", named, pl.String))
            taken.append("files by their names without endings")
    if "label" in labels.columns and labels["label"].dtype == pl.String:
        said = labels["label"].str.to_lowercase().replace(ALIASES)
        if not said.equals(labels["label"]):
            labels = labels.with_columns(said.alias("label"))
            taken.append("categories by their usual names")
    return labels, taken


def judged(table: pl.DataFrame, of: str, columns: Judged) -> pl.DataFrame:
    """The table with the estimates that are judged under their plain names."""
    require_columns(table, of, ["file"], "which says what a row belongs to")
    if columns is not Judged.FUSED:
        prefix = f"{columns}_"
        chosen = {f"{prefix}{name}": name for name in AFFECT_COLUMNS if f"{prefix}{name}" in table.columns}
        if not chosen:
            hint = "; score with --smooth" if columns is Judged.SMOOTH else ""
            raise InputError(f"{of} has no column '{prefix}valence', which --columns {columns} judges{hint}")
        table = table.drop(AFFECT_COLUMNS, strict=False).rename(chosen)
    require_numbers(table, of, ["t_s", "face_id", *AFFECT_COLUMNS])
    return table


def _with(column: str, predictions: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The predictions with a column that only the labels have, taken by file. Raises InputError where a file has
    several."""
    if not column or column in predictions.columns or column not in labels.columns:
        return predictions
    of, named = labels.select("file", column).drop_nulls().unique(), predictions["file"]
    if not set(of["file"]) & set(named):
        of, named = of.with_columns(pl.col("file").map_elements(_name, pl.String)), named.map_elements(_name, pl.String)
    if of["file"].is_duplicated().any():
        raise InputError(f"the labels have several '{column}' for one file: --within needs one for each")
    return predictions.with_columns(named.replace_strict(of["file"], of[column], default=None).alias(column))


def _numbers(values: pl.Series) -> bool:
    return values.cast(pl.Float64, strict=False).null_count() == values.null_count()


def _require_scale(labels: pl.DataFrame, of: str) -> None:
    for name in ("valence", "arousal"):
        reach = labels[name].cast(pl.Float64).fill_nan(None).abs().max() if name in labels.columns else None
        if isinstance(reach, float) and reach > FULL_SCALE:
            raise InputError(f"{of}: labels of {name} reach {reach:g}; they run from -1 to 1 here: rescale them")


def _name(file: str) -> str:
    return Path(file).name


def _read(path: str | Path) -> tuple[pl.DataFrame, str]:
    return read_tables(Path(path)), str(path)


def _names(table: pl.DataFrame) -> list[str]:
    return [_name(name) for name in table["file"].drop_nulls().unique()]


def _stems_of(table: pl.DataFrame) -> list[str]:
    return [Path(name).stem for name in table["file"].drop_nulls().unique()]


def _example(table: pl.DataFrame) -> str:
    names = table["file"].drop_nulls()
    return repr(names[0]) if len(names) else "nothing"
