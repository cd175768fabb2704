"""The last minutes of a few numbers: what the scrolling traces draw. Memory has a limit whatever comes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_ROWS = 1024
BACK_S = 1.0
"""Time that goes back further than this begins anew: a seek, a loop, another clock. Less is a straggler."""


class Track:
    """Rows of (time, values), oldest first; NaN stands for "no number", and a column may say why.

    Parameters
    ----------
    columns: names of the values.
    keep_s: rows older than this are forgotten.
    step_s: rows closer together than this replace each other.
    """

    def __init__(self, columns: Sequence[str], *, keep_s: float, step_s: float) -> None:
        self.columns = {name: i for i, name in enumerate(columns)}
        self._keep_s, self._step_s = keep_s, step_s
        self._most = 2 * (int(keep_s / step_s) + 2)
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        self._t = np.empty(min(FIRST_ROWS, self._most), np.float64)
        self._values = np.empty((len(self._t), len(self.columns)), np.float32)
        self._first = self._end = 0
        self._step_from = -np.inf

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def last_s(self) -> float | None:
        """Time of the newest row, None where there is none."""
        return float(self._t[self._end - 1]) if len(self) else None

    def append(self, t_s: float, row: Sequence[float]) -> bool:
        """Adds a row; returns True where time went back and the track began anew."""
        last = self.last_s
        anew = last is not None and t_s < last - BACK_S
        if anew:
            self.clear()
        elif last is not None and t_s < last:
            return False
        elif t_s - self._step_from < self._step_s:
            self._end -= 1
        else:
            self._step_from = t_s
        if anew:
            self._step_from = t_s
        if self._end == len(self._t):
            self._make_room(t_s)
        self._t[self._end] = t_s
        self._values[self._end] = row
        self._end += 1
        return anew

    def since(self, from_s: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Copies of times (n,) and values (n, columns) from the last row before `from_s` on."""
        t = self._t[self._first : self._end]
        start = self._first + max(0, int(np.searchsorted(t, from_s)) - 1)
        return self._t[start : self._end].copy(), self._values[start : self._end].copy()

    def followed_by(self, newer: "Track | None", shift_s: float) -> "Track":
        """This track, moved by `shift_s`, with the rows of a newer one that come after its end."""
        joined = Track(list(self.columns), keep_s=self._keep_s, step_s=self._step_s)
        for track, by_s in ((self, shift_s), (newer, 0.0)):
            t, values = (np.empty(0), np.empty((0, 0))) if track is None else track.since(-np.inf)
            last_s = joined.last_s
            for t_s, row in zip((t + by_s).tolist(), values.tolist(), strict=True):
                if last_s is None or t_s > last_s:
                    joined.append(t_s, row)
        return joined

    def _make_room(self, now_s: float) -> None:
        t = self._t[self._first : self._end]
        kept = slice(self._first + int(np.searchsorted(t, now_s - self._keep_s)), self._end)
        count = kept.stop - kept.start
        size = self._most if count > self._most // 4 else max(FIRST_ROWS, 4 * count)
        times, values = np.empty(size, np.float64), np.empty((size, len(self.columns)), np.float32)
        if count >= size:  # a clock that stands still between steps: keep the newest half
            kept, count = slice(kept.stop - size // 2, kept.stop), size // 2
        times[:count], values[:count] = self._t[kept], self._values[kept]
        self._t, self._values, self._first, self._end = times, values, 0, count


def number(value: Any) -> float | None:
    """A finite number, or None for anything else that a message may carry in its place."""
    if isinstance(value, int | float) and np.isfinite(value):
        return float(value)
    return None


def or_nan(value: float | None) -> float:
    """None as NaN, for a track."""
    return np.nan if value is None else value
