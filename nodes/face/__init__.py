"""The face node: MediaPipe landmarks, action units, ids, states and aligned crops of every face in view."""

from liveaffect.nodes.face.node import FaceNode

__all__ = ["FaceNode"]
