"""The decorator of the kernels of dynamics."""

from pathlib import Path

from liveaffect.models.kernels import cache_folder, kernel_in

kernel = kernel_in(cache_folder("dynamics", Path(__file__).parent.glob("*kernels.py")))
