"""The file session.json: every top-level key has a checksum, so that damage to one costs that one and is told.

    {
     "checks": "state:1a2b3c4d reason:...",
     "state": "COMPLETE",
     ...
    }

A key that was changed by hand counts as damaged too: `recover` writes the file anew from the recording.
"""

import contextlib
import re
import zlib
from typing import Any

import msgspec

from liveaffect.stream.errors import RecordError
from liveaffect.stream.plain import is_table

CHECKS = "checks"
VERSION = 2
"""From this version on every key has a checksum."""
LIMIT = 32 << 20
KEY = re.compile(rb'^ "([a-z0-9_]+)": ', re.MULTILINE)
"""A top-level key, as `seal` indents them."""
CHECK = re.compile(rb"([a-z0-9_]+):([0-9a-f]{8})\b")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, ValueError, OverflowError, RecursionError, MemoryError)


def seal(fields: dict[str, Any]) -> bytes:
    """The text of session.json."""
    plain = {name: _canonical(value) for name, value in fields.items() if name != CHECKS}
    checks = " ".join(f"{name}:{zlib.crc32(data):08x}" for name, data in plain.items())
    whole = {CHECKS: checks, **{name: msgspec.Raw(data) for name, data in plain.items()}}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def unseal(data: bytes) -> tuple[dict[str, Any], list[str], bool]:
    """What can be read of session.json: proven fields, the names of those that are damaged, and if it is one at all.

    A file from before there were checksums is taken as it is, where it can be read.
    """
    found: Any = None
    with contextlib.suppress(*UNREADABLE):
        found = msgspec.json.decode(data)
    damaged: list[str] = []
    if is_table(found):
        if CHECKS not in found and found.get("version", 1) == 1:
            return found, [], True
        fields = {str(name): value for name, value in found.items() if name != CHECKS}
        told = str(found.get(CHECKS, "")).encode() or data  # the name of that key may be what is damaged
    else:
        fields, told = _salvaged(data)
        damaged = ["the text"]
    checks = {name.decode(): int(value, 16) for name, value in CHECK.findall(told)}
    proven = {name: value for name, value in fields.items() if checks.get(name) == zlib.crc32(_canonical(value))}
    damaged += sorted({*fields, *checks} - set(proven))
    return proven, damaged, bool(proven)


def _salvaged(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Top-level fields of a text that is no JSON as a whole, each read by itself; and the line of the checksums."""
    fields: dict[str, Any] = {}
    places = list(KEY.finditer(data))
    ends = [*(place.start() for place in places[1:]), len(data)]
    told = b""
    for place, end in zip(places, ends, strict=False):
        name, text = place.group(1).decode(), data[place.end() : end]
        if name == CHECKS:
            told = text
            continue
        text = text.rstrip().removesuffix(b"}") if end == len(data) else text.rstrip().removesuffix(b",")
        try:
            fields[name] = msgspec.json.decode(text)
        except UNREADABLE:
            continue
    return fields, told or data


def _canonical(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise RecordError(f"session.json cannot hold a value: {error}") from None
