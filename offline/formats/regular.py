"""A person's rows at an even rate, as EDF and BIDS have it: each sample is the row nearest in time, or missing."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.offline.tables.score import AU_COLUMNS, DIMENSIONS, POSE_COLUMNS, PROBABILITIES

Floats = npt.NDArray[np.float64]

NUMBERS = (
    *DIMENSIONS, *PROBABILITIES, *AU_COLUMNS, *POSE_COLUMNS, "f0_hz", "loudness_sone",
    "speech_prob", "speaking_prob", "discord",
)  # fmt: skip
"""Columns of a score table that are signals."""
RATES = (1, 2, 4, 5, 8, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 100, 120, 240)


class Regular(NamedTuple):
    """Samples of one person."""

    rate_hz: int
    start_s: float
    """t_s of the first sample."""
    names: list[str]
    values: Floats
    """(n, names), NaN where nothing was measured."""


def regular(rows: pl.DataFrame) -> Regular:
    """Rows of one person of one file, by time, at the usual rate nearest to their own."""
    times = rows["t_s"].cast(pl.Float64).to_numpy()
    names = [n for n in NUMBERS if n in rows.columns and rows[n].null_count() < rows.height]
    known = np.column_stack([rows[n].cast(pl.Float64).fill_null(np.nan).to_numpy() for n in names] or [times * np.nan])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    rate = min(RATES, key=lambda r: abs(np.log(r * max(step, 1e-6))))
    count = int(np.floor((times[-1] - times[0]) * rate + 1e-6)) + 1
    grid = times[0] + np.arange(count) / rate
    right = np.clip(np.searchsorted(times, grid), 1, max(len(times) - 1, 1)) if len(times) > 1 else np.zeros(count, int)
    left = np.maximum(right - 1, 0)
    nearest = np.where(
        np.abs(times[left] - grid) <= np.abs(times[np.minimum(right, len(times) - 1)] - grid), left, right
    )
    far = np.abs(times[nearest] - grid) > 0.75 * max(step, 1 / rate)
    values = known[nearest]
    values[far] = np.nan
    return Regular(rate, float(times[0]), names, values)
