"""Voice descriptors: eGeMAPS v02 per 10 ms hop and its 88 functionals, streaming and whole-signal alike."""

from liveaffect.models.voice.columns import COLUMNS, EGEMAPS, INDEX, NAMES, Column, delay_ms, latency_ms
from liveaffect.models.voice.descriptors.constants import HOP, SAMPLE_RATE
from liveaffect.models.voice.descriptors.functionals import FUNCTIONAL_NAMES, functionals_of
from liveaffect.models.voice.descriptors.stream import DEFAULT_LOOKAHEAD_MS, STATES, Hops, VoiceStream
from liveaffect.models.voice.descriptors.warm import build_cache, is_built
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
