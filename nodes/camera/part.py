"""Which frames of a film are measured: those of a stretch of it, and so many a second."""

from collections.abc import Callable

from liveaffect.stream.capture.containers import NS

EARLY = 0.01
"""A frame this share of a step before its place on the grid is taken: frame times are rounded."""


def measured(hz: float, from_ns: int = 0, to_ns: int | None = None) -> Callable[[int], bool]:
    """A test of frames in their order, by media time (ns): at most one in each step of 1 / `hz` s, 0 is all of them.

    The grid begins at media time 0, so that a stretch of a film has the frames that the whole would have.
    """
    step = NS / hz if hz > 0 else 0.0
    last = -1

    def keep(t_ns: int) -> bool:
        nonlocal last
        if t_ns < from_ns or (to_ns is not None and t_ns >= to_ns):
            return False
        if not step:
            return True
        cell = int(t_ns / step + EARLY)
        if cell == last:
            return False
        last = cell
        return True

    return keep
