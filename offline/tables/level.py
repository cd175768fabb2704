"""Columns of categories brought to the levels that a study's design says: `level_p_...`, beside what was estimated."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from liveaffect.models.categories.level import Shown, levelled, levels, shares_of
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.offline.tables.read import require_columns, require_numbers
from liveaffect.offline.tables.score import PROBABILITIES
from liveaffect.stream.errors import InputError, UsageError

LEVEL_COLUMNS = [f"level_{name}" for name in PROBABILITIES]
LEVEL_WORDS = {
    name: (f"probability of {of} after levelling to the design that was told; those of a row sum to 1", "1", "0 to 1")
    for name, of in zip(LEVEL_COLUMNS, EMOTIONS, strict=True)
}
FAR = math.log(20.0)
"""A level that moves odds so much is told: the model and the design hardly agree."""


def require_shown(shown: Shown | None, within: str) -> None:
    """Raises UsageError where it is said within what, and not what was shown."""
    if within and shown is None:
        raise UsageError("--within says where levels are set apart: use it with --shown")


def with_levels(table: pl.DataFrame, of: str, shown: Shown, within: str = "") -> tuple[pl.DataFrame, str]:
    """The table with `LEVEL_COLUMNS`, and what was done, in words.

    The levels are set on all rows with numbers, every file counting as much as any other.

    Parameters
    ----------
    table: rows as `score` wrote them, with `p_neutral` to `p_contempt`.
    of: what the table is called in errors.
    shown: how often each category is shown, as `liveaffect.models.categories.level.shares_of` takes it.
    within: column for each of whose values levels are set apart, such as a participant to whom all was shown; where it
        is empty there are none.

    Raises UsageError for a design that is not understood, InputError for a table without what is needed.
    """
    try:
        shares = shares_of(shown)
    except BadInput as error:
        raise UsageError(f"--shown: {error}") from None
    require_columns(table, of, PROBABILITIES, "which levels are set on")
    require_columns(table, of, [within] if within else [], "which --within asks for")
    require_numbers(table, of, PROBABILITIES)
    p = table.select(pl.col(name).cast(pl.Float64) for name in PROBABILITIES).fill_null(math.nan).to_numpy()
    told = np.isfinite(p).all(1) & (table[within].is_not_null().to_numpy() if within else True)
    weights = np.asarray(told, np.float64)
    if "file" in table.columns:
        files = _numbered(table["file"])
        weights = weights / np.maximum(np.bincount(files, weights), 1.0)[files]
    groups = _numbered(table[within]) if within else np.zeros(len(p), np.int64)
    found, shifts = np.full_like(p, math.nan), list[NDArray[np.float64]]()
    for group in np.unique(groups[weights > 0]):
        mine = groups == group
        try:
            shift = levels(p[mine], shares, weights[mine])
        except BadInput as error:
            whose = f", {within} {table[within].filter(mine)[0]!r}" if within else ""
            raise InputError(f"{of}{whose}: {error}") from None
        found[mine] = levelled(p[mine], shift)
        shifts.append(shift)
    if not shifts:
        raise InputError(
            f"{of} has no row with numbers in {PROBABILITIES[0]} to {PROBABILITIES[-1]}: no level can be set"
        )
    made = [pl.Series(name, column, pl.Float32) for name, column in zip(LEVEL_COLUMNS, found.T, strict=True)]
    done = table.with_columns(one.fill_nan(None) for one in made)
    return done, _words(shares, np.array(shifts), int(np.count_nonzero(weights)), within)


def _numbered(values: pl.Series) -> NDArray[np.int64]:
    return values.cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64) - 1


def _words(shares: NDArray[np.float64], shifts: NDArray[np.float64], rows: int, within: str) -> str:
    shift, there = np.median(shifts, axis=0), np.flatnonzero(shares)
    where = f" within {len(shifts)} of '{within}', in the middle" if within else ""
    text = f"levels of {rows} rows{where}, added to log-probabilities: "
    text += ", ".join(f"{EMOTIONS[k]} {shift[k]:+.2f}" for k in there)
    far = [EMOTIONS[k] for k in there if abs(shift[k]) > FAR]
    return text + (f"; {', '.join(far)} had to go far: was it shown as often as told?" if far else "")
