"""How a person looks at rest, and how their gaze is told: captured on a command, kept as a file."""

from liveaffect.nodes.baseline.node import BaselineNode

__all__ = ["BaselineNode"]
