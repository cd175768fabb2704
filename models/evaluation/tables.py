"""Hold a table of predictions against a table of labels: agreement, calibration, coverage; nothing dropped silently.

Predictions are score tables, or any table with `file` and some of `valence`, `valence_sd`, `arousal`, `arousal_sd`,
`p_neutral` ... `p_contempt`. Labels have `file` (and `t_s` where they vary in time, `face_id` where one file shows
several people) and some of `valence`, `arousal`, `label` (a category's name) and votes (`neutral` ... `contempt`, or
the same after `votes_`; counts or shares). `subject` names who is seen or heard, for the bootstrap; any other column
can be a group.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePath

import numpy as np
import polars as pl

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.models.errors import BadInput
from liveaffect.models.evaluation import metrics
from liveaffect.models.evaluation.report import Block, EvaluationReport, Measure, Points

_P = [f"p_{name}" for name in EMOTIONS]
_NUMBERS = ["valence", "valence_sd", "arousal", "arousal_sd", *_P]
_ROW = "_row"
_NAMES = {"ccc": metrics.ccc_of, "pearson_r": metrics.pearson_of, "rmse": metrics.rmse_of,
          "sign_agreement": metrics.sign_agreement_of}  # fmt: skip
_CLASS_NAMES = {"accuracy": metrics.accuracy_of, "uar": metrics.uar_of, "macro_f1": metrics.macro_f1_of}


def evaluate_tables(
    predictions: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    by: Sequence[str] = (),
    subject: str = "subject",
    tolerance_s: float = 0.1,
    resamples: int = 1000,
    seed: int = 0,
) -> EvaluationReport:
    """Everything the two tables allow to be said, with 95 % intervals bootstrapped over subjects.

    Parameters
    ----------
    predictions, labels: as the head of this file says. Where labels have no time, the rows of a file are averaged
        (of its most visible face, where labels name none); otherwise a label takes the row nearest in time.
    by: columns of `labels` whose values are also reported apart.
    subject: column of `labels` that is resampled as a whole; without it every label counts as a subject, and the
        report says so.
    tolerance_s: how far in time a row may lie from its label.
    resamples, seed: of the bootstrap.

    Raises
    ------
    BadInput: a column is missing or has the wrong type, a label is no category, or a file occurs twice.
    """
    labels = _prepared(labels, by)
    joined, matching = _join(predictions, labels, tolerance_s)
    if subject in labels.columns:
        subjects = joined[subject].cast(pl.String).fill_null("(none)").rank("dense").to_numpy().astype(np.int64) - 1
        resampled = f"{subject} ({len(np.unique(subjects))})"
    else:
        subjects, resampled = np.arange(len(joined)), f"every label on its own: there is no column {subject!r}"
    notes = {"matching": matching, "resampled": resampled}
    blocks = [_block("all", joined, subjects, resamples, seed)]
    for column in by:
        values = joined[column].cast(pl.String).fill_null("(none)")
        for value in sorted(values.unique().to_list()):
            rows = np.flatnonzero((values == value).to_numpy())
            blocks.append(_block(f"{column} = {value}", joined[rows], subjects[rows], resamples, seed))
    return EvaluationReport(blocks, notes)


def _prepared(labels: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Labels with their kinds of truth checked, votes as `votes_*`, and a number per row."""
    if "file" not in labels.columns:
        raise BadInput(f"the labels have no column 'file', only {labels.columns}; add it")
    absent = [column for column in by if column not in labels.columns]
    if absent:
        raise BadInput(f"the labels have no column {absent[0]!r} to group by; there are {labels.columns}")
    plain = [name for name in EMOTIONS if name in labels.columns]
    if plain and len(plain) < len(EMOTIONS):
        raise BadInput(f"votes need all of {EMOTIONS}; the labels have only {plain}")
    labels = labels.rename({name: f"votes_{name}" for name in plain}).with_row_index(_ROW)
    votes = [column for column in labels.columns if column.startswith("votes_")]
    if not votes and not {"valence", "arousal", "label"} & set(labels.columns):
        raise BadInput(f"the labels need 'valence', 'arousal', 'label' or votes, not only {labels.columns[1:]}")
    if "label" in labels.columns:
        odd = labels.filter(~pl.col("label").is_in(EMOTIONS) & pl.col("label").is_not_null())
        if len(odd):
            raise BadInput(f"label {odd['label'][0]!r} of {odd['file'][0]!r} is none of {EMOTIONS}; map it, or null it")
    for column in [c for c in ("valence", "arousal", "t_s", *votes) if c in labels.columns]:
        if not labels[column].dtype.is_numeric():
            raise BadInput(f"column {column!r} of the labels holds {labels[column].dtype}, not numbers")
    return labels


