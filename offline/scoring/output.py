"""Where `score` puts its tables, and how it knows that one is done: by the content of file, settings and models."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from liveaffect.offline.scoring.pipeline import ScoreSettings, footer
from liveaffect.offline.tables.files import parts_of, write_table
from liveaffect.stream.errors import UsageError

ENDINGS = (".parquet", ".csv")


class Output:
    """One table for all inputs, or a folder with one table per input.

    Either way every input has a table of its own first; those of one table lie in a hidden folder beside it until it is
    written, so that an interrupted run goes on where it stopped.

    Raises UsageError for an ending that is neither a table nor a folder's, and for a place that cannot be written.
    """

    def __init__(self, out: Path, files: list[Path], settings: ScoreSettings) -> None:
        self.out, self._files, self._settings = out, files, settings
        self.folder = is_folder(out)
        target = out if self.folder else out.parent
        self._tables = out if self.folder else out.with_name(f".{out.name}.tables")
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {target} cannot be made: {error.strerror}") from None
        if not os.access(target, os.W_OK):
            raise UsageError(f"--out {out}: {target} is not writable: choose another folder")
        self._footer = footer(settings.told())
        self._key = hashlib.sha256(json.dumps(self._footer, sort_keys=True).encode()).hexdigest()
        self._labels = _labels(files)

    def label(self, file: Path) -> str:
        """The name in the column `file`: the file's own, with its folder where two share a name."""
        return self._labels[file]

    def path_of(self, file: Path) -> Path:
        """Where a file's own table goes."""
        return self._tables / f"{self._labels[file].replace(os.sep, '_')}.parquet"

    def is_done(self, file: Path) -> bool:
        """True when there is a table of exactly this content under exactly these settings."""
        if not self.path_of(file).is_file():
            return False
        try:
            done = json.loads(_receipt(self.path_of(file)).read_text("utf-8"))
            return done == {"settings": self._key, "sha256": content_hash(file)}
        except (OSError, ValueError):
            return False

    @contextmanager
    def writing(self, files: list[Path]) -> Iterator[None]:
        """While the files' own tables are made; what a file that came to no end has left is removed afterwards."""
        self._tables.mkdir(exist_ok=True)
        for file in files:  # nothing says that a table is there until it is
            _receipt(self.path_of(file)).unlink(missing_ok=True)
        try:
            yield
        finally:
            for file in files:
                shutil.rmtree(parts_of(self.path_of(file)), ignore_errors=True)

    def finish(self, file: Path) -> None:
        """Puts a receipt beside a file's own table, which has been written."""
        receipt = {"settings": self._key, "sha256": content_hash(file)}
        _receipt(self.path_of(file)).write_text(json.dumps(receipt), "utf-8")

    def join(self, files: list[Path]) -> None:
        """Makes the one table of those that these files have, where one is wanted."""
        if self.folder or not files:
            return
        write_table(pl.concat([pl.scan_parquet(self.path_of(file)) for file in files]), self.out, self._footer)

    def close(self) -> None:
        """Removes the tables that went into one."""
        if not self.folder:
            shutil.rmtree(self._tables, ignore_errors=True)


def is_folder(out: Path) -> bool:
    """Whether `--out` means a folder. Raises UsageError for an ending that is neither a table nor a folder's."""
    if out.suffix.lower() in ENDINGS and not out.is_dir():
        return False
    if out.is_dir() or not out.suffix:
        return True
    raise UsageError(f"--out {out}: end it in .parquet or .csv, or name a folder")


def content_hash(file: Path) -> str:
    """sha256 of a file's bytes."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _labels(files: list[Path]) -> dict[Path, str]:
    count: dict[str, int] = {}
    for file in files:
        count[file.name] = count.get(file.name, 0) + 1
    return {file: file.name if count[file.name] == 1 else str(file) for file in files}


def _receipt(target: Path) -> Path:
    return target.with_name(f".{target.stem}.done.json")
