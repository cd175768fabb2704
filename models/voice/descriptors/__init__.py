"""Voice descriptors: eGeMAPS v02 per 10 ms hop and its 88 functionals, streaming and whole-signal alike."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from liveaffect.models.voice.columns import COLUMNS, EGEMAPS, INDEX, NAMES, Column, delay_ms, latency_ms
from liveaffect.models.voice.descriptors.constants import HOP, SAMPLE_RATE, STATES
from liveaffect.models.voice.descriptors.functional_names import FUNCTIONAL_NAMES

if TYPE_CHECKING:
    from liveaffect.models.voice.descriptors.functional_kernels import functionals_of
    from liveaffect.models.voice.descriptors.jit import is_built
    from liveaffect.models.voice.descriptors.stream import DEFAULT_LOOKAHEAD_MS, Hops, VoiceStream
    from liveaffect.models.voice.descriptors.warm import build_cache
    from liveaffect.models.voice.descriptors.whole import analyse, descriptors, functionals, mono_16k

__all__ = [
    "COLUMNS",
    "DEFAULT_LOOKAHEAD_MS",
    "EGEMAPS",
    "FUNCTIONAL_NAMES",
    "HOP",
    "INDEX",
    "NAMES",
    "SAMPLE_RATE",
    "STATES",
    "Column",
    "Hops",
    "VoiceStream",
    "analyse",
    "build_cache",
    "delay_ms",
    "descriptors",
    "functionals",
    "functionals_of",
    "is_built",
    "latency_ms",
    "mono_16k",
]

_PLACES = {
    "DEFAULT_LOOKAHEAD_MS": "stream",
    "Hops": "stream",
    "VoiceStream": "stream",
    "analyse": "whole",
    "build_cache": "warm",
    "descriptors": "whole",
    "functionals": "whole",
    "functionals_of": "functional_kernels",
    "is_built": "jit",
    "mono_16k": "whole",
}


def __getattr__(name: str) -> Any:
    """What is compiled is fetched at its first use: most processes want names and numbers, and numba takes a second."""
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
