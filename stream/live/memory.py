"""Freed memory goes back to the system: connections that come and go leave holes among what stays, and the C library
keeps them (seen: 3 MB more after 120,000 malformed messages, with nothing more in use)."""

import contextlib
import ctypes
import functools
from collections.abc import Callable

EVERY_S = 5.0
AFTER = 100
"""Connections that have gone, after which it is worth a look."""


@functools.cache
def trimmer() -> Callable[[], bool] | None:
    """What hands back freed pages, and says whether there were any; None where the C library has none (only glibc
    keeps much)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # Windows opens no library of this name
        trim = ctypes.CDLL(None).malloc_trim
        trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
        return lambda: bool(trim(0))
    return None


class Tidy:
    """Hands memory back now and then while connections come and go.

    Parameters
    ----------
    trim: does it; the C library's own by default.
    """

    def __init__(self, trim: Callable[[], object] | None = None) -> None:
        self._trim = trim or trimmer()
        self._gone, self._at = 0, 0.0

    def count(self) -> None:
        """A connection has gone."""
        self._gone += 1

    def step(self, now: float) -> None:
        """Call often; `now` is monotonic time in s."""
        if self._gone >= AFTER and now - self._at >= EVERY_S and self._trim is not None:
            self._gone, self._at = 0, now
            self._trim()
