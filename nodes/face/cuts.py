"""Sudden changes of the picture: a hard cut, and a face that becomes another face from one frame to the next.

Both compare a small luma picture with the one before, freed of brightness and contrast (their correlation): a lamp, a
flash of a camera and a hand move it less than other content does. Within the clips measured, neighbouring frames of one
shot correlate at 0.98 and more, across cuts at 0.4 and less; aligned faces of one person at 0.91 and more, of
two people at 0.93 and less in 99 of 100 pairs.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.kernels import cache_folder, lone_kernel_in

ROWS, COLUMNS = 18, 32
CUT_BELOW = 0.6
BLANK_SPREAD = 12.0
"""A frame whose cells spread by less (of 255) is a flash or darkness: a pause in a shot, not its end."""
FACE_PX = 12
CHANGED_BELOW = 0.9
SMALL_PX, LARGE_PX, SMALL_CHANGED_BELOW = 36.0, 56.0, 0.65
"""Aligned faces whose side is so few pixels of the frame jitter against themselves: 30 portraits at 18, 24, 30 and 40
pixels of width (crops of 26, 35, 44, 58) correlate with themselves at 0.70, 0.56, 0.83 and 0.94 at least, with others
at 0.78 and less in 19 of 20 pairs. Two in one place are then told apart less surely, nobody is doubted for noise."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_STEP = 2
"""Every other line of a frame tells as much."""
_kernel = lone_kernel_in(cache_folder("cuts", [Path(__file__)]))

Thumb = NDArray[np.float32]


class Cuts:
    """Whether a frame begins another shot than the one before it."""

    def __init__(self) -> None:
        self._before: Thumb | None = None

    def forget(self) -> None:
        """After a gap: the next frame has nothing before it."""
        self._before = None

    def step(self, image: NDArray[np.uint8]) -> bool:
        """True where `image`, uint8 RGB (height, width, 3), shows another scene than the last one given."""
        now = thumb(image, ROWS, COLUMNS, _STEP)
        if float(now.std()) < BLANK_SPREAD:
            return False
        before, self._before = self._before, now
        return before is not None and correlation(before, now) < CUT_BELOW


def face_thumb(crop: NDArray[np.uint8]) -> Thumb:
    """A small luma picture of an aligned crop, for `is_other`."""
    return thumb(crop, FACE_PX, FACE_PX)


def is_other(before: Thumb, now: Thumb, px: float = LARGE_PX) -> bool:
    """Whether two `face_thumb`s of neighbouring frames may show two people (or one who was covered in between).

    `px` is the side of the aligned face in pixels of the frame (`align.face_px`).
    """
    return correlation(before, now) < np.interp(px, (SMALL_PX, LARGE_PX), (SMALL_CHANGED_BELOW, CHANGED_BELOW))


def thumb(image: NDArray[np.uint8], rows: int, columns: int, step: int = 1) -> Thumb:
    """Mean luma of a grid of equal cells, float32 (rows, columns); pictures smaller than the grid repeat pixels.

    step: every so many lines are read.
    """
    height, width = image.shape[:2]
    if height < rows or width < columns:
        image = image[np.arange(rows) * height // rows][:, np.arange(columns) * width // columns]
        height, width = rows, columns
    high, wide = height // rows, width // columns
    pixels = np.ascontiguousarray(image)[:]
    pixels.flags.writeable = False  # as frames of a stream are: one compiled form of the kernel
    sums = np.empty((rows, columns, 3), np.uint32)
    _add_up(pixels, high, wide, step, sums)
    return (sums / np.float32(-(-high // step) * wide)).astype(np.float32) @ _LUMA


@_kernel
def _add_up(
    image: NDArray[np.uint8], high: int, wide: int, step: int, out: NDArray[np.uint32]
) -> None:  # pragma: no cover - compiled
    """Sums of each cell. Whole lines are added first, which is vector code; it is read once, and nothing is copied."""
    rows, columns = out.shape[0], out.shape[1]
    line = np.empty(3 * wide * columns, np.uint32)
    for row in range(rows):
        line[:] = 0
        for y in range(row * high, (row + 1) * high, step):
            pixels = image[y].reshape(-1)
            for k in range(len(line)):
                line[k] += pixels[k]
        for column in range(columns):
            for c in range(3):
                total = np.uint32(0)
                for x in range(wide):
                    total += line[3 * (column * wide + x) + c]
                out[row, column, c] = total


def warm() -> None:
    """Loads the compiled kernel, or compiles it: no frame waits for that."""
    thumb(np.zeros((ROWS, COLUMNS, 3), np.uint8), ROWS, COLUMNS)


def correlation(a: Thumb, b: Thumb) -> float:
    """Of two pictures of one size, -1 to 1; two without any contrast are alike, one without is like nothing."""
    x, y = a - a.mean(), b - b.mean()
    norms = float(np.sqrt(np.vdot(x, x)) * np.sqrt(np.vdot(y, y)))
    if norms < 1e-3:
        return 1.0 if float(np.abs(x).max() + np.abs(y).max()) < 1.0 else 0.0
    return float(np.vdot(x, y)) / norms
