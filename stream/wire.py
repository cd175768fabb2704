"""Messages as bytes: `[topic, msgpack header, raw array bytes...]`; arrays never travel inside msgpack.

A message can also travel without its arrays: its topic then begins with "~", and readers that only note what there was
(recorders) need not move pixels. Also the JSON form of the recorder, where an array is either left out or base64.
"""

import base64
import math
import re
from collections.abc import Sequence
from typing import Any, cast, get_origin

import msgspec
import numpy as np

from liveaffect.stream.errors import TransportError
from liveaffect.stream.messages import Array, Message
from liveaffect.stream.plain import is_row, is_table
from liveaffect.stream.topics import REGISTRY, Topic

BARE = "~"
"""Before a topic's name: the message without its arrays."""
MAX_HEADER_BYTES = 4 << 20
MAX_ARRAY_BYTES = 256 << 20
MAX_FRAMES = 64
"""Topic, header, arrays."""

NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How NaN and the infinities begin in msgpack: a number is finite or null, on the wire as in a recording."""
DECODE_ERRORS = (msgspec.MsgspecError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError)
"""What decoding raises for bytes that are no message."""

_decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}


def encode(topic: Topic[Any], message: Message, *, bare: bool = False) -> list[bytes | memoryview]:
    """Frames of one message; `bare` leaves its arrays out (they are None at the reader).

    Arrays go out without a copy and must be C-contiguous (ValueError otherwise).
    """
    frames: list[bytes | memoryview] = [f"{BARE if bare else ''}{topic.name}".encode(), b""]

    def out_of_band(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            array = cast("Array", value)
            if bare:
                return None
            if not array.flags.c_contiguous:
                raise ValueError(
                    f"an array of {topic.name} is not C-contiguous: publish numpy.ascontiguousarray(array)"
                )
            frames.append(array.reshape(-1).view(np.uint8).data if array.size else b"")
            return {"array": len(frames) - 3, "dtype": array.dtype.str, "shape": array.shape}
        return _plain(value)

    frames[1] = msgspec.msgpack.encode(message, enc_hook=out_of_band)
    if NOT_FINITE.search(frames[1]):  # rare, and maybe only bytes that look so
        frames[1] = msgspec.msgpack.encode(_finite(msgspec.msgpack.decode(frames[1])))
    return frames


def decode(frames: Sequence[Any]) -> tuple[Topic[Any], Message]:
    """The message in `frames` (bytes-like, as received); its arrays are read-only views of them.

    Raises TransportError naming the topic for anything malformed, oversized or unknown.
    """
    name = bytes(frames[0]).decode("utf-8", "replace") if frames else ""
    topic = REGISTRY.get(name.removeprefix(BARE))
    if topic is None:
        raise TransportError(f"message on unknown topic '{name[:80]}': import the package that declares it")
    if not 2 <= len(frames) <= MAX_FRAMES or len(frames[1]) > MAX_HEADER_BYTES:
        raise TransportError(
            f"message on {name} of {len(frames)} parts: there are 2 to {MAX_FRAMES}, the header of at most "
            f"{MAX_HEADER_BYTES} bytes"
        )
    arrays = [frame.buffer if hasattr(frame, "buffer") else frame for frame in frames[2:]]

    def from_band(kind: type, value: Any) -> Any:
        if get_origin(kind) is np.ndarray:
            return _array(value, arrays)
        return value

    decoder = _decoders.get(topic.name)
    try:
        if decoder is None or arrays:
            decoder = msgspec.msgpack.Decoder(topic.message, dec_hook=from_band)
            if not arrays:
                _decoders[topic.name] = decoder
        header = frames[1].buffer if hasattr(frames[1], "buffer") else frames[1]
        return topic, decoder.decode(header)
    except DECODE_ERRORS as error:
        raise TransportError(f"malformed message on {name}: {error}") from None


def to_json(message: Message, *, arrays: bool) -> bytes:
    """One JSON object; arrays as `{dtype, shape, base64}`, or null where `arrays` is False."""

    def hook(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return _plain(value)
        if not arrays:
            return None
        array = cast("Array", value)
        data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
        return {"dtype": array.dtype.str, "shape": array.shape, "base64": data}

    return msgspec.json.encode(message, enc_hook=hook)


def from_json(topic: Topic[Any], data: bytes) -> Message:
    """The message that `to_json` wrote; an array that was left out is None."""

    def hook(kind: type, value: Any) -> Any:
        if get_origin(kind) is np.ndarray:
            raw = np.frombuffer(base64.b64decode(value["base64"]), dtype=np.dtype(value["dtype"]))
            return raw.reshape(value["shape"])
        return value

    try:
        return msgspec.json.decode(data, type=topic.message, dec_hook=hook)
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError, RecursionError, MemoryError) as error:
        raise TransportError(f"malformed recorded message on {topic.name}: {error}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_table(value):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if is_row(value) else value


def _array(value: Any, arrays: list[Any]) -> Any:
    dtype = np.dtype(value["dtype"])
    if dtype.hasobject:
        raise ValueError("object arrays are refused")
    shape = tuple(int(n) for n in value["shape"])
    raw = arrays[value["array"]]
    if len(raw) > MAX_ARRAY_BYTES:
        raise ValueError(f"an array of {len(raw)} bytes is over the limit of {MAX_ARRAY_BYTES}")
    array = np.frombuffer(raw, dtype=dtype) if len(raw) else np.empty(0, dtype)
    array = array.reshape(shape)
    array.flags.writeable = False
    return array


def _plain(value: Any) -> Any:
    if isinstance(value, np.integer):
        return int(cast("np.integer[Any]", value))
    if isinstance(value, np.floating):
        return float(cast("np.floating[Any]", value))
    raise NotImplementedError(f"{type(value).__name__} cannot travel in a message")
