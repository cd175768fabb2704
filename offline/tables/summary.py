"""Summary of score tables: per file, per minute and per person: means, quantiles, shares, and time without a face."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline.tables.files import new_file
from liveaffect.offline.tables.numbers import number
from liveaffect.stream.errors import UsageError

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
MINUTE_S = 60.0
HOLD_S = 1.0
"""A row stands until the next one, but no longer than this; the last one as long as is usual."""
SPEECH = 0.5
"""Probability of speech from which it counts."""

_VALUES = ("mean", "sd", *QUANTILES)
SUMMARY_DICTIONARY: dict[str, tuple[str, str, str]] = {
    "file": ("name of the input", "", ""),
    "minute": ("minute of the file, from 0; null for the whole file", "", "0 and up"),
    "face_id": ("person; null for everyone together", "", "0 and up"),
    "from_s": ("time of the first row", "s", "0 and up"),
    "to_s": ("time of the last row", "s", "0 and up"),
    "rows": ("rows of the score table", "", "1 and up"),
    "rows_ok": ("rows with fused numbers: what means, quantiles and shares rest on", "", "0 and up"),
    "seconds": ("time covered; a row stands until the next, at most a second", "s", "0 and up"),
    "seconds_face": ("time with at least one clear face (of a person: this face)", "s", "0 and up"),
    "seconds_no_face": ("time with a picture and no face in it; null for a person", "s", "0 and up"),
    "seconds_unclear": ("time with a face that gave no numbers; of a person: this face", "s", "0 and up"),
    "speech_share": ("share of the time with sound in which anyone speaks; of a person: this one", "1", "0 to 1"),
    **{
        f"{name}_{key}": (f"{key} of {name} over rows with numbers", "1", "-1 to 1")
        for name in ("valence", "arousal")
        for key in _VALUES
    },
    **{f"mean_{name}": (f"mean probability of {name}", "1", "0 to 1") for name in EMOTIONS},
    **{f"share_{name}": (f"share of rows in which {name} is the most probable", "1", "0 to 1") for name in EMOTIONS},
}
_KINDS = {"file": pl.String, **dict.fromkeys(("minute", "face_id", "rows", "rows_ok"), pl.Int64)}
_EMPTY = pl.DataFrame(schema={name: _KINDS.get(name, pl.Float64) for name in SUMMARY_DICTIONARY})
_READ = [
    "file", "t_s", "face_id", "state", "face_state", "valence", "arousal", *(f"p_{name}" for name in EMOTIONS),
    "speech_prob", "speaking_prob",
]  # fmt: skip
"""Columns of a score table that a summary rests on."""


def held_s(times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n,) for how long each of n rows at rising times (s) stands."""
    steps = np.diff(times)
    return np.clip(np.append(steps, np.median(steps) if len(steps) else 0.0), 0.0, HOLD_S)[: len(times)]


