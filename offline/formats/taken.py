"""Reads what other programs said: ELAN and TextGrid as labelled stretches, OpenFace and py-feat as series."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.formats.extra import extra
from liveaffect.offline.tables.beside import MARKS, Imported, Kind, keep, require_times
from liveaffect.offline.tables.read import no_file, read_table, require_columns, require_numbers
from liveaffect.offline.tables.session import Session
from liveaffect.stream.errors import InputError, UsageError

FORMS = ("elan", "textgrid", "openface", "py-feat")
PY_FEAT_WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_NOT_NUMBERS = ("frame", "face_id", "timestamp", "confidence", "success", "input", "approx_time", "identity")


def import_beside(
    session: Session, source: str | Path, *, name: str = "", form: str = "", offset_s: float = 0.0, fps: float = 0.0
) -> tuple[Imported, Path]:
    """Reads a file and keeps it beside a session; gives what was read and where it lies.

    Parameters
    ----------
    name: what it is called; without it the file's name.
    form: of `FORMS`; without it, what the file's ending and columns say.
    offset_s: t_s of the session at which the file's own zero lies.
    fps: frames a second of a py-feat table, which counts frames alone.

    Raises InputError for a file that is none, UsageError for words that do not fit.
    """
    path = Path(source)
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}: give a file")
    form = form or form_of(path)
    if form not in FORMS:
        raise UsageError(f"--form {form}: one of {', '.join(FORMS)}")
    kind: Kind = "marks" if form in ("elan", "textgrid") else "series"
    readers: dict[str, Callable[[], pl.DataFrame]] = {
        "elan": lambda: elan_marks(path),
        "textgrid": lambda: textgrid_marks(path),
        "openface": lambda: openface_series(path),
        "py-feat": lambda: py_feat_series(path, fps),
    }
    table = readers[form]()
    require_times(table, path)
    moved = [pl.col(c) + offset_s for c in ("t_s", "end_s") if c in table.columns]
    found = Imported(name or path.stem, kind, table.with_columns(moved), path.name, form, offset_s)
    return found, keep(session.path, found)


def form_of(path: Path) -> str:
    """The form of a file by its ending and, of tables, its columns. Raises InputError."""
    ending = path.suffix.lower()
    if ending in (".eaf", ".textgrid"):
        return "elan" if ending == ".eaf" else "textgrid"
    columns = read_table(path).columns
    if any(c.startswith("AU") and c.endswith("_r") for c in columns) or {"pose_Rx", "success"} & set(columns):
        return "openface"
    if "FaceScore" in columns or ("AU12" in columns and "happiness" in columns):
        return "py-feat"
    raise InputError(f"{path} is no table of OpenFace (AU12_r, ...) or py-feat (FaceScore, AU12, ...): say --form")


def elan_marks(path: Path) -> pl.DataFrame:
    """Every annotation of every tier, s; of tiers without times of their own, those of what they refer to."""
    elan: Any = extra("pympi.Elan", "elan")
    try:
        document = elan.Eaf(str(path), suppress_version_warning=True)
        rows = [
            (one[0] / 1000, one[1] / 1000, str(tier), str(one[2] or ""))
            for tier in document.get_tier_names()
            for one in document.get_annotation_data_for_tier(tier)
        ]
    except Exception as error:  # the library raises whatever the XML below it does
        raise InputError(f"{path} is no ELAN document: {_first(error)}") from None
    return _marks(rows)


def textgrid_marks(path: Path) -> pl.DataFrame:
    """Every interval and point with a label, s."""
    praat: Any = extra("praatio.textgrid", "textgrid")
    try:
        grid = praat.openTextgrid(str(path), includeEmptyIntervals=False, duplicateNamesMode="rename")
    except Exception as error:  # as above
        raise InputError(f"{path} is no TextGrid: {_first(error)}") from None
    rows: list[tuple[float, float, str, str]] = []
    for tier in grid.tiers:
        for one in tier.entries:
            start, end = (one[0], one[1]) if len(one) == 3 else (one[0], one[0])
            rows.append((float(start), float(end), str(tier.name), str(one[-1]).replace('""', '"')))
    return _marks(rows)


def openface_series(path: Path) -> pl.DataFrame:
    """Numbers of the face that is seen most; null where OpenFace says that it failed (success 0)."""
    table = read_table(path)
    require_columns(table, path, ["timestamp"], "so it is no table of a film by OpenFace's FeatureExtraction")
    require_numbers(table, path, ["timestamp", "success", "face_id"])
    if "face_id" in table.columns and table["face_id"].n_unique() > 1:
        ok = pl.col("success") > 0 if "success" in table.columns else pl.lit(True)
        counts = table.group_by("face_id").agg(ok.sum().alias("n")).sort(["n", "face_id"], descending=[True, False])
        table = table.filter(pl.col("face_id") == counts["face_id"][0])
    names = [c for c in table.columns if c not in _NOT_NUMBERS and _measured(c) and table[c].dtype.is_numeric()]
    known = pl.col("success") > 0 if "success" in table.columns else pl.lit(True)
    values = [pl.when(known).then(pl.col(c).cast(pl.Float64)).alias(c) for c in names]
    return _series(table.select(pl.col("timestamp").cast(pl.Float64).alias("t_s"), *values))


def py_feat_series(path: Path, fps: float) -> pl.DataFrame:
    """Action units, emotions and pose of the first face of each frame."""
    table = read_table(path)
    named = {"t_s", "timestamp", "time"} & set(table.columns)
    names = [
        c for c in table.columns
        if table[c].dtype.is_numeric() and (c[:2] == "AU" or c in (*PY_FEAT_WORDS, "Pitch", "Roll", "Yaw", "FaceScore"))
    ]  # fmt: skip
    if not names:
        raise InputError(f"{path} has no column of py-feat (AU12, happiness, Pitch, ...)")
    if named:
        time = pl.col(sorted(named)[0]).cast(pl.Float64)
    else:
        require_columns(table, path, ["frame"], "which says when a row was")
        require_numbers(table, path, ["frame"])
        if fps <= 0:
            raise UsageError(f"{path} counts frames, not seconds: say how many a second with --fps")
        time = pl.col("frame").cast(pl.Float64) / fps
    return _series(table.select(time.alias("t_s"), *(pl.col(c).cast(pl.Float64) for c in names)))


def _measured(name: str) -> bool:
    """Action units, gaze angles and pose; hundreds of landmarks say nothing beside a table."""
    return name.startswith(("AU", "gaze_", "pose_"))


def _series(table: pl.DataFrame) -> pl.DataFrame:
    return table.drop_nulls("t_s").fill_nan(None).unique("t_s", keep="first", maintain_order=True).sort("t_s")


def _marks(rows: list[tuple[float, float, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=MARKS, orient="row").sort(["t_s", "tier"], maintain_order=True)


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
