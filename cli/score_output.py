"""Where `score` puts its tables, and how it knows that one is done: by the content of file, settings and models."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import msgspec
import polars as pl

from liveaffect.cli.pipeline import ScoreSettings, footer
from liveaffect.stream.errors import UsageError

ENDINGS = (".parquet", ".csv")


class Output:
    """One table for all inputs, or a folder with one table per input.

    Raises UsageError for an ending that is neither a table nor a folder's, and for a place that cannot be written.
    """

    def __init__(self, out: Path, files: list[Path], settings: ScoreSettings) -> None:
        self.out, self._files, self._settings = out, files, settings
        self.folder = is_folder(out)
        target = out if self.folder else out.parent
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {target} cannot be made: {error.strerror}") from None
        if not os.access(target, os.W_OK):
            raise UsageError(f"--out {out}: {target} is not writable: choose another folder")
        self._footer = footer(_told(settings))
        self._key = hashlib.sha256(json.dumps(self._footer, sort_keys=True).encode()).hexdigest()
        self._labels = _labels(files)

    def label(self, file: Path) -> str:
        """The name in the column `file`: the file's own, with its folder where two share a name."""
        return self._labels[file]

    def path_of(self, file: Path) -> Path:
        """Where a file's own table goes."""
        return self.out / f"{self._labels[file].replace(os.sep, '_')}.parquet"

    def is_done(self, file: Path) -> bool:
        """True when there is a table of exactly this content under exactly these settings."""
        if not self.folder or not self.path_of(file).is_file():
            return False
        try:
            done = json.loads(_receipt(self.path_of(file)).read_text("utf-8"))
            return done == {"settings": self._key, "sha256": content_hash(file)}
        except (OSError, ValueError):
            return False

    def finish(self, file: Path, table: pl.DataFrame) -> None:
        """Writes a file's own table, and a receipt beside it."""
        target = self.path_of(file)
        self.write(table, target)
        _receipt(target).write_text(json.dumps({"settings": self._key, "sha256": content_hash(file)}), "utf-8")

    def write(self, table: pl.DataFrame, target: Path) -> None:
        """Writes atomically: a table is there whole or not at all."""
        temporary = target.with_name(f".{target.name}.part")
        try:
            if target.suffix.lower() == ".csv":
                table.write_csv(temporary)
            else:
                table.write_parquet(temporary, metadata=self._footer)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


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


def _told(settings: ScoreSettings) -> dict[str, object]:
    """Settings as the table's metadata say them: whatever changes a number is in here."""
    return {
        "launch": tomllib.loads(settings.launch.read_text("utf-8")),
        "set": list(settings.overrides),
        **({} if settings.smooth_lag_s is None else {"smooth_lag_s": settings.smooth_lag_s}),
        **({} if settings.baseline is None else {"baseline": msgspec.to_builtins(settings.baseline)}),
    }


def _labels(files: list[Path]) -> dict[Path, str]:
    count: dict[str, int] = {}
    for file in files:
        count[file.name] = count.get(file.name, 0) + 1
    return {file: file.name if count[file.name] == 1 else str(file) for file in files}


def _receipt(target: Path) -> Path:
    return target.with_name(f".{target.stem}.done.json")