def summarise_table(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of `SUMMARY_DICTIONARY` for every file of a score table: the whole file first, then its minutes.

    Where a file shows several people each has rows of their own after those of everyone. Nothing is weighted: a mean is
    over rows, times are times.
    """
    parts = [_file(mine) for _, mine in table.group_by("file", maintain_order=True)]
    return pl.concat([_EMPTY, *parts])


def write_summary(tables: Iterable[Path], path: Path) -> None:
    """Summarises Parquet tables, one at a time, to CSV or Parquet, by the ending of `path`.

    Raises UsageError where it cannot be written.
    """
    parts = [summarise_table(pl.read_parquet(table, columns=_READ, glob=False)) for table in tables]
    whole = pl.concat([_EMPTY, *parts])
    try:
        with new_file(path) as temporary:
            if path.suffix.lower() == ".parquet":
                whole.write_parquet(temporary)
            else:
                whole.write_csv(temporary, float_precision=6)
    except OSError as error:
        raise UsageError(f"--summary {path} cannot be written: {error.strerror}") from None


def _file(table: pl.DataFrame) -> pl.DataFrame:
    instants = _instants(table)
    timed = table.join(instants.select("t_s", "dt", "minute"), on="t_s", how="left")
    everyone = _rows(timed, instants, None)
    people = timed["face_id"].drop_nulls().unique().sort().to_list()
    persons = [_rows(timed.filter(pl.col("face_id") == who), None, who) for who in people] if len(people) > 1 else []
    return (
        pl.concat([everyone, *persons])
        .with_columns(pl.lit(table["file"][0]).alias("file"))
        .select(list(SUMMARY_DICTIONARY))
    )


def _instants(table: pl.DataFrame) -> pl.DataFrame:
    """One row per time: how long it stands, and what there was to see and to hear."""
    face = (pl.col("face_state") == "ok") & pl.col("face_id").is_not_null()
    instants = (
        table.group_by("t_s")
        .agg(
            face.any().alias("face"),
            (pl.col("face_state").is_in(["no_face"])).all().alias("no_face"),
            (pl.col("face_state") == "no_device").all().alias("blind"),
            pl.col("speech_prob").first(),
        )
        .sort("t_s")
    )
    gaps = instants["t_s"].diff().drop_nulls()
    usual = number(gaps.median(), 0.0)
    ahead = pl.col("t_s").diff().shift(-1).fill_null(usual).clip(0.0, HOLD_S).alias("dt")
    return instants.with_columns(ahead, (pl.col("t_s") / MINUTE_S).floor().cast(pl.Int64).alias("minute"))


def _rows(rows: pl.DataFrame, instants: pl.DataFrame | None, who: int | None) -> pl.DataFrame:
    """The whole file and its minutes, of everyone or of one person."""
    whole = [_measures(rows, instants, who).with_columns(pl.lit(None, pl.Int64).alias("minute"))]
    for key, mine in rows.sort("minute", maintain_order=True).group_by("minute", maintain_order=True):
        then = None if instants is None else instants.filter(pl.col("minute") == key[0])
        whole.append(_measures(mine, then, who).with_columns(pl.lit(key[0], pl.Int64).alias("minute")))
    return pl.concat(whole)


def _measures(rows: pl.DataFrame, instants: pl.DataFrame | None, who: int | None) -> pl.DataFrame:
    ok = pl.col("state") == "ok"
    clear = (pl.col("face_state") == "ok") & pl.col("face_id").is_not_null()
    numbers = [
        pl.lit(who, pl.Int64).alias("face_id"),
        pl.col("t_s").min().alias("from_s"),
        pl.col("t_s").max().alias("to_s"),
        pl.len().cast(pl.Int64).alias("rows"),
        (ok & pl.col("valence").is_not_null()).sum().cast(pl.Int64).alias("rows_ok"),
    ]
    for name in ("valence", "arousal"):
        column = pl.col(name).cast(pl.Float64)
        numbers += [column.mean().alias(f"{name}_mean"), column.std().alias(f"{name}_sd")]
        numbers += [column.quantile(q, "linear").alias(f"{name}_{key}") for key, q in QUANTILES.items()]
    names = [f"p_{name}" for name in EMOTIONS]
    known = rows.drop_nulls(names).select(names)
    top = (
        known.select(pl.concat_list(names).list.arg_max()).to_series()
        if known.height
        else pl.Series([], dtype=pl.UInt32)
    )
    shares = {f"share_{name}": _share(top, k) for k, name in enumerate(EMOTIONS)}
    numbers += [pl.col(f"p_{name}").cast(pl.Float64).mean().alias(f"mean_{name}") for name in EMOTIONS]
    numbers += [pl.lit(value, pl.Float64).alias(name) for name, value in shares.items()]
    if instants is None:
        speech = _time_share(rows, "speaking_prob")
        unclear = ~clear
        times = {"seconds": _sum(rows), "seconds_face": _sum(rows, clear), "seconds_no_face": None,
                 "seconds_unclear": _sum(rows, unclear), "speech_share": speech}  # fmt: skip
    else:
        blind = bool(instants["blind"].all())
        unclear = ~(pl.col("face") | pl.col("no_face") | pl.col("blind"))
        times = {"seconds": _sum(instants), "seconds_face": None if blind else _sum(instants, pl.col("face")),
                 "seconds_no_face": None if blind else _sum(instants, pl.col("no_face")),
                 "seconds_unclear": None if blind else _sum(instants, unclear),
                 "speech_share": _time_share(instants, "speech_prob")}  # fmt: skip
    numbers += [pl.lit(value, pl.Float64).alias(name) for name, value in times.items()]
    return rows.select(numbers).select(name for name in SUMMARY_DICTIONARY if name not in ("file", "minute"))


def _sum(rows: pl.DataFrame, where: pl.Expr | None = None) -> float:
    return float((rows if where is None else rows.filter(where))["dt"].sum())


def _share(top: pl.Series, k: int) -> float | None:
    return number((top == k).mean(), 0.0) if len(top) else None


def _time_share(rows: pl.DataFrame, name: str) -> float | None:
    """Share of the time with sound in which `name` says speech; None where there was no sound."""
    heard = rows.drop_nulls(name)
    total = _sum(heard)
    return _sum(heard, pl.col(name) >= SPEECH) / total if total > 0 else None
