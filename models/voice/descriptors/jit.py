"""The one decorator of every numba kernel, and the folder where their machine code is cached."""

import hashlib
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from platformdirs import user_cache_path


def cache_folder() -> Path:
    """Folder of the compiled kernels: one per state of the kernel sources and version of numba.

    numba renews a cached kernel only when the file of the outermost function changes; naming the folder after the
    content of all of them makes a stale kernel impossible. NUMBA_CACHE_DIR, where set, is the parent.
    """
    digest = hashlib.sha256(version("numba").encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    parent = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(parent) if parent else user_cache_path("liveaffect") / "numba"
    return base / f"voice-{digest.hexdigest()[:16]}"


_FOLDER = cache_folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` in no-Python mode, without the GIL, one thread, IEEE arithmetic, cached on disk."""
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]
    try:
        return numba.njit(nogil=True, cache=True, fastmath=False)(function)
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]
