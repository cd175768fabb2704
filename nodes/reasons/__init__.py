"""Why: which measured cues of a face and a voice carried an estimate; and where the two differ."""

from liveaffect.nodes.reasons.node import SLOT_NS, ReasonsNode, WhyArguments

__all__ = ["SLOT_NS", "ReasonsNode", "WhyArguments"]
