"""Where `score` puts its tables, and how it knows that one is done: by the content of file, settings and models."""

import hashlib
import json
import os
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from liveaffect.offline.scoring.endings import images_of
from liveaffect.offline.scoring.settings import ScoreSettings, footer
from liveaffect.offline.tables.files import notices_of, parts_of, require_no_device, segments_of, write_table
from liveaffect.stream.errors import UsageError

ENDINGS = (".parquet", ".csv")
LONGEST = 160
"""Bytes of a table's name; file systems take 255, and parts and receipts put words around it."""
MARK = "~"
"""Stands before the eight characters that tell tables apart whose inputs are named alike."""


class ScoreOutput:
    """One table for all inputs, or a folder with one table per input.

    Either way every input has a table of its own first; those of one table lie in a hidden folder beside it until it is
    written, so that an interrupted run goes on where it stopped. No two inputs share a table, whatever their names.

    Parameters
    ----------
    out: as the user wrote it; a separator at its end makes it a folder.
    files: the inputs.
    labels: what the column `file` says of an input, where that is not its name.

    Raises UsageError for an ending that is neither a table nor a folder's, and for a place that cannot be written.
    """

    def __init__(
        self, out: Path | str, files: Sequence[Path], settings: ScoreSettings, labels: Mapping[Path, str] | None = None
    ) -> None:
        self.out, self.folder = Path(out), is_folder(out)
        target = self.out if self.folder else self.out.parent
        self._tables = self.out if self.folder else self.out.with_name(f".{self.out.name[-LONGEST:]}.tables")
        if target.is_file():
            raise UsageError(
                f"--out {out}: {target} is a file: name a folder, or a table that ends in .parquet or .csv"
            )
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {target} cannot be made: {error.strerror}") from None
        if not os.access(target, os.W_OK):
            raise UsageError(f"--out {out}: {target} is not writable: choose another folder")
        if not self.folder:
            require_no_device(self.out)
        self._footer = footer(settings.told())
        self._key = hashlib.sha256(json.dumps(self._footer, sort_keys=True).encode()).hexdigest()
        self._labels = _labels(files) | dict(labels or {})
        stems = _stems({file: _safe(label) for file, label in self._labels.items()})
        for file, stem in stems.items():
            if _is_of_another(self._tables / f"{stem}.parquet", file):
                stems[file] = f"{stem}{MARK}{_mark(file)}"
                self._labels[file] = _text(str(file))
        self._stems = stems

    @property
    def footer(self) -> dict[str, str]:
        """The metadata of every table of this run."""
        return self._footer

    def label(self, file: Path) -> str:
        """The name in the column `file`: the file's own, with its folder where two share a name."""
        return self._labels[file]

    def path_of(self, file: Path) -> Path:
        """Where a file's own table goes."""
        return self._tables / f"{self._stems[file]}.parquet"

    def is_done(self, file: Path) -> bool:
        """True when there is a table of exactly this content under exactly these settings and this name."""
        if not self.path_of(file).is_file():
            return False
        try:
            done = json.loads(_receipt(self.path_of(file)).read_text("utf-8"))
            return {**done, "source": _mark(file)} == self._about(file)
        except (OSError, ValueError):
            return False

    @contextmanager
    def writing(self, files: list[Path]) -> Iterator[None]:
        """While the files' own tables are made; what a file that came to no end has left is removed afterwards."""
        self._tables.mkdir(exist_ok=True)
        for file in files:  # nothing says that a table is there until it is
            with suppress(OSError):
                _receipt(self.path_of(file)).unlink(missing_ok=True)
        try:
            yield
        finally:
            for file in files:
                for folder in (parts_of(self.path_of(file)), segments_of(self.path_of(file))):
                    shutil.rmtree(folder, ignore_errors=True)

    def finish(self, file: Path) -> None:
        """Puts a receipt beside a file's own table, which has been written. Raises OSError."""
        _receipt(self.path_of(file)).write_text(json.dumps(self._about(file)), "utf-8")

    def join(self, files: list[Path]) -> None:
        """Makes the one table of those that these files have, where one is wanted."""
        if self.folder or not files:
            return
        paths = [self.path_of(file) for file in files]
        tables = [pl.scan_parquet(path, glob=False) for path in paths]
        write_table(pl.concat(tables), self.out, self._footer | notices_of(paths))

    def close(self) -> None:
        """Removes the tables that went into one."""
        if not self.folder:
            shutil.rmtree(self._tables, ignore_errors=True)

    def _about(self, file: Path) -> dict[str, str]:
        return {
            "settings": self._key, "sha256": content_hash(file), "file": self._labels[file], "source": _mark(file),
        }  # fmt: skip


def is_folder(out: Path | str) -> bool:
    """Whether `--out` means a folder: it is one, it ends in a separator, or it has no ending that tells a kind of file.

    Raises UsageError for the ending of another kind of file.
    """
    path, said = Path(out), str(out)
    if path.is_dir() or said.endswith(("/", os.sep)):
        return True
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return False
    if not ending[1:].isalpha() or len(ending) > 8:
        return True
    raise UsageError(f"--out {out}: end it in .parquet or .csv, or name a folder (with / at its end where it has dots)")


def content_hash(file: Path) -> str:
    """sha256 of a file's bytes; of a folder, of its images and their order. Raises OSError."""
    if file.is_dir():
        whole = hashlib.sha256()
        for image in images_of(file):
            whole.update(content_hash(image).encode())
        return whole.hexdigest()
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _labels(files: Sequence[Path]) -> dict[Path, str]:
    count = Counter(file.name for file in files)
    labels = {file: _text(file.name if file.name and count[file.name] == 1 else str(file)) for file in files}
    again = Counter(labels.values())
    return {file: text if again[text] == 1 else f"{text}{MARK}{_mark(file)}" for file, text in labels.items()}


def _stems(names: dict[Path, str]) -> dict[Path, str]:
    """Names of the tables, no two alike, also where a file system does not tell large letters from small ones."""
    alike = Counter(_folded(name) for name in names.values())
    return {file: name if alike[_folded(name)] == 1 else f"{name}{MARK}{_mark(file)}" for file, name in names.items()}


def _safe(label: str) -> str:
    """A label as the name of a file that every program finds: nothing hidden, no folders, not too long."""
    name = "".join("_" if c in "/\\" or unicodedata.category(c) == "Cc" else c for c in label)
    name = f"_{name[1:]}" if name.startswith(".") else name
    data = name.encode()
    if len(data) <= LONGEST:
        return name
    short = data[: LONGEST - 9].decode("utf-8", "ignore")
    return f"{short}{MARK}{hashlib.sha256(data).hexdigest()[:8]}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _text(name: str) -> str:
    """A name as text: bytes that are no UTF-8 are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _mark(file: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.abspath(file))).hexdigest()[:8]  # noqa: PTH100 (links stay links)


def _is_of_another(target: Path, file: Path) -> bool:
    """Whether a table is there that was made of another file, in another run."""
    try:
        said = json.loads(_receipt(target).read_text("utf-8"))
        return said.get("source", "") not in ("", _mark(file)) and said.get("sha256") != content_hash(file)
    except (OSError, ValueError, AttributeError):
        return False


def _receipt(target: Path) -> Path:
    return target.with_name(f".{target.stem}.done.json")
