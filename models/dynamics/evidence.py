"""What is known of a person over time, in blocks of 0.2 s: means of what the nets said before any fusion or smoothing.

Values are taken in single precision, as score tables keep them, so that a table gives the same numbers as the stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.dynamics.inertia import BLOCK_S
from liveaffect.models.errors import BadInput

Floats = npt.NDArray[np.float64]

BLOCK_NS = round(BLOCK_S * 1e9)
VALENCE, AROUSAL, VALENCE_VAR, AROUSAL_VAR, CATEGORIES = 0, 1, 2, 3, 4
ESTIMATE_COLUMNS = CATEGORIES + N_EMOTIONS
DIMENSIONS = ("valence", "arousal")


def block_of(t_ns: int) -> int:
    """The block an instant lies in."""
    return t_ns // BLOCK_NS


class Blocks:
    """Means per block of rows of numbers, on one grid of time for everyone."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._at: list[int] = []
        self._rows: list[Floats] = []
        self._open = -1
        self._sum = np.zeros(columns)
        self._count = 0
        self._frames: list[int] = []

    def add(self, block: int, row: Sequence[float]) -> None:
        """One frame's numbers, all finite. Raises BadInput where time goes back."""
        if block < self._open:
            raise BadInput(f"block {block} came after block {self._open}: give frames in the order of capture")
        if block != self._open:
            self.close(block)
            self._open, self._count = block, 0
            self._sum = np.zeros(self._columns)
        self._sum += np.asarray(row, np.float32).astype(np.float64)
        self._count += 1

    def close(self, block: int) -> None:
        """Time has reached `block`: what lies before is complete."""
        if self._count and self._open < block:
            self._at.append(self._open)
            self._rows.append(self._sum / self._count)
            self._frames.append(self._count)
            self._count = 0

    def forget(self, before: int) -> None:
        """Lets blocks before `before` go."""
        gone = 0
        while gone < len(self._at) and self._at[gone] < before:
            gone += 1
        if gone > 50:
            del self._at[:gone], self._rows[:gone], self._frames[:gone]

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last complete block."""
        return (self._at[0], self._at[-1]) if self._at else None

    def newest(self) -> tuple[int, Floats] | None:
        """The last complete block."""
        return (self._at[-1], self._rows[-1]) if self._at else None

    def dense(self, begin: int, end: int) -> Floats:
        """Every block of [begin, end) as a row, NaN where there was nothing (end - begin, columns)."""
        table = np.full((max(end - begin, 0), self._columns), np.nan)
        at = np.asarray(self._at)
        first, last = np.searchsorted(at, (begin, end)) if len(at) else (0, 0)
        if last > first:
            table[at[first:last] - begin] = np.stack(self._rows[first:last])
        return table

    def frames(self, begin: int, end: int) -> float:
        """Median number of frames in the known blocks of [begin, end); 1 without any."""
        at = np.asarray(self._at)
        first, last = np.searchsorted(at, (begin, end)) if len(at) else (0, 0)
        return float(np.median(self._frames[first:last])) if last > first else 1.0

    def count(self, begin: int, end: int) -> int:
        """How many blocks of [begin, end) are known."""
        at = np.asarray(self._at)
        first, last = np.searchsorted(at, (begin, end)) if len(at) else (0, 0)
        return int(last - first)


@dataclass(slots=True)
class Evidence:
    """One person's blocks by where they come from."""

    face: Blocks
    voice: Blocks
    units: Blocks
    """AU12 and AU04, 0 to 5."""
    speech: Blocks
    """Probability that this person speaks."""

    @classmethod
    def empty(cls) -> "Evidence":
        """Of somebody new."""
        return cls(Blocks(ESTIMATE_COLUMNS), Blocks(ESTIMATE_COLUMNS), Blocks(2), Blocks(1))

    def close(self, block: int) -> None:
        """Time has reached `block`."""
        for blocks in (self.face, self.voice, self.units, self.speech):
            blocks.close(block)

    def forget(self, before: int) -> None:
        """Lets what lies before `before` go."""
        for blocks in (self.face, self.voice, self.units, self.speech):
            blocks.forget(before)

    def by(self, begin: int, end: int) -> str:
        """Whose word counts: "face" where it gave as much as the voice did, else "voice". Never a mixture, since what
        the two get wrong for long differs, and every change from one to the other would pass for movement."""
        return "voice" if self.voice.count(begin, end) > self.face.count(begin, end) else "face"

    def estimates(self, by: str) -> Blocks:
        """The blocks of "face" or "voice"."""
        return self.voice if by == "voice" else self.face


def estimate_row(
    valence: float, arousal: float, valence_sd: float, arousal_sd: float, emotions: Sequence[float]
) -> list[float]:
    """A net's estimate as `Blocks` take it."""
    v_sd, a_sd = float(np.float32(valence_sd)), float(np.float32(arousal_sd))
    return [valence, arousal, v_sd * v_sd, a_sd * a_sd, *emotions]
