"""Compiles every voice kernel ahead of time, so that no stream waits for a compiler."""

from collections.abc import Callable

import numpy as np

from liveaffect.models.voice.descriptors.functionals import functionals_of
from liveaffect.models.voice.descriptors.jit import cache_folder
from liveaffect.models.voice.descriptors.stream import VoiceStream


def build_cache(progress: Callable[[str, float], None] | None = None) -> None:
    """Compile what is not in the cache yet (about half a minute), load what is (well below a second).

    progress: called with a line of text and the share done, 0 to 1, before and after each part.
    """
    tell = progress or (lambda _text, _share: None)
    tell("voice kernels: stream", 0.0)
    stream = VoiceStream()
    noise = np.random.default_rng(0).normal(0.0, 0.1, 16000).astype(np.float32)
    hops = stream.push(noise)
    stream.flush()
    tell("voice kernels: functionals", 0.8)
    functionals_of(hops.values)
    tell(f"voice kernels: ready in {cache_folder()}", 1.0)


def is_built() -> bool:
    """Whether compiled kernels for these sources lie in the cache."""
    return any(cache_folder().glob("*/*.nbi")) or any(cache_folder().glob("*.nbi"))
