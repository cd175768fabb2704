"""How pixels and sound lie beside a recording: what the writer, the reader and the check of them must agree on."""

from pathlib import Path

from liveaffect.stream.messages import SOUND_HOP, SOUND_RATE

RATE, HOP = SOUND_RATE, SOUND_HOP
WAV_HEADER_BYTES = 58
CONTAINER = "matroska"
"""Of a lossless film; nothing else is tried, for other formats name files."""
CLOSED = {"protocol_whitelist": "file"}
CLUSTER = b"\x1f\x43\xb6\x75"
"""What pictures lie in, in Matroska (RFC 9559)."""
_HEAD = {
    bytes.fromhex(one) for one in ("1a45dfa3", "18538067", "114d9b74", "1549a966", "1654ae6b", "1254c367", "ec", "bf")
}
"""EBML, Segment, SeekHead, Info, Tracks, Tags, Void, CRC-32: what may stand before the first cluster."""
_SEGMENT = bytes.fromhex("18538067")
_MOST_HEAD = 4096


def only_begun(path: Path) -> bool:
    """True for a lossless film that a kill has torn before its first picture: nothing but its head, or a part of it.

    A head that is damaged, or a film whose first cluster is, is not taken for one. Raises OSError.
    """
    with path.open("rb") as file:
        data = file.read(_MOST_HEAD + 1)
    if len(data) > _MOST_HEAD or CLUSTER in data:
        return False
    at = 0
    while at < len(data):
        name = data[at : at + _length(data[at])]
        if len(name) < _length(data[at]):  # torn within a name
            return any(known.startswith(name) for known in (*_HEAD, CLUSTER))
        if name not in _HEAD:
            return False
        at += len(name)
        if at >= len(data):
            break
        width = _length(data[at])
        size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width + (0 if name == _SEGMENT else size)
    return True


def _length(first: int) -> int:
    """Bytes of a name or a size of EBML, by the first of them (RFC 8794)."""
    return 9 - first.bit_length() if first else 9
