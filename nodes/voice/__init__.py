"""The voice node: low-level descriptors of speech per 10 ms hop, and the whole-signal calls."""

from liveaffect.models.voice import descriptors, functionals

__all__ = ["descriptors", "functionals"]
