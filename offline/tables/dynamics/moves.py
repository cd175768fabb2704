"""The three tables of dynamics on disk: people, beside them pairs and shifts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.offline.tables.dynamics.motion import (
    PEOPLE_DICTIONARY,
    SHIFT_DICTIONARY,
    as_frame,
    dynamics_of,
    people_rows,
    shift_rows,
)
from liveaffect.offline.tables.dynamics.pairs import PAIR_DICTIONARY, pair_row
from liveaffect.offline.tables.files import new_file
from liveaffect.stream.errors import UsageError


def check_target(path: Path) -> None:
    """Raises UsageError where the tables of dynamics cannot be put there."""
    if path.suffix.lower() != ".parquet":
        raise UsageError(f"--dynamics {path}: end it in .parquet")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--dynamics {path}: there is no folder {path.absolute().parent}: make it first")


def write_dynamics(tables: Iterable[Path | pl.DataFrame], path: Path) -> None:
    """Writes three Parquet tables of these score tables: people to `path`, beside it `.pairs` and `.shifts`.

    Raises UsageError where they cannot be written.
    """
    people: list[dict[str, Any]] = []
    shifts: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for table in tables:
        frame = table if isinstance(table, pl.DataFrame) else pl.read_parquet(table, glob=False)
        for _, mine in frame.group_by("file", maintain_order=True):
            found = dynamics_of(mine)
            people += people_rows(found)
            shifts += shift_rows(found)
            pairs += [pair_row(found.file, pair) for pair in found.pairs]
    whole = ((people, PEOPLE_DICTIONARY, ""), (pairs, PAIR_DICTIONARY, ".pairs"), (shifts, SHIFT_DICTIONARY, ".shifts"))
    try:
        for rows, dictionary, word in whole:
            with new_file(path.with_name(f"{path.stem}{word}{path.suffix}")) as temporary:
                as_frame(rows, dictionary).write_parquet(temporary)
    except OSError as error:
        raise UsageError(f"--dynamics {path} cannot be written: {error.strerror}") from None
