"""JSON schemas of recorded messages, made from their structs, so that other tools can open a session."""

from typing import Any, get_origin

import msgspec
import numpy as np

from liveaffect.stream.messages import Message

ARRAY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "dtype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "base64": {"type": "string", "contentEncoding": "base64"},
    },
}

COMPRESSED_VIDEO = "foxglove.CompressedVideo"
"""Name of the well-known schema: one H.264 access unit (Annex B) per message."""
COMPRESSED_VIDEO_SCHEMA = msgspec.json.encode(
    {
        "title": COMPRESSED_VIDEO,
        "type": "object",
        "properties": {
            "timestamp": {
                "type": "object",
                "title": "time",
                "properties": {"sec": {"type": "integer", "minimum": 0}, "nsec": {"type": "integer", "minimum": 0}},
            },
            "frame_id": {"type": "string"},
            "data": {"type": "string", "contentEncoding": "base64"},
            "format": {"type": "string"},
        },
    }
)


def schema_of(kind: type[Message]) -> bytes:
    """The JSON schema of a message, an object at the top with its parts under `$defs`."""

    def hook(kind: type) -> dict[str, Any]:
        if kind is np.ndarray or get_origin(kind) is np.ndarray:
            return ARRAY
        raise NotImplementedError

    schema = msgspec.json.schema(kind, schema_hook=hook)
    top = schema.pop("$ref", "").rpartition("/")[2]
    if top:
        schema = {**schema["$defs"].pop(top), "$defs": schema["$defs"]}
    return msgspec.json.encode(schema)
