"""Which frames of a film are measured: those of a stretch of it, and so many a second."""

from collections.abc import Callable

from liveaffect.stream.capture.containers import NS

EARLY = 0.01
"""A frame this share of a step before its place on the grid is taken: frame times are rounded."""


LEAN_HZ = 5.0
"""So many frames a second teach what is learned of a face over a minute or two as much as all of them do."""


def measured(hz: float, from_ns: int = 0, to_ns: int | None = None, lean_ns: int = 0) -> Callable[[int], bool]:
    """A test of frames in their order, by media time (ns): at most one in each step of 1 / `hz` s, 0 is all of them.

    Before `lean_ns` no more than `LEAN_HZ` a second are. The grid begins at media time 0, so that a stretch of a film
    has the frames that the whole would have.
    """
    last = -1
    cell_of = cells(hz, from_ns, lean_ns)

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


def cells(hz: float, from_ns: int = 0, lean_ns: int = 0) -> Callable[[int], int]:
    """Number of the step that a media time (ns) lies in, -1 before `from_ns`; with `hz` 0 each time is its own.

    Steps before `lean_ns`, which are as long as `LEAN_HZ` wants them, have odd numbers, the others even ones.
    """
    step = NS / hz if hz > 0 else 0.0
    lean = max(step, NS / LEAN_HZ)

    def cell(t_ns: int) -> int:
        if t_ns < from_ns:
            return -1
        if t_ns < lean_ns:
            return 2 * int(t_ns / lean + EARLY) + 1
        return 2 * (int(t_ns / step + EARLY) if step else t_ns)

    return cell
