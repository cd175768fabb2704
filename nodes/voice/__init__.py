"""Voice descriptors: the node, and the same for whole signals."""

from liveaffect.models.voice import descriptors, functionals
from liveaffect.nodes.voice.node import Voice

__all__ = ["Voice", "descriptors", "functionals"]