def _join(predictions: pl.DataFrame, labels: pl.DataFrame, tolerance_s: float) -> tuple[pl.DataFrame, str]:
    """One row per label, its truth as it was, predictions as `got_*` (null where none), and how they were matched."""
    if "file" not in predictions.columns:
        raise BadInput(f"the predictions have no column 'file', only {predictions.columns}; add it")
    numbers = [column for column in _NUMBERS if column in predictions.columns]
    if not numbers:
        raise BadInput(f"the predictions have none of {_NUMBERS[:4]} and p_*, only {predictions.columns}")
    matching = "file"
    if not set(predictions["file"]) & set(labels["file"]):
        matching = "name of the file without its folder"
        for table in (predictions, labels):
            paths = set(table["file"])
            if len({PurePath(path).name for path in paths}) < len(paths):
                raise BadInput("no file is named alike in both tables, and names without folders occur twice")
        predictions, labels = (
            table.with_columns(pl.col("file").map_elements(lambda f: PurePath(f).name, return_dtype=pl.String))
            for table in (predictions, labels)
        )
    keys = ["file"] + (["face_id"] if "face_id" in labels.columns and "face_id" in predictions.columns else [])
    timed = "t_s" in labels.columns
    if not timed and labels.select(keys).is_duplicated().any():
        twice = labels.filter(labels.select(keys).is_duplicated())["file"][0]
        raise BadInput(f"the labels name {twice!r} twice without a time; give 't_s', or one row per file")
    got = predictions.select(
        *keys, *(["t_s"] if timed else []),
        *(["face_id"] if "face_id" in predictions.columns and "face_id" not in keys else []),
        *(pl.col(c).cast(pl.Float64).fill_nan(None).alias(f"got_{c}") for c in numbers),
    )  # fmt: skip
    if "face_id" in got.columns and "face_id" not in keys:
        got, matching = _main_face(got, f"got_{numbers[0]}"), f"{matching}, the face with most numbers"
    elif "face_id" in keys:
        matching += " and face_id"
    got = got.with_columns(pl.lit(True).alias("got"))
    if timed:
        labels = labels.with_columns(pl.col("t_s").cast(pl.Float64)).sort("t_s")
        got = got.with_columns(pl.col("t_s").cast(pl.Float64)).sort("t_s")
        joined = labels.join_asof(
            got, on="t_s", by=keys, strategy="nearest", tolerance=tolerance_s, check_sortedness=False
        )
        matching += f", nearest in time within {tolerance_s:g} s"
    else:
        means = got.group_by(keys).agg(pl.col("got").first(), *(pl.col(f"got_{c}").mean() for c in numbers))
        joined = labels.join(means, on=keys, how="left")
        matching += ", mean over its rows"
    return joined.sort(_ROW), matching


def _main_face(got: pl.DataFrame, number: str) -> pl.DataFrame:
    """Of every file only the face with most rows with numbers (the lowest id of equals), and rows without a face."""
    counts = got.drop_nulls("face_id").group_by("file", "face_id").agg(pl.col(number).count().alias("n"))
    main = counts.sort(["n", "face_id"], descending=[True, False]).group_by("file", maintain_order=True).first()
    kept = got.join(main.select("file", pl.col("face_id").alias("main")), on="file", how="left")
    return kept.filter(pl.col("face_id").is_null() | (pl.col("face_id") == pl.col("main"))).drop("main", "face_id")


