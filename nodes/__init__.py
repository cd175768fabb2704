"""The nodes of the sensor, one file or folder each."""

FACE_NODES = ("camera", "face", "face_affect")
"""Names, in the default graph, of the nodes that lead from the camera to the face's estimate."""
VOICE_NODES = ("microphone", "voice", "voice_affect")
"""Of those that lead from the microphone to the voice's."""
