"""Opens the axes of a packaged ONNX file: a net whose picture size was frozen takes any, and its weights are no inputs.

Works on the file's own bytes (protocol buffers, `onnx.proto` of ONNX IR 3 and later), so that the result is the same to
the bit whatever libraries are installed, and has a hash of its own.
"""

from collections.abc import Iterator

_GRAPH = 7
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_TENSOR_NAME, _VALUE_NAME, _VALUE_TYPE = 8, 1, 2
_BYTES = 2  # the wire type of whatever has a length

Field = tuple[int, int, bytes]
"""Number, wire type and content: what stands on the wire, without its length where it has one."""


def free_axes(model: bytes) -> bytes:
    """`model`, an ONNX file with four-dimensional inputs and outputs of float32, with the last two axes of each free
    and the first of one row, and without the inputs that are weights. Raises ValueError for other bytes."""
    fields = list(_fields(model))
    graphs = [content for number, kind, content in fields if (number, kind) == (_GRAPH, _BYTES)]
    if len(graphs) != 1:
        raise ValueError("not an ONNX file: it has no graph")
    return b"".join(
        _field(number, kind, _freed(content) if number == _GRAPH else content) for number, kind, content in fields
    )


def _freed(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    weights = {_one(content, _TENSOR_NAME) for number, _, content in fields if number == _INITIALIZER}
    kept: list[bytes] = []
    for number, kind, content in fields:
        if number == _INPUT and _one(content, _VALUE_NAME) in weights:
            continue
        if number in (_INPUT, _OUTPUT):
            content = _with_free_axes(content, "" if number == _INPUT else "_out")
        kept.append(_field(number, kind, content))
    return b"".join(kept)


def _with_free_axes(value: bytes, suffix: str) -> bytes:
    """A ValueInfoProto of one row of as many channels as before, of any height and width."""
    tensor = _one(_one(value, _VALUE_TYPE), 1)
    dims = [content for number, _, content in _fields(_one(tensor, 2)) if number == 1]
    if len(dims) != 4:
        raise ValueError(f"a tensor of {len(dims)} axes, not of the four of pictures")
    named = [_field(2, _BYTES, f"{name}{suffix}".encode()) for name in ("height", "width")]
    shape = b"".join(_field(1, _BYTES, dim) for dim in (_field(1, 0, b"\x01"), dims[1], *named))
    elements = b"".join(_field(*field) for field in _fields(tensor) if field[0] != 2)
    told = _field(1, _BYTES, elements + _field(2, _BYTES, shape))
    return _field(_VALUE_NAME, _BYTES, _one(value, _VALUE_NAME)) + _field(_VALUE_TYPE, _BYTES, told)


def _one(message: bytes, wanted: int) -> bytes:
    """The content of a message's field of this number."""
    for number, _, content in _fields(message):
        if number == wanted:
            return content
    raise ValueError(f"not the ONNX file it should be: field {wanted} is missing")


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            begin = at
            _, at = _varint(message, at)
        elif kind == _BYTES:
            size, begin = _varint(message, at)
            at = begin + size
        elif kind in (1, 5):
            begin, at = at, at + (8 if kind == 1 else 4)
        else:
            raise ValueError(f"not an ONNX file: wire type {kind}")
        if at > len(message):
            raise ValueError("not an ONNX file: it is torn off")
        yield number, kind, message[begin:at]


def _field(number: int, kind: int, content: bytes) -> bytes:
    size = _as_varint(len(content)) if kind == _BYTES else b""
    return _as_varint(number << 3 | kind) + size + content


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("not an ONNX file: a number is torn off")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