def _block(name: str, rows: pl.DataFrame, subjects: np.ndarray, resamples: int, seed: int) -> Block:
    """All measures of some labels."""
    block = Block(name, labels=len(rows), unanswered=int(rows["got"].is_null().sum()))

    def add(kind: str, key: str, sums: np.ndarray, of: Callable[[np.ndarray], np.ndarray], used: np.ndarray) -> None:
        value = float(of(sums.sum(axis=0)))
        who = np.unique(subjects[used], return_inverse=True)[1]
        interval = metrics.bootstrap(sums, who, of, resamples=resamples, seed=seed)
        block.measures.append(Measure(kind, key, value, *interval, n=len(used)))

    for dimension in ("valence", "arousal"):
        if not {dimension, f"got_{dimension}"} <= set(rows.columns):
            continue
        truth, got = _column(rows, dimension), _column(rows, f"got_{dimension}")
        used = block.use(dimension, np.isfinite(truth), np.isfinite(got))
        sums = metrics.moment_sums(got[used], truth[used])
        for key, of in _NAMES.items():
            add(dimension, key, sums, of, used)
        block.points[dimension] = Points(truth[used], got[used])
        if f"got_{dimension}_sd" in rows.columns:
            sd = _column(rows, f"got_{dimension}_sd")
            used = block.use(f"{dimension} interval", np.isfinite(truth), np.isfinite(got) & (sd > 0.0))
            inside = metrics.inside_sums(got[used], sd[used], truth[used], Z90)
            add(dimension, "coverage_90", inside, metrics.mean_of, used)
            block.noise_scale[dimension] = metrics.noise_scale(got[used], sd[used], truth[used])
    if {f"got_{p}" for p in _P} <= set(rows.columns):
        _categories(block, rows, add)
    return block


def _categories(block: Block, rows: pl.DataFrame, add: Callable[..., None]) -> None:
    """Measures of the eight-way distribution, against the label (or the votes' majority) and against the votes."""
    got = np.stack([_column(rows, f"got_{p}") for p in _P], axis=1)
    answered = np.isfinite(got).all(axis=1) & (got.sum(axis=1) > 0.0)
    votes = np.stack([_column(rows, f"votes_{name}", 0.0) for name in EMOTIONS], axis=1)
    voted = np.isfinite(votes).all(axis=1) & (votes.sum(axis=1) > 0.0)
    if "label" in rows.columns:
        truth = np.array([EMOTIONS.index(x) if x in EMOTIONS else -1 for x in rows["label"].to_list()])
    else:  # a tie has no majority
        best = votes.max(axis=1, keepdims=True)
        truth = np.where(voted & ((votes == best).sum(axis=1) == 1), votes.argmax(axis=1), -1)
    used = block.use("category", truth >= 0, answered)
    p = got[used] / got[used].sum(axis=1, keepdims=True)
    top, confidence = p.argmax(axis=1), p.max(axis=1)
    sums = metrics.confusion_sums(top, truth[used])
    for key, of in _CLASS_NAMES.items():
        add("category", key, sums, of, used)
    bins = metrics.bin_sums(confidence, top == truth[used])
    add("category", "calibration_error_label", bins, metrics.calibration_error_of, used)
    block.confusion = metrics.confusion_matrix(top, truth[used])
    block.reliability["label"] = bins.sum(axis=0).reshape(3, -1)
    if voted.any():
        used = block.use("votes", voted, answered)
        p, v = (x[used] / x[used].sum(axis=1, keepdims=True) for x in (got, votes))
        add("votes", "kl_nats", metrics.kl_sums(p, v), metrics.mean_of, used)
        bins = metrics.bin_sums(p.max(axis=1), v[np.arange(len(v)), p.argmax(axis=1)])
        add("votes", "calibration_error_share", bins, metrics.calibration_error_of, used)
        block.reliability["vote share"] = bins.sum(axis=0).reshape(3, -1)


def _column(rows: pl.DataFrame, name: str, absent: float = np.nan) -> np.ndarray:
    """A column as float64, nulls as NaN; `absent` everywhere where there is no such column."""
    if name not in rows.columns:
        return np.full(len(rows), absent)
    return rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
