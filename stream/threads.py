"""One thread for linear algebra in every process of the sensor: its matrices are small, and its processes many.

NumPy's OpenBLAS starts a thread for each core as it is loaded, which is half of what importing it costs, and shares
products of matrices out among them, so that last bits depend on how many cores a machine has.
"""

from collections.abc import Mapping
from typing import Final

ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Variables that have to be set before NumPy is imported."""


def with_one_thread(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process to be started; a number of threads that its user has set stays."""
    return {**ONE_THREAD, **environ}
