"""The camera: frames of a device, a network stream, a filter graph, or a file, as `video/frame`."""

from liveaffect.nodes.camera.devices import CameraInfo, list_cameras
from liveaffect.nodes.camera.node import CameraNode

__all__ = ["CameraInfo", "CameraNode", "list_cameras"]
