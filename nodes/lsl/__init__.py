"""The Lab Streaming Layer: streams out, markers in."""

from liveaffect.nodes.lsl.node import LslNode

__all__ = ["LslNode"]
