"""The microphone: sound of a device or a file in hops of 10 ms, as `audio/chunk`."""

from liveaffect.nodes.microphone.devices import MicrophoneInfo, list_microphones
from liveaffect.nodes.microphone.node import MicrophoneNode

__all__ = ["MicrophoneInfo", "MicrophoneNode", "list_microphones"]
