"""Compiled kernels and where their machine code is kept: found again by what their sources say, wherever those lie.

The compiler is imported with the first kernel: who asks for the folder alone does without.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

OPTIONS = ("CACHE_LOCATOR_CLASSES", "CACHE_DIR")


def cache_folder(name: str, sources: Iterable[Path]) -> Path:
    """Folder of the machine code of kernels: one per content of all their sources and version of numba.

    numba renews a cached kernel when the file of the outermost function has another time or place, and not when a
    kernel that it calls has changed; a folder named after the content makes a stale kernel impossible, and a second
    checkout, or a wheel, compiles nothing anew. NUMBA_CACHE_DIR, where set, is the parent.
    """
    digest = hashlib.sha256(version("numba").encode())
    for source in sorted(sources):
        digest.update(source.read_bytes())
    parent = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(parent) if parent else user_cache_path("liveaffect") / "numba"
    return base / f"{name}-{digest.hexdigest()[:16]}"


class ByContent:
    """What numba asks for the place of a kernel (its `_CacheLocator`): the folder of whoever compiles just now."""

    folder = Path()

    def __init__(self, line: int) -> None:
        self._line, self._folder = line, self.folder

    @classmethod
    def from_function(cls, function: Any, _file: str) -> "ByContent":
        """The place of one kernel."""
        return cls(function.__code__.co_firstlineno)

    def ensure_cache_path(self) -> None:
        """Makes the folder; OSError where that cannot be."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """How fresh the source is: its content is in the folder's name already."""
        return self._folder.name

    def get_disambiguator(self) -> str:
        """Tells kernels of one name in one file apart."""
        return str(self._line)


def kernel_in(folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """The decorator of kernels kept in `folder`: no-Python mode, without the GIL, one thread, IEEE arithmetic."""

    def kernel(function: Callable[..., Any]) -> Any:
        import numba
        from numba.core import config

        before = {name: getattr(config, name, None) for name in OPTIONS}
        ByContent.folder = folder
        wanted = (f"{ByContent.__module__}.{ByContent.__qualname__}", str(folder))  # an old numba knows the latter only
        try:
            for name, value in zip(OPTIONS, wanted, strict=True):
                setattr(config, name, value)
            return numba.njit(nogil=True, cache=True, fastmath=False)(function)
        finally:
            for name, value in before.items():
                setattr(config, name, value)

    return kernel


class _Lone:
    """A kernel that is made at its first call."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._function, self._folder = function, folder
        self._made: Callable[..., Any] | None = None
        self.__doc__ = function.__doc__

    def __call__(self, *given: Any) -> Any:
        made = self._made = self._made or kernel_in(self._folder)(self._function)
        return made(*given)


def lone_kernel_in(folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """As `kernel_in`, for kernels that no other kernel calls: who imports their file does without the compiler."""
    return lambda function: _Lone(function, folder)
