"""Figures that are read change at a pace that can be read: a value stands for a while, whatever comes meanwhile."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

READ_S = 0.4
"""Two and a half times a second."""
T = TypeVar("T")


class Hold(Generic[T]):
    """Gives back the value it was given, or the one before while that has not stood long enough.

    A value of another `kind` (another person, missing instead of there) is never held back.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, every_s: float = READ_S) -> None:
        self._every_s = every_s
        self._held: tuple[Hashable, T, float] | None = None

    def __call__(self, value: T, kind: Hashable = None) -> T:
        """The value to show now."""
        now, held = self.clock(), self._held
        if held is not None and held[0] == kind and now - held[2] < self._every_s:
            return held[1]
        self._held = (kind, value, now)
        return value
