"""How pixels and sound lie beside a recording: what the writer, the reader and the check of them must agree on."""

from liveaffect.stream.messages import SOUND_HOP, SOUND_RATE

RATE, HOP = SOUND_RATE, SOUND_HOP
WAV_HEADER_BYTES = 58
CONTAINER = "matroska"
"""Of a lossless film; nothing else is tried, for other formats name files."""
CLOSED = {"protocol_whitelist": "file"}
