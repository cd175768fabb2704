"""Compilation of the kernels of dynamics ahead of time."""

import numpy as np


def warm_up() -> None:
    """Compiles the kernels that are not in the cache yet (some seconds), so that no stream waits for it later."""
    from liveaffect.models.dynamics.kernels import ou_sums
    from liveaffect.models.dynamics.pair_kernels import pair_innovations

    ones, two = np.ones(2), np.ones((2, 2))
    ou_sums(ones, np.ones(2, np.int64), ones, ones, ones, ones, ones, 1.0)
    pair_innovations(two, two, 0.2, -np.eye(2), np.eye(2), ones, ones, ones, ones)
