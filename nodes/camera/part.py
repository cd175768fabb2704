"""Which frames of a film are measured: those of a stretch of it, and so many a second."""

from collections.abc import Callable

from liveaffect.stream.capture.containers import NS

EARLY = 0.01
"""A frame this share of a step before its place on the grid is taken: frame times are rounded."""


def measured(hz: float, from_ns: int = 0, to_ns: int | None = None) -> Callable[[int], bool]:
    """A test of frames in their order, by media time (ns): at most one in each step of 1 / `hz` s, 0 is all of them.

    The grid begins at media time 0, so that a stretch of a film has the frames that the whole would have.
    """
    last = -1
    cell_of = cells(hz, from_ns)

    def keep(t_ns: int) -> bool:
        nonlocal last
        if t_ns < from_ns or (to_ns is not None and t_ns >= to_ns):
            return False
        cell = cell_of(t_ns)
        if cell == last:
            return False
        last = cell
        return True

    return keep


def cells(hz: float, from_ns: int = 0) -> Callable[[int], int]:
    """Number of the step that a media time (ns) lies in, -1 before `from_ns`; with `hz` 0 each time is its own."""
    step = NS / hz if hz > 0 else 0.0

    def cell(t_ns: int) -> int:
        if t_ns < from_ns:
            return -1
        return int(t_ns / step + EARLY) if step else t_ns

    return cell
