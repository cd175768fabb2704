"""Opens files of a session that may come from anywhere: plain files inside its folder, and nothing else.

A pipe would hang whoever reads it, a device has no end, and a link leads out of the folder: all are refused.
"""

import contextlib
import os
import stat
from pathlib import Path

from liveaffect.stream.errors import RecordError

DAMAGED = "damaged"
"""Folder in a session that holds what `recover` could not read, as it was."""


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a plain file. Raises RecordError for links, pipes, devices and folders, OSError otherwise."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise RecordError(f"{path} is a link: a session holds its files itself; put the file there, or remove the link")
    try:
        descriptor = os.open(path, flags | careful | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        if path.exists() and not path.is_file():
            raise _no_file(path) from None
        raise error from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return descriptor


def _no_file(path: Path) -> RecordError:
    return RecordError(f"{path} is no file but a folder, a pipe or a device: a session holds plain files only")


def read_plain(path: Path, most: int) -> bytes:
    """All of a plain file. Raises RecordError also where it is larger than `most` bytes; OSError."""
    with os.fdopen(open_plain(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise RecordError(f"{path} has {size} bytes, and at most {most} are read: it is not what it should be")
        return file.read(size)


def inside(folder: Path, name: str) -> Path:
    """The plain file `name` of a session. Raises RecordError where that is none, or would lie elsewhere."""
    try:
        if not name or name.startswith(".") or name in (os.curdir, os.pardir) or any(c in name for c in "/\\\0:"):
            raise RecordError(f"{folder} names a file {name!r:.80}, which is not a name within its folder")
        path = folder / name
        os.close(open_plain(path))
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder} lacks its file {name!r:.80} ({getattr(error, 'strerror', error)})") from None
    return path


def sync_folder(folder: Path) -> None:
    """Makes names in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_with(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Writes a file whole or not at all, and to the disk; `mode` as for `os.open`. Raises OSError, and leaves the old
    one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(_new(beside, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def keep_damaged(path: Path, offset: int, length: int) -> Path | None:
    """Copies bytes of a file that cannot be read into the folder `damaged`, once. Raises OSError."""
    if length <= 0:
        return None
    folder = path.parent / DAMAGED
    if folder.is_symlink():
        raise RecordError(f"{folder} is a link: remove it first")
    folder.mkdir(exist_ok=True)
    kept = folder / f"{path.name}.{offset}-{offset + length}"
    number = 1
    while kept.exists():
        if kept.stat().st_size == length and _same(path, offset, length, kept):
            return kept
        number += 1
        kept = folder / f"{path.name}.{offset}-{offset + length}.{number}"
    beside = kept.with_name(f".{kept.name}.part")
    with os.fdopen(open_plain(path), "rb") as source, os.fdopen(_new(beside, 0o666), "wb") as out:
        source.seek(offset)
        while length > 0 and (block := source.read(min(length, 1 << 20))):
            out.write(block)
            length -= len(block)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(kept)
    sync_folder(folder)
    return kept


def _new(path: Path, mode: int) -> int:
    """A new file in place of what an earlier attempt left: never what a link of that name leads to."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)


def _same(path: Path, offset: int, length: int, kept: Path) -> bool:
    with os.fdopen(open_plain(path), "rb") as one, os.fdopen(open_plain(kept), "rb") as two:
        one.seek(offset)
        while length > 0:
            block = one.read(min(length, 1 << 20))
            if not block or block != two.read(len(block)):
                return False
            length -= len(block)
    return True
