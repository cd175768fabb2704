"""The terminal view: who is there, what they show, how sure the sensor is, and how it is doing."""

from liveaffect.nodes.terminal.node import TerminalNode

__all__ = ["TerminalNode"]
