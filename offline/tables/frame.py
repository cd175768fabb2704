"""A score table in memory that knows what made it."""

from pathlib import Path

import polars as pl

from liveaffect.offline.tables.files import write_table


class Scores(pl.DataFrame):
    """A polars data frame with a score table's columns, and what made it.

    What is derived from it by polars (`filter`, `select`, ...) is a plain table again: keep what you need of these two.
    """

    metadata: dict[str, str] = {}
    """`liveaffect_version`, `liveaffect_models`, `liveaffect_settings` (JSON): the footer of a score's Parquet file."""
    notes: tuple[str, ...] = ()
    """What there is to say of the run, such as a film that is cut off."""

    @classmethod
    def read(cls, path: Path, notes: tuple[str, ...] = ()) -> "Scores":
        """The Parquet table of one input."""
        table = cls(pl.read_parquet(path, glob=False))
        table.metadata = {k: v for k, v in pl.read_parquet_metadata(path).items() if k.startswith("liveaffect_")}
        table.notes = notes
        return table

    def save(self, path: str | Path) -> None:
        """Writes CSV or Parquet, by the ending; a Parquet file keeps the metadata. Raises LiveAffectError."""
        write_table(pl.DataFrame(self).lazy(), Path(path), self.metadata)
