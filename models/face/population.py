"""The population's neutral face: mean and spread of the geometry over faces that raters called neutral."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face.geometry import GEOMETRY_SIZE

_TABLE = Path(__file__).parents[1] / "weights" / "face-neutral.npy"


def _read() -> NDArray[np.float32]:
    try:
        table = np.load(_TABLE)
    except (OSError, ValueError) as error:
        raise ImportError(f"{_TABLE}: cannot be read ({error}); reinstall liveaffect") from error
    if table.shape != (2, GEOMETRY_SIZE):
        raise ImportError(f"{_TABLE}: shape {table.shape}, expected (2, {GEOMETRY_SIZE}); reinstall liveaffect")
    return table.astype(np.float32)


NEUTRAL_MEAN, NEUTRAL_SD = _read()
