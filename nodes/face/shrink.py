"""The compiled kernel that shrinks huge frames; few are, so it is made at its first call."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.kernels import cache_folder, lone_kernel_in


@lone_kernel_in(cache_folder("shrink", [Path(__file__)]))
def shrink(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:  # pragma: no cover
    """Mean of each factor x factor block; a rest at the right and lower edge is left out."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    out = np.empty((height, width, 3), np.uint8)
    area = factor * factor
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = 0
                for dy in range(factor):
                    for dx in range(factor):
                        total += image[y * factor + dy, x * factor + dx, c]
                out[y, x, c] = (total + area // 2) // area
    return out
