"""The one decorator of every numba kernel of the voice, and the folder where their machine code is cached."""

from pathlib import Path

from liveaffect.models.kernels import cache_folder, kernel_in

_HERE = Path(__file__).parent
FOLDER = cache_folder("voice", (path for path in _HERE.glob("*.py") if path.name != "warm.py"))
kernel = kernel_in(FOLDER)
DONE = FOLDER / "complete"
"""Left when all are compiled: what was stopped half-way goes on where it was."""


def is_built() -> bool:
    """Whether compiled kernels for these sources lie in the cache, all of them. Imports no compiler."""
    return DONE.is_file()
